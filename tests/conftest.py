"""Fixtures every test may use."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.spared import spare

# how long an example takes is the machine's business: a busy one must not turn a law red
settings.register_profile("gate06", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gate06")
spare()

SLOWEST_FIRST = ("proofs", "journeys", "docs", "conformance", "cli", "pages", "portal", "application")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folders whose tests take longest, so that the workers of a parallel run end together."""
    places = {folder: place for place, folder in enumerate(SLOWEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path.relative_to(Path(__file__).parent).parts[0], len(places)))


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, the loop the servers use."""
    return "asyncio"
