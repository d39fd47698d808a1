"""The way of a misuse report through the house: received, in hand, answered, closed, each step with who took it.

Nothing is closed without an answer, and an answer may be followed by another until it is. Pure: a step is decided from
the report as it stands and what was given; the version of its record decides a race.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final, Literal

from gateway.consent.failure import AnswerMissing, ReportStepOutOfOrder
from gateway.consent.misuse_report import MisuseReport, ReportState, ReportStep
from gateway.vocabulary.working_days import VIETNAM, WorkingDays

ReportVerb = Literal["take", "answer", "close"]

CONFIRM_DAYS: Final = 2
"""Working days until somebody has taken it: Decree 356/2025 confirms a person's request about their data in two."""
ANSWER_DAYS: Final = 15
"""Working days until it is answered: what Decree 356/2025 gives to stop or restrict a use, and the national rule for
feedback."""
LONGEST_ANSWER: Final = 4000

FROM: Mapping[ReportVerb, frozenset[ReportState]] = {
    "take": frozenset({"received"}),
    "answer": frozenset({"in_hand", "answered"}),
    "close": frozenset({"answered"}),
}
_TO: Mapping[ReportVerb, ReportState] = {"take": "in_hand", "answer": "answered", "close": "closed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Who takes a step and when; `reason` is for the record, `text` for the citizen (an answer has one)."""

    by: str
    who: str
    role: str
    at: datetime
    reason: str = field(default="", repr=False)
    text: str = field(default="", repr=False)


def step_on(report: MisuseReport, verb: ReportVerb, taken: Taken) -> MisuseReport:
    """Return the report after a step. Raises ReportStepOutOfOrder, AnswerMissing."""
    if report.state not in FROM[verb]:
        wanted = " or ".join(f"`{state}`" for state in sorted(FROM[verb]))
        raise ReportStepOutOfOrder(f"`{verb}` wants `{report.number}` to be {wanted}; it is `{report.state}`")
    text = _answer(taken.text) if verb == "answer" else ""
    step = ReportStep(
        state=_TO[verb], at=taken.at, by=taken.by, who=taken.who, role=taken.role, reason=taken.reason, text=text
    )
    return replace(report, steps=(*report.steps, step), version=report.version + 1)


def _answer(text: str) -> str:
    """Return an answer as it is kept: its lines stay. Raises AnswerMissing."""
    kept = "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n"))
    if not kept or len(kept) > LONGEST_ANSWER:
        raise AnswerMissing(f"an answer has 1 to {LONGEST_ANSWER} characters; this one has {len(kept)}")
    return kept


def confirm_by(report: MisuseReport, days: WorkingDays) -> date:
    """Return the last day for somebody to take it, in Vietnam."""
    return days.after(report.at, CONFIRM_DAYS)


def answer_by(report: MisuseReport, days: WorkingDays) -> date:
    """Return the last day for its answer, in Vietnam."""
    return days.after(report.at, ANSWER_DAYS)


def due_on(report: MisuseReport, days: WorkingDays) -> date | None:
    """Return the last day of what comes next; None once it was answered."""
    if report.answered:
        return None
    return (confirm_by if report.state == "received" else answer_by)(report, days)


def is_overdue(report: MisuseReport, days: WorkingDays, now: datetime) -> bool:
    """Tell whether that day is over."""
    due = due_on(report, days)
    return due is not None and now.astimezone(VIETNAM).date() > due
