"""A source in trouble in the middle of a journey."""

import pytest

from tests.proofs import faults

pytestmark = pytest.mark.anyio


async def test_the_form_opens_in_time_and_every_blank_says_why(tmp_path):
    figures = await faults.prove(tmp_path, faults=("killed", "slow", "malformed", "denied_officer"), rounds=1)
    assert figures["cases"] == 16
    assert {why.split()[0] for why in figures["why"]} == {"killed", "slow", "malformed", "denied_officer"}
