"""`gate06 indicator compute`: the figures of a unit and a period from files alone, so that anybody can do it again."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import say_json, say_table
from gateway.dossiers.indicators.compute import Evidence, Question, compute
from gateway.dossiers.indicators.counters import Counters
from gateway.dossiers.indicators.lineage import Lineage
from gateway.dossiers.indicators.opened import list_dossiers, open_figure, require_indicator
from gateway.dossiers.indicators.period import read_period, vietnam_day
from gateway.dossiers.indicators.report import Report
from gateway.dossiers.indicators.rule_files import find_rules, load_rules
from gateway.dossiers.indicators.rules import Rules
from gateway.dossiers.indicators.sheet import COLUMNS, figure_rows, report_csv
from gateway.dossiers.indicators.tally import tally_of
from gateway.dossiers.indicators.told_file import BesideFiles, read_beside, read_dossiers
from gateway.dossiers.unit_file import read_units
from gateway.dossiers.units import Boundary, Level
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.working_days import national_days

File = Annotated[Path, typer.Argument(help="What systems told: JSON lines, those of one dossier together.")]
UnitFile = Annotated[Path, typer.Option("--units", help="The province's units, a CSV file as `gate06 areas import`.")]
Unit = Annotated[str, typer.Option("--unit", help="Whose figures: a unit's code.")]
PeriodText = Annotated[str, typer.Option("--period", help="2026, 2026-Q3 or 2026-11.")]
BesideFolder = Annotated[
    Path | None, typer.Option("--beside", help="A folder with procedures.jsonl, receipts.jsonl, feedback.jsonl.")
]
RulesId = Annotated[str, typer.Option("--rules", help="The set of formulas.")]
Folder = Annotated[list[Path] | None, typer.Option("--path", help="A folder with more formulas; may be repeated.")]
Boundaries = Annotated[Boundary, typer.Option("--boundary", help="With the units of then, or of now.")]
OneLevel = Annotated[Level | None, typer.Option("--level", help="Only the units of a level.")]
Open = Annotated[str | None, typer.Option("--open", help="Open one figure: its definition and its dossiers.")]
At = Annotated[datetime | None, typer.Option("--at", formats=["%Y-%m-%dT%H:%M:%SZ"], help="The present, in UTC.")]
Csv = Annotated[bool, typer.Option("--csv", help="Write a sheet, as spreadsheets read it.")]
Json = Annotated[bool, typer.Option("--json", help="Answer one JSON object.")]


def compute_figures(
    file: File,
    *,
    units: UnitFile,
    unit: Unit,
    period: PeriodText,
    beside: BesideFolder = None,
    rules: RulesId = "766-2022",
    path: Folder = None,
    boundary: Boundaries = Boundary.THEN,
    level: OneLevel = None,
    opened: Open = None,
    at: At = None,
    as_csv: Csv = False,
    as_json: Json = False,
) -> None:
    """Compute every indicator of a unit and a period from what a file tells; no store is read or written."""
    chosen = find_rules(load_rules(path or []), rules)
    now = SystemClock().now() if at is None else at.replace(tzinfo=UTC)
    question = Question(unit=unit, period=read_period(period), boundary=boundary, as_of=now, level=level)
    if opened is not None:
        require_indicator(chosen, opened)
    known = BesideFiles() if beside is None else read_beside(beside)
    evidence = _evidence(file, known, units, chosen, now)
    report = compute(evidence, chosen, question)
    if opened is not None:
        dossiers = ((one, known.beside()) for one in read_dossiers(file, known, now))
        listed = list_dossiers(dossiers, evidence, chosen, question, opened)
        indicator = require_indicator(chosen, opened)
        say_json({**open_figure(report, chosen, opened), "dossiers": [one.wire(indicator) for one in listed]})
    elif as_json:
        say_json(report.wire())
    elif as_csv:
        typer.echo(report_csv(report), nl=False)
    else:
        _say_report(report)


def _evidence(file: Path, known: BesideFiles, units: Path, rules: Rules, now: datetime) -> Evidence:
    beside = known.beside()
    dossiers = ((one, beside) for one in read_dossiers(file, known, now))
    return Evidence(
        tally=tally_of(dossiers, Counters(rules), known.procedures),
        units=Lineage(read_units(units), vietnam_day(now)),
        days=national_days(),
        feedback=tuple(known.feedback.values()),
        reported=known.reported,
    )


def _say_report(report: Report) -> None:
    say_table(COLUMNS[5:], list(figure_rows(report)))
