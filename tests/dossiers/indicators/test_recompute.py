"""The engine and a script that shares no code with it agree to the last digit, over 200 provinces."""

import ast
from datetime import UTC
from pathlib import Path
from random import Random

import pytest

from gateway.dossiers.indicators.compute import Question, compute
from gateway.dossiers.indicators.period import read_period
from gateway.dossiers.indicators.report import Report
from gateway.dossiers.indicators.rule_files import load_rules
from gateway.dossiers.units import Boundary, Level
from tests.dossiers.indicators import recompute
from tests.dossiers.indicators.exported import export_lines
from tests.dossiers.indicators.small_province import ASKED, PERIODS, small_province

RULES = load_rules()["766-2022"]


def test_the_script_shares_no_code_with_the_gateway():
    tree = ast.parse(Path(recompute.__file__).read_text("utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert not {name for name in imported if name.split(".")[0] in {"gateway", "tests", "connectors"}}


@pytest.mark.parametrize("first", range(0, 200, 25))
def test_another_hand_comes_to_the_same_figures(first):
    for seed in range(first, first + 25):
        province = small_province(seed)
        exported = recompute.read(export_lines(province))
        evidence = province.evidence(RULES)
        chance = Random(seed)
        for _ in range(4):
            unit, period, boundary = (
                chance.choice(("H55", *ASKED)),
                chance.choice(PERIODS),
                chance.choice(("then", "now")),
            )
            level = chance.choice((None, None, "commune", "department"))
            question = Question(
                unit=unit,
                period=read_period(period),
                boundary=Boundary(boundary),
                as_of=province.as_of.astimezone(UTC),
                level=level and Level(level),
            )
            ours = _figures(compute(evidence, RULES, question))
            assert ours == recompute.recompute(exported, unit, period, boundary, level), (seed, unit, period, boundary)


def _figures(report: Report) -> dict[str, object]:
    return {
        "indicators": {
            figure.indicator.id: {
                "numerator": figure.numerator,
                "denominator": figure.denominator,
                "value": figure.value,
                "points": figure.points,
                "excluded": sum(figure.excluded),
                **(
                    {}
                    if figure.claimed is None
                    else {"claimed": {"numerator": figure.claimed.numerator, "value": figure.claimed.value}}
                ),
            }
            for group in report.groups
            for figure in group.figures
        },
        "groups": {group.group.id: group.points for group in report.groups},
        "total": report.total,
    }
