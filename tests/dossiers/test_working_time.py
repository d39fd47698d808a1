"""Working time obeys its laws on any start, amount and pause, and the calendar's known days by hand."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dossiers.dossier import Dossier, Supplement
from gateway.dossiers.handling import handling_time
from gateway.dossiers.working_time import DAY, HoursRefused, Span, WorkingTime, merged, parse_hours
from gateway.settings import ConfigurationRefused, read_settings
from gateway.vocabulary.working_days import VIETNAM, national_days

WORK = WorkingTime(national_days())
HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=VIETNAM)


moments = st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001  naive bounds are what the strategy takes
amounts = st.integers(0, 40 * 8 * 60).map(lambda minutes: timedelta(minutes=minutes))
spans = st.tuples(moments, st.timedeltas(timedelta(), timedelta(days=20))).map(lambda one: (one[0], one[0] + one[1]))
pauses = st.lists(spans, max_size=3)
quick = settings(max_examples=60, deadline=None, database=None)


@pytest.mark.parametrize(
    ("start", "amount", "due"),
    [
        ("2026-11-27 07:00", DAY, "2026-11-27 17:00"),
        ("2026-11-27 10:30", HOUR, "2026-11-27 11:30"),
        ("2026-11-27 10:30", 2 * HOUR, "2026-11-27 14:30"),
        ("2026-11-27 16:00", 2 * HOUR, "2026-11-30 08:00"),  # Friday to Monday
        ("2026-11-28 09:00", HOUR, "2026-11-30 08:00"),  # Saturday
        ("2026-02-13 16:00", 2 * HOUR, "2026-02-23 08:00"),  # Tết: 16 to 20 February and both weekends
        ("2026-01-09 16:00", 2 * HOUR, "2026-01-10 08:00"),  # a Saturday worked for 2 January
    ],
)
def test_due_times_by_hand(start: str, amount: timedelta, due: str) -> None:
    assert WORK.due(at(start), amount) == at(due)


def test_a_pause_moves_the_due_time_by_the_work_in_it_and_no_more() -> None:
    start, pause = at("2026-11-23 07:00"), (at("2026-11-24 09:00"), at("2026-11-26 09:00"))
    assert WORK.due(start, 3 * DAY) == at("2026-11-25 17:00")
    assert WORK.due(start, 3 * DAY, [pause]) == at("2026-11-27 17:00")
    assert WORK.due(start, 3 * DAY, [pause, pause]) == at("2026-11-27 17:00")
    assert WORK.due(start, 3 * DAY, [(at("2026-11-28 07:00"), at("2026-11-29 23:00"))]) == at("2026-11-25 17:00")


def test_offices_are_closed_at_noon_at_night_and_at_tet() -> None:
    assert WORK.is_open(at("2026-11-27 07:00"))
    for closed in ("2026-11-27 06:59", "2026-11-27 11:30", "2026-11-27 17:00", "2026-11-28 09:00", "2026-02-17 09:00"):
        assert not WORK.is_open(at(closed))


@quick
@given(moments, amounts, amounts, pauses)
def test_due_is_monotone_and_additive(start: datetime, one: timedelta, more: timedelta, paused: list[Span]) -> None:
    first = WORK.due(start, one, paused)
    assert WORK.due(first, more, paused) == WORK.due(start, one + more, paused) or not more
    assert first <= WORK.due(start, one + more, paused)
    assert start <= first


@quick
@given(moments, amounts, pauses)
def test_exactly_the_amount_is_spent_until_the_due_time(start: datetime, amount: timedelta, paused: list[Span]) -> None:
    assert WORK.spent(start, WORK.due(start, amount, paused), paused) == amount


@quick
@given(moments, moments, moments, pauses)
def test_spent_time_adds_up_and_pauses_only_take_away(
    one: datetime, two: datetime, three: datetime, paused: list[Span]
) -> None:
    begin, middle, end = sorted((one, two, three))
    assert WORK.spent(begin, middle, paused) + WORK.spent(middle, end, paused) == WORK.spent(begin, end, paused)
    assert WORK.spent(begin, end, paused) <= WORK.spent(begin, end)
    assert not WORK.spent(end, begin)


@quick
@given(moments, moments, amounts)
def test_a_later_start_is_never_due_earlier(one: datetime, two: datetime, amount: timedelta) -> None:
    early, late = sorted((one, two))
    assert WORK.due(early, amount) <= WORK.due(late, amount)


def test_hours_are_a_setting() -> None:
    short = WorkingTime(national_days(), parse_hours("08:00-12:00"))
    assert short.due(at("2026-11-27 08:00"), DAY) == at("2026-11-30 12:00")
    assert parse_hours("07:00-11:30, 13:30-17:00") == ((time(7), time(11, 30)), (time(13, 30), time(17)))


@pytest.mark.parametrize("text", ["", "7-11", "11:00-07:00", "25:00-26:00", "07:00-11:00,10:00-12:00", "07:00-07:00"])
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(HoursRefused, match="in order"):
        parse_hours(text)


def test_a_limit_without_end_and_a_negative_one_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        WORK.due(at("2026-11-27 07:00"), -HOUR)
    with pytest.raises(ValueError, match="ten years"):
        WORK.due(at("2026-11-27 07:00"), HOUR, [(at("2026-11-01 00:00"), at("2046-11-01 00:00"))])


def test_a_dossier_is_in_hand_while_nobody_waits_for_the_citizen() -> None:
    asked, answered = at("2026-11-24 07:00"), at("2026-11-26 07:00")
    dossier = Dossier(
        code="H99.40-261123-0001",
        updated_at=answered,
        received_at=at("2026-11-23 07:00"),
        ended_at=at("2026-11-27 17:00"),
        supplements=(Supplement(asked_at=asked, answered_at=answered),),
    )
    assert handling_time(dossier, WORK, NOW) == 3 * DAY
    waiting = replace(dossier, ended_at=None, supplements=(Supplement(asked_at=asked),))
    assert handling_time(waiting, WORK, NOW) == DAY
    assert handling_time(replace(dossier, received_at=None), WORK, NOW) is None


def test_spans_that_touch_become_one() -> None:
    times = [at(f"2026-11-27 {hour:02}:00") for hour in range(8, 13)]
    assert merged([(times[2], times[3]), (times[0], times[1]), (times[1], times[2]), (times[4], times[4])]) == [
        (times[0], times[3])
    ]


def test_the_hours_of_the_settings_are_those_of_the_clock() -> None:
    environ = {"GATE06_PROFILE": "dev", "GATE06_ISSUER": "http://127.0.0.1:8000"}
    own = read_settings(files=[], environ=environ | {"GATE06_CALENDAR__HOURS": "08:00-12:00"})
    assert own.working_time().hours == ((time(8), time(12)),)
    assert read_settings(files=[], environ=environ).working_time() == WORK
    with pytest.raises(ConfigurationRefused, match=r"calendar\.hours|in order"):
        read_settings(files=[], environ=environ | {"GATE06_CALENDAR__HOURS": "8-12"})
