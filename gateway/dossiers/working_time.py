"""Working time: hours of offices, days of eight of them, and the pauses while a citizen has to add papers.

The hours are a setting (7:00 to 11:30 and 13:30 to 17:00 unless it says otherwise); the days are the calendar's, Tết
and exchanged Saturdays with their sources (`WorkingDays`). All functions are pure; amounts are working time.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from gateway.vocabulary.working_days import VIETNAM, WorkingDays

DAY = timedelta(hours=8)
"""A working day as an amount of time."""

Span = tuple[datetime, datetime]
"""From and until, the end not in it."""

DEFAULT_HOURS = "07:00-11:30,13:30-17:00"
_HOURS = re.compile(r"([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})")
_LONGEST = timedelta(days=3660)


class HoursRefused(ValueError):
    """A text that is no hours of an office; the message says how they are written."""


def parse_hours(text: str) -> tuple[tuple[time, time], ...]:
    """Return hours as written in settings: `07:00-11:30,13:30-17:00`, in order, none over another.

    Raises HoursRefused.
    """
    read: list[tuple[time, time]] = []
    for part in text.split(","):
        found = _HOURS.fullmatch(part.strip())
        try:
            hours = None if found is None else (time.fromisoformat(found[1]), time.fromisoformat(found[2]))
        except ValueError:
            hours = None
        if hours is None or hours[0] >= hours[1] or (read and read[-1][1] > hours[0]):
            raise HoursRefused(f"hours are written in order, as in `{DEFAULT_HOURS}`")
        read.append(hours)
    return tuple(read)


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """The clock that time limits run by: `days` that offices are open on, `hours` of such a day."""

    days: WorkingDays
    hours: tuple[tuple[time, time], ...] = parse_hours(DEFAULT_HOURS)

    def due(self, start: datetime, amount: timedelta, pauses: Iterable[Span] = ()) -> datetime:
        """Return the earliest moment at which `amount` of working time has passed since `start`, pauses not counted.

        Raises ValueError for a negative amount, and for one that does not end within ten years.
        """
        if amount < timedelta():
            raise ValueError("a time limit is not negative")
        if not amount:
            return start.astimezone(UTC)
        left, last = amount, start + _LONGEST
        for begin, end in self._open(start, last, pauses):
            if end - begin >= left:
                return begin + left
            left -= end - begin
        raise ValueError("a time limit ends within ten years")

    def spent(self, start: datetime, end: datetime, pauses: Iterable[Span] = ()) -> timedelta:
        """Return the working time between two moments, pauses not counted; none when `end` is not after `start`."""
        return sum((until - begin for begin, until in self._open(start, end, pauses)), timedelta())

    def is_open(self, at: datetime) -> bool:
        """Tell whether offices work at a moment."""
        local = at.astimezone(VIETNAM)
        clock = local.time()
        return self.days.is_working_day(local.date()) and any(begin <= clock < end for begin, end in self.hours)

    def _open(self, start: datetime, end: datetime, pauses: Iterable[Span]) -> Iterator[Span]:
        """Yield the spans of work between two moments, in order, without those of the pauses. In UTC."""
        closed = merged(pauses)
        day, last = start.astimezone(VIETNAM).date(), end.astimezone(VIETNAM).date()
        while day <= last:
            if self.days.is_working_day(day):
                for opens, closes in self.hours:
                    begin, until = max(_at(day, opens), start), min(_at(day, closes), end)
                    if begin < until:
                        yield from _without((begin.astimezone(UTC), until.astimezone(UTC)), closed)
            day += timedelta(days=1)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that touch or overlap as one and empty ones left out."""
    found: list[Span] = []
    for begin, end in sorted(span for span in spans if span[0] < span[1]):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def _without(span: Span, closed: Sequence[Span]) -> Iterator[Span]:
    begin, end = span
    for from_, until in closed:
        if until <= begin or from_ >= end:
            continue
        if begin < from_:
            yield begin, from_
        begin = max(begin, until)
    if begin < end:
        yield begin, end


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, VIETNAM)
