"""Seven registers, one of them in trouble: the form's time is kept, every field says why, and the other six notice
nothing. Each kind of trouble in turn, under half of the load that the same run measured with all of them well.
"""

import asyncio
import json
import logging
import multiprocessing
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from aiohttp import web

from gateway.connector_runtime.contract import Found, Question
from gateway.connector_runtime.failure import why
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.vocabulary.clock import SystemClock
from tests.connector_runtime import toy
from tests.connector_runtime.questions import question

COVERS = ("gateway/connector_runtime", "tests/connector_runtime/toy.py")
SOURCES = tuple(f"register_{number}" for number in range(1, 8))
DEADLINE_FOR = 1.0
IN_FLIGHT = 16
LATEST_BEYOND = 0.050
RATIO_AT_MOST = 1.2


async def slow(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(15)
    return await toy.well(request)


async def dead(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def corrupt(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b'{"number": "9991750', content_type="application/json")


async def flapping(request: web.Request) -> web.StreamResponse:
    return await (toy.down if int(time.monotonic() * 4) % 2 else toy.well)(request)


async def rate_limiting(request: web.Request) -> web.StreamResponse:
    return web.Response(status=429, headers={"Retry-After": "2"})


async def five_megabytes(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b"x" * 5_000_000, content_type="application/json")


async def another_person(request: web.Request) -> web.StreamResponse:
    return web.json_response(toy.record_of(request) | {"number": "999000000999"})


FAULTS = {one.__name__: one for one in (slow, dead, corrupt, flapping, rate_limiting, five_megabytes, another_person)}


@dataclass
class Phase:
    """What was seen while one source was in trouble, or none: seconds, and what the fields said."""

    whole: list[float] = field(default_factory=list)
    by_source: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    told: Counter[str] = field(default_factory=Counter)
    silent: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How many forms a second, for how many seconds, and how long one may take; times are judged when it is `timed`."""

    rate: float
    phase_for: float
    deadline_for: float = DEADLINE_FOR
    timed: bool = True


async def prove(
    folder: Path, *, faults: tuple[str, ...] = tuple(FAULTS), phase_for: float = 8.0, pace: Pace | None = None
) -> dict[str, Any]:
    """Return figures per fault. Raises AssertionError when a form is late, a blank is silent or others suffer.

    Without a `pace` it is half of the throughput that this machine shows now.
    """
    async with registers() as url, quiet():
        pace = pace or Pace(await measure_throughput(url, phase_for / 2) / 2, phase_for)
        figures: dict[str, Any] = {}
        for fault in faults:
            well = await run_phase(url, pace, pace.phase_for / 2)
            await order(url, SOURCES[0], fault)
            ill = await run_phase(url, pace, pace.phase_for)
            await order(url, SOURCES[0], "")
            after = await run_phase(url, pace, pace.phase_for / 2)
            figures[fault] = judge(fault, well, ill, after, timed=pace.timed)
    deadline_ms = round(pace.deadline_for * 1000)
    return {
        "registers": len(SOURCES),
        "asked_per_second": round(pace.rate),
        "deadline_ms": deadline_ms,
        "faults": figures,
    }


def judge(fault: str, well: Phase, ill: Phase, after: Phase, *, timed: bool) -> dict[str, Any]:
    """Return the figures of one fault, or say what broke."""
    assert ill.silent == well.silent == 0, f"{fault}: {ill.silent} fields without a reason"
    assert set(well.told) == {"found"}, f"without a fault: {dict(well.told)}"
    assert set(ill.told) - {"found"}, f"{fault}: nothing happened"
    before = [one for source in SOURCES[1:] for phase in (well, after) for one in phase.by_source[source]]
    meanwhile = [one for source in SOURCES[1:] for one in ill.by_source[source]]
    ratio = statistics.median(meanwhile) / statistics.median(before)
    p99 = statistics.quantiles(ill.whole, n=100)[98]
    if timed:
        assert p99 <= DEADLINE_FOR + LATEST_BEYOND, f"{fault}: p99 {p99:.3f} s"
        assert ratio <= RATIO_AT_MOST, f"{fault}: the others took {ratio:.2f} times as long"
    return {
        "asked": len(ill.whole),
        "p99_ms": round(p99 * 1000),
        "others_ratio": round(ratio, 2),
        "told": dict(sorted(ill.told.items())),
    }


async def measure_throughput(url: str, seconds: float) -> float:
    """Return how many forms a second are asked for when all registers are well."""
    async with connectors(url) as registry:
        phase = Phase()
        until = time.perf_counter() + seconds

        async def ask_on() -> None:
            while time.perf_counter() < until:
                await ask_all(registry, len(phase.whole), phase, DEADLINE_FOR)

        await asyncio.gather(*(ask_on() for _ in range(IN_FLIGHT)))
        return len(phase.whole) / seconds


async def run_phase(url: str, pace: Pace, seconds: float) -> Phase:
    """Ask at a steady rate, whether or not the answers come."""
    phase = Phase()
    async with connectors(url) as registry:
        begun = time.perf_counter()
        running: list[asyncio.Task[None]] = []
        for number in range(int(pace.rate * seconds)):
            await asyncio.sleep(max(0.0, begun + number / pace.rate - time.perf_counter()))
            running.append(asyncio.create_task(ask_all(registry, number, phase, pace.deadline_for)))
        await asyncio.gather(*running)
    return phase


async def ask_all(registry: ConnectorRegistry, number: int, phase: Phase, deadline_for: float) -> None:
    """Ask all registers about one person, each by itself so that each has its own time."""
    asked = a_question(number, deadline_for)
    begun = time.perf_counter()
    await asyncio.gather(*(ask_one(registry, source, asked, phase) for source in SOURCES))
    phase.whole.append(time.perf_counter() - begun)


async def ask_one(registry: ConnectorRegistry, source: str, asked: Question, phase: Phase) -> None:
    """Ask one register and note what each of its fields would say."""
    begun = time.perf_counter()
    answer = (await registry.ask({source: asked}))[source]
    phase.by_source[source].append(time.perf_counter() - begun)
    phase.silent += len(asked.attributes - answer.keys())
    for outcome in answer.values():
        reason = why(outcome)
        phase.told["found" if isinstance(outcome, Found) else reason.code if reason else "silent"] += 1
        phase.silent += reason is None and not isinstance(outcome, Found)


def a_question(number: int, deadline_for: float) -> Question:
    """Ask about another person each time: shared calls would flatter the figures."""
    now = SystemClock().now()
    return question(*toy.NAMES, number=f"999{number % 10**9:09}", at=now, wait_for=deadline_for)


@asynccontextmanager
async def connectors(url: str) -> AsyncIterator[ConnectorRegistry]:
    """Join fresh connectors: no phase inherits another one's outage."""
    toys = {source: toy.Toy(url=f"{url}/{source}") for source in SOURCES}
    async with toy.asking(toys) as registry:
        yield registry


@asynccontextmanager
async def quiet() -> AsyncIterator[None]:
    """Keep what is expected here out of the output, and the output out of the figures."""
    known = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**known)


@asynccontextmanager
async def registers() -> AsyncIterator[str]:
    """Run the registers in a program of their own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    program = context.Process(target=serve, args=(there,), daemon=True)
    program.start()
    try:
        yield f"http://127.0.0.1:{await asyncio.to_thread(here.recv)}"
    finally:
        program.terminate()
        await asyncio.to_thread(program.join)


def serve(there: Connection) -> None:
    """Serve all registers until terminated; `PUT /_faults {source, fault}` makes one ill."""
    asyncio.run(_serve(there))


async def _serve(there: Connection) -> None:
    ill: dict[str, str] = {}

    async def answer(request: web.Request) -> web.StreamResponse:
        fault = ill.get(request.match_info["source"], "")
        return await FAULTS.get(fault, toy.well)(request)

    async def take_order(request: web.Request) -> web.Response:
        wanted = json.loads(await request.read())
        ill[wanted["source"]] = wanted["fault"]
        return web.Response()

    app = web.Application()
    app.router.add_get("/{source}/people/{number}", answer)
    app.router.add_put("/_faults", take_order)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    there.send(runner.addresses[0][1])
    await asyncio.sleep(timedelta(days=1).total_seconds())


async def order(url: str, source: str, fault: str) -> None:
    """Make a register ill, or well with ""."""
    async with aiohttp.ClientSession() as session:
        async with session.put(f"{url}/_faults", json={"source": source, "fault": fault}) as reply:
            assert reply.status == 200
