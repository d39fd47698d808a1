"""Since when a store has forgotten no single-use mark: what is older may have been used already (design.md §11)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.storage.open import Storage, open_storage
from gateway.vocabulary.clock import SystemRandomness
from gateway.vocabulary.store import Insert, Kind, StorageUnavailable
from tests.services import MASTER_KEY, RedisServer
from tests.storage.records import record

pytestmark = pytest.mark.anyio


async def test_only_a_store_with_redis_may_forget(storage: Storage, urls) -> None:
    since, real = storage.remembers_since, datetime.now(UTC)
    if urls.redis is None:
        assert since is None
    else:
        assert since is not None
        assert real - timedelta(hours=1) < since < real + timedelta(seconds=2)


async def test_a_redis_that_starts_anew_remembers_since_then(tmp_path: Path, now: datetime) -> None:
    server = RedisServer()
    try:
        storage = await open_storage(
            f"sqlite:///{tmp_path}/store.db", server.url, master_key=MASTER_KEY, randomness=SystemRandomness()
        )
        before = storage.remembers_since
        server.kill()
        server.start()
        restarted_by = datetime.now(UTC)
        for attempt in range(8):  # each lane notices with its next call
            try:
                await storage.store.commit([Insert(record(Kind.REPLAY_MARK, f"m{attempt}", now))], now=now)
            except StorageUnavailable:
                continue
        after = storage.remembers_since
        assert before is not None
        assert after is not None
        assert before <= after
        assert after >= restarted_by - timedelta(seconds=2)
        await storage.close()
    finally:
        server.stop()
