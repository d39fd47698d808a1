"""Habits of a source: what is usual never quarantines, what stops being usual does within the window."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from gateway.connector_runtime.contract import Absent, Refused, Unavailable
from gateway.connector_runtime.drift import Drift, DriftWatch
from gateway.vocabulary.clock import SettableClock
from tests.connector_runtime.questions import FOUND, NOW

WINDOW = 20
UNREADABLE = Unavailable(reason="malformed")
GOOD = {"a": FOUND, "b": FOUND}


class Habits(RuleBasedStateMachine):
    """A source that answers as always, whatever else happens: trouble, unknown people, days without a call."""

    def __init__(self) -> None:
        super().__init__()
        self.watch = DriftWatch(WINDOW)
        self.clock = SettableClock(NOW)

    @rule(count=st.integers(1, 30), seed=st.integers(0, 99))
    def answer_as_always(self, count: int, seed: int) -> None:
        chance = Random(seed)
        for _ in range(count):
            rare = FOUND if chance.random() < 0.3 else Absent("empty")
            assert self.watch.observe({"a": FOUND, "b": rare}) is None

    @rule(count=st.integers(1, 40), outcome=st.sampled_from([Absent("no_match"), Unavailable(), UNREADABLE]))
    def be_in_trouble_or_know_nobody(self, count: int, outcome) -> None:
        for _ in range(count):
            assert self.watch.observe({"a": outcome, "b": outcome}) is None

    @rule(days=st.integers(1, 30))
    def rest(self, days: int) -> None:
        self.clock.move(timedelta(days=days))


def test_what_is_usual_is_no_drift() -> None:
    run_state_machine_as_test(Habits, settings=settings(max_examples=60, stateful_step_count=30, deadline=None))


@settings(deadline=None)
@given(before=st.integers(2 * WINDOW, 400), seed=st.integers(0, 999))
def test_an_attribute_that_vanishes_is_seen_within_the_window(before: int, seed: int) -> None:
    watch, chance = DriftWatch(WINDOW), Random(seed)
    for _ in range(before):
        kept = FOUND if chance.random() < 0.97 else Absent("empty")
        assert watch.observe({"a": FOUND, "b": kept}) is None
    seen = [watch.observe({"a": FOUND, "b": Absent("empty")}) for _ in range(WINDOW)]
    assert Drift(sign="gone", attribute="b") in seen


@pytest.mark.parametrize(
    ("drifted", "drift", "calls"),
    [
        (GOOD | {"b": UNREADABLE}, Drift(sign="unreadable", attribute="b"), 10),
        (dict.fromkeys(GOOD, Refused("other_person")), Drift(sign="other_people"), 3),
        (GOOD | {"b": Absent("empty")}, Drift(sign="gone", attribute="b"), 15),
    ],
)
def test_each_sign_within_its_number_of_calls(drifted, drift: Drift, calls: int) -> None:
    watch = DriftWatch(WINDOW)
    assert [watch.observe(GOOD) for _ in range(100)] == [None] * 100
    assert [watch.observe(drifted) for _ in range(calls)] == [None] * (calls - 1) + [drift]


def test_a_change_that_is_known_is_the_new_usual() -> None:
    watch = DriftWatch(WINDOW)
    for _ in range(100):
        watch.observe(GOOD)
    watch.forget()
    assert [watch.observe(GOOD | {"b": Absent("empty")}) for _ in range(200)] == [None] * 200
