"""The proof of withdrawals, small: every way of releasing, on one store of each kind."""

from pathlib import Path

import pytest

from tests.proofs import withdrawal

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("setting", withdrawal.SETTINGS)
async def test_nothing_is_released_after_a_withdrawal(setting: str, tmp_path: Path) -> None:
    shown = await withdrawal.prove(tmp_path, settings=(setting,), turns=60, seed=7)
    assert sum(shown["outcomes"][setting].values()) == 60
