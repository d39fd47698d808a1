"""A queue on every setting of the storage contract, and a receiver that really listens."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.storage.open import open_storage
from gateway.vocabulary.clock import SystemRandomness
from tests.delivery.post import Post, Receiver, receiving
from tests.services import MASTER_KEY, SETTINGS, Urls, fresh_urls, stop_services


@pytest.fixture(scope="session", autouse=True)
def services() -> Iterator[None]:
    """Stop the servers a session started."""
    yield
    stop_services()


@pytest.fixture(params=SETTINGS)
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Urls:
    """Give an empty store."""
    return fresh_urls(request.param, tmp_path)


@pytest.fixture
async def receiver(anyio_backend: str) -> AsyncIterator[Receiver]:
    """Listen."""
    async with receiving() as listening:
        yield listening


@pytest.fixture
async def post(urls: Urls, receiver: Receiver, anyio_backend: str) -> AsyncIterator[Post]:
    """Open a queue."""
    storage = await open_storage(urls.store, urls.redis, master_key=MASTER_KEY, randomness=SystemRandomness())
    opened = Post(storage, receiver)
    yield opened
    await opened.lab.close()
    await storage.close()
