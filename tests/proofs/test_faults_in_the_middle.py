"""A source in trouble in the middle of a journey; how long a form takes is judged at full size, on an idle machine."""

import pytest

from tests.proofs import faults

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("setting", "broken"),
    [("sqlite", ("killed", "slow")), ("postgresql+redis", ("malformed", "denied_officer"))],
)
async def test_the_form_opens_and_every_blank_says_why(tmp_path, setting, broken):
    figures = await faults.prove(tmp_path, faults=broken, rounds=1, settings=(setting,), timed=False)
    assert figures["cases"] == 4
    assert {why.split()[0] for why in figures["why"]} == set(broken)
