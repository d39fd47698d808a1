"""A provider per test."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from provider_house import Provider, open_provider


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    """A provider on a fresh SQLite store, at 10:00 in Vietnam on 23 November 2026."""
    async with open_provider(tmp_path) as opened:
        yield opened
