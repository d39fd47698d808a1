"""Every figure opens to the dossiers behind it, and one dossier changed changes what the definitions say, no more."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.dossiers.dossier import Channel, Dossier, Paper, Result
from gateway.dossiers.indicators.compute import Question, compute
from gateway.dossiers.indicators.facts import Beside, Receipt
from gateway.dossiers.indicators.failure import PeriodWrong, UnknownIndicator
from gateway.dossiers.indicators.opened import list_dossiers, open_figure
from gateway.dossiers.indicators.period import read_period
from gateway.dossiers.indicators.profile import profile
from gateway.dossiers.indicators.rule_files import load_rules
from gateway.dossiers.indicators.words import mask_of
from gateway.dossiers.units import Boundary
from tests.dossiers.indicators.small_province import ASKED, PERIODS, small_province

RULES = load_rules()["766-2022"]


def question_of(province, unit="H55", period="2025", boundary=Boundary.THEN):
    return Question(unit=unit, period=read_period(period), boundary=Boundary(boundary), as_of=province.as_of)


@pytest.mark.parametrize("seed", range(12))
def test_the_list_is_what_was_counted(seed):
    province = small_province(seed)
    evidence = province.evidence(RULES)
    for unit, period in zip(ASKED, (*PERIODS, "2025"), strict=True):
        question = question_of(province, unit, period)
        report = compute(evidence, RULES, question)
        for indicator in RULES.indicators:
            if indicator.unit != "dossier":
                continue
            stream = ((one, province.beside) for one in province.dossiers)
            listed = list(list_dossiers(stream, evidence, RULES, question, indicator.id))
            figure = report.figure(indicator.id)
            counted = [one for one in listed if one.part.excluded is None]
            if indicator.denominator_at_least is None:
                assert len(counted) == figure.denominator, (unit, period, indicator.id)
            assert len(listed) - len(counted) == sum(figure.excluded)
            if indicator.measure == "percent":
                numerator = sum(one.part.numerator for one in counted) - sum(one.part.less for one in counted)
                assert max(numerator, 0) == figure.numerator, (unit, period, indicator.id)


def test_an_opened_figure_explains_itself():
    province = small_province(3)
    report = compute(province.evidence(RULES), RULES, question_of(province))
    opened = open_figure(report, RULES, "2.1")
    assert opened["formula"] == {
        "numerator": "not late",
        "denominator": "all",
        "less": [],
        "claimed": None,
        "exclude": ["not due_known"],
        "times": None,
        "counted": "handled",
        "threshold": None,
    }
    assert opened["definition"]["vi"].startswith("Số hồ sơ không quá hạn")
    assert opened["exclusions"] == [{"vi": "không có ngày hẹn trả", "en": "no due date", "count": opened["excluded"]}]
    assert opened["as_of"].endswith("+07:00")
    assert {"unit", "period", "rules", "numerator", "denominator", "value", "points", "source"} <= set(opened)
    with pytest.raises(UnknownIndicator, match=r"nearest is `2\.1`"):
        open_figure(report, RULES, "2.11")


def test_what_systems_claim_is_shown_and_earns_nothing():
    province = small_province(5)
    claimed = compute(province.evidence(RULES), RULES, question_of(province)).figure("4.5b")
    assert claimed.claimed is not None
    assert claimed.claimed.numerator > 0
    unproven = replace_all(province, receipts=())
    figure = compute(unproven.evidence(RULES), RULES, question_of(unproven)).figure("4.5b")
    assert (figure.numerator, figure.points) == (0, 0)
    assert figure.claimed.numerator == claimed.claimed.numerator


def test_a_receipt_that_nobody_knows_proves_nothing():
    province = replace_all(small_province(5), receipts=("rc_invented",))
    report = compute(province.evidence(RULES), RULES, question_of(province))
    assert [report.figure(one).numerator for one in ("4.3", "4.4", "4.5a", "4.5b")] == [0, 0, 0, 0]


def test_a_receipt_proves_only_of_its_own_dossier():
    province = small_province(5)
    one = province.dossiers[0]
    both = Receipt(id="rc_x", sources=("population", "dossier_store"), dossier=one.code)
    for code, proven in ((one.code, True), ("H55.01-250601-9999", False), (None, True)):
        beside = Beside(receipts={"rc_x": replace(both, dossier=code)})
        cell, _ = profile(replace(one, received_at=province.as_of, receipts=("rc_x",)), beside, RULES.reading)
        bits = mask_of("reuse_proven", "store_proven", "population_proven")
        assert cell.bits & bits == (bits if proven else 0), code


def test_a_result_taken_away_moves_the_cells_of_the_definitions_alone():
    province = small_province(8)
    received = datetime(2025, 7, 3, tzinfo=UTC)
    one = Dossier(
        code="H55.30-250703-0001",
        updated_at=received,
        procedure=next(code for code, listed in province.procedures.items() if listed.result_due),
        handling_unit="H55.30",
        channel=Channel.ONLINE,
        received_at=received,
        due_at=received + timedelta(days=3),
        ended_at=received + timedelta(days=2),
        inputs=(Paper(id="p1", component="c", has_file=True),),
        results=(Result(id="r1", code="KQ", has_file=True, has_link=True),),
    )
    with_result, without = small_province(8), small_province(8)
    with_result.dossiers.append(one)
    without.dossiers.append(replace(one, results=()))
    for unit in ("H55", "H55.30", "H55.31", "H55.01"):
        before = compute(with_result.evidence(RULES), RULES, question_of(province, unit, "2025-07"))
        after = compute(without.evidence(RULES), RULES, question_of(province, unit, "2025-07"))
        changed = {
            figure.indicator.id: (figure.numerator - again.numerator, figure.denominator - again.denominator)
            for group, against in zip(before.groups, after.groups, strict=True)
            for figure, again in zip(group.figures, against.figures, strict=True)
            if figure != again
        }
        own = {"3.3": (1, 0), "4.1": (1, 0), "4.2": (1, 0)}
        assert changed == (own if unit in {"H55", "H55.30"} else {}), unit


@pytest.mark.parametrize("text", ["", "2025-13", "2025-Q5", "2025-0", "1999", "2025-Q1-Q2", "２０２５", "2025 "])
def test_a_period_is_a_year_a_quarter_or_a_month(text):
    with pytest.raises(PeriodWrong):
        read_period(text)


def test_a_running_period_is_cut_off_when_the_day_began():
    province = small_province(1)
    period = read_period("2025-Q3")
    assert (period.begins.isoformat(), period.after.isoformat()) == ("2025-07-01", "2025-10-01")
    running = datetime(2025, 8, 15, 18, tzinfo=UTC)  # the 16th in Vietnam
    assert period.cut_off(running).isoformat() == "2025-08-16"
    assert period.cut_off(datetime(2026, 1, 1, tzinfo=UTC)).isoformat() == "2025-10-01"
    report = compute(province.evidence(RULES), RULES, replace(question_of(province, period="2025-Q3"), as_of=running))
    assert report.wire()["as_of"] == "2025-08-16T00:00:00+07:00"


def replace_all(province, **members):
    province.dossiers = [replace(one, **members) for one in province.dossiers]
    return province
