"""Room at a source: never more inside than places, in the order they came, and no place is ever lost."""

import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from gateway.connector_runtime.bulkhead import Bulkhead
from tests.connector_runtime.still_time import StillLoop

PLACES, QUEUE, WAIT_FOR = 2, 3, 10.0


class Room(RuleBasedStateMachine):
    """Callers come, leave, give up and lose patience."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = StillLoop()
        self.room = Bulkhead(PLACES, QUEUE, WAIT_FOR)
        self.inside: list[int] = []
        self.order: list[int] = []
        self.waiting: dict[int, tuple[asyncio.Task[None], float]] = {}
        self.turned_away: list[int] = []
        self.number = 0

    def teardown(self) -> None:
        for task, _ in self.waiting.values():
            task.cancel()
        self.loop.settle()
        for _ in self.inside:
            self.room.leave()
        assert [self.room.try_enter() for _ in range(PLACES + 1)] == [True] * PLACES + [False]
        self.loop.finish()

    @rule()
    def come(self) -> None:
        self.number += 1
        number = self.number
        full = len(self.inside) == PLACES and len(self.waiting) == QUEUE
        assert self.room.full is full

        async def enter() -> None:
            (self.inside if await self.room.enter() else self.turned_away).append(number)
            self.waiting.pop(number, None)

        self.waiting[number] = (self.loop.create_task(enter()), self.loop.at)
        self.loop.settle()
        assert (number in self.turned_away) is full

    @rule(place=st.integers(0, PLACES - 1))
    def leave(self, place: int) -> None:
        if place < len(self.inside):
            self.inside.pop(place)
            longest = min(self.waiting, default=None)
            self.room.leave()
            self.loop.settle()
            assert longest is None or self.inside[-1] == longest

    @rule(place=st.integers(0, QUEUE - 1))
    def give_up(self, place: int) -> None:
        if place < len(self.waiting):
            number = sorted(self.waiting)[place]
            task, _ = self.waiting.pop(number)
            task.cancel()
            self.loop.settle()
            assert task.cancelled()

    @rule()
    def give_up_in_the_moment_of_being_let_in(self) -> None:
        if self.inside and self.waiting:
            number = min(self.waiting)
            task, _ = self.waiting.pop(number)
            self.inside.pop()
            self.room.leave()
            task.cancel()
            self.loop.settle()
            assert number not in self.inside

    @rule(seconds=st.sampled_from([1.0, 4.0, 11.0]))
    def pass_time(self, seconds: float) -> None:
        self.loop.move(seconds)

    @invariant()
    def holds(self) -> None:
        assert len(self.inside) <= PLACES
        assert len(self.waiting) <= QUEUE
        assert not self.waiting or len(self.inside) == PLACES
        assert all(self.loop.at - since < WAIT_FOR for _, since in self.waiting.values())


def test_no_place_is_lost_and_none_is_given_twice() -> None:
    run_state_machine_as_test(Room, settings=settings(max_examples=80, stateful_step_count=30, deadline=None))
