"""`gate06 report list|show|take|answer|close`: what citizens reported, without who they are, and answering it."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.audit.record import Evidence
from gateway.cli.connection import Config, Json, Redis, Store, opened_storage, settings_of
from gateway.cli.known_portals import known_portals
from gateway.cli.operating import operating
from gateway.cli.output import say_json, say_table, talk
from gateway.consent.misuse_report import MisuseReport
from gateway.consent.report_step import ReportVerb, answer_by, confirm_by, due_on, is_overdue
from gateway.openid_provider.staff_realm.report_desk import ReportDesk, StepOrder
from gateway.settings import Settings
from gateway.storage.open import Storage
from gateway.vocabulary.clock import SystemClock, SystemRandomness
from gateway.vocabulary.collation import find
from gateway.vocabulary.working_days import WorkingDays

app = typer.Typer(help="Read and answer what citizens reported as misuse.", no_args_is_help=True)

Portal = Annotated[str | None, typer.Option("--portal", help="Only reports about this portal.")]
Words = Annotated[str, typer.Option("--find", help="Words of the portal's name or id, with or without marks.")]
Open = Annotated[bool, typer.Option("--open", help="Only those that are not closed.")]
Number = Annotated[str, typer.Argument(help="The report's number, BC-….")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the record; it names no citizen.")]
Text = Annotated[str, typer.Option("--text", help="The answer, as the citizen reads it.")]
TextFile = Annotated[Path | None, typer.Option("--text-file", help="A file with the answer, UTF-8.")]
_COLUMNS = ("number", "at", "state", "due", "overdue", "portal", "concern", "blocked", "about", "receipt")


@app.command("list")
def list_reports(
    *,
    portal: Portal = None,
    words: Words = "",
    still_open: Open = False,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List reports, newest first; `due` is the last day of what comes next, `overdue` says that it is over.

    Reports of people whose records were erased are gone with them.
    """
    listed = asyncio.run(_list(settings_of(store, redis, config)))
    found = {report["number"] for report in find(words, listed, _named)}
    reports = [
        report
        for report in listed
        if portal in {None, report["portal"]}
        and report["number"] in found
        and not (still_open and report["state"] == "closed")
    ]
    if as_json:
        say_json({"schema": "gate06.reports/1", "reports": reports})
        return
    say_table(_COLUMNS, [[_word(report[column]) for column in _COLUMNS] for report in reports])


@app.command()
def show(
    number: Number, store: Store = None, redis: Redis = None, config: Config = None, *, as_json: Json = False
) -> None:
    """Show one report with its steps, oldest first; exit 4 when there is none. `about` and `receipt` are entries of
    the log."""
    _say(asyncio.run(_find(settings_of(store, redis, config), number)), as_json)


@app.command()
def take(
    number: Number,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    *,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Take a report in hand; due two working days after it came in. The citizen sees who did."""
    _step(settings_of(store, redis, config), StepOrder(verb="take", number=number, reason=reason), as_json)


@app.command()
def answer(
    number: Number,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    *,
    text: Text = "",
    text_file: TextFile = None,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Answer a report that is in hand; due 15 working days after it came in. The citizen reads the text at /me.

    A report can be answered again until it is closed.
    """
    order = StepOrder(verb="answer", number=number, reason=reason, text=_text(text, text_file))
    _step(settings_of(store, redis, config), order, as_json)


@app.command()
def close(
    number: Number,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    *,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Close a report that was answered; `--reason` says what came of it."""
    _step(settings_of(store, redis, config), StepOrder(verb="close", number=number, reason=reason), as_json)


def _text(text: str, file: Path | None) -> str:
    """Return the answer. Raises typer.BadParameter for two of them, or a file that is no readable text."""
    if file is None:
        return text
    if text:
        raise typer.BadParameter("give `--text` or `--text-file`, not both")
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise typer.BadParameter(f"`{file}` is not a readable file of UTF-8 text") from None


def _step(settings: Settings, order: StepOrder, as_json: bool) -> None:
    report = asyncio.run(_take_step(settings, order))
    _say(report, as_json)
    talk(f"`{report['number']}` is {_DONE[order.verb]}")


_DONE: dict[ReportVerb, str] = {"take": "in hand", "answer": "answered", "close": "closed"}


def _say(report: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json({"schema": "gate06.report/1", **report})
        return
    for column in _COLUMNS:
        typer.echo(f"{column} {_word(report[column])}")
    for step in report["steps"]:
        typer.echo(" ".join(("step", step["state"], step["at"], step["role"], step["by"], step["who"])).rstrip())


def _named(report: dict[str, Any]) -> str:
    return " ".join(str(one) for one in (report["portal"], *report["portal_name"].values()) if one)


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None else str(value)


def report_row(report: MisuseReport, days: WorkingDays) -> dict[str, Any]:
    """Return what is told of a report: nothing that leads to the person. Days are Vietnamese, times UTC."""
    due, now = due_on(report, days), SystemClock().now()
    return {
        **report.for_operator(),
        "confirm_by": confirm_by(report, days).isoformat(),
        "answer_by": answer_by(report, days).isoformat(),
        "due": None if due is None else due.isoformat(),
        "overdue": is_overdue(report, days, now),
    }


def _desk(storage: Storage) -> ReportDesk:
    clock = SystemClock()
    evidence = Evidence(clock, SystemRandomness(), storage.keys)
    return ReportDesk(storage.store, storage.store, evidence, storage.journal, clock)


async def _list(settings: Settings) -> list[dict[str, Any]]:
    """Return all reports, each with what its portal is called, as far as it is still registered."""
    async with opened_storage(settings) as storage:
        reports = await _desk(storage).reports()
        names = {portal["client_id"]: portal["name"] for portal in await known_portals(settings, storage)}
    days = settings.working_days()
    return [{**report_row(report, days), "portal_name": names.get(str(report.portal), {})} for report in reports]


async def _find(settings: Settings, number: str) -> dict[str, Any]:
    """Return a report. Raises ReportUnknown."""
    async with opened_storage(settings) as storage:
        return _whole(await _desk(storage).report(number), settings)


async def _take_step(settings: Settings, order: StepOrder) -> dict[str, Any]:
    async with operating(settings) as desk:
        return _whole(await _desk(desk.storage).take_step(desk.operator, order), settings)


def _whole(report: MisuseReport, settings: Settings) -> dict[str, Any]:
    return {**report_row(report, settings.working_days()), "steps": [step.for_operator() for step in report.steps]}
