"""Periods of the indicators: a year, a quarter or a month by Vietnam's calendar, and the day that a count is cut off.

Months are whole numbers (year × 12 + month − 1) and days proleptic ordinals: what counters are kept by.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time

from gateway.dossiers.indicators.failure import PeriodWrong
from gateway.vocabulary.working_days import VIETNAM

_PERIOD = re.compile(r"(2[0-9]{3})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """A period as it is written, its first and its last month."""

    text: str
    first: int
    last: int

    def holds(self, month: int | None) -> bool:
        """Tell whether a month lies in it; no month lies in none."""
        return month is not None and self.first <= month <= self.last

    @property
    def begins(self) -> date:
        """Its first day."""
        return first_day(self.first)

    @property
    def after(self) -> date:
        """The first day after it."""
        return first_day(self.last + 1)

    def cut_off(self, as_of: datetime) -> date:
        """Return the day at whose beginning (Vietnam) its counts are cut off: its own end, or today while it runs.

        A day and not the second, so that what is stored by day gives the same figures as every dossier read anew.
        """
        return min(self.after, vietnam_day(as_of))


def read_period(text: str) -> Period:
    """Read `2026`, `2026-Q3` or `2026-11`. Raises PeriodWrong."""
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise PeriodWrong("the period is none of `2026`, `2026-Q3`, `2026-11`")
    start = int(found[1]) * 12
    if found[3]:
        month = start + int(found[3]) - 1
        return Period(text, month, month)
    if found[2]:
        first = start + (int(found[2]) - 1) * 3
        return Period(text, first, first + 2)
    return Period(text, start, start + 11)


def first_day(month: int) -> date:
    """Return the first day of a month."""
    return date(month // 12, month % 12 + 1, 1)


def month_of(day: date) -> int:
    """Return the month of a day."""
    return day.year * 12 + day.month - 1


def vietnam_day(at: datetime) -> date:
    """Return the day that an instant falls on in Vietnam."""
    return at.astimezone(VIETNAM).date()


def day_begins(day: date) -> datetime:
    """Return the instant at which a day begins in Vietnam."""
    return datetime.combine(day, time(), VIETNAM)
