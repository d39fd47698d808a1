"""Deadlines, late answers, cancellation, retries and the breaker."""

import asyncio
from datetime import timedelta

import pytest
import structlog

from gateway.connector_runtime.breaker import Breaker
from gateway.connector_runtime.call import SourceCaller
from gateway.connector_runtime.contract import (
    Absent,
    Answer,
    Question,
    Refused,
    SourceTrouble,
    Unavailable,
)
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.means import Means
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.vocabulary.clock import SettableClock
from tests.connector_runtime.questions import FOUND, NOW, Scripted, answering, never, question, raising

pytestmark = pytest.mark.anyio


def caller(connector: Scripted, *, provides: str = "ab", clock: SettableClock | None = None, **limits) -> SourceCaller:
    clock = clock or SettableClock(NOW)
    return SourceCaller("s", connector, Means(clock), provides=frozenset(provides), limits=Limits(**limits))


async def test_every_attribute_asked_gets_an_outcome_and_nothing_else_comes() -> None:
    connector = Scripted(answering({"a": FOUND, "zz": FOUND}))
    answer = await caller(connector).ask(question("a", "b", "c"))
    assert answer == {"a": FOUND, "b": Unavailable(reason="malformed"), "c": Absent("not_kept")}
    assert connector.questions[0].attributes == {"a", "b"}


async def test_a_source_is_not_called_for_what_it_never_had() -> None:
    connector = Scripted(never)
    assert await caller(connector).ask(question("c")) == {"c": Absent("not_kept")}
    assert connector.questions == []


@pytest.mark.parametrize("outcome", [Refused("purpose_denied"), Unavailable(reason="oversize"), Absent("no_match")])
async def test_trouble_becomes_the_outcome_of_every_attribute(outcome) -> None:
    answer = await caller(Scripted(raising(SourceTrouble(outcome)))).ask(question("a", "b"))
    assert answer == {"a": outcome, "b": outcome}


@pytest.mark.parametrize("error", [ValueError("999175000003"), TimeoutError(), KeyError("Bưởi"), RecursionError()])
async def test_a_connectors_own_mistake_stays_its_own_and_untold(error: Exception) -> None:
    with structlog.testing.capture_logs() as logged:
        answer = await caller(Scripted(raising(error))).ask(question())
    assert answer == {"a": Unavailable(reason="fault")}
    assert "999175000003" not in repr(logged)
    assert "Bưởi" not in repr(logged)


@pytest.mark.parametrize("odd", [Refused("Trần Thị Bưởi"), Absent("999175000003"), Unavailable(reason="không rõ")])
@pytest.mark.parametrize("raised", [True, False])
async def test_a_reason_in_words_of_its_own_goes_nowhere(odd, raised: bool) -> None:
    step = raising(SourceTrouble(odd)) if raised else answering({"a": odd})
    with structlog.testing.capture_logs() as logged:
        answer = await caller(Scripted(step)).ask(question("a"))
    assert answer == {"a": Unavailable(reason="malformed")}
    assert odd.reason not in str(logged)


async def test_garbage_instead_of_outcomes_is_malformed() -> None:
    answer = await caller(Scripted(answering({"a": "a bare value", "b": None}))).ask(question("a", "b"))  # type: ignore[dict-item]
    assert set(answer.values()) == {Unavailable(reason="malformed")}


async def test_the_deadline_is_kept_and_the_call_ended() -> None:
    connector = Scripted(never)
    one = caller(connector)
    assert await one.ask(question(wait_for=0.05)) == {"a": Unavailable(reason="timeout")}
    await asyncio.wait_for(connector.cancelled.wait(), 30)


async def test_a_deadline_that_passed_calls_nobody() -> None:
    connector = Scripted(never)
    assert await caller(connector).ask(question(wait_for=0)) == {"a": Unavailable(reason="timeout")}
    assert connector.questions == []


async def test_a_late_answer_is_handed_over_once() -> None:
    gate = asyncio.Event()
    arrived: asyncio.Queue[tuple[str, Answer]] = asyncio.Queue()

    async def slow(asked: Question) -> Answer:
        await gate.wait()
        return {"a": FOUND, "zz": FOUND}

    async def on_late(source: str, answer: Answer) -> None:
        await arrived.put((source, answer))

    connector = Scripted(slow)
    one = caller(connector, late_for=5)
    first = await one.ask(question("a", "c", wait_for=0.02), on_late)
    assert first["a"] == Unavailable(reason="late", retry_after=2)
    assert first["c"] == Absent("not_kept")
    assert connector.questions[0].deadline_at == NOW + timedelta(seconds=5.02)
    gate.set()
    assert await asyncio.wait_for(arrived.get(), 30) == ("s", {"a": FOUND, "c": Absent("not_kept")})
    assert arrived.empty()


async def test_patience_ends_and_says_so() -> None:
    arrived: asyncio.Queue[Answer] = asyncio.Queue()

    async def on_late(source: str, answer: Answer) -> None:
        await arrived.put(answer)

    connector = Scripted(never)
    await caller(connector, late_for=0.05).ask(question(wait_for=0.01), on_late)
    assert await asyncio.wait_for(arrived.get(), 30) == {"a": Unavailable(reason="timeout")}
    assert connector.cancelled.is_set()


async def test_a_failing_listener_is_logged_by_kind_only() -> None:
    gate, done = asyncio.Event(), asyncio.Event()

    async def slow(asked: Question) -> Answer:
        await gate.wait()
        return {"a": FOUND}

    async def on_late(source: str, answer: Answer) -> None:
        done.set()
        raise ValueError("999175000003")

    one = caller(Scripted(slow))
    with structlog.testing.capture_logs() as logged:
        await one.ask(question(wait_for=0.01), on_late)
        gate.set()
        await asyncio.wait_for(done.wait(), 30)
        await one.close()
    assert "999175000003" not in repr(logged)


async def test_closing_leaves_no_task_behind_and_delivers_nothing() -> None:
    delivered: list[Answer] = []

    async def on_late(source: str, answer: Answer) -> None:
        delivered.append(answer)

    connector = Scripted(never)
    one = caller(connector)
    before = asyncio.all_tasks()
    await one.ask(question(wait_for=0.01), on_late)
    asking = asyncio.create_task(one.ask(question(wait_for=5)))
    await connector.called.get()
    await connector.called.get()
    await one.close()
    assert await asking == {"a": Unavailable(reason="closed")}
    assert asyncio.all_tasks() <= before
    assert delivered == []


async def test_a_cancelled_asker_cancels_its_call() -> None:
    connector = Scripted(never)
    one = caller(connector)
    asking = asyncio.create_task(one.ask(question()))
    await connector.called.get()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.wait_for(connector.cancelled.wait(), 30)


async def test_an_unreachable_source_is_tried_once_more_with_the_same_id() -> None:
    down = raising(SourceTrouble(Unavailable(reason="unreachable")))
    connector = Scripted(down, answering({"a": FOUND}))
    assert await caller(connector).ask(question()) == {"a": FOUND}
    assert [asked.request_id for asked in connector.questions] == ["r", "r"]


@pytest.mark.parametrize("reason", ["malformed", "fault", "oversize", "timeout"])
async def test_other_trouble_is_not_tried_again(reason) -> None:
    connector = Scripted(raising(SourceTrouble(Unavailable(reason=reason))))
    await caller(connector).ask(question())
    assert len(connector.questions) == 1


async def test_too_many_calls_at_once_are_turned_away() -> None:
    connector = Scripted(never)
    one = caller(connector, concurrency=2, queue=0, coalesce=False)
    waiting = [asyncio.create_task(one.ask(question())) for _ in range(2)]
    await connector.called.get()
    await connector.called.get()
    assert await one.ask(question()) == {"a": Unavailable(reason="closed", retry_after=5)}
    await one.close()
    await asyncio.gather(*waiting)


async def test_an_outage_pauses_calls_lets_one_try_and_logs_two_lines() -> None:
    clock = SettableClock(NOW)
    connector = Scripted(raising(SourceTrouble(Unavailable(reason="fault"))))
    one = caller(connector, clock=clock)
    far = question(wait_for=3600)
    with structlog.testing.capture_logs() as logged:
        for _ in range(20):
            await one.ask(far)
        assert len(connector.questions) == 10
        paused = (await one.ask(far))["a"]
        assert paused == Unavailable(reason="closed", retry_after=10)
        clock.move(timedelta(seconds=11))
        await one.ask(far)
        await one.ask(far)
        assert len(connector.questions) == 11
        clock.move(timedelta(seconds=11))
        connector.steps = [answering({"a": FOUND})]
        assert (await one.ask(far))["a"] == FOUND
        assert (await one.ask(far))["a"] == FOUND
    events = [entry["event"] for entry in logged if entry["event"].startswith("source_outage")]
    assert events == ["source_outage_began", "source_outage_ended"]


async def test_people_the_source_does_not_know_are_no_outage() -> None:
    one = caller(Scripted(raising(SourceTrouble(Absent("no_match")))))
    for _ in range(30):
        await one.ask(question())
    assert one.breaker.state == "closed"


def test_half_open_admits_one_probe_at_a_time() -> None:
    clock = SettableClock(NOW)
    breaker = Breaker("s", clock, Limits())
    for _ in range(10):
        breaker.record(succeeded=False, era=breaker.era)
    assert breaker.state == "open"
    assert breaker.admit() == 10
    clock.move(timedelta(seconds=10))
    assert breaker.admit() is None
    assert breaker.admit() == 60
    breaker.record(succeeded=True, era=breaker.era)
    assert breaker.admit() is None
    assert breaker.state == "closed"


def test_old_failures_are_forgotten() -> None:
    clock = SettableClock(NOW)
    breaker = Breaker("s", clock, Limits())
    for _ in range(9):
        breaker.record(succeeded=False, era=breaker.era)
    clock.move(timedelta(seconds=31))
    breaker.record(succeeded=False, era=breaker.era)
    assert breaker.state == "closed"


async def test_sources_are_asked_side_by_side_and_keep_their_trouble_to_themselves() -> None:
    meeting = asyncio.Barrier(2)

    async def meet(asked: Question) -> Answer:
        await meeting.wait()
        return {"a": FOUND}

    clock = SettableClock(NOW)
    callers = [
        SourceCaller(name, Scripted(step), Means(clock), provides=frozenset("a"), limits=Limits())
        for name, step in {
            "one": meet,
            "two": meet,
            "broken": raising(ZeroDivisionError()),
            "stalled": never,
        }.items()
    ]
    registry = ConnectorRegistry(callers, {})
    asked = {name: question() for name in ("one", "two", "broken", "unknown")} | {"stalled": question(wait_for=0.05)}
    answers = await registry.ask(asked)
    await registry.close()
    assert answers == {
        "one": {"a": FOUND},
        "two": {"a": FOUND},
        "broken": {"a": Unavailable(reason="fault")},
        "unknown": {"a": Unavailable(reason="unreachable")},
        "stalled": {"a": Unavailable(reason="timeout")},
    }
    assert registry.labels("unknown") == {"vi": "unknown", "en": "unknown"}


async def test_a_probe_whose_asker_went_away_makes_room_for_the_next() -> None:
    clock = SettableClock(NOW)
    connector = Scripted(raising(SourceTrouble(Unavailable(reason="fault"))))
    one = caller(connector, clock=clock, fewest_calls=1)
    far = question(wait_for=3600)
    await one.ask(far)
    clock.move(timedelta(seconds=11))
    connector.steps = [never]
    probing = asyncio.create_task(one.ask(far))
    for _ in range(2):
        await connector.called.get()
    probing.cancel()
    await asyncio.wait([probing])
    await asyncio.wait_for(connector.cancelled.wait(), 30)
    connector.steps = [answering({"a": FOUND})]
    assert await one.ask(far) == {"a": FOUND}
    assert one.breaker.state == "closed"
