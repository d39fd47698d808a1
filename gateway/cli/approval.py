"""`gate06 approval list|show|approve|reject`: the second person for what one alone may not do."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

import typer

from gateway.cli.acts import approve as approve_act
from gateway.cli.acts import load_approval, settle_lapsed
from gateway.cli.acts import reject as reject_act
from gateway.cli.connection import Config, Json, Redis, Store, settings_of
from gateway.cli.operating import operating
from gateway.cli.output import say_json, say_table, talk
from gateway.settings import Settings
from gateway.staff.approval import Approval, approval_of
from gateway.vocabulary.collation import find
from gateway.vocabulary.store import Kind

app = typer.Typer(help="List and decide what waits for a second person.", no_args_is_help=True)

_ALL = 10_000
Id = Annotated[str, typer.Argument(help="The approval's id, ap_….")]


@app.command("list")
def list_approvals(
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Also what was decided or has expired.")] = False,
    words: Annotated[str, typer.Option("--find", help="Words of a name or an object, with or without marks.")] = "",
    as_json: Json = False,
) -> None:
    """List what waits, oldest first: a queue, also when only those with some words are looked for."""
    rows = asyncio.run(_list(settings_of(store, redis, config), every))
    found = {row["id"] for row in find(words, rows, _named)}
    rows = [row for row in rows if row["id"] in found]
    if as_json:
        say_json({"schema": "gate06.approvals/1", "approvals": rows})
        return
    columns = ("id", "verb", "object", "state", "asked_name", "asked_at", "reason")
    say_table(columns, [[str(row[column]) for column in columns] for row in rows])


@app.command()
def show(approval_id: Id, store: Store = None, redis: Redis = None, config: Config = None) -> None:
    """Show one with all that it would do, as JSON."""
    say_json({"schema": "gate06.approval/1", **asyncio.run(_show(settings_of(store, redis, config), approval_id))})


@app.command()
def approve(
    approval_id: Id,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    *,
    reason: Annotated[str, typer.Option("--reason", help="A word for the record; it names no citizen.")] = "",
    as_json: Json = False,
) -> None:
    """Agree: the act is done now, in the name of whoever asked, with yours beside it."""
    decided = asyncio.run(_decide(settings_of(store, redis, config), approval_id, reason, agree=True))
    talk(f"`{decided['id']}` is approved and done: {decided['verb']} {decided['object']}")
    _say(decided, as_json)


@app.command()
def reject(
    approval_id: Id,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; it names no citizen.")],
    as_json: Json = False,
) -> None:
    """Refuse: nothing is done, and whoever asked reads why."""
    decided = asyncio.run(_decide(settings_of(store, redis, config), approval_id, reason, agree=False))
    talk(f"`{decided['id']}` is rejected")
    _say(decided, as_json)


def _named(row: dict[str, Any]) -> str:
    return " ".join(str(row[name] or "") for name in ("object", "asked_name", "decided_name", "reason", "verb"))


def approval_row(approval: Approval) -> dict[str, Any]:
    """Return what is told of an approval, without what it would store."""
    return {
        "id": approval.id,
        "verb": approval.verb,
        "object": approval.object,
        "state": approval.state,
        "reason": approval.reason,
        "role": approval.role,
        "asked_by": approval.asked_by,
        "asked_name": approval.asked_name,
        "asked_at": _shown(approval.asked_at),
        "ends_at": _shown(approval.ends_at),
        "decided_by": approval.decided_by,
        "decided_name": approval.decided_name,
        "decided_at": _shown(approval.decided_at),
        "answer": approval.answer,
    }


def _shown(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


async def _list(settings: Settings, every: bool) -> list[dict[str, Any]]:
    async with operating(settings) as desk:
        records = await desk.storage.store.select(Kind.APPROVAL, limit=_ALL)
        approvals = await settle_lapsed(desk, [approval_of(record) for record in records])
        now = desk.now()
    found = sorted(approvals, key=lambda one: one.asked_at)
    return [approval_row(one) for one in found if every or one.waits(now)]


async def _show(settings: Settings, approval_id: str) -> dict[str, Any]:
    async with operating(settings) as desk:
        approval = await load_approval(desk, approval_id)
    return {**approval_row(approval), "parameters": _masked(approval.parameters)}


async def _decide(settings: Settings, approval_id: str, reason: str, *, agree: bool) -> dict[str, Any]:
    async with operating(settings) as desk:
        act = approve_act if agree else reject_act
        return approval_row(await act(desk, approval_id, reason))


def _masked(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: "***" if "secret" in name else _masked(value) for name, value in tree.items()}
    return [_masked(one) for one in tree] if isinstance(tree, list) else tree


def _say(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json({"schema": "gate06.approval/1", **row})
    else:
        typer.echo(row["state"])
