"""Fixtures every test may use."""

import functools

import pytest
from httpx2._config import DEFAULT_TIMEOUT_CONFIG
from httpx2._transports import default as httpx2_transport
from hypothesis import HealthCheck, settings

# how long an example takes is the machine's business: a busy one must not turn a law red
settings.register_profile("gate06", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gate06")
# neither must the client, which by itself gives up after five seconds
for part in ("connect", "read", "write", "pool"):
    setattr(DEFAULT_TIMEOUT_CONFIG, part, 60.0)
# every new client reads all certificates of the machine, 23 ms each; all of them here speak plain HTTP
httpx2_transport.create_ssl_context = functools.cache(httpx2_transport.create_ssl_context)


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, the loop the servers use."""
    return "asyncio"
