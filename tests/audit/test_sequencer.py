"""The sequencer: nothing is lost, doubled, reordered or forked, whatever storage does."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gateway.audit.checkpoint import NoteSigner, parse_note
from gateway.audit.event import FormReleased
from gateway.audit.journal import PendingEvent, TileAddress
from gateway.audit.log import read_root
from gateway.audit.merkle import RightEdge, leaf_hash
from gateway.audit.sequencer import Pace, Sequencer
from gateway.audit.verify import verify_log
from gateway.vocabulary.clock import SettableClock
from gateway.vocabulary.store import StorageUnavailable
from tests.audit.log_in_memory import MemoryLog

pytestmark = pytest.mark.anyio

SIGNER = NoteSigner("dvc.example.vn/log", b"\x01" * 32)
BRISK = Pace(poll_for=0.01, checkpoint_for=0.0, renew_for=0.02, back_off_for=0.02)
NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def events(count, start=0):
    return [
        FormReleased(
            at=NOON, receipt=f"rc_{number:024d}", nonce=str(number), actor_kind="gateway", outcome="done", portal="p1"
        ).stored()
        for number in range(start, start + count)
    ]


def sequencer(memory, holder="one", pace=BRISK, clock=None):
    return Sequencer(memory.log(), SIGNER, clock or SettableClock(NOON), holder, pace)


async def until(condition, within=60.0):
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  the thing waited for is a plain store
            await asyncio.sleep(0.002)


def root_of(memory):
    edge = RightEdge()
    for event in memory.events:
        edge.append(leaf_hash(event.leaf))
    return edge.root()


class Running:
    """Runs sequencers for the length of a block."""

    def __init__(self, *sequencers):
        self.sequencers = sequencers

    async def __aenter__(self):
        self.tasks = [asyncio.create_task(sequencer.run()) for sequencer in self.sequencers]
        return self

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_stored_events_enter_in_storing_order_and_are_signed():
    memory = MemoryLog()
    memory.store(*events(700))
    one = sequencer(memory)
    async with Running(one):
        await until(lambda: one.standing.signed_size == 700)
        memory.store(*events(3, 700))
        one.notify()
        await until(lambda: one.standing.signed_size == 703)
    assert memory.order == list(range(703))
    checkpoint = SIGNER.verifier().open(memory.notes[703])
    assert checkpoint.root == root_of(memory) == await read_root(memory, 703)
    assert (await verify_log(memory.log(), SIGNER.verifier())).valid


async def test_news_wakes_it():
    memory = MemoryLog()
    one = sequencer(memory, pace=Pace(poll_for=60, checkpoint_for=0.0, renew_for=60))
    async with Running(one):
        await until(lambda: one.standing.leading)
        await asyncio.sleep(0.05)  # it rests now, for a minute
        memory.store(*events(1))
        one.notify()
        await until(lambda: one.standing.signed_size == 1)


async def test_events_of_other_processes_are_polled_for():
    memory = MemoryLog()
    one = sequencer(memory)
    async with Running(one):
        await until(lambda: one.standing.leading)
        memory.store(*events(1))  # nobody says so
        await until(lambda: one.standing.signed_size == 1)


async def test_checkpoints_do_not_come_with_every_batch():
    memory = MemoryLog()
    one = sequencer(memory, pace=Pace(poll_for=0.01, checkpoint_for=60, renew_for=60))
    async with Running(one):
        for number in range(20):
            memory.store(*events(1, number))
            one.notify()
            await until(lambda: len(memory.order) == len(memory.events))
    assert len(memory.notes) == 1  # the first one comes at once


async def test_a_checkpoint_follows_the_last_news_and_none_follows_without():
    memory = MemoryLog()
    one = sequencer(memory, pace=Pace(poll_for=60, checkpoint_for=0.1, renew_for=60))
    memory.store(*events(3))
    async with Running(one):
        await until(lambda: one.standing.signed_size == 3)
        memory.store(*events(3, 3))
        one.notify()
        await until(lambda: one.standing.signed_size == 6)  # it does not sleep through the due time
        await asyncio.sleep(0.25)
    assert list(memory.notes) == [3, 6]


async def test_a_restart_goes_on_where_the_tree_stands():
    memory = MemoryLog()
    for round_number in range(4):
        memory.store(*events(300, 300 * round_number))
        one = sequencer(memory, holder=f"node{round_number}")
        async with Running(one):
            await until(lambda one=one, size=300 * (round_number + 1): one.standing.signed_size == size)
    assert memory.order == list(range(1200))
    assert (await verify_log(memory.log(), SIGNER.verifier())).valid


async def test_a_crash_between_extension_and_checkpoint_is_mended():
    memory = MemoryLog()
    memory.store(*events(10))
    first = sequencer(memory, pace=Pace(checkpoint_for=0.0))
    memory.failing = []
    original, memory.save = memory.save, None
    with pytest.raises(TypeError):
        await first.work()
    memory.save = original
    assert len(memory.order) == 10
    assert memory.notes == {}
    second = sequencer(memory)
    await second.work()
    assert set(memory.notes) == {10}


async def test_storage_errors_are_waited_out():
    memory = MemoryLog()
    memory.store(*events(50))
    memory.failing = [StorageUnavailable(), OSError("gone"), StorageUnavailable(), ValueError("odd"), RuntimeError()]
    one = sequencer(memory)
    async with Running(one):
        await until(lambda: one.standing.signed_size == 50)
        memory.failing = [StorageUnavailable()] * 5
        memory.store(*events(50, 50))
        one.notify()
        await until(lambda: one.standing.signed_size == 100)
        assert one.standing.failure_count == 0
    assert memory.order == list(range(100))
    assert (await verify_log(memory.log(), SIGNER.verifier())).valid


async def test_only_the_holder_of_the_lease_works():
    memory = MemoryLog()
    memory.store(*events(5))
    clock = SettableClock(NOON)
    one, two = sequencer(memory, "one", clock=clock), sequencer(memory, "two", clock=clock)
    assert await one.work()
    memory.store(*events(5, 5))
    assert not await two.work()
    assert len(memory.order) == 5
    clock.move(timedelta(seconds=10))  # the first node stands still: its lease runs out
    assert await two.work()
    assert len(memory.order) == 10
    assert (await verify_log(memory.log(), SIGNER.verifier())).valid


async def test_a_sequencer_that_stops_gives_the_lease_back():
    memory = MemoryLog()
    one, two = sequencer(memory, "one"), sequencer(memory, "two")
    async with Running(one):
        await until(lambda: one.standing.leading)
    memory.store(*events(1))
    async with Running(two):
        await until(lambda: two.standing.signed_size == 1, within=1)


async def test_two_that_both_believe_they_lead_never_fork():
    memory = MemoryLog()

    async def everybody(name, holder, until, *, now):
        return True

    memory.acquire = everybody
    plain_pending, plain_extend = memory.pending, memory.extend

    async def slow_pending(limit):
        found = await plain_pending(limit)
        await asyncio.sleep(0)
        return found

    async def slow_extend(extension):
        await asyncio.sleep(0.0005)
        return await plain_extend(extension)

    memory.pending, memory.extend = slow_pending, slow_extend
    racers = [sequencer(memory, name) for name in ("one", "two", "three")]
    async with Running(*racers):
        for number in range(0, 2000, 40):
            memory.store(*events(40, number))
            for racer in racers:
                racer.notify()
            await asyncio.sleep(0.002)
        await until(lambda: len(memory.order) == 2000 and max(memory.notes) == 2000)
    assert sorted(memory.order) == list(range(2000))
    report = await verify_log(memory.log(), SIGNER.verifier(), list(memory.notes.values()))
    assert report.valid
    assert report.checkpoint_count == 2 * len(memory.notes)


async def test_nothing_is_signed_over_a_tree_that_contradicts_the_last_checkpoint():
    memory = MemoryLog()
    memory.store(*events(300))
    while len(memory.order) < 300:
        await sequencer(memory).work()
    signed = dict(memory.notes)
    address = TileAddress(1, 0)  # the root of 300 leaves folds from it
    memory.held[address] = bytes(32) + memory.held[address][32:]
    memory.store(*events(5, 300))
    one = sequencer(memory)
    async with Running(one):
        await until(lambda: one.standing.failure_count > 2)
    assert memory.notes == signed
    assert len(memory.order) == 300


async def test_nothing_is_signed_over_a_tree_that_shrank():
    memory = MemoryLog()
    memory.store(*events(20))
    await sequencer(memory).work()
    del memory.order[10:]
    one = sequencer(memory)
    async with Running(one):
        await until(lambda: one.standing.failure_count > 0)
    assert set(memory.notes) == {20}
    assert parse_note(memory.notes[20])[0].size == 20


async def test_a_backlog_is_taken_in_large_steps():
    """What waited while nobody held the lease costs a few extensions, not one for each event."""
    memory = MemoryLog()
    memory.store(*events(40_000))
    one = sequencer(memory, pace=Pace(checkpoint_for=0.05))
    memory.pending = _fast_pending(memory)
    steps = 0
    while len(memory.order) < 40_000:
        await one.work()
        steps += 1
    assert steps <= 200
    assert memory.order == sorted(memory.order)


def _fast_pending(memory):
    async def pending(limit):
        start = len(memory.order)
        return [PendingEvent(start + n, event.leaf) for n, event in enumerate(memory.events[start : start + limit])]

    return pending
