"""A witness and an offline verifier, at reduced size."""

import pytest

from tests.proofs import offline_verifier

pytestmark = pytest.mark.anyio


async def test_true_entries_are_accepted_altered_ones_and_a_fork_refused(tmp_path):
    found = await offline_verifier.prove(tmp_path, journeys=2, altered=200, settings=("sqlite",))
    figures = found["sqlite"]
    assert (figures["true_accepted"], figures["altered_refused"]) == (4, 200)
    assert figures["other_forms_refused"] > 100
    assert {"leaf_hash", "root", "path", "receipt", "other_checkpoint", "witness_signature"} <= figures["rules"].keys()
    assert figures["rollback"].startswith("rollback: the log had")
    assert figures["fork"].startswith("fork: ")
