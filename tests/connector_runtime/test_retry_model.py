"""Tries: never more than the budget, never beyond the asker's time, never sooner than the source wishes."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from gateway.connector_runtime.retry import FIRST_PAUSE_FOR, LONGEST_PAUSE_FOR, RetryBudget, pause_before

SHARE = 0.25


class Chance:
    """Repeatable chance."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def octets(self, count: int) -> bytes:
        return self._random.randbytes(count)


class Budget(RuleBasedStateMachine):
    """Calls earn, tries spend."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = RetryBudget(SHARE)
        self.quarters = 40
        self.calls = self.tries = 0

    @rule()
    def call(self) -> None:
        self.budget.earn()
        self.calls += 1
        self.quarters = min(40, self.quarters + 1)

    @rule(count=st.integers(1, 12))
    def try_again(self, count: int) -> None:
        for _ in range(count):
            may = self.quarters >= 4
            assert self.budget.spend() is may
            self.quarters -= 4 * may
            self.tries += may

    @invariant()
    def holds(self) -> None:
        assert self.tries <= 10 + self.calls * SHARE


def test_a_source_that_is_down_never_gets_twice_the_calls() -> None:
    run_state_machine_as_test(Budget, settings=settings(max_examples=100, stateful_step_count=60, deadline=None))


@given(
    attempt=st.integers(1, 8),
    left=st.floats(-1, 30),
    asked_for=st.none() | st.floats(0, 60),
    seed=st.integers(0, 1000),
)
def test_a_pause_fits_the_time_and_the_wish(attempt: int, left: float, asked_for: float | None, seed: int) -> None:
    pause = pause_before(attempt, left=left, asked_for=asked_for, chance=Chance(seed))
    if pause is not None:
        assert pause < left
        longest = min(LONGEST_PAUSE_FOR, FIRST_PAUSE_FOR * 2 ** (attempt - 1))
        assert pause == asked_for if asked_for is not None else 0 <= pause < longest
    else:
        assert asked_for is None or asked_for >= left


def test_jitter_is_full_not_a_fixed_beat() -> None:
    chance = Chance(1)
    drawn = [pause_before(3, left=10, asked_for=None, chance=chance) or 0.0 for _ in range(400)]
    assert min(drawn) < 0.02 < 0.38 < max(drawn)
