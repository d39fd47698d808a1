"""One call per question at a time: all who wait get its answer, and it ends early only when nobody waits."""

import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from gateway.connector_runtime.single_flight import Flight, Flights
from tests.connector_runtime.still_time import StillLoop

KEYS = st.sampled_from(["one", "two", None])


class Desk(RuleBasedStateMachine):
    """Askers come and go; calls end."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = StillLoop()
        asyncio.set_event_loop(self.loop)
        self.flights: Flights[int] = Flights()
        self.gates: dict[int, asyncio.Event] = {}
        self.open: dict[int, tuple[str | None, Flight[int], int]] = {}
        self.number = 0

    def teardown(self) -> None:
        self.loop.begin(self.flights.close())
        assert all(flight.task.cancelled() for _, flight, _ in self.open.values())
        asyncio.set_event_loop(None)
        self.loop.finish()

    @rule(key=KEYS)
    def ask(self, key: str | None) -> None:
        async def begin() -> None:
            flight = self.flights.join(key)
            under_way = [number for number, (known, _, _) in self.open.items() if known == key and key is not None]
            if flight is not None:
                (number,) = under_way
                assert self.open[number][1] is flight
                self.open[number] = (key, flight, self.open[number][2] + 1)
                return
            assert under_way == []
            self.number += 1
            number = self.number
            gate = self.gates[number] = asyncio.Event()

            async def work(_: Flight[int]) -> int:
                await gate.wait()
                return number

            self.open[number] = (key, self.flights.start(work, key=key, era=0, name="w"), 1)

        assert self.loop.begin(begin()).done()

    @rule(place=st.integers(0, 5))
    def finish(self, place: int) -> None:
        if place < len(self.open):
            number = sorted(self.open)[place]
            _, flight, _ = self.open.pop(number)
            self.gates[number].set()
            self.loop.settle()
            assert flight.task.result() == number

    @rule(place=st.integers(0, 5))
    def leave(self, place: int) -> None:
        if place < len(self.open):
            number = sorted(self.open)[place]
            key, flight, waiters = self.open.pop(number)
            self.flights.leave(flight)
            self.loop.settle()
            if waiters > 1:
                self.open[number] = (key, flight, waiters - 1)
            assert flight.task.done() is (waiters == 1)

    @invariant()
    def holds(self) -> None:
        assert all(not flight.task.done() and flight.waiters == count for _, flight, count in self.open.values())


def test_a_call_is_shared_and_never_ended_under_somebody() -> None:
    run_state_machine_as_test(Desk, settings=settings(max_examples=80, stateful_step_count=30, deadline=None))
