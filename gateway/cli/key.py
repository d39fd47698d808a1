"""`gate06 key list|rotate|retire`: the signing keys of a stack, on the road publish → use → retire."""

import asyncio
from typing import Annotated, Any

import typer

from gateway.cli.acts import perform
from gateway.cli.connection import Config, Json, Reason, Redis, Store, opened_ring, opened_storage, settings_of
from gateway.cli.operating import operating
from gateway.cli.output import say_json, say_table, talk
from gateway.cli.waiting import say_waiting
from gateway.settings import Settings
from gateway.staff.approval import Approval
from gateway.tokens.keys import SIGNING_ALGORITHMS, KeyState, RingKey
from gateway.vocabulary.clock import SystemClock

app = typer.Typer(help="List, rotate and retire signing keys.", no_args_is_help=True)

Force = Annotated[bool, typer.Option("--force", help="Do it before its time: a key is compromised.")]
Algorithm = Annotated[str, typer.Option("--alg", help=f"One of {', '.join(SIGNING_ALGORITHMS)}.")]


@app.command("list")
def list_keys(store: Store = None, redis: Redis = None, config: Config = None, *, as_json: Json = False) -> None:
    """List all signing keys with their state and times, in the order they were published."""
    rows = asyncio.run(_read(settings_of(store, redis, config)))
    if as_json:
        say_json({"schema": "gate06.keys/1", "keys": rows})
        return
    columns = ("kid", "alg", "state", "published_at", "use_at", "retire_at")
    say_table(columns, [[str(row[column] or "-") for column in columns] for row in rows])


@app.command()
def rotate(
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    *,
    alg: Algorithm = "ES256",
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Publish a new key; it signs by itself once it was published long enough.

    Again before that time: refused (exit 5), or with --force used at once.
    """
    row = asyncio.run(_rotate(settings_of(store, redis, config), alg, force))
    talk(f"`{row['kid']}` is {row['state']}; it signs from {row['use_at']}, every worker knows it within 5 s")
    _say(row, as_json)


@app.command()
def retire(
    kid: str,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    *,
    force: Force = False,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Take a key that no longer signs out of the key set; what it signed is refused from then on.

    Before its time (--force) it needs a second person: with a reason it waits for `gate06 approval approve`, exit 8.
    """
    row, approval = asyncio.run(_retire(settings_of(store, redis, config), kid, force, reason))
    if approval is not None:
        say_waiting(approval, as_json)
    talk(f"`{row['kid']}` is {row['state']}")
    _say(row, as_json)


async def _read(settings: Settings) -> list[dict[str, Any]]:
    async with opened_storage(settings) as storage:
        ring = await opened_ring(settings, storage)
        return [_row(key) for key in ring.listed()]


async def _rotate(settings: Settings, alg: str, force: bool) -> dict[str, Any]:
    async with operating(settings) as desk:
        key, _ = await perform(desk, "key.rotate", alg, {"alg": alg, "force": force})
        return _row(key)


async def _retire(settings: Settings, kid: str, force: bool, reason: str) -> tuple[dict[str, Any], Approval | None]:
    async with operating(settings) as desk:
        ring = await opened_ring(settings, desk.storage)
        found = await ring.require_retirable(kid, desk.now(), force=force)
        if found.state(desk.now()) is KeyState.RETIRED:
            return _row(found), None
        key, approval = await perform(desk, "key.retire", kid, {"kid": kid, "force": force}, reason=reason)
        return _row(key or found), approval


def _row(key: RingKey) -> dict[str, Any]:
    times = {"published_at": key.published_at, "use_at": key.use_at, "retire_at": key.retire_at}
    state = key.state(SystemClock().now())
    shown = {name: at.isoformat(timespec="seconds") if at else None for name, at in times.items()}
    return {"kid": key.kid, "alg": key.alg, "use": "sig", "state": str(state), **shown}


def _say(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json({"schema": "gate06.key/1", **row})
    else:
        typer.echo(row["kid"])
