"""`gate06 report list|show`: what citizens reported, without who they are."""

import asyncio
from typing import Annotated, Any

import typer

from gateway.cli.connection import Config, Json, Redis, Store, opened_storage, settings_of
from gateway.cli.output import say_json, say_table
from gateway.consent.misuse_report import report_address, report_of
from gateway.openid_provider.clients import ClientRegistry
from gateway.openid_provider.failure import ReportUnknown
from gateway.settings import Settings
from gateway.vocabulary.collation import find
from gateway.vocabulary.store import Kind

app = typer.Typer(help="Read what citizens reported as misuse.", no_args_is_help=True)

Portal = Annotated[str | None, typer.Option("--portal", help="Only reports about this portal.")]
Words = Annotated[str, typer.Option("--find", help="Words of the portal's name or id, with or without marks.")]
_COLUMNS = ("number", "at", "portal", "concern", "blocked", "about", "receipt")
_ALL = 100_000


@app.command("list")
def list_reports(
    *,
    portal: Portal = None,
    words: Words = "",
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List reports, newest first. Those of people whose records were erased are gone with them."""
    listed = asyncio.run(_list(settings_of(store, redis, config)))
    found = {report["number"] for report in find(words, listed, _named)}
    reports = [report for report in listed if portal in {None, report["portal"]} and report["number"] in found]
    if as_json:
        say_json({"schema": "gate06.reports/1", "reports": reports})
        return
    say_table(_COLUMNS, [[_word(report[column]) for column in _COLUMNS] for report in reports])


@app.command()
def show(
    number: str, store: Store = None, redis: Redis = None, config: Config = None, *, as_json: Json = False
) -> None:
    """Show one report by its number; exit 4 when there is none. `about` and `receipt` are entries of the log."""
    report = asyncio.run(_find(settings_of(store, redis, config), number.strip().upper()))
    if as_json:
        say_json({"schema": "gate06.report/1", **report})
        return
    for column in _COLUMNS:
        typer.echo(f"{column} {_word(report[column])}")


def _named(report: dict[str, Any]) -> str:
    return " ".join(str(one) for one in (report["portal"], *report["portal_name"].values()) if one)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


async def _list(settings: Settings) -> list[dict[str, Any]]:
    """Return all reports, each with what its portal is called, as far as it is still registered."""
    registry = ClientRegistry(settings.portal)
    async with opened_storage(settings) as storage:
        records = await storage.store.select(Kind.MISUSE_REPORT, limit=_ALL)
        await registry.refresh(storage.store)
    names = {portal.client_id: dict(portal.display_name) for portal in registry.all()}
    reports = [dict(report_of(record).for_operator()) for record in records]
    return [{**report, "portal_name": names.get(str(report["portal"]), {})} for report in reports]


async def _find(settings: Settings, number: str) -> dict[str, Any]:
    """Return a report. Raises ReportUnknown."""
    async with opened_storage(settings) as storage:
        (record,) = await storage.store.load(report_address(number))
    if record is None:
        raise ReportUnknown
    return dict(report_of(record).for_operator())
