"""Lanes: nobody is sent an empty batch, and closing ends whatever a driver does with a cancellation."""

import asyncio
from collections.abc import Sequence

import pytest

from gateway.storage.lanes import Lanes
from gateway.storage.open import open_storage
from gateway.vocabulary.clock import SystemRandomness
from gateway.vocabulary.store import Insert, Kind, StorageUnavailable
from tests.services import MASTER_KEY
from tests.storage.records import record, together

pytestmark = pytest.mark.anyio


class SlowLine:
    """Answers with what it was sent, after some turns of the loop; can lose a cancellation, as a driver's wait may."""

    repeatable = False

    def __init__(self, *, deaf: bool = False) -> None:
        self.batches: list[int] = []
        self.open = 0
        self.asked = asyncio.Event()
        self._deaf = deaf

    async def connect(self) -> int:
        self.open += 1
        return self.open

    def usable(self, connection: int) -> bool:
        return connection > 0

    async def send(self, connection: int, items: Sequence[str]) -> Sequence[str]:
        self.batches.append(len(items))
        self.asked.set()
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            if not self._deaf:
                raise
        return items

    async def disconnect(self, connection: int) -> None:
        self.open -= 1


async def test_no_lane_sends_an_empty_batch():
    line = SlowLine()
    lanes = Lanes(line, lanes=3, longest=8, patience=5)
    asked = [str(number) for number in range(100)]
    assert await asyncio.gather(*map(lanes.submit, asked)) == asked
    await lanes.close()
    assert sum(line.batches) == 100
    assert min(line.batches) > 0
    assert line.open == 0


async def test_closing_ends_though_the_driver_loses_the_cancellation():
    line = SlowLine(deaf=True)
    lanes = Lanes(line, lanes=1, longest=1, patience=5)
    first, second = lanes.submit("first"), lanes.submit("second")
    await line.asked.wait()
    async with asyncio.timeout(60):
        await lanes.close()
    assert await first == "first"
    with pytest.raises(StorageUnavailable):
        await second
    assert line.open == 0


async def test_a_store_closes_at_any_turn_after_work_in_parallel(urls, now):
    for turn in range(12):
        opened = await open_storage(urls.store, urls.redis, master_key=MASTER_KEY, randomness=SystemRandomness())
        await opened.store.commit([Insert(record(Kind.COUNTER, f"{turn}", now))], now=now)
        changes = [Insert(record(Kind.COUNTER, f"{turn}-{number}", now)) for number in range(20)]
        await together(*(opened.store.commit([change], now=now) for change in changes))
        for _ in range(turn):
            await asyncio.sleep(0)
        async with asyncio.timeout(60):
            await opened.close()
