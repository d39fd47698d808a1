"""Daily quotas: never exceeded by any number of workers, counted apart, begun anew at midnight in Vietnam."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from gateway.connector_runtime.attempts import Attempts
from gateway.connector_runtime.bulkhead import Bulkhead
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings
from gateway.connector_runtime.contract import Answer, Found, Question, Unavailable
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.means import Means
from gateway.connector_runtime.quota import Quotas
from gateway.connector_runtime.registry import ConnectorRegistry, Shared
from gateway.storage.open import Storage, open_storage
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from gateway.vocabulary.store import Change, Record, RecordKey, StorageUnavailable, StoredEvent, Verdict
from tests.connector_runtime.questions import FOUND, Scripted, question
from tests.connector_runtime.toy import asking, down, running
from tests.services import MASTER_KEY

EVENING = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)  # 23:00 in Vietnam
LIMITS = Limits(daily_total=7, daily_per_portal=4, daily_per_procedure=5)
PORTALS, PROCEDURES = ("lc", "bk"), ("1.1", "1.2")


class Days(RuleBasedStateMachine):
    """Two workers over one store ask for portals and procedures, day after day."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = TemporaryDirectory()
        self.clock = SettableClock(EVENING)
        url = f"sqlite:///{Path(self.folder.name) / 'quota.db'}"
        self.storage = self.loop.run_until_complete(
            open_storage(url, None, master_key=MASTER_KEY, randomness=SystemRandomness())
        )
        self.workers = [Quotas("s", LIMITS, self.storage.store, self.clock) for _ in range(2)]
        self.day = 0
        self.made: Counter[tuple[int, str]] = Counter()

    def teardown(self) -> None:
        self.loop.run_until_complete(self.storage.close())
        self.loop.close()
        self.folder.cleanup()

    @rule(worker=st.integers(0, 1), portal=st.sampled_from(PORTALS), procedure=st.sampled_from(PROCEDURES))
    def ask(self, worker: int, portal: str, procedure: str) -> None:
        asked = question(procedure=procedure, at=self.clock.now())
        wait = self.loop.run_until_complete(self.workers[worker].take(asked, portal))
        if wait is None:
            self.made.update([(self.day, one) for one in ("total", portal, procedure)])
        else:
            assert 0 < wait <= 24 * 3600
        for name, most in ({"total": 7} | dict.fromkeys(PORTALS, 4) | dict.fromkeys(PROCEDURES, 5)).items():
            assert self.made[self.day, name] <= most

    @rule()
    def go_to_the_next_day(self) -> None:
        self.clock.move(timedelta(days=1))
        self.day += 1


def test_no_quota_is_ever_exceeded() -> None:
    run_state_machine_as_test(Days, settings=settings(max_examples=20, stateful_step_count=30, deadline=None))


@pytest.mark.anyio
async def test_workers_in_a_race_make_exactly_the_calls_agreed(storage: Storage) -> None:
    clock = SettableClock(EVENING)
    workers = [Quotas("s", Limits(daily_total=90), storage.store, clock) for _ in range(4)]
    asked = [workers[number % 4].take(question(at=EVENING), "lc") for number in range(200)]
    told = await asyncio.gather(*asked)
    assert sum(wait is None for wait in told) == 90
    assert {wait for wait in told if wait is not None} == {3600}


@pytest.mark.anyio
async def test_what_one_quota_refuses_is_not_counted_in_the_others(storage: Storage) -> None:
    one = Quotas("s", Limits(daily_total=3, daily_per_portal=1), storage.store, SettableClock(EVENING))
    told = [await one.take(question(at=EVENING), portal) for portal in ("lc", "lc", "lc", "bk", "cb", "hg")]
    assert [wait is None for wait in told] == [True, False, False, True, True, False]


@pytest.mark.anyio
async def test_midnight_is_vietnams(storage: Storage) -> None:
    clock = SettableClock(EVENING)
    one = Quotas("s", Limits(daily_total=1), storage.store, clock)
    assert [await one.take(question(at=EVENING), "") for _ in range(2)] == [None, 3600]
    clock.move(timedelta(minutes=59))
    assert await one.take(question(at=EVENING), "") == 60
    clock.move(timedelta(minutes=1))
    assert await one.take(question(at=EVENING), "") is None


class Gone:
    """A store that cannot be reached."""

    async def load(self, *addresses: RecordKey) -> tuple[Record | None, ...]:
        raise StorageUnavailable

    async def commit(self, changes: Sequence[Change], events: Sequence[StoredEvent] = (), *, now: datetime) -> Verdict:
        raise StorageUnavailable


@pytest.mark.anyio
async def test_what_cannot_be_counted_is_not_asked() -> None:
    one = Quotas("s", Limits(daily_total=1000), Gone(), SettableClock(EVENING))
    assert await one.take(question(at=EVENING), "") == 3600


@pytest.mark.anyio
async def test_a_spent_quota_keeps_a_running_source_unasked(storage: Storage) -> None:
    clock = SettableClock(EVENING)
    limits = Limits(daily_per_portal=2)
    means = Means(clock, quotas=Quotas("toy", limits, storage.store, clock))
    async with running() as toy, asking({"toy": toy}, means=means, daily_per_portal=2) as registry:
        answers = [
            (await registry.ask({"toy": question("home", number=f"99917500000{n}", at=EVENING)}, portal=portal))["toy"]
            for n, portal in enumerate(("lc", "lc", "lc", "bk"))
        ]
    assert [isinstance(one["home"], Found) for one in answers] == [True, True, False, True]
    assert answers[2]["home"] == Unavailable(reason="quota", retry_after=3600)
    assert len(toy.seen) == 3


def counting(limits: Limits, storage: Storage) -> Means:
    """Return means whose quotas are counted in a store by a worker of its own."""
    clock = SettableClock(EVENING)
    return Means(clock, quotas=Quotas("toy", limits, storage.store, clock))


@pytest.mark.anyio
async def test_repetitions_are_counted_and_never_exceed_the_quota(storage: Storage) -> None:
    limits = Limits(daily_total=3, retries=2, retry_share=1)
    asked = {"toy": question("home", at=EVENING)}
    async with (
        running(down) as toy,
        asking({"toy": toy}, means=counting(limits, storage), **limits.model_dump()) as one,
    ):
        told = [(await one.ask(asked))["toy"]["home"] for _ in range(3)]
    assert len(toy.seen) == 3
    assert told[-1] == Unavailable(reason="quota", retry_after=3600)


@pytest.mark.anyio
async def test_two_versions_of_a_connector_share_its_quota(storage: Storage, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("k" * 40)
    secret.chmod(0o600)
    folder = Path(__file__).parents[2] / "connectors" / "land"
    table = ConnectorSettings(
        url="http://127.0.0.1:9",
        zone="lab",
        folder=folder,
        secret_files={"land-key": secret},
        limits={"daily_total": 3},
    )
    registry = ConnectorRegistry.load(
        {"land": table, "land_next": table},
        egress=EgressSettings(),
        clock=SettableClock(EVENING),
        shared=Shared(store=storage.store),
    )
    both = [caller._means.quotas for caller in registry._callers.values()]
    told = [await both[number % 2].take(question(at=EVENING), "lc") for number in range(6)]
    await registry.close()
    assert sum(wait is None for wait in told) == 3


@pytest.mark.anyio
async def test_a_portal_whose_quota_is_spent_takes_nobody_with_it(storage: Storage) -> None:
    limits = Limits(daily_per_portal=1)
    asked = {"toy": question("home", at=EVENING)}
    assert await counting(limits, storage).quotas.take(asked["toy"], "lc") is None  # at another worker
    async with running() as toy, asking({"toy": toy}, means=counting(limits, storage), daily_per_portal=1) as one:
        spent, other = await asyncio.gather(one.ask(asked, portal="lc"), one.ask(asked, portal="bk"))
    assert spent["toy"]["home"] == Unavailable(reason="quota", retry_after=3600)
    assert isinstance(other["toy"]["home"], Found)


@pytest.mark.anyio
@pytest.mark.parametrize(("quota", "requests"), [(1, 1), (2, 2)])
async def test_a_second_request_beside_a_slow_one_is_counted_or_not_made(
    storage: Storage, quota: int, requests: int
) -> None:
    means = counting(Limits(daily_total=quota), storage)
    asked, both, counted = question("a", at=EVENING), asyncio.Event(), asyncio.Event()

    class Counted:
        async def take(self, question: Question, portal: str) -> int | None:
            told = await means.quotas.take(question, portal)
            counted.set()
            return told

    async def step(question: Question) -> Answer:
        if len(source.questions) == 2:
            both.set()
        await (both if requests == 2 else counted).wait()
        return {"a": FOUND}

    source = Scripted(step)
    limits = Limits(replicated=True)
    attempts = Attempts("toy", source, Bulkhead(2, 0, 0), limits, replace(means, quotas=Counted()))
    for _ in range(20):
        attempts._latencies.add(0.0)
    assert await means.quotas.take(asked, "") is None  # the first request is counted by who begins the call
    async with asyncio.timeout(20):  # only so that a fault ends the test
        ended = await attempts.ask(asked, asked.deadline_at, probing=False)
    assert (ended.told, len(source.questions)) == ({"a": FOUND}, requests)
    assert await means.quotas.take(asked, "") == 3600
