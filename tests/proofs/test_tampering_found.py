"""Somebody with SQL rights, and a prefill without evidence."""

import pytest

from tests.proofs import tampering

pytestmark = pytest.mark.anyio


async def test_tampering_is_found_and_without_evidence_no_source_is_called(tmp_path):
    figures = await tampering.prove(tmp_path, journeys=2, bytes_changed=2)
    assert figures["sqlite"]["without_evidence"] == {"trigger": 1}
    assert figures["postgresql"]["without_evidence"] == {"trigger": 1, "revoked": 1}
    assert {figures[setting]["rebuilt"]["rule"] for setting in figures} == {"contradicts_checkpoint"}
