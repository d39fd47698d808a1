"""The four settings of the contract suite, on real servers."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from gateway.storage.open import Storage, open_storage
from gateway.vocabulary.clock import SystemRandomness
from tests.services import MASTER_KEY, SETTINGS, Urls, fresh_urls, stop_services


@pytest.fixture(scope="session", autouse=True)
def services() -> Iterator[None]:
    """Stop the servers a session started."""
    yield
    stop_services()


@pytest.fixture(params=SETTINGS)
def setting(request: pytest.FixtureRequest) -> str:
    """Name a setting."""
    return str(request.param)


@pytest.fixture
def urls(setting, tmp_path) -> Urls:
    """Give an empty store of the setting."""
    return fresh_urls(setting, tmp_path)


@pytest.fixture
async def storage(urls, anyio_backend) -> AsyncIterator[Storage]:
    """Open the store."""
    opened = await open_storage(urls.store, urls.redis, master_key=MASTER_KEY, randomness=SystemRandomness())
    yield opened
    await opened.close()


@pytest.fixture
def now() -> datetime:
    """Give an instant far from the machine's own."""
    return datetime(2031, 3, 1, 8, 0, tzinfo=UTC)
