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

    @rule(count=st.integers(1, 40))
    def be_in_trouble(self, count: int) -> None:
        for _ in range(count):
            assert self.watch.observe(dict.fromkeys(GOOD, Unavailable())) is None

    @rule(count=st.integers(1, WINDOW // 2 - 1), outcome=st.sampled_from([Absent("no_match"), Absent("ambiguous")]))
    def know_few_people_not(self, count: int, outcome) -> None:
        for _ in range(count):
            assert self.watch.observe(dict.fromkeys(GOOD, outcome)) is None
        for _ in range(2):
            assert self.watch.observe({"a": FOUND}) is None

    @rule(count=st.integers(1, 60))
    def be_asked_about_one_unknown_person_again_and_again(self, count: int) -> None:
        for _ in range(count):
            assert self.watch.observe(dict.fromkeys(GOOD, Absent("no_match")), "who") is None
        for _ in range(2):
            assert self.watch.observe({"a": FOUND}) is None

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
        ({"a": UNREADABLE}, Drift(sign="unreadable", attribute="a"), 10),
        (dict.fromkeys(GOOD, UNREADABLE), Drift(sign="unreadable"), 10),
        (dict.fromkeys(GOOD, Absent("no_match")), Drift(sign="nobody"), 19),
        (dict.fromkeys(GOOD, Absent("ambiguous")), Drift(sign="nobody"), 19),
        (dict.fromkeys(GOOD, Refused("purpose_denied")), Drift(sign="nobody"), 19),
    ],
)
def test_each_sign_within_its_number_of_calls(drifted, drift: Drift, calls: int) -> None:
    watch = DriftWatch(WINDOW)
    assert [watch.observe(GOOD) for _ in range(102)] == [None] * 102
    assert [watch.observe(drifted) for _ in range(calls)] == [None] * (calls - 1) + [drift]


DRIFTED = [
    (GOOD | {"b": UNREADABLE}, "unreadable"),
    (dict.fromkeys(GOOD, UNREADABLE), "unreadable"),
    (dict.fromkeys(GOOD, Refused("other_person")), "other_people"),
    (GOOD | {"b": Absent("empty")}, "gone"),
    (dict.fromkeys(GOOD, Absent("no_match")), "nobody"),
]


def used_to_good() -> DriftWatch:
    watch = DriftWatch(WINDOW)
    for number in range(200):
        assert watch.observe(GOOD, f"before{number}") is None
    return watch


@pytest.mark.parametrize("drifted", [drifted for drifted, _ in DRIFTED])
@pytest.mark.parametrize("between", [0, 1, 5])
def test_one_person_s_spoiled_record_takes_a_register_from_nobody(drifted, between: int) -> None:
    watch = used_to_good()
    for number in range(500):
        assert watch.observe(drifted, "one") is None
        for other in range(between):
            assert watch.observe(GOOD, (number, other)) is None


@pytest.mark.parametrize(("drifted", "sign"), DRIFTED)
def test_one_person_among_many_hides_no_drift(drifted, sign: str) -> None:
    watch = used_to_good()
    seen = [watch.observe(drifted, who) for number in range(WINDOW) for who in ("one", number)]
    assert next(one.sign for one in seen if one is not None) == sign


def test_two_people_are_no_other_people_and_the_third_is() -> None:
    watch, strange = used_to_good(), dict.fromkeys(GOOD, Refused("other_person"))
    assert [watch.observe(strange, who) for who in ("one", "two") * 50] == [None] * 100
    assert watch.observe(strange, "three") == Drift(sign="other_people")


def test_one_known_person_asked_about_again_and_again_makes_nobody_usual() -> None:
    watch, chance = DriftWatch(WINDOW), Random(3)
    for number in range(1000):
        assert watch.observe(GOOD if chance.random() < 0.3 else UNKNOWN, number) is None
    assert [watch.observe(GOOD, "one") for _ in range(3000)] == [None] * 3000
    assert [watch.observe(UNKNOWN, ("then", number)) for number in range(30)] == [None] * 30


def test_a_change_that_is_known_is_the_new_usual() -> None:
    watch = DriftWatch(WINDOW)
    for _ in range(100):
        watch.observe(GOOD)
    watch.forget()
    assert [watch.observe(GOOD | {"b": Absent("empty")}) for _ in range(200)] == [None] * 200


UNKNOWN = dict.fromkeys(GOOD, Absent("no_match"))


@pytest.mark.parametrize(("known_of_ten", "calls"), [(9, 20), (6, 20), (5, 26), (3, 55), (1, 193)])
def test_the_fewer_people_a_source_knows_the_longer_a_run_of_unknown_ones_is_chance(known_of_ten, calls) -> None:
    watch = DriftWatch(WINDOW)
    for number in range(1000):
        assert watch.observe(GOOD if number % 10 < known_of_ten else UNKNOWN) is None
    first = next(number for number in range(1, 1000) if watch.observe(UNKNOWN) == Drift(sign="nobody"))
    assert first <= calls


def test_a_rarely_asked_source_and_one_that_still_knows_some_are_left_alone() -> None:
    seldom = DriftWatch(WINDOW)
    assert [seldom.observe(one) for one in [GOOD] * 90 + [UNKNOWN] * 300] == [None] * 390
    fewer, chance = DriftWatch(WINDOW), Random(7)
    for _ in range(1000):
        fewer.observe(GOOD)
    some = [fewer.observe(GOOD if chance.random() < 0.6 else UNKNOWN) for _ in range(1000)]
    assert some == [None] * 1000


def test_one_test_record_that_is_still_known_does_not_hide_that_all_others_are_not() -> None:
    watch = DriftWatch(WINDOW)
    for _ in range(200):
        watch.observe(GOOD)
    assert Drift(sign="nobody") in [watch.observe(GOOD if number % 30 == 15 else UNKNOWN) for number in range(60)]
