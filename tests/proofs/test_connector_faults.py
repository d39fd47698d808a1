"""Kinds of trouble at registers of three kinds, at a size for every day; `make prove` tries every pair."""

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
OF_A_VIEW = {
    "corrupt": {"CR-008", "CR-010"},  # a cast that fails inside the database is an error it tells
    "flapping": {"CR-008", "CR-010"},
}
TODAY = (
    *(("rest_1", fault) for fault in ("flapping", "rate_limiting")),
    *(("soap_1", fault) for fault in ("corrupt", "five_megabytes")),
    *(("view_1", fault) for fault in ("slow", "dead", "corrupt", "another_person")),
)


async def test_every_field_says_why_and_the_others_are_filled(tmp_path):
    pace = connector_faults.Pace(rate=12, phase_for=0.6, deadline_for=10.0, timed=False)
    proven = await connector_faults.prove(tmp_path, troubles=TODAY, pace=pace)
    assert len(proven["faults"]) == len(TODAY)
    for (source, fault), figures in zip(TODAY, proven["faults"].values(), strict=True):
        told = figures["told"]
        expected = (OF_A_VIEW if source == "view_1" else {}).get(fault, WHY[fault])
        assert set(told) - {"found"} <= expected, (source, fault)
        assert told["found"] >= 6 * 3 * figures["asked"], (source, fault)
