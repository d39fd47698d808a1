"""The way of a report through the house, step by step: each allowed one beside those that are refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import get_args

import pytest

from gateway.consent.failure import AnswerMissing, ReportStepOutOfOrder
from gateway.consent.misuse_report import MisuseReport, ReportState, ReportStep, report_of
from gateway.consent.report_step import FROM, LONGEST_ANSWER, ReportVerb, Taken, due_on, is_overdue, step_on
from gateway.vocabulary.working_days import national_days

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
DAYS = national_days()
REPORT = MisuseReport(
    number="BC-2026-0000-0001",
    citizen_id="citizen",
    at=AT,
    concern="not_me",
    portal="portal",
    about="rc_1",
    receipt="rc_2",
    blocked=False,
)
BY = Taken(by="staff:a", who="Đinh Thị Hoà", role="security_officer", at=AT + timedelta(days=1), text="Đã xem.")


def at_state(state: ReportState) -> MisuseReport:
    step = ReportStep(state=state, at=AT, by="staff:b", who="B", role="security_officer")
    return REPORT if state == "received" else replace(REPORT, steps=(step,))


@pytest.mark.parametrize(("verb", "state"), list(product(get_args(ReportVerb), get_args(ReportState))))
def test_a_step_is_taken_from_its_own_states_only(verb: ReportVerb, state: ReportState) -> None:
    report = at_state(state)
    if state not in FROM[verb]:
        with pytest.raises(ReportStepOutOfOrder, match=verb):
            step_on(report, verb, BY)
        return
    after = step_on(report, verb, BY)
    assert after.state == {"take": "in_hand", "answer": "answered", "close": "closed"}[verb]
    assert after.version == report.version + 1
    assert (after.steps[-1].by, after.steps[-1].who, after.steps[-1].at) == ("staff:a", "Đinh Thị Hoà", BY.at)
    assert after.steps[-1].text == ("Đã xem." if verb == "answer" else "")


def test_the_whole_way_is_kept_with_the_report_and_read_again() -> None:
    report = step_on(step_on(REPORT, "take", BY), "answer", replace(BY, text="  Một.\r\n\r\nHai.  \n"))
    assert report.steps[-1].text == "Một.\n\nHai."
    report = step_on(report, "answer", replace(BY, text="Thêm."))
    report = step_on(report, "close", replace(BY, reason="đã rõ"))
    assert [step.state for step in report.steps] == ["in_hand", "answered", "answered", "closed"]
    assert report_of(report.record()) == report
    assert "Đã xem" not in repr(BY)
    assert "Thêm" not in repr(report)
    # a report of before had no steps
    body = REPORT.record().body
    body.pop("steps")
    assert report_of(replace(REPORT.record(), body=body)) == REPORT


@pytest.mark.parametrize("text", ["", " \n ", "x" * (LONGEST_ANSWER + 1)])
def test_an_answer_has_something_to_read_and_fits_a_page(text: str) -> None:
    with pytest.raises(AnswerMissing):
        step_on(at_state("in_hand"), "answer", replace(BY, text=text))


def test_what_is_due_and_when_it_is_late() -> None:
    taken = step_on(REPORT, "take", BY)
    answered = step_on(taken, "answer", BY)
    assert [str(due_on(one, DAYS)) for one in (REPORT, taken, answered)] == ["2026-11-25", "2026-12-14", "None"]
    # the whole day in Vietnam is still in time
    in_time, late = datetime(2026, 11, 25, 16, 59, tzinfo=UTC), datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
    assert not is_overdue(REPORT, DAYS, in_time)
    assert is_overdue(REPORT, DAYS, late)
    assert not is_overdue(taken, DAYS, late)
    assert is_overdue(taken, DAYS, datetime(2026, 12, 14, 17, 0, tzinfo=UTC))
    assert not is_overdue(answered, DAYS, datetime(2027, 12, 14, tzinfo=UTC))
