"""Single use over HTTP: in a race, and over a kill."""

import pytest

from tests.proofs import races
from tests.services import SETTINGS

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("setting", ["sqlite", "postgresql+redis"])
async def test_forty_redemptions_one_success(tmp_path, setting):
    """Over HTTP on the two ends; the store's own tests race on every setting, and `make prove` does this on each."""
    figures = await races.prove(tmp_path, settings=(setting,), rounds=2, uses=1, kills=1)
    assert figures["races"][setting]["success"] == 2
    assert figures["races"][setting]["invalid_grant"] == 2 * 39
    assert set(figures["single_use"][setting]["winners"].values()) == {1}
    assert all(killed["second_success"] == 0 for killed in figures["kills"].values())


def test_kills_are_spread_over_the_settings():
    assert races.spread(20, SETTINGS) == dict.fromkeys(SETTINGS, 5)
    assert races.spread(3, SETTINGS[:2]) == {"sqlite": 2, "postgresql": 1}
    assert races.spread(3, ()) == {}
