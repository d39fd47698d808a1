"""Two gateways on each kind of store."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.consent.nodes import Node, open_nodes
from tests.services import fresh_urls, stop_services


@pytest.fixture(scope="session", autouse=True)
def servers_end() -> Iterator[None]:
    """Stop PostgreSQL and Redis after the last test."""
    yield
    stop_services()


@pytest.fixture(params=["sqlite", "postgresql+redis"])
async def nodes(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[Node]]:
    """Give two gateways on one store."""
    async with open_nodes(fresh_urls(request.param, tmp_path)) as opened:
        yield opened


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """Give one gateway on SQLite."""
    async with open_nodes(fresh_urls("sqlite", tmp_path), 1) as (opened,):
        yield opened
