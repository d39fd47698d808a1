"""Every mechanism of the call runtime against a register that really runs, through `ConnectorRegistry.ask`."""

import asyncio
from datetime import timedelta

import pytest
import structlog
from aiohttp import web

from gateway.connector_runtime.contract import Absent, Answer, Found, Question, Unavailable
from gateway.connector_runtime.deadline import HEADER
from gateway.connector_runtime.means import Means
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.vocabulary.clock import SettableClock, SystemClock
from tests.connector_runtime import questions
from tests.connector_runtime.questions import NOW
from tests.connector_runtime.toy import NAMES, asking, down, running, stall, well

pytestmark = pytest.mark.anyio


def question(person: int = 3, *, wait_for: float = 5.0, names=NAMES, clock=None) -> Question:
    at = (clock or SystemClock()).now()
    return questions.question(*names, number=f"999175000{person:03}", wait_for=wait_for, at=at)


async def ask(registry: ConnectorRegistry, asked: Question, **more) -> Answer:
    return (await registry.ask({"toy": asked}, **more))["toy"]


def reasons(answer: Answer) -> set[object]:
    return {one.reason if isinstance(one, Unavailable) else type(one) for one in answer.values()}


async def test_the_source_hears_how_long_somebody_waits() -> None:
    async with running() as toy, asking({"toy": toy}) as registry:
        assert reasons(await ask(registry, question(wait_for=2))) == {Found}
        (told,) = (int(request.headers[HEADER]) for request in toy.seen)
        assert 0 < told < 2000


async def test_what_is_switched_off_is_not_told() -> None:
    async with running() as toy, asking({"toy": toy}, tell_time_left=False) as registry:
        await ask(registry, question())
        assert HEADER not in toy.seen[0].headers


async def test_a_request_ends_with_its_asker_whatever_the_connector_allows() -> None:
    ended = asyncio.Event()

    async def watched(request: web.Request) -> web.StreamResponse:
        try:
            return await stall(request)
        finally:
            ended.set()

    async with running(watched) as toy, asking({"toy": toy}) as registry:
        assert reasons(await ask(registry, question(wait_for=0.2))) == {"timeout"}
        await asyncio.wait_for(ended.wait(), 30)


async def test_who_was_not_reached_is_tried_again_within_the_budget() -> None:
    async with running(down) as toy, asking({"toy": toy}, fewest_calls=1000, retries=2) as registry:
        for person in range(60):
            assert reasons(await ask(registry, question(person))) == {"unreachable"}
        assert 60 + 10 <= len(toy.seen) <= 60 + 10 + 60 * 0.1 + 1


async def test_what_was_answered_is_not_asked_twice() -> None:
    async def forbid(request: web.Request) -> web.StreamResponse:
        return web.Response(status=403)

    async with running(forbid) as toy, asking({"toy": toy}, retries=5) as registry:
        assert reasons(await ask(registry, question())) == {"fault"}
        assert len(toy.seen) == 1


async def test_a_source_that_asks_for_a_pause_gets_it() -> None:
    async def slower(request: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": "30"})

    clock = SettableClock(NOW)
    async with running(slower) as toy, asking({"toy": toy}, means=Means(clock), retries=3) as registry:
        for person in range(20):
            answer = await ask(registry, question(person, clock=clock))
            assert set(answer.values()) == {Unavailable(reason="closed", retry_after=30)}
        assert len(toy.seen) == 1
        clock.move(timedelta(seconds=31))
        toy.behave = well
        assert reasons(await ask(registry, question(clock=clock))) == {Found}


async def test_a_pause_that_fits_the_askers_time_is_waited_for() -> None:
    async def once(request: web.Request) -> web.StreamResponse:
        toy.behave = well
        return web.Response(status=429, headers={"Retry-After": "1"})

    async with running(once) as toy, asking({"toy": toy}) as registry:
        began = asyncio.get_running_loop().time()
        assert reasons(await ask(registry, question(wait_for=30))) == {Found}
        assert asyncio.get_running_loop().time() - began >= 1


async def test_an_outage_is_two_lines_and_a_handful_of_calls() -> None:
    clock = SettableClock(NOW)
    async with running(down) as toy, asking({"toy": toy}, means=Means(clock), retries=0) as registry:
        with structlog.testing.capture_logs() as logged:
            for person in range(500):
                assert reasons(await ask(registry, question(person, clock=clock))) <= {"unreachable", "closed"}
            assert len(toy.seen) == 10
            for _ in range(5):
                clock.move(timedelta(seconds=11))
                await ask(registry, question(clock=clock))
            toy.behave = well
            clock.move(timedelta(seconds=11))
            assert reasons(await ask(registry, question(clock=clock))) == {Found}
        told = [(one["log_level"], one["event"]) for one in logged if one["log_level"] != "debug"]
        assert told == [("warning", "source_outage_began"), ("info", "source_outage_ended")]


async def test_a_stalled_source_fills_its_own_room_only() -> None:
    async with running(stall) as stalled, running() as good:
        limits = {"concurrency": 2, "queue": 3, "queue_for": 0.2, "fewest_calls": 1000}
        async with asking({"stalled": stalled, "toy": good}, **limits) as registry:
            asked = [
                registry.ask({"stalled": question(n, wait_for=1), "toy": question(n, wait_for=30)}) for n in range(4)
            ]
            answers = await asyncio.gather(*asked)
            assert [reasons(one["toy"]) for one in answers] == [{Found}] * 4
            told = [next(iter(reasons(one["stalled"]))) for one in answers]
            assert told == ["timeout"] * 2 + ["closed"] * 2
            assert stalled.most == 2


async def test_whom_the_queue_has_no_place_for_is_told_at_once() -> None:
    async with running(stall) as toy, asking({"toy": toy}, concurrency=1, queue=1, queue_for=10) as registry:
        first = [asyncio.create_task(ask(registry, question(n, wait_for=20))) for n in range(2)]
        await toy.arrived.get()
        assert set((await ask(registry, question(9))).values()) == {Unavailable(reason="closed", retry_after=5)}
        for one in first:
            one.cancel()
        await asyncio.gather(*first, return_exceptions=True)
        toy.behave = well
        assert reasons(await ask(registry, question())) == {Found}


async def test_a_source_is_asked_so_often_in_a_second_and_not_more() -> None:
    clock = SettableClock(NOW)
    async with running() as toy, asking({"toy": toy}, means=Means(clock), per_second=5) as registry:
        told = [reasons(await ask(registry, question(person, clock=clock))) for person in range(8)]
        assert told == [{Found}] * 5 + [{"closed"}] * 3
        late = await ask(registry, question(9, clock=clock))
        assert set(late.values()) == {Unavailable(reason="closed", retry_after=1)}
        clock.move(timedelta(seconds=0.4))
        told = [reasons(await ask(registry, question(person, clock=clock))) for person in range(10, 13)]
        assert told == [{Found}] * 2 + [{"closed"}]
        clock.move(timedelta(minutes=5))
        told = [reasons(await ask(registry, question(person, clock=clock))) for person in range(20, 26)]
        assert told == [{Found}] * 5 + [{"closed"}], "a quiet time is not saved up"
        assert len(toy.seen) == 12


async def test_a_replicated_source_is_asked_again_when_one_of_it_hangs() -> None:
    async def first_hangs(request: web.Request) -> web.StreamResponse:
        toy.behave = well
        return await stall(request)

    async with running() as toy, asking({"toy": toy}, replicated=True) as registry:
        for person in range(20):
            await ask(registry, question(person))
        toy.behave = first_hangs
        assert reasons(await ask(registry, question(99, wait_for=30))) == {Found}
        assert [request.match_info["number"] for request in toy.seen[20:]] == ["999175000099"] * 2


async def test_others_are_not_asked_a_second_time() -> None:
    async with running() as toy, asking({"toy": toy}) as registry:
        for person in range(30):
            await ask(registry, question(person))
        toy.behave = stall
        assert reasons(await ask(registry, question(99, wait_for=0.5))) == {"timeout"}
        assert len(toy.seen) == 31


async def test_the_same_question_at_once_is_one_call_and_nobody_ends_it_for_the_others() -> None:
    gate = asyncio.Event()

    async def gated(request: web.Request) -> web.StreamResponse:
        await gate.wait()
        return await well(request)

    async with running(gated) as toy, asking({"toy": toy}) as registry:
        same = [asyncio.create_task(ask(registry, question(wait_for=20))) for _ in range(5)]
        other = asyncio.create_task(ask(registry, question(4, wait_for=20)))
        for _ in range(2):
            await toy.arrived.get()
        same[0].cancel()
        await asyncio.wait([same[0]])
        gate.set()
        answers = await asyncio.gather(*same[1:], other)
        assert [reasons(one) for one in answers] == [{Found}] * 5
        assert len(toy.seen) == 2
        await ask(registry, question())
        assert len(toy.seen) == 3


@pytest.mark.parametrize("cancelled", [0, 1])
async def test_of_two_who_wait_for_one_call_either_may_go(cancelled: int) -> None:
    gate = asyncio.Event()

    async def gated(request: web.Request) -> web.StreamResponse:
        await gate.wait()
        return await well(request)

    async with running(gated) as toy, running(stall) as slow, asking({"toy": toy, "slow": slow}) as registry:
        both = [
            asyncio.create_task(registry.ask({"toy": question(wait_for=20), "slow": question(wait_for=20)})),
            asyncio.create_task(ask(registry, question(wait_for=20))),
        ]
        await toy.arrived.get()
        await slow.arrived.get()
        both[cancelled].cancel()
        await asyncio.wait([both[cancelled]])
        gate.set()
        if cancelled == 0:
            assert reasons(await both[1]) == {Found}
        else:
            both[0].cancel()
            await asyncio.wait(both)
        assert len(toy.seen) == 1


@pytest.mark.parametrize(("coalesce", "calls"), [(True, 1), (False, 3)])
async def test_sharing_is_a_switch(coalesce: bool, calls: int) -> None:
    async with running() as toy, asking({"toy": toy}, coalesce=coalesce) as registry:
        await asyncio.gather(*(ask(registry, question()) for _ in range(3)))
        assert len(toy.seen) == calls


async def test_kept_values_serve_for_their_time_and_stale_ones_say_so() -> None:
    clock = SettableClock(NOW)
    limits = {"fresh_for": {"full_name": 60}, "stale_for": 600, "retries": 0}
    async with running() as toy, asking({"toy": toy}, means=Means(clock), **limits) as registry:
        first = await ask(registry, question(clock=clock))
        second = await ask(registry, question(clock=clock))
        assert second["full_name"] == first["full_name"]
        assert await ask(registry, question(names=("full_name",), clock=clock)) == {"full_name": first["full_name"]}
        assert len(toy.seen) == 2
        toy.behave = down
        clock.move(timedelta(seconds=61))
        stale = await ask(registry, question(clock=clock))
        found = stale["full_name"]
        assert isinstance(found, Found)
        assert (found.value, found.provenance.stale) == ("full_name of 003", True)
        assert reasons({name: one for name, one in stale.items() if name != "full_name"}) == {"unreachable"}
        assert reasons(await ask(registry, question(4, clock=clock))) == {"unreachable"}
        clock.move(timedelta(seconds=601))
        assert reasons(await ask(registry, question(clock=clock))) == {"unreachable"}


async def test_nothing_is_kept_unless_somebody_says_so() -> None:
    async with running() as toy, asking({"toy": toy}) as registry:
        for _ in range(3):
            await ask(registry, question())
        assert len(toy.seen) == 3


async def test_a_field_that_vanishes_quarantines_its_source_and_no_other() -> None:
    heard: list[tuple[str, str]] = []
    means = Means(
        SystemClock(), on_drift=lambda source, drift: heard.append((source, f"{drift.sign} {drift.attribute}"))
    )

    async def renamed(request: web.Request) -> web.StreamResponse:
        number = request.match_info["number"]
        return web.json_response({"number": number, "full_name": "A", "ho_khau": "B", "tax_code": "C"})

    async with running() as toy, running() as other, asking({"toy": toy, "other": other}, means=means) as registry:
        for person in range(60):
            both = await registry.ask({"toy": question(person), "other": question(person)})
            assert [reasons(one) for one in both.values()] == [{Found}] * 2
        toy.behave = renamed
        with structlog.testing.capture_logs() as logged:
            for person in range(20):
                both = await registry.ask({"toy": question(person), "other": question(person)})
                assert reasons(both["other"]) == {Found}
        assert heard == [("toy", "gone home")]
        assert len(toy.seen) == 60 + 15
        assert set(both["toy"].values()) == {Unavailable(reason="closed", retry_after=600)}
        assert [(one["event"], one["connector"]) for one in logged] == [("source_quarantined", "toy")]
        registry.release("toy")
        assert set(map(type, (await ask(registry, question())).values())) == {Found, Absent}
