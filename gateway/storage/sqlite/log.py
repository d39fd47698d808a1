"""The log in SQLite: stored events, the tree over them, checkpoints and leases."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from gateway.audit.journal import Extension, FoundEvent, PendingEvent, TileAddress
from gateway.storage.rows import from_micros, micros
from gateway.storage.sqlite.records import read
from gateway.storage.sqlite.writer import Writer

FOUND = "SELECT receipt, at, leaf, log_index, client_id FROM event"
PENDING = "SELECT position, leaf FROM event WHERE log_index IS NULL ORDER BY position LIMIT ?"
ENTRIES = "SELECT leaf FROM event WHERE log_index >= ? AND log_index < ? AND log_index IS NOT NULL ORDER BY log_index"
TILE = "INSERT INTO tile (level, number, hashes) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET hashes = excluded.hashes"
LEASE = """INSERT INTO lease (name, holder, until) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE
    SET holder = excluded.holder, until = excluded.until WHERE lease.holder = excluded.holder OR lease.until <= ?"""


class SqliteLog:
    """`Journal` and `Tree` over one SQLite file."""

    def __init__(self, connection: sqlite3.Connection, writer: Writer) -> None:
        self._connection = connection
        self._writer = writer

    async def pending(self, limit: int) -> list[PendingEvent]:
        """Return events that are not in the tree yet, in storing order."""
        rows = await read(self._connection, lambda c: c.execute(PENDING, (limit,)).fetchall())
        return [PendingEvent(position, leaf) for position, leaf in rows]

    async def entries(self, start: int, end: int) -> list[bytes]:
        """Return the leaves with index `start` (inclusive) to `end` (exclusive), in order."""
        rows = await read(self._connection, lambda c: c.execute(ENTRIES, (start, end)).fetchall())
        return [leaf for (leaf,) in rows]

    async def find(self, receipt: str) -> FoundEvent | None:
        """Return the event with this receipt."""
        statement = f"{FOUND} WHERE receipt = ?"
        rows = await read(self._connection, lambda c: c.execute(statement, (receipt,)).fetchall())
        return found_event(rows[0]) if rows else None

    async def of_subject(self, subject_tags: Sequence[str], limit: int) -> list[FoundEvent]:
        """Return the newest events that carry one of the keyed references."""
        marks = ", ".join("?" * len(subject_tags))
        statement = f"{FOUND} WHERE subject_tag IN ({marks}) ORDER BY position DESC LIMIT ?"
        rows = await read(self._connection, lambda c: c.execute(statement, (*subject_tags, limit)).fetchall())
        return [found_event(row) for row in rows]

    async def size(self) -> int:
        """Return the number of sequenced events."""
        rows = await read(self._connection, lambda c: c.execute("SELECT size FROM tree").fetchall())
        return int(rows[0][0])

    async def tiles(self, addresses: Sequence[TileAddress]) -> list[bytes | None]:
        """Return tiles in the order asked."""
        statement = "SELECT hashes FROM tile WHERE level = ? AND number = ?"
        found = await read(self._connection, lambda c: [c.execute(statement, a).fetchone() for a in addresses])
        return [None if row is None else row[0] for row in found]

    async def extend(self, extension: Extension) -> bool:
        """Store an extension in one transaction if the size is still `size_before`; False otherwise."""
        # a checkpoint's commit syncs what was written before it; an extension lost in a crash is made anew from events
        return await self._writer.run(lambda connection: extend(connection, extension), durable=False)


def extend(connection: sqlite3.Connection, extension: Extension) -> bool:
    """Number the events and store the tiles. A position that is numbered already fails (append-only trigger)."""
    before, positions = extension.size_before, extension.positions
    moved = connection.execute("UPDATE tree SET size = ? WHERE size = ?", (before + len(positions), before))
    if not moved.rowcount:
        return False
    numbered = connection.executemany(
        "UPDATE event SET log_index = ? WHERE position = ?",
        [(before + place, position) for place, position in enumerate(positions)],
    )
    if numbered.rowcount != len(positions):
        raise sqlite3.IntegrityError("an event of the extension is not stored")
    connection.executemany(TILE, [(level, number, hashes) for (level, number), hashes in extension.tiles.items()])
    return True


def found_event(row: tuple[str, int, bytes, int | None, str | None]) -> FoundEvent:
    """Return the event of a row."""
    receipt, at, leaf, index, client_id = row
    return FoundEvent(receipt=receipt, at=from_micros(at), leaf=leaf, index=index, client_id=client_id)


class SqliteNotes:
    """`Checkpoints` and `Leases` over one SQLite file."""

    def __init__(self, connection: sqlite3.Connection, writer: Writer) -> None:
        self._connection = connection
        self._writer = writer

    async def save(self, size: int, note: str) -> None:
        """Store a checkpoint; the first one saved for a size stays."""
        statement = "INSERT INTO checkpoint (size, note) VALUES (?, ?) ON CONFLICT DO NOTHING"
        await self._writer.run(lambda c: c.execute(statement, (size, note)).rowcount, durable=True)

    async def latest(self) -> tuple[int, str] | None:
        """Return the newest checkpoint."""
        statement = "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1"
        rows = await read(self._connection, lambda c: c.execute(statement).fetchall())
        return (rows[0][0], rows[0][1]) if rows else None

    async def covering(self, size: int) -> tuple[int, str] | None:
        """Return the smallest checkpoint whose size is at least `size`."""
        statement = "SELECT size, note FROM checkpoint WHERE size >= ? ORDER BY size LIMIT 1"
        rows = await read(self._connection, lambda c: c.execute(statement, (size,)).fetchall())
        return (rows[0][0], rows[0][1]) if rows else None

    async def acquire(self, name: str, holder: str, until: datetime, *, now: datetime) -> bool:
        """Take or renew a lease that is free, expired or already held by `holder`."""
        arguments = (name, holder, micros(until), micros(now))
        return bool(await self._writer.run(lambda c: c.execute(LEASE, arguments).rowcount, durable=False))
