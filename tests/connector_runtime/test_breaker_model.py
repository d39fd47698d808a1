"""The breaker against a list of calls: it opens when the list says so, and an era's answers count in it alone."""

from datetime import timedelta

import pytest
import structlog
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from gateway.connector_runtime.breaker import Breaker
from gateway.connector_runtime.limits import Limits
from gateway.vocabulary.clock import SettableClock
from tests.connector_runtime.questions import NOW

LIMITS = Limits(fewest_calls=4, failure_ratio=0.5, slow_for=2, slow_ratio=0.75, window_for=10, paused_for=5, probes=2)


class Outages(RuleBasedStateMachine):
    """Calls begin, end in any order, and time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SettableClock(NOW)
        self.breaker = Breaker("s", self.clock, LIMITS)
        self.flying: list[int] = []
        self.ended: list[tuple[float, bool, bool]] = []
        self.at = 0.0
        self.open_until: float | None = None
        self.probing_until = -1.0
        self.probes_left = 0
        self.era = 0

    @rule(seconds=st.sampled_from([1, 2, 5, 11, 61]))
    def pass_time(self, seconds: int) -> None:
        self.clock.move(timedelta(seconds=seconds))
        self.at += seconds

    @rule()
    def begin(self) -> None:
        wait = self.breaker.admit()
        if self.open_until is not None:
            expected = max(self.open_until, self.probing_until) - self.at
            assert (wait is None) == (expected <= 0)
            if wait is None:
                self.probing_until = self.at + 60
        else:
            assert wait is None
        if wait is None:
            self.flying.append(self.breaker.era)

    @rule(succeeded=st.booleans(), slow=st.booleans(), newest=st.booleans())
    def end(self, succeeded: bool, slow: bool, newest: bool) -> None:
        if not self.flying:
            return
        era = self.flying.pop(-1 if newest else 0)
        self.breaker.record(succeeded, era=era, took_for=2.0 if slow else 0.1, reason="fault")
        if era != self.era:
            return
        if self.open_until is not None:
            self.probing_until = -1.0
            good = succeeded and not slow
            self.probes_left = self.probes_left - 1 if good else LIMITS.probes
            self.open_until = self.at if good else self.at + LIMITS.paused_for
            if self.probes_left == 0:
                self.open_until, self.era = None, self.era + 1
            return
        self.ended.append((self.at, not succeeded, slow))
        self.ended = [one for one in self.ended if one[0] >= self.at - LIMITS.window_for]
        count = len(self.ended)
        failed, crawled = (sum(one[place] for one in self.ended) for place in (1, 2))
        if count >= LIMITS.fewest_calls and (
            failed / count >= LIMITS.failure_ratio or crawled / count >= LIMITS.slow_ratio
        ):
            self.open_until, self.era, self.ended = self.at + LIMITS.paused_for, self.era + 1, []
            self.probes_left, self.probing_until = LIMITS.probes, -1.0

    @rule()
    def withdraw(self) -> None:
        if not self.flying:
            return
        era = self.flying.pop()
        self.breaker.withdraw(era)
        if era == self.era:
            self.probing_until = -1.0

    @invariant()
    def agrees(self) -> None:
        assert self.breaker.state == ("closed" if self.open_until is None else "open")
        assert self.breaker.era == self.era


def test_the_breaker_is_what_a_list_of_calls_says() -> None:
    with structlog.testing.capture_logs():
        run_state_machine_as_test(Outages, settings=settings(max_examples=150, stateful_step_count=60, deadline=None))


@pytest.mark.parametrize(("took_for", "state"), [(1.9, "closed"), (2.0, "open")])
def test_answers_that_crawl_are_an_outage_too(took_for: float, state: str) -> None:
    breaker = Breaker("s", SettableClock(NOW), Limits())
    for _ in range(10):
        breaker.record(True, era=0, took_for=took_for)
    assert breaker.state == state


def test_an_answer_from_before_an_outage_is_no_probe() -> None:
    clock = SettableClock(NOW)
    breaker = Breaker("s", clock, Limits(fewest_calls=1))
    before = breaker.era
    breaker.record(False, era=before, reason="timeout")
    clock.move(timedelta(seconds=11))
    assert breaker.admit() is None
    breaker.record(True, era=before)
    assert (breaker.state, breaker.admit()) == ("open", 60)
    breaker.record(True, era=breaker.era)
    assert breaker.state == "closed"


def test_the_first_line_says_what_most_calls_failed_of() -> None:
    breaker = Breaker("s", SettableClock(NOW), Limits(fewest_calls=3))
    with structlog.testing.capture_logs() as logged:
        for reason in ("timeout", "malformed", "timeout"):
            breaker.record(False, era=0, reason=reason)
    assert [(one["event"], one["reason"], one["count"]) for one in logged] == [("source_outage_began", "timeout", 3)]
