"""The journal, the tree, checkpoints and leases on both databases."""

import sqlite3
from datetime import timedelta

import asyncpg
import pytest

from gateway.audit.journal import Extension, TileAddress
from gateway.vocabulary.store import Insert, Kind, Spend, StorageUnavailable
from tests.services import postgresql_server
from tests.storage.records import at, code, grant, record, sql, stored_event, together

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("setting", ["sqlite", "postgresql"], indirect=True)]

REFUSED = (sqlite3.IntegrityError, asyncpg.PostgresError)


async def store_events(storage, now, count=3, **members):
    """Store events and return them with their positions."""
    events = [stored_event(now + timedelta(microseconds=number), **members) for number in range(count)]
    assert (await storage.store.commit([], events, now=now)).done
    return events, await storage.journal.pending(100)


async def test_events_wait_in_storing_order_until_they_are_sequenced(storage, now):
    events, pending = await store_events(storage, now, 5)
    assert [one.leaf for one in pending] == [event.leaf for event in events]
    assert await storage.journal.pending(2) == pending[:2]
    tiles = {TileAddress(0, 0): b"h" * 96, TileAddress(1, 0): b"r" * 32}
    extension = Extension(size_before=0, positions=[one.position for one in pending[:3]], tiles=tiles)
    assert await storage.tree.extend(extension)
    assert await storage.tree.size() == 3
    assert not await storage.tree.extend(extension)
    assert await storage.journal.pending(10) == pending[3:]
    assert await storage.journal.entries(0, 10) == [event.leaf for event in events[:3]]
    assert await storage.journal.entries(1, 2) == [events[1].leaf]
    assert await storage.tree.tiles([TileAddress(1, 0), TileAddress(0, 9), TileAddress(0, 0)]) == [
        b"r" * 32,
        None,
        b"h" * 96,
    ]
    more = Extension(size_before=3, positions=[pending[3].position], tiles={TileAddress(0, 0): b"h" * 128})
    assert await storage.tree.extend(more)
    assert await storage.tree.tiles([TileAddress(0, 0)]) == [b"h" * 128]


async def test_two_sequencers_never_fork_the_tree(storage, now):
    _, pending = await store_events(storage, now, 4)
    steps = [
        Extension(size_before=0, positions=[pending[number].position], tiles={TileAddress(0, 0): bytes([number]) * 32})
        for number in range(4)
    ]
    assert sorted(await together(*(storage.tree.extend(step) for step in steps))) == [False, False, False, True]
    assert await storage.tree.size() == 1


async def test_an_extension_that_numbers_twice_or_from_nowhere_is_refused_whole(storage, now):
    _, pending = await store_events(storage, now, 2)
    first = pending[0].position
    assert await storage.tree.extend(Extension(size_before=0, positions=[first], tiles={}))
    for positions in ([first], [pending[1].position, 10**9]):
        with pytest.raises(StorageUnavailable):
            await storage.tree.extend(
                Extension(size_before=1, positions=positions, tiles={TileAddress(0, 0): b"x" * 32})
            )
    assert await storage.tree.size() == 1
    assert await storage.tree.tiles([TileAddress(0, 0)]) == [None]
    assert [one.position for one in await storage.journal.pending(5)] == [pending[1].position]


async def test_an_event_is_found_by_receipt_and_by_subject(storage, now):
    [event], [pending] = await store_events(storage, now, 1, subject_tag="tag-1", client_id="portal-1")
    found = await storage.journal.find(event.receipt)
    assert (found.receipt, found.at, found.leaf, found.index, found.client_id) == (
        *(event.receipt, event.at, event.leaf),
        *(None, "portal-1"),
    )
    await storage.tree.extend(Extension(size_before=0, positions=[pending.position], tiles={}))
    assert (await storage.journal.find(event.receipt)).index == 0
    assert await storage.journal.find("rc_none") is None
    later, _ = await store_events(storage, now, 2, subject_tag="tag-2")
    await store_events(storage, now, 2, subject_tag="tag-3")
    of_two = await storage.journal.of_subject(["tag-1", "tag-2"], 10)
    assert [one.receipt for one in of_two] == [later[1].receipt, later[0].receipt, event.receipt]
    assert len(await storage.journal.of_subject(["tag-1", "tag-2"], 1)) == 1
    assert await storage.journal.of_subject([], 10) == []


async def test_a_receipt_is_unique_and_its_commit_is_refused(storage, now):
    [event], _ = await store_events(storage, now, 1)
    with pytest.raises(StorageUnavailable):
        await storage.store.commit([Insert(record(Kind.RECEIPT, "x", now))], [event], now=now)
    assert await storage.store.load(at(Kind.RECEIPT, "x")) == (None,)


async def test_events_are_append_only(storage, urls, now):
    _, [pending] = await store_events(storage, now, 1)
    changes = ["leaf = leaf", "receipt = 'x'", "at = 1", "subject_tag = 'x'", "client_id = 'x'", "position = 99"]
    for change in [*changes, "log_index = 0, receipt = 'y'"]:
        if change == "leaf = leaf":
            continue
        with pytest.raises(REFUSED, match="append-only"):
            await sql(urls, f"UPDATE event SET {change}")
    await sql(urls, "UPDATE event SET log_index = 0")
    for change in ("log_index = 1", "log_index = NULL", "log_index = 0"):
        with pytest.raises(REFUSED, match="append-only"):
            await sql(urls, f"UPDATE event SET {change}")
    with pytest.raises(REFUSED, match="append-only"):
        await sql(urls, "DELETE FROM event")
    if not urls.store.startswith("sqlite:"):
        with pytest.raises(REFUSED, match="append-only"):
            await sql(urls, "TRUNCATE event")
    assert await storage.journal.entries(0, 1) == [pending.leaf]


async def test_a_database_that_refuses_inserts_of_events_stores_nothing(storage, urls, now, setting):
    await storage.store.commit([Insert(grant(now)), Insert(code(now))], now=now)
    if setting == "sqlite":
        await sql(urls, "CREATE TRIGGER broken BEFORE INSERT ON event BEGIN SELECT RAISE(ROLLBACK, 'no'); END")
    else:
        name = urls.store.rpartition("/")[2]
        await postgresql_server().execute("REVOKE INSERT ON event FROM gate06", name)

    async def spend(number):
        events = [stored_event(now)] if number % 2 else []
        try:
            change = Spend(code(now).address) if number % 2 else Insert(record(Kind.RECEIPT, f"k{number}", now))
            return (await storage.store.commit([change], events, now=now)).outcome
        except StorageUnavailable:
            return "unavailable"

    assert await together(*map(spend, range(10))) == ["done", "unavailable"] * 5
    assert await storage.store.load(code(now).address) == (code(now),)
    assert await storage.journal.pending(5) == []


async def test_checkpoints_are_kept_by_size(storage):
    assert await storage.checkpoints.latest() is None
    assert await storage.checkpoints.covering(1) is None
    for size, note in ((5, "five"), (9, "nine"), (5, "forged")):
        await storage.checkpoints.save(size, note)
    assert await storage.checkpoints.latest() == (9, "nine")
    assert await storage.checkpoints.covering(3) == (5, "five")
    assert await storage.checkpoints.covering(5) == (5, "five")
    assert await storage.checkpoints.covering(6) == (9, "nine")
    assert await storage.checkpoints.covering(10) is None


async def test_a_lease_has_one_holder_at_a_time(storage, now):
    until = now + timedelta(seconds=10)
    taken = await together(*(storage.leases.acquire("sequencer", f"n{number}", until, now=now) for number in range(5)))
    assert taken.count(True) == 1
    holder = f"n{taken.index(True)}"
    assert await storage.leases.acquire("sequencer", holder, until + timedelta(seconds=5), now=now)
    assert not await storage.leases.acquire("sequencer", "other", until, now=until)
    assert await storage.leases.acquire("witness", "other", until, now=now)
    late = until + timedelta(seconds=5)
    assert await storage.leases.acquire("sequencer", "other", late + timedelta(seconds=5), now=late)
    assert not await storage.leases.acquire("sequencer", holder, late + timedelta(seconds=5), now=late)
