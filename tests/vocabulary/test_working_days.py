"""Limits in working days: weekends, Tết, and Saturdays that are worked in exchange."""

from datetime import UTC, date, datetime

import pytest

from gateway.vocabulary.working_days import after_working_days, is_working_day


@pytest.mark.parametrize(
    ("start", "count", "last"),
    [
        # a Monday: the day itself is not counted
        (datetime(2026, 11, 23, 3, tzinfo=UTC), 2, date(2026, 11, 25)),
        (datetime(2026, 11, 23, 3, tzinfo=UTC), 15, date(2026, 12, 14)),
        # a Friday, and a Friday in UTC that is Saturday in Vietnam
        (datetime(2026, 11, 27, 3, tzinfo=UTC), 2, date(2026, 12, 1)),
        (datetime(2026, 11, 27, 18, tzinfo=UTC), 1, date(2026, 11, 30)),
        # over Tết 2026, 16 to 20 February
        (datetime(2026, 2, 12, 3, tzinfo=UTC), 2, date(2026, 2, 23)),
        # Saturday 22 August 2026 is worked for Monday 31 August
        (datetime(2026, 8, 21, 3, tzinfo=UTC), 1, date(2026, 8, 22)),
        (datetime(2026, 8, 28, 3, tzinfo=UTC), 1, date(2026, 9, 3)),
        # a year that nobody has announced yet has its fixed days
        (datetime(2031, 4, 29, 3, tzinfo=UTC), 1, date(2031, 5, 2)),
    ],
)
def test_a_limit_ends_on_a_working_day(start: datetime, count: int, last: date) -> None:
    assert after_working_days(start, count) == last
    assert is_working_day(last)


@pytest.mark.parametrize("day", [date(2026, 11, 28), date(2026, 11, 29), date(2026, 2, 17), date(2027, 1, 1)])
def test_offices_are_closed_on(day: date) -> None:
    assert not is_working_day(day)
