"""Kept values against a dictionary: each attribute by its own time, stale ones marked, nothing in clear."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from gateway.connector_runtime.cache import AnswerCache
from gateway.connector_runtime.contract import Absent, Found, Provenance, Unavailable
from gateway.connector_runtime.limits import Limits
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from tests.connector_runtime.questions import NOW, question

FRESH = {"a": 10.0, "b": 60.0}
STALE_FOR = 30.0
ALL = ("a", "b", "c")


def ask(person: int, procedure: str):
    return question(*ALL, number=f"99917500000{person}", procedure=procedure)


class Shelf(RuleBasedStateMachine):
    """Answers come, time passes, people are asked about again."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SettableClock(NOW)
        self.cache = AnswerCache(
            Limits(fresh_for=FRESH, stale_for=STALE_FOR, kept_people=100), self.clock, SystemRandomness()
        )
        self.known: dict[tuple[int, str, str], tuple[str, float, Provenance]] = {}
        self.at = 0.0

    @rule(seconds=st.sampled_from([1, 9, 10, 31, 60]))
    def pass_time(self, seconds: int) -> None:
        self.clock.move(timedelta(seconds=seconds))
        self.at += seconds

    @rule(
        person=st.integers(1, 3),
        procedure=st.sampled_from(["1.1", "1.2"]),
        value=st.sampled_from(["Bưởi", "Khoá"]),
        names=st.sets(st.sampled_from(ALL)),
        missing=st.sampled_from([Absent("empty"), Unavailable()]),
    )
    def keep(self, person: int, procedure: str, value: str, names: set[str], missing) -> None:
        provenance = Provenance(source="s", as_of=date(2026, 11, 22), retrieved_at=self.clock.now())
        answer = {name: Found(value, provenance) if name in names else missing for name in ALL}
        self.cache.keep(ask(person, procedure), answer)
        for name in names & FRESH.keys():
            self.known[person, procedure, name] = (value, self.at, provenance)

    @rule(person=st.integers(1, 3), procedure=st.sampled_from(["1.1", "1.2"]), stale=st.booleans())
    def read(self, person: int, procedure: str, stale: bool) -> None:
        asked = ask(person, procedure)
        told = self.cache.stale(asked, ALL) if stale else self.cache.fresh(asked)
        expected = {}
        for name, fresh_for in FRESH.items():
            value, since, provenance = self.known.get((person, procedure, name), ("", -1e9, None))
            if provenance is not None and self.at - since < fresh_for + (STALE_FOR if stale else 0):
                expected[name] = Found(value, replace(provenance, stale=stale))
        assert told == expected

    @rule()
    def look_into_memory(self) -> None:
        held = repr(self.cache._people)
        assert not any(clear in held for clear in ("999175", "Bưởi", "Khoá", "Trần", "1.1"))
        assert "Bưởi".encode() not in b"".join(
            one.sealed for kept in self.cache._people.values() for one in kept.values()
        )


def test_each_attribute_serves_for_its_own_time_and_for_its_own_question() -> None:
    run_state_machine_as_test(Shelf, settings=settings(max_examples=60, stateful_step_count=30, deadline=None))


def test_the_people_asked_about_longest_ago_go_first() -> None:
    clock = SettableClock(NOW)
    cache = AnswerCache(Limits(fresh_for={"a": 60}, kept_people=2), clock, SystemRandomness())
    value = Found("x", Provenance(source="s", as_of=date(2026, 11, 22), retrieved_at=NOW))
    for person in (1, 2, 3):
        cache.keep(ask(person, "1.1"), {"a": value})
    assert [bool(cache.fresh(ask(person, "1.1"))) for person in (1, 2, 3)] == [False, True, True]
