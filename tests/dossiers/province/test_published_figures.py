"""The figures that the province published, computed from dossiers: group scores of 86.97, 35.04 %, 228,601, 99.67 %."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.dossiers.indicators.compute import Evidence, Question, compute
from gateway.dossiers.indicators.counters import Counters
from gateway.dossiers.indicators.lineage import Lineage
from gateway.dossiers.indicators.period import read_period
from gateway.dossiers.indicators.profile import profile
from gateway.dossiers.indicators.rule_files import load_rules
from gateway.dossiers.indicators.sheet import report_csv
from gateway.dossiers.indicators.tally import Tally
from gateway.dossiers.province.beside import complaint_about, listed_procedures, voices
from gateway.dossiers.province.life import Life
from gateway.dossiers.province.lives import Lives
from gateway.dossiers.province.mix import Mix, read_mix
from gateway.dossiers.unit_file import read_units
from gateway.dossiers.units import Boundary, Level
from gateway.vocabulary.vietnamese_numbers import percent, whole_number
from gateway.vocabulary.working_days import national_days
from tests.dossiers.province.dealt import beside_of, dossier_of

RULES = load_rules()["766-2022"]
UNITS = read_units(Path(__file__).parents[3] / "examples/units/thai_nguyen_synthetic.csv")
PUBLISHED = {"1": "15.67", "2": "19.31", "3": "16.64", "4": "17.49", "5": "17.86"}


def count(lives: Iterable[Life], mix: Mix, seed: int) -> Evidence:
    procedures = {one.code: one for one in listed_procedures(mix, national_days())}
    tally, feedback = Tally(Counters(RULES), procedures), list(voices(mix, seed, national_days()))
    for life in lives:
        tally.add(profile(dossier_of(life), beside_of(life), RULES.reading))
        if (complaint := complaint_about(life)) is not None:
            feedback.append(complaint)
    return Evidence(
        tally=tally,
        units=Lineage(UNITS, date(2026, 11, 27)),
        days=national_days(),
        feedback=feedback,
    )


def ask(evidence: Evidence, level: Level | None = None, unit: str = "H99"):
    question = Question(
        unit=unit,
        period=read_period("2023"),
        boundary=Boundary.THEN,
        as_of=datetime(2026, 11, 27, tzinfo=UTC),
        level=level,
    )
    return compute(evidence, RULES, question)


@pytest.mark.parametrize("seed", [1, 2])
def test_group_scores_are_computed_and_come_to_what_was_published(seed):
    mix = read_mix("scores-766")
    report = ask(count(Lives(mix, seed, mix.dossiers, national_days()), mix, seed))
    assert {group.group.id: str(group.points) for group in report.groups} == PUBLISHED
    assert report.total == Decimal("86.97")
    assert report.wire()["total"] == 86.97
    assert (report.unplaced, report.undated) == (0, 0)


def test_a_result_taken_out_of_the_file_changes_the_cells_that_the_definitions_say():
    mix = read_mix("scores-766")
    dossiers = list(Lives(mix, 3, mix.dossiers, national_days()))
    evidence = count(dossiers, mix, 3)
    one = next(
        life
        for life in dossiers
        if life.unit in mix.units[Level.COMMUNE] and life.channel == "online" and life.input_file
    )
    places = {"H99": None, one.unit: None, "H99.S08": None, one.unit.rpartition(".")[0]: None}
    before = {unit: ask(evidence, unit=unit) for unit in places}
    evidence.tally.remove(profile(dossier_of(one), beside_of(one), RULES.reading))
    evidence.tally.add(profile(dossier_of(replace(one, result_file=False)), beside_of(one), RULES.reading))
    for unit, report in before.items():
        after = ask(evidence, unit=unit)
        moved = {
            figure.indicator.id: (figure.numerator - again.numerator, figure.denominator - again.denominator)
            for group, same in zip(report.groups, after.groups, strict=True)
            for figure, again in zip(group.figures, same.figures, strict=True)
            if figure != again
        }
        expected = {} if unit == "H99.S08" else {"3.3": (1, 0), "4.1": (1, 0), "4.2": (1, 0)}
        assert moved == expected, unit


def test_scores_are_not_written_anywhere():
    mix = read_mix("scores-766")
    dossiers = list(Lives(mix, 1, mix.dossiers, national_days()))
    report = ask(count(dossiers[:5000], mix, 1))
    assert {group.group.id: str(group.points) for group in report.groups} != PUBLISHED


def test_a_year_shows_the_published_figures():
    mix = read_mix("figures-2023").model_copy(update={"transfers": 0})  # steps inside an office count nowhere
    evidence = count(Lives(mix, 7, mix.dossiers, national_days()), mix, 7)
    whole = ask(evidence)
    digitised = whole.figure("4.2")
    assert (digitised.numerator, digitised.denominator, percent(digitised.value)) == (105_120, 300_000, "35,04 %")
    assert whole_number(whole.figure("3.online").numerator) == "228.601"
    assert percent(whole.figure("2.1").value) == "99,67 %"
    assert percent(ask(evidence, Level.DISTRICT).figure("4.2").value) == "28,4 %"
    assert percent(ask(evidence, Level.COMMUNE).figure("4.2").value) == "15,3 %"
    sheet = report_csv(whole)
    assert all(f',"{text}",' in sheet for text in ("35,04 %", "99,67 %"))
    assert ",228.601,300.000," in sheet
    members = {one["id"]: one for group in whole.wire()["groups"] for one in group["indicators"]}
    assert (members["4.2"]["value"], members["2.1"]["value"], members["3.online"]["numerator"]) == (
        35.04,
        99.67,
        228601,
    )
