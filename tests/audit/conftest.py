"""Servers that tests of this folder started end with the session."""

from collections.abc import Iterator

import pytest

from tests.services import stop_services


@pytest.fixture(scope="session", autouse=True)
def servers_end() -> Iterator[None]:
    """Stop PostgreSQL and Redis after the last test."""
    yield
    stop_services()
