"""Registers in trouble behind the running gateway, at a size for every day."""

import pytest

from tests.proofs import registers_in_trouble

pytestmark = pytest.mark.anyio

WHY = {
    "slow": {"CR-009", "CR-010"},
    "dead": {"CR-004", "CR-010"},
}


async def test_forms_keep_coming_and_every_blank_says_why(tmp_path):
    proven = await registers_in_trouble.prove(
        tmp_path, faults=tuple(WHY), phase_for=1.0, deadline_ms=1500, rate=10, window_for=6, timed=False
    )
    assert proven["faults"].keys() == {*WHY, "all"}
    for fault, codes in WHY.items():
        told = proven["faults"][fault]["told"]
        assert set(told) - {"verified"} <= codes, (fault, told)
    told = proven["faults"]["all"]["told"]
    assert set(told) - {"verified"} == {"CR-004", "CR-006", "CR-007", "CR-009", "CR-010", "CR-014"}
    assert told.get("verified", 0) < sum(told.values()) / 7, "nobody but the one that flaps answers now and then"
