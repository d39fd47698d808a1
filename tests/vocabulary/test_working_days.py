"""Limits in working days: weekends, Tết, and Saturdays that are worked in exchange."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from gateway.vocabulary.working_days import CalendarRefused, WorkingDays, national_days


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
    assert national_days().after(start, count) == last
    assert national_days().is_working_day(last)


@pytest.mark.parametrize(
    "day",
    [
        *(date(2026, 11, 28), date(2026, 11, 29), date(2026, 2, 17), date(2026, 1, 2), date(2027, 1, 1)),
        # of 2027: Tết whichever way it is laid, the Hùng Kings' day, and Monday for Saturday 1 May
        *(date(2027, 2, 5), date(2027, 2, 10), date(2027, 4, 16), date(2027, 5, 3)),
    ],
)
def test_offices_are_closed_on(day: date) -> None:
    assert not national_days().is_working_day(day)


def test_what_is_known_of_a_year_is_said() -> None:
    days = national_days()
    assert [days.knows(year) for year in (2026, 2027, 2028)] == ["announced", "by_law", "unknown"]


GOOD = """
[year.2027]
closed = ["02-04", "02-05", "02-08", "02-09", "02-10", "04-16", "05-03", "09-01"]
open = ["02-13"]
source = ["announced in December"]
"""


def test_an_operators_file_goes_before_a_year_and_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "holidays.toml"
    file.write_text(GOOD)
    days = WorkingDays.load(file)
    assert (days.knows(2027), days.knows(2026)) == ("announced", "announced")
    assert not days.is_working_day(date(2027, 2, 4))
    assert days.is_working_day(date(2027, 2, 13))
    assert not days.is_working_day(date(2027, 9, 2)), "what the law fixes stays"
    assert national_days().is_working_day(date(2027, 2, 4))
    assert not days.is_working_day(date(2026, 2, 17))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[year.2027", "is not TOML"),
        ("[year.2027]\nclosed = []\n", "`year.2027.source`"),
        (GOOD.replace("02-04", "02-30"), "there is no day `02-30`"),
        (GOOD.replace("02-04", "4 Feb"), "`year.2027.closed.0`"),
        (GOOD.replace("02-13", "02-12"), "`02-12` is no Saturday"),
        (GOOD.replace("open", "opn"), "`year.2027.opn`"),
        ('fixed = ["12-25"]\n' + GOOD, "`fixed`"),
    ],
)
def test_a_file_that_cannot_be_counted_by_says_where(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "holidays.toml"
    file.write_text(text)
    with pytest.raises(CalendarRefused) as refused:
        WorkingDays.load(file)
    assert said in str(refused.value)
    assert str(file) in str(refused.value) or "`year.2027`" in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalendarRefused, match="cannot be read"):
        WorkingDays.load(tmp_path / "none.toml")
