"""Proofs out of the stores."""

import time

import pytest

from gateway.audit.checkpoint import parse_note
from gateway.audit.failure import CheckpointMissing, LogDamaged, LogQuestionMalformed, NotYetIncluded, ReceiptUnknown
from gateway.audit.journal import TileAddress
from gateway.audit.merkle import check_consistency, check_inclusion, leaf_hash
from gateway.audit.proof import latest_note, prove_consistency, prove_inclusion
from tests.audit.grown_log import SIGNER, grow, make_event, receipt_of
from tests.audit.log_in_memory import MemoryLog

pytestmark = pytest.mark.anyio

SIZES = (1, 2, 255, 256, 257, 511, 700)


async def test_inclusion_is_proved_against_the_smallest_covering_checkpoint():
    memory = await grow(1000, SIZES)
    for index in (0, 1, 2, 254, 255, 256, 257, 510, 511, 699, 700, 999):
        proof = await prove_inclusion(memory.log(), receipt_of(index))
        covering = min(size for size in (*SIZES, 1000) if size > index)
        assert (proof.index, proof.size) == (index, covering)
        assert proof.leaf_hash == leaf_hash(memory.events[index].leaf)
        check_inclusion(proof.leaf_hash, proof.index, proof.size, proof.proof, proof.root)
        assert SIGNER.verifier().open(proof.note).root == proof.root


async def test_consistency_between_any_two_sizes():
    memory = await grow(1000, SIZES)
    for size1 in (1, 3, 255, 256, 400, 700, 999, 1000):
        for size2 in (size1, 700, 777, 1000):
            if size1 > size2:
                continue
            proof = await prove_consistency(memory.log(), size1, size2)
            check_consistency(proof.size1, proof.size2, proof.root1, proof.root2, proof.proof)
            assert parse_note(proof.note)[0].size >= size2
    assert (await prove_consistency(memory.log(), 5)).size2 == 1000


@pytest.mark.parametrize(("size1", "size2"), [(0, 5), (-1, 5), (6, 5), (1, 101), (102, 103)])
async def test_sizes_the_log_never_signed_are_refused(size1, size2):
    memory = await grow(100)
    with pytest.raises(LogQuestionMalformed):
        await prove_consistency(memory.log(), size1, size2)


async def test_what_is_not_there_yet_is_said_so():
    memory = await grow(10)
    with pytest.raises(ReceiptUnknown):
        await prove_inclusion(memory.log(), receipt_of(10))
    memory.store(make_event(10))
    with pytest.raises(NotYetIncluded) as waiting:
        await prove_inclusion(memory.log(), receipt_of(10))
    assert waiting.value.retry_after == 1
    memory.order.append(10)
    with pytest.raises(NotYetIncluded):
        await prove_inclusion(memory.log(), receipt_of(10))


async def test_an_empty_log_has_nothing_to_show():
    with pytest.raises(CheckpointMissing):
        await latest_note(MemoryLog().log())
    with pytest.raises(CheckpointMissing):
        await prove_consistency(MemoryLog().log(), 1)


async def test_a_log_that_contradicts_itself_proves_nothing():
    memory = await grow(600, (300,))
    changed = make_event(7, outcome="refused")
    memory.events[7] = changed
    with pytest.raises(LogDamaged):
        await prove_inclusion(memory.log(), receipt_of(7))
    memory = await grow(600, (300,))
    tile = memory.held[TileAddress(0, 0)]
    memory.held[TileAddress(0, 0)] = tile[:32] + bytes(32) + tile[64:]
    with pytest.raises(LogDamaged):
        await prove_inclusion(memory.log(), receipt_of(1))
    memory.held[TileAddress(1, 0)] = bytes(64)
    with pytest.raises(LogDamaged):
        await prove_consistency(memory.log(), 300, 600)
    del memory.held[TileAddress(0, 0)]
    with pytest.raises(LogDamaged):
        await prove_inclusion(memory.log(), receipt_of(1))


async def test_a_look_up_that_gives_another_event_is_noticed():
    memory = await grow(10)
    plain = memory.find

    async def swapped(receipt):
        return await plain(receipt_of(4) if receipt == receipt_of(3) else receipt)

    memory.find = swapped
    with pytest.raises(LogDamaged):
        await prove_inclusion(memory.log(), receipt_of(3))


async def test_a_proof_of_a_large_log_is_quick_and_reads_few_tiles():
    memory = await grow(200_000)
    wanted = [receipt_of(number) for number in (0, 77_777, 123_456, 199_999)]
    found = {receipt: await memory.find(receipt) for receipt in wanted}
    memory.find = lambda receipt: _given(found[receipt])
    memory.reads = 0
    best = []
    for receipt in wanted:
        spans = []
        for _ in range(5):
            began = time.process_time()
            proof = await prove_inclusion(memory.log(), receipt)
            spans.append(time.process_time() - began)
        check_inclusion(proof.leaf_hash, proof.index, proof.size, proof.proof, proof.root)
        best.append(min(spans))
    assert max(best) <= 0.005
    assert memory.reads <= 6 * 5 * len(wanted)


async def _given(value):
    return value
