"""The second request to a replicated source, and the time a call has, under a clock that stands still."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.connector_runtime import deadline
from gateway.connector_runtime.hedge import Latencies, hedge
from tests.connector_runtime.still_time import StillLoop

SECONDS = st.sampled_from([1.0, 2.0, 3.0, 5.0, 8.0])


KINDS = st.sampled_from(["good", "bad", "raises"])


@settings(max_examples=200, deadline=None)
@given(takes=st.tuples(SECONDS, SECONDS), kinds=st.tuples(KINDS, KINDS), after=SECONDS, may=st.booleans())
def test_the_first_usable_answer_wins_and_the_other_is_ended(takes, kinds, after: float, may: bool) -> None:
    after += 0.5  # no two things in the same instant
    loop = StillLoop()
    begun: list[float] = []
    ended: list[int] = []

    async def ask() -> tuple[int, str]:
        number = len(begun)
        begun.append(loop.at)
        try:
            await asyncio.sleep(takes[number])
        finally:
            ended.append(number)
        if kinds[number] == "raises":
            raise OSError(number)
        return number, kinds[number]

    async def whole() -> tuple[int, str, float]:
        try:
            number, kind = await hedge(ask, after, may=lambda: may, usable=lambda told: told[1] == "good")
        except OSError as error:
            number, kind = error.args[0], "raises"
        return number, kind, loop.at

    task = loop.begin(whole())
    loop.move(20, steps=40)
    number, kind, at = task.result()
    hedged = may and takes[0] > after
    assert begun == ([0.0, after] if hedged else [0.0])
    arrivals = sorted([(takes[0], 0)] + ([(after + takes[1], 1)] if hedged else []))
    good = [arrival for arrival in arrivals if kinds[arrival[1]] == "good"]
    told = [arrival for arrival in arrivals if kinds[arrival[1]] == "bad"]
    expected = good[0] if good else (arrivals[-1][0], told[-1][1] if told else 0)
    assert (at, number, kind) == (*expected, kinds[expected[1]])
    assert sorted(ended) == list(range(len(begun)))
    loop.finish()


def test_unusual_is_what_95_of_100_stay_under() -> None:
    seen = Latencies()
    for _ in range(19):
        seen.add(0.1)
    assert seen.unusual is None
    for number in range(1, 82):
        seen.add(3.0 if number % 20 == 0 else 0.1)
    assert seen.unusual == 0.1
    for _ in range(20):
        seen.add(3.0)
    assert seen.unusual == 3.0


def test_time_runs_out_for_everything_a_call_does_and_for_nothing_beside_it() -> None:
    loop = StillLoop()
    told: dict[str, object] = {}

    async def beside() -> None:
        told["beside"] = deadline.under_way()

    async def within() -> None:
        call = deadline.under_way()
        assert call is not None
        told["within"] = round(call.left(), 3)

    async def call() -> None:
        deadline.begin(2.0)
        await asyncio.sleep(0.5)
        await asyncio.create_task(within())
        await asyncio.create_task(beside(), context=deadline.beside())

    async def other() -> None:
        told["other"] = deadline.under_way()

    task = loop.begin(call())
    loop.move(1)
    task.result()
    loop.begin(other()).result()
    assert told == {"within": pytest.approx(1.49, abs=0.051), "beside": None, "other": None}
    loop.finish()
