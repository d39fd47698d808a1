"""Fixtures every test may use."""

import pytest
from hypothesis import HealthCheck, settings

# how long an example takes is the machine's business: a busy one must not turn a law red
settings.register_profile("gate06", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gate06")


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, the loop the servers use."""
    return "asyncio"
