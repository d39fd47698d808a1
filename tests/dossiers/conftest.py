"""Intake over the four store settings, on real servers."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.audit.record import Evidence
from gateway.dossiers.intake import Intake
from gateway.storage.open import Storage, open_storage
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from tests.dossiers.told import NOW
from tests.services import MASTER_KEY, SETTINGS, fresh_urls, stop_services


@pytest.fixture(scope="session", autouse=True)
def services() -> Iterator[None]:
    """Stop the servers a session started."""
    yield
    stop_services()


@pytest.fixture(params=SETTINGS)
async def storage(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Storage]:
    """Open an empty store of a setting."""
    urls = fresh_urls(str(request.param), tmp_path)
    opened = await open_storage(urls.store, urls.redis, master_key=MASTER_KEY, randomness=SystemRandomness())
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> SettableClock:
    """Give a clock that stands."""
    return SettableClock(NOW)


@pytest.fixture
def intake(storage: Storage, clock: SettableClock) -> Intake:
    """Give the intake of a store."""
    return Intake(
        storage.store, storage.index, Evidence(clock, SystemRandomness(), storage.keys), clock, storage.journal
    )
