"""Stores for what connectors remember: real ones, stopped at the end."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.storage.open import Storage, open_storage
from gateway.vocabulary.clock import SystemRandomness
from tests.services import MASTER_KEY, fresh_urls, stop_services


@pytest.fixture(scope="session", autouse=True)
def services() -> Iterator[None]:
    """Stop the servers a session started."""
    yield
    stop_services()


@pytest.fixture(params=["sqlite", "postgresql+redis"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Storage]:
    """Open an empty store, embedded or as in production."""
    urls = fresh_urls(request.param, tmp_path)
    opened = await open_storage(urls.store, urls.redis, master_key=MASTER_KEY, randomness=SystemRandomness())
    yield opened
    await opened.close()
