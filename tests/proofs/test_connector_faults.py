"""Each kind of trouble at one of seven registers, at a size for every day."""

import pytest

from tests.proofs import connector_faults

pytestmark = pytest.mark.anyio

WHY = {
    "slow": {"CR-005", "CR-010"},
    "dead": {"CR-004", "CR-010"},
    "corrupt": {"CR-006", "CR-010"},
    "flapping": {"CR-004", "CR-010"},
    "rate_limiting": {"CR-010"},
    "five_megabytes": {"CR-007", "CR-010"},
    "another_person": {"CR-010", "CR-014"},
}


async def test_every_field_says_why_and_the_others_are_filled(tmp_path):
    pace = connector_faults.Pace(rate=30, phase_for=1.0, deadline_for=5.0, timed=False)
    proven = await connector_faults.prove(tmp_path, pace=pace)
    assert proven["faults"].keys() == WHY.keys()
    for fault, figures in proven["faults"].items():
        told = figures["told"]
        assert set(told) - {"found"} <= WHY[fault], fault
        assert told["found"] >= 6 * 3 * figures["asked"], fault
