"""A drift is stored once with its event, known to every worker, kept over a restart, over with a new version."""

import asyncio
import json

import pytest

from gateway.audit.record import Evidence
from gateway.connector_runtime.drift import Drift
from gateway.connector_runtime.quarantine import Quarantine, address_of
from gateway.storage.open import Storage
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from gateway.vocabulary.store import Remove
from tests.connector_runtime.questions import NOW

pytestmark = pytest.mark.anyio

DRIFT = Drift(sign="gone", attribute="home")


class Connectors:
    """What a worker's registry does for the quarantine."""

    def __init__(self, **versions: str) -> None:
        self.known = versions
        self.stopped: set[str] = set()

    def versions(self) -> dict[str, str]:
        return self.known

    def quarantined(self) -> frozenset[str]:
        return frozenset(self.stopped)

    def quarantine(self, source: str) -> None:
        self.stopped.add(source)

    def release(self, source: str) -> None:
        self.stopped.remove(source)


def worker(storage: Storage) -> Quarantine:
    clock = SettableClock(NOW)
    return Quarantine(storage.store, Evidence(clock, SystemRandomness(), storage.keys), clock)


async def events(storage: Storage) -> list[dict]:
    return [json.loads(one.leaf) for one in await storage.journal.pending(100)]


async def test_one_finding_one_event_and_every_worker_stops(storage: Storage) -> None:
    here, there = (Connectors(toy="1.0.0", other="1.0.0") for _ in range(2))
    first, second = worker(storage), worker(storage)
    for one, mine in ((first, here), (second, there)):
        mine.quarantine("toy")
        one.report("toy", DRIFT)
    await asyncio.gather(first.look(here), second.look(there))
    third = Connectors(toy="1.0.0", other="1.0.0")
    await worker(storage).look(third)
    assert [one.stopped for one in (here, there, third)] == [{"toy"}] * 3
    (event,) = await events(storage)
    assert (event["event"], event["connector"], event["outcome"]) == ("ConnectorQuarantined", "toy", "gone")
    assert (event["attributes"], event["actor"]["kind"]) == (["home"], "gateway")


async def test_a_mended_connector_is_asked_again_and_may_drift_again(storage: Storage) -> None:
    old, new = Connectors(toy="1.0.0"), Connectors(toy="1.0.1")
    one = worker(storage)
    one.report("toy", DRIFT)
    await one.look(old)
    await worker(storage).look(new)
    assert (old.stopped, new.stopped) == ({"toy"}, set())
    again = worker(storage)
    again.report("toy", DRIFT)
    await again.look(new)
    assert new.stopped == {"toy"}
    assert len(await events(storage)) == 2


async def test_removing_the_finding_lets_it_be_asked(storage: Storage) -> None:
    mine = Connectors(toy="1.0.0", other="1.0.0")
    one = worker(storage)
    one.report("toy", DRIFT)
    await one.look(mine)
    await storage.store.commit([Remove(address_of("toy"))], now=NOW)
    assert mine.stopped == {"toy"}
    await one.look(mine)
    assert mine.stopped == set()


async def test_who_is_not_watched_is_not_quarantined(storage: Storage) -> None:
    one = worker(storage)
    one.report("toy", DRIFT)
    await one.look(Connectors(toy="1.0.0"))
    unwatched = Connectors()
    await worker(storage).look(unwatched)
    assert unwatched.stopped == set()
