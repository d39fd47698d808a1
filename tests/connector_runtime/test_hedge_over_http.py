"""Two requests to a running source, one slow: the good answer counts, and a trouble only where there is no other."""

import asyncio
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from gateway.connector_runtime.means import Means
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.provenance import Found
from tests.connector_runtime.test_running_source import ask, question, reasons
from tests.connector_runtime.toy import Behaviour, asking, down, running, well

pytestmark = pytest.mark.anyio


async def malformed(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>")


@dataclass
class Counted:
    """Writes down how calls ended."""

    ends: list[str] = field(default_factory=list)

    def count_call(self, source: str, outcome: str, took_for: float) -> None:
        self.ends.append(outcome)

    def count_spent(self, source: str) -> None:
        self.ends.append("quota")

    def tell_state(self, source: str, *, outage: bool, quarantined: bool) -> None:
        pass


class Pair:
    """The first request ends when the second has begun, or when it has ended; what each of the two says."""

    def __init__(self, first: Behaviour, second: Behaviour, *, first_is_last: bool) -> None:
        self.steps = [self._first, self._second]
        self.says = first, second
        self.first_is_last = first_is_last
        self.second_is_there, self.first_is_over = asyncio.Event(), asyncio.Event()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        return await self.steps.pop(0)(request)

    async def _first(self, request: web.Request) -> web.StreamResponse:
        await self.second_is_there.wait()
        try:
            return await self.says[0](request)
        finally:
            self.first_is_over.set()

    async def _second(self, request: web.Request) -> web.StreamResponse:
        self.second_is_there.set()
        if not self.first_is_last:
            await self.first_is_over.wait()
        return await self.says[1](request)


@pytest.mark.parametrize("trouble", [down, malformed])
@pytest.mark.parametrize("is_first_good", [True, False])
async def test_the_good_answer_wins_over_a_trouble_of_the_other(trouble: Behaviour, is_first_good: bool) -> None:
    pair = (well, trouble) if is_first_good else (trouble, well)
    told, ends, seen = await asked_twice(Pair(*pair, first_is_last=is_first_good))
    assert (told, ends, seen) == ({Found}, ["answered"], 2)


@pytest.mark.parametrize("first_is_last", [True, False])
async def test_two_troubles_are_one_failed_call(first_is_last: bool) -> None:
    told, ends, seen = await asked_twice(Pair(malformed, malformed, first_is_last=first_is_last))
    assert (told, ends, seen) == ({"malformed"}, ["malformed"], 2)


async def asked_twice(pair: Pair) -> tuple[set, list[str], int]:
    """Return what came of a question whose first request is slow, how the call was counted, and how many went out."""
    meter = Counted()
    means = Means(SystemClock(), meter=meter)
    async with running() as toy, asking({"toy": toy}, means=means, replicated=True, retries=0) as registry:
        for person in range(20):  # so many make the next slow one unusual
            await ask(registry, question(person))
        toy.behave = pair
        del meter.ends[:]
        told = reasons(await ask(registry, question(99, wait_for=30)))
        return told, meter.ends, len(toy.seen) - 20
