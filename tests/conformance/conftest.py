"""The plans run against the in-process provider of `tests/openid_provider`."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "openid_provider"))

from provider_house import Provider, open_provider


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    """A provider on a fresh store."""
    async with open_provider(tmp_path) as opened:
        yield opened
