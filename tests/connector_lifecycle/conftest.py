"""A lifecycle over each store of the contract suite, and the people who take its steps."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest

from gateway.audit.record import Evidence
from gateway.connector_lifecycle.figures import Figures
from gateway.connector_lifecycle.lifecycle import Lifecycle
from gateway.staff.roles import Operator
from gateway.storage.open import Storage, open_storage
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from tests.services import MASTER_KEY, SETTINGS, Urls, fresh_urls, stop_services

NOW = datetime(2031, 3, 1, 8, 0, tzinfo=UTC)
OWNER = Operator(reference="staff:owner", name="Chủ", roles=("service_admin",))
FIRST = Operator(reference="staff:first", name="Một", roles=("security_officer",))
SECOND = Operator(reference="staff:second", name="Hai", roles=("registration_officer",))
THIRD = Operator(reference="staff:third", name="Ba", roles=("registration_officer", "service_admin"))


@pytest.fixture(scope="session", autouse=True)
def services() -> Iterator[None]:
    """Stop the servers a session started."""
    yield
    stop_services()


@pytest.fixture(params=SETTINGS)
def urls(request: pytest.FixtureRequest, tmp_path) -> Urls:
    """Give an empty store of each setting."""
    return fresh_urls(request.param, tmp_path)


@pytest.fixture
def clock() -> SettableClock:
    """Give a clock far from the machine's own."""
    return SettableClock(NOW)


def lifecycle_over(storage: Storage, clock: SettableClock) -> Lifecycle:
    """Return a lifecycle as one worker has it."""
    evidence = Evidence(clock, SystemRandomness(), storage.keys)
    return Lifecycle(storage.store, evidence, clock, Figures(storage.store, clock))


@pytest.fixture
async def storage(urls, anyio_backend) -> AsyncIterator[Storage]:
    """Open the store."""
    opened = await open_storage(urls.store, urls.redis, master_key=MASTER_KEY, randomness=SystemRandomness())
    yield opened
    await opened.close()


@pytest.fixture
async def workers(storage, urls, clock, anyio_backend) -> AsyncIterator[tuple[Lifecycle, Lifecycle]]:
    """Give the lifecycle of two workers on one store."""
    other = await open_storage(urls.store, urls.redis, master_key=MASTER_KEY, randomness=SystemRandomness())
    yield lifecycle_over(storage, clock), lifecycle_over(other, clock)
    await other.close()
