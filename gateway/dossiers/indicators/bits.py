"""The bits of procedures and feedback in a period; a dossier's stand in its cell (`profile`)."""

from dataclasses import dataclass
from datetime import date, datetime, time

from gateway.dossiers.indicators.facts import Feedback, ListedProcedure
from gateway.dossiers.indicators.period import Period, month_of, vietnam_day
from gateway.dossiers.indicators.rules import Deadlines
from gateway.dossiers.indicators.words import mask_of
from gateway.vocabulary.working_days import VIETNAM, WorkingDays

_KNOWN = mask_of("known_procedure")
_TRAITS = (
    ("for_persons", mask_of("for_persons")),
    ("result_due", mask_of("result_due")),
    ("has_fees", mask_of("has_fees")),
    ("offered_online", mask_of("offered_online")),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What time limits are judged by: the calendar, the limits, the period and the day it is cut off."""

    days: WorkingDays
    deadlines: Deadlines
    period: Period
    cut_off: date

    def after(self, day: date, count: int) -> date:
        """Return the day that ends a limit of `count` working days from a day."""
        return self.days.after(datetime.combine(day, time(12), VIETNAM), count)


def trait_bits(procedure: ListedProcedure | None) -> int:
    """Return what formulas about its dossiers may ask of a procedure; nothing of one that is in no list."""
    if procedure is None:
        return 0
    bits = _KNOWN
    for trait, bit in _TRAITS:
        bits |= bit if getattr(procedure, trait) else 0
    return bits


def procedure_bits(procedure: ListedProcedure, limits: Limits) -> int:
    """Return all bits of a listed procedure, its dates judged in the period."""
    bits = trait_bits(procedure)
    published, effective = procedure.published_on, procedure.effective_on
    if published is not None and limits.period.holds(month_of(published)) and published < limits.cut_off:
        bits |= mask_of("published_in_period")
        if effective is not None and limits.after(published, limits.deadlines.before_effect) <= effective:
            bits |= mask_of("published_on_time")
    public = procedure.public_on
    if procedure.decided_on is not None:
        limit = limits.after(procedure.decided_on, limits.deadlines.after_decision)
        if limits.period.holds(month_of(limit)) and limit < limits.cut_off:
            bits |= mask_of("public_due")
            bits |= mask_of("public_on_time") if public is not None and public <= limit else 0
    if public is not None and public < limits.cut_off:
        bits |= mask_of("public")
        bits |= mask_of("complete_content") if procedure.complete else 0
    return bits


def feedback_bits(feedback: Feedback, limits: Limits) -> int:
    """Return the bits of a complaint or question."""
    limit = limits.after(vietnam_day(feedback.received_at), limits.deadlines.answer)
    bits = mask_of("complaint") if feedback.complaint else 0
    if feedback.answered_at is not None:
        bits |= mask_of("answered")
        bits |= mask_of("answered_on_time") if vietnam_day(feedback.answered_at) <= limit else 0
    elif limit < limits.cut_off:
        bits |= mask_of("overdue")
    if feedback.satisfied is not None:
        bits |= mask_of("rated")
        bits |= mask_of("satisfied") if feedback.satisfied else 0
    return bits
