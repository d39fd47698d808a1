"""The lab that the tests of filled forms share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.prefill.lab import Lab, open_lab


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """Give a house on a fresh store, whose sources answer what the test says."""
    async with open_lab(tmp_path) as opened:
        yield opened
