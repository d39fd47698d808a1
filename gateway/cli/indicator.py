"""`gate06 indicator check|compute`: whether the formulas of the indicators are sound, and figures from files.

The built-in rules, the folders that `[policies] path` of `--config` files names, and those of `--path` are read alike.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.connection import files_of
from gateway.cli.exit_codes import Exit
from gateway.cli.indicator_compute import compute_figures
from gateway.cli.output import say_json, talk
from gateway.cli.policy import open_files
from gateway.dossiers.indicators.failure import RulesInvalid
from gateway.dossiers.indicators.rule_files import load_rules
from gateway.dossiers.indicators.rules import Indicator, Rules
from gateway.policy.failure import PolicyInvalid

Config = Annotated[list[Path] | None, typer.Option("--config", help="A gate06.toml; may be repeated.")]
Folder = Annotated[list[Path] | None, typer.Option("--path", help="A folder added to the book; may be repeated.")]
Json = Annotated[bool, typer.Option("--json", help="Answer one JSON object.")]

app = typer.Typer(help="The indicators of Decision 766: their formulas, and figures from files.", no_args_is_help=True)


app.command("compute")(compute_figures)


@app.command("check")
def _check(*, config: Config = None, path: Folder = None, as_json: Json = False) -> None:
    """Read every file of indicator rules. Exit 7 when one has errors: each is told with file, line and column."""
    try:
        folders = open_files(files_of(config), []).folders[1:]
    except PolicyInvalid as invalid:
        raise _refused(invalid.problems, Exit.CONFIGURATION, as_json=False) from None
    try:
        rules = load_rules((*folders, *(path or [])))
    except RulesInvalid as invalid:
        raise _refused(invalid.problems, Exit.CHECK_FAILED, as_json=as_json) from None
    if as_json:
        say_json({"rules": [_rules_wire(one) for one in rules.values()], "problems": []})
        return
    for line in _lines(rules):
        typer.echo(line)


def _refused(problems: Sequence[str], code: Exit, *, as_json: bool) -> typer.Exit:
    for problem in problems:
        talk(problem)
    if as_json:
        say_json({"rules": [], "problems": list(problems)})
    return typer.Exit(code)


def _lines(rules: Mapping[str, Rules]) -> list[str]:
    lines = []
    for one in rules.values():
        maximum = sum(group.maximum for group in one.groups)
        unverified = sum(_is_unverified(indicator) for indicator in one.indicators)
        lines.append(
            f"{one.id}: {len(one.groups)} groups, {len(one.indicators)} indicators, {maximum} points;"
            f" {unverified} indicators with something unverified"
        )
    return lines


def _is_unverified(indicator: Indicator) -> bool:
    return indicator.source.read == "unverified" or "unverified" in (indicator.source.note or "")


def _rules_wire(rules: Rules) -> dict[str, Any]:
    return {
        "id": rules.id,
        "name": rules.name.wire(),
        "valid_from": rules.valid_from,
        "groups": [
            {
                "id": group.id,
                "name": group.name.wire(),
                "maximum": group.maximum,
                "indicators": [_indicator_wire(indicator) for indicator in rules.in_group(group.id)],
            }
            for group in rules.groups
        ],
    }


def _indicator_wire(indicator: Indicator) -> dict[str, Any]:
    members = indicator.model_dump(mode="json", exclude_none=True, exclude={"group"})
    return {**members, "unverified": _is_unverified(indicator)}
