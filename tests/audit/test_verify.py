"""Verification names the first bad index: changes, deletions, moves and rebuilt logs."""

import random
from base64 import b64encode
from datetime import timedelta

import orjson
import pytest

from gateway.audit.checkpoint import NoteSigner
from gateway.audit.event import FormReleased
from gateway.audit.journal import TileAddress
from gateway.audit.merkle import leaf_hash
from gateway.audit.verify import verify_export, verify_log
from gateway.cli.audit import export_lines
from tests.audit.grown_log import NOON, SIGNER, grow, make_event, receipt_of

pytestmark = pytest.mark.anyio

VERIFIER = SIGNER.verifier()
COUNT = 700


async def grown():
    return await grow(COUNT, (100, 256, 300))


async def check(memory, notes=()):
    report = await verify_log(memory.log(), VERIFIER, notes)
    return None if report.finding is None else (report.finding.rule, report.finding.index)


async def test_a_whole_log_is_whole():
    memory = await grown()
    report = await verify_log(memory.log(), VERIFIER)
    assert (report.valid, report.size, report.checkpoint_count, report.dated_back) == (True, COUNT, 4, [])
    assert await check(memory, list(memory.notes.values())) is None
    assert (await verify_log((await grow(0)).log(), VERIFIER)).valid


@pytest.mark.parametrize("index", [0, 1, 99, 255, 256, 511, 512, 699])
async def test_one_flipped_byte_is_named_by_its_index(index):
    memory = await grown()
    generator = random.Random(index)
    leaf = bytearray(memory.events[index].leaf)
    leaf[generator.randrange(len(leaf))] ^= 1 << generator.randrange(8)
    memory.events[index] = _with_leaf(memory.events[index], bytes(leaf))
    assert await check(memory) == ("leaf_changed", index)


async def test_back_dating_an_entry_is_named():
    memory = await grown()
    leaf = orjson.loads(memory.events[321].leaf) | {"at": "2026-11-20T05:00:00.000Z"}
    memory.events[321] = _with_leaf(memory.events[321], orjson.dumps(leaf, option=orjson.OPT_SORT_KEYS))
    assert await check(memory) == ("leaf_changed", 321)


async def test_two_entries_exchanged_are_named():
    memory = await grown()
    memory.order[40], memory.order[600] = memory.order[600], memory.order[40]
    assert await check(memory) == ("leaf_changed", 40)


@pytest.mark.parametrize("index", [0, 255, 300, 698])
async def test_a_deleted_row_is_named(index):
    memory = await grown()
    plain = memory.entries

    async def entries(start, end):
        return [leaf for place, leaf in enumerate(await plain(start, end), start) if place != index]

    memory.entries = entries
    assert await check(memory) == ("leaf_missing", index)


async def test_a_log_cut_short_is_named():
    memory = await grown()
    del memory.order[650:]
    assert await check(memory) == ("entries_missing", 650)
    memory = await grown()
    saved = memory.notes[COUNT]
    del memory.order[650:], memory.notes[COUNT]
    assert await check(memory) is None
    assert await check(memory, [saved]) == ("entries_missing", 650)


async def test_a_changed_leaf_with_its_tile_mended_is_still_found():
    memory = await grown()
    memory.events[260] = make_event(260, outcome="forged")
    tile = memory.held[TileAddress(0, 1)]
    hashed = leaf_hash(memory.events[260].leaf)
    memory.held[TileAddress(0, 1)] = tile[: 4 * 32] + hashed + tile[5 * 32 :]
    report = await verify_log(memory.log(), VERIFIER)
    assert (report.finding.rule, report.finding.index, report.finding.until) == ("contradicts_checkpoint", 256, 300)


async def test_a_changed_tile_of_a_higher_level_is_found():
    memory = await grown()
    tile = memory.held[TileAddress(1, 0)]
    memory.held[TileAddress(1, 0)] = tile[:32] + bytes(32)
    report = await verify_log(memory.log(), VERIFIER)
    assert (report.finding.rule, report.finding.index, report.finding.until) == ("tile_changed", 256, 512)
    del memory.held[TileAddress(1, 0)]
    assert await check(memory) == ("tile_changed", 0)


async def test_a_checkpoint_that_was_touched_is_found():
    memory = await grown()
    memory.notes[300] = memory.notes[300].replace("300", "301")
    assert (await check(memory))[0] == "checkpoint_signature"
    memory.notes[300] = memory.notes[256]
    assert (await check(memory))[0] == "checkpoint_size"
    memory.notes[300] = NoteSigner(SIGNER.origin, b"\x09" * 32).sign(300, bytes(32))
    assert (await check(memory))[0] == "checkpoint_unknown_key"


@pytest.mark.parametrize("gone", [0, 123, 299, 699])
async def test_a_log_rebuilt_without_one_entry_and_signed_anew_is_refused_by_a_saved_checkpoint(gone):
    saved = (await grown()).notes
    rebuilt = await grow(COUNT - 1, (100, 256, 300), make=lambda number: make_event(number + (number >= gone)))
    assert await check(rebuilt) is None  # signed with the real key, it is whole in itself
    report = await verify_log(rebuilt.log(), VERIFIER, [saved[COUNT]])
    assert not report.valid
    lengthened = await grow(COUNT + 50, (300,), make=lambda number: make_event(number + (number >= gone)))
    assert await check(lengthened) is None
    report = await verify_log(lengthened.log(), VERIFIER, [saved[COUNT]])
    assert report.finding.rule == "contradicts_checkpoint"
    report = await verify_log(lengthened.log(), VERIFIER, list(saved.values()))
    assert report.finding.index <= gone < report.finding.until


async def test_a_saved_checkpoint_must_be_the_logs_own():
    memory = await grown()
    foreign = NoteSigner("other.example/log", b"\x01" * 32).sign(COUNT, bytes(32))
    assert (await check(memory, [foreign]))[0] == "checkpoint_origin"
    assert (await check(memory, ["nonsense"]))[0] == "checkpoint_form"


async def test_dates_out_of_order_are_noted_and_a_wrong_clock_accuses_only_itself():
    dates = {50: -timedelta(days=2), 60: timedelta(days=30)}

    def make(number):
        at = NOON + timedelta(seconds=number) + dates.get(number, timedelta())
        nonce, receipt = f"n{number}", receipt_of(number)
        return FormReleased(at=at, receipt=receipt, nonce=nonce, actor_kind="gateway", outcome="done").stored()

    report = await verify_log((await grow(100, make=make)).log(), VERIFIER)
    assert report.valid
    assert report.dated_back == [50]


async def exported(memory):
    return [line async for line in export_lines(memory.log())]


async def test_an_export_is_verified_without_the_gateway():
    memory = await grown()
    lines = await exported(memory)
    assert orjson.loads(lines[5]) == {"index": 5, "leaf": b64encode(memory.events[5].leaf).decode()}
    report = verify_export(lines, list(memory.notes.values()), VERIFIER)
    assert (report.valid, report.size, report.checkpoint_count) == (True, COUNT, 4)


async def test_an_export_that_was_touched_is_refused():
    memory = await grown()
    lines = await exported(memory)
    notes = list(memory.notes.values())

    def found(changed):
        finding = verify_export(changed, notes, VERIFIER).finding
        return finding.rule, finding.index

    assert found([*lines[:9], *lines[10:]]) == ("index_order", 9)
    assert found([*lines[:9], lines[10], lines[9], *lines[11:]]) == ("index_order", 9)
    assert found([*lines[:9], lines[8], *lines[9:]]) == ("index_order", 9)
    assert found([*lines[:9], b"not json\n", *lines[10:]]) == ("export_line", 9)
    assert found([*lines[:9], b'{"index": true, "leaf": ""}', *lines[10:]]) == ("index_order", 9)
    assert found([*lines[:9], b'{"index": 9, "leaf": "AAAA"}', *lines[10:]]) == ("leaf_form", 9)
    assert found(lines[:-1]) == ("entries_missing", 699)
    forged = orjson.dumps({"index": 120, "leaf": b64encode(make_event(120, outcome="forged").leaf).decode()})
    report = verify_export([*lines[:120], forged, *lines[121:]], notes, VERIFIER)
    assert (report.finding.rule, report.finding.index, report.finding.until) == ("contradicts_checkpoint", 100, 256)


def _with_leaf(event, leaf):
    from dataclasses import replace

    return replace(event, leaf=leaf)
