"""The proofs at reduced size; `make prove` runs them at full size."""

from collections.abc import Iterator

import pytest

from tests.services import stop_services


@pytest.fixture(scope="session", autouse=True)
def services() -> Iterator[None]:
    """Stop the servers a session started."""
    yield
    stop_services()
