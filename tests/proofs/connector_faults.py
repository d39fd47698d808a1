"""Seven registers of three kinds, one of them in trouble: the form's time is kept, every field says why, and the other
six notice nothing. Each kind of trouble at each kind of register in turn, as far as a kind can have it, under half of
the load that the same run measured with all of them well.
"""

import asyncio
import logging
import statistics
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import structlog

from gateway.connector_runtime.addresses import AddressPolicy
from gateway.connector_runtime.call import SourceCaller
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings
from gateway.connector_runtime.contract import Found, Question
from gateway.connector_runtime.failure import why
from gateway.connector_runtime.kinds.build import Ways, build_connector
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.means import Means
from gateway.connector_runtime.outbound import ZoneClient
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.partial_date import PartialDate
from tests.connector_runtime.questions import question
from tests.proofs.registers_of_kinds import FAULTS, PEOPLE, VIEW_FAULTS, Registers, registers

COVERS = ("gateway/connector_runtime", "connectors/sample", "tests/proofs/registers_of_kinds.py")
SAMPLE = Path(__file__).resolve().parents[2] / "connectors/sample"
KINDS = {
    **{f"rest_{number}": "rest" for number in (1, 2, 3)},
    **{f"soap_{number}": "soap" for number in (1, 2)},
    **{f"view_{number}": "sqlview" for number in (1, 2)},
}
"""The seven registers by name, and the first of each kind is the one that falls ill."""
SOURCES = tuple(KINDS)
NAMES = ("the_sample_card_number", "the_sample_card_issued", "the_sample_branch")
ALL = tuple(
    (source, fault)
    for source in ("rest_1", "soap_1", "view_1")
    for fault in (VIEW_FAULTS if source == "view_1" else FAULTS)
)
BORN = PartialDate.parse("1975-05-12")
DEADLINE_FOR = 1.0
IN_FLIGHT = 16
LATEST_BEYOND = 0.050
RATIO_AT_MOST = 1.2


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
    folder: Path, *, troubles: Sequence[tuple[str, str]] = ALL, phase_for: float = 4.0, pace: Pace | None = None
) -> dict[str, Any]:
    """Return figures per kind and fault. Raises AssertionError when a form is late, a blank is silent or others suffer.

    Without a `pace` it is half of the throughput that this machine shows now.
    """
    async with registers(KINDS) as there, quiet():
        pace = pace or Pace(await measure_throughput(there, phase_for) / 2, phase_for)
        figures: dict[str, Any] = {}
        for source, fault in troubles:
            well = await run_phase(there, pace, pace.phase_for / 2)
            await there.order(source, fault)
            ill = await run_phase(there, pace, pace.phase_for, ill=source)
            await there.order(source, "")
            after = await run_phase(there, pace, pace.phase_for / 2)
            figures[f"{KINDS[source]} {fault}"] = judge((source, fault), (well, ill, after), timed=pace.timed)
    deadline_ms = round(pace.deadline_for * 1000)
    return {
        "registers": dict(Counter(KINDS.values())),
        "asked_per_second": round(pace.rate),
        "deadline_ms": deadline_ms,
        "faults": figures,
    }


def judge(trouble: tuple[str, str], phases: tuple[Phase, Phase, Phase], *, timed: bool) -> dict[str, Any]:
    """Return the figures of one fault, or say what broke."""
    (source, fault), (well, ill, after) = trouble, phases
    others = [one for one in SOURCES if one != source]
    fault = f"{source} {fault}"
    assert ill.silent == well.silent == 0, f"{fault}: {ill.silent} fields without a reason"
    assert set(well.told) == {"found"}, f"without a fault: {dict(well.told)}"
    assert set(ill.told) - {"found"}, f"{fault}: nothing happened"
    before = [took for one in others for phase in (well, after) for took in phase.by_source[one]]
    meanwhile = [took for one in others for took in ill.by_source[one]]
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


async def measure_throughput(there: Registers, seconds: float) -> float:
    """Return how many forms a second are asked for when all registers are well."""
    async with connectors(there) as registry:
        phase = Phase()
        until = time.perf_counter() + seconds

        async def ask_on() -> None:
            while time.perf_counter() < until:
                await ask_all(registry, len(phase.whole), phase, DEADLINE_FOR)

        await asyncio.gather(*(ask_on() for _ in range(IN_FLIGHT)))
        return len(phase.whole) / seconds


async def run_phase(there: Registers, pace: Pace, seconds: float, ill: str | None = None) -> Phase:
    """Ask at a steady rate, whether or not the answers come. Each register that is well was asked once before, as in a
    gateway that has been running: opening a view's connections and judging its role is not what is measured."""
    phase = Phase()
    async with connectors(there) as registry:
        first = a_question(PEOPLE - 1, 10 * DEADLINE_FOR)
        await asyncio.gather(*(registry.ask({source: first}) for source in SOURCES if source != ill))
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
    asked = question(*NAMES, number=f"999{number % PEOPLE:09}", at=now, wait_for=deadline_for)
    return replace(asked, birth_date=BORN)


@asynccontextmanager
async def connectors(there: Registers) -> AsyncIterator[ConnectorRegistry]:
    """Join fresh connectors, each of its sample's manifest: no phase inherits another one's outage."""
    client, closing = ZoneClient("lab", EgressSettings()), []
    settings = ConnectorSettings(
        zone="lab", secret_files={"toy-key": SAMPLE / "shared/toy.key"}, officer="gate06.proof"
    )
    ways = Ways(client=client, policy=AddressPolicy("lab", EgressSettings()), clock=SystemClock())
    callers = []
    for source, kind in KINDS.items():
        manifest = manifest_of(kind, there.urls[source])
        made, opened = build_connector(source, manifest, settings, ways)
        closing += [opened] if opened is not None else []
        means, limits = Means(SystemClock()), Limits()
        callers.append(SourceCaller(source, made, means, provides=manifest.provides, limits=limits))
    registry = ConnectorRegistry(callers, {}, [client, *closing])
    try:
        yield registry
    finally:
        await registry.close()


def manifest_of(kind: str, url: str) -> Manifest:
    """Return the sample's manifest of a kind at another address; a view is asked by one column and tells another."""
    tree = tomllib.loads((SAMPLE / kind / "manifest.toml").read_text("utf-8"))
    tree["endpoint"]["url"] = url
    if kind == "sqlview":
        tree["operations"]["lookup"]["where"] = {"asked_for": "{personal_number}"}
    return Manifest.model_validate(tree)


@asynccontextmanager
async def quiet() -> AsyncIterator[None]:
    """Keep what is expected here out of the output, and the output out of the figures."""
    known = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**known)
