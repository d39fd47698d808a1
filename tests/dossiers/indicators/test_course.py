"""When a dossier ended, since when it is late, how long it was handled: indicator 2.1 row by row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.dossiers.dossier import Dossier, DossierStatus, Moment, Supplement
from gateway.dossiers.indicators.course import course_of
from gateway.dossiers.indicators.rule_files import load_rules

READING = load_rules()["766-2022"].reading
NOTHING = Dossier(code="H55.01-250601-0001", updated_at=datetime(2025, 6, 30, tzinfo=UTC))


def on(day: float) -> datetime:
    return datetime(2025, 6, 1, tzinfo=UTC) + timedelta(days=day)


def dossier(**said: float | tuple[tuple[float, float | None], ...] | None) -> Dossier:
    asked = said.pop("asked", ())
    moments = tuple(
        Moment(status=DossierStatus(status), at=on(day)) for name in ("moments",) for status, day in said.pop(name, ())
    )
    return replace(
        NOTHING,
        received_at=on(0),
        supplements=tuple(
            Supplement(asked_at=on(start), answered_at=None if stop is None else on(stop)) for start, stop in asked
        ),
        moments=moments,
        **{f"{name}_at": on(day) for name, day in said.items()},
    )


@pytest.mark.parametrize(
    ("said", "ended", "late"),
    [
        ({"due": 10, "ended": 9}, 9, None),
        ({"due": 10, "ended": 10}, 10, None),  # in the very moment is in time
        ({"due": 10, "ended": 10.001}, 10.001, 10),
        ({"due": 10}, None, 10),  # goes on: late once the day has passed
        ({"ended": 9}, 9, None),  # nobody promised a day
        # done goes before returned, returned before stopped
        ({"due": 10, "ended": 9, "returned": 12, "moments": ((8, 3),)}, 9, None),
        ({"due": 10, "returned": 12, "moments": ((8, 3),)}, 12, 10),
        ({"due": 10, "moments": ((8, 3), (3, 2))}, 2, None),
        ({"due": 10, "moments": ((4, 3), (5, 4))}, None, 10),  # being handled ends nothing
        # the citizen's time moves the due day
        ({"due": 10, "ended": 13, "asked": ((4, 7),)}, 13, None),
        ({"due": 10, "ended": 13.5, "asked": ((4, 7),)}, 13.5, 13),
        # what was asked after the due day excuses nothing
        ({"due": 10, "ended": 15, "asked": ((11, 14),)}, 15, 10),
        # an open request ends the clock on its day: in time before the due day, late after it
        ({"due": 10, "asked": ((4, None),)}, None, None),
        ({"due": 10, "asked": ((10, None),)}, None, None),
        ({"due": 10, "asked": ((11, None),)}, None, 10),
        ({"due": 10, "ended": 15, "asked": ((4, None),)}, 15, None),
        # a second request is late from the moment it is made, however fast the rest was
        ({"due": 10, "ended": 6, "asked": ((2, 3), (4, 5))}, 6, 4),
        ({"due": 10, "ended": 20, "asked": ((11, 12), (13, 14))}, 20, 10),
        # even without a due day
        ({"ended": 6, "asked": ((2, 3), (4, 5))}, 6, 4),
    ],
)
def test_end_and_lateness(said, ended, late):
    course = course_of(dossier(**said), READING)
    assert course.ended_at == (None if ended is None else on(ended))
    assert course.late_since == (None if late is None else on(late))


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ({"ended": 9}, 9),
        ({}, None),
        ({"ended": 9, "asked": ((2, 4),)}, 7),
        ({"ended": 9, "asked": ((2, 5), (4, 6))}, 5),  # what overlaps is subtracted once
        ({"ended": 9, "asked": ((7, None),)}, 7),
        ({"ended": 9, "asked": ((8, 12),)}, 8),
        ({"ended": -1}, 0),  # clocks that contradict each other give no negative time
    ],
)
def test_handling_time(said, days):
    assert course_of(dossier(**said), READING).handled_for == (None if days is None else timedelta(days=days))


def test_the_unverified_readings_are_the_files():
    twice = dossier(due=10, ended=9, asked=((2, 3), (4, 5)))
    assert course_of(twice, READING.model_copy(update={"second_supplement_is_late": False})).late_since is None
    waited = dossier(due=10, ended=12, asked=((4, 7),))
    assert course_of(waited, READING.model_copy(update={"supplement_pauses": False})).late_since == on(10)
    unanswered = dossier(due=10, asked=((4, None),))
    assert course_of(unanswered, READING.model_copy(update={"open_supplement_ends": False})).late_since == on(10)
    returned = dossier(due=10, ended=9, returned=12)
    assert course_of(returned, READING.model_copy(update={"ended_by": ("returned", "done")})).late_since == on(10)
