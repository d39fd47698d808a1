"""The log in PostgreSQL: stored events, the tree over them, checkpoints and leases."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.audit.journal import Extension, FoundEvent, PendingEvent, TileAddress
from gateway.storage.postgresql.lines import Connection
from gateway.storage.postgresql.records import Server
from gateway.storage.rows import RefusedWrite, from_micros, micros

FOUND = "SELECT receipt, at, leaf, log_index, client_id FROM event"
PENDING = "SELECT position, leaf FROM event WHERE log_index IS NULL ORDER BY position LIMIT $1"
ENTRIES = "SELECT leaf FROM event WHERE log_index >= $1 AND log_index < $2 AND log_index IS NOT NULL ORDER BY log_index"
TILES = """SELECT a.place, t.hashes FROM unnest($1::int[], $2::bigint[]) WITH ORDINALITY AS a (level, number, place)
    JOIN tile t ON t.level = a.level AND t.number = a.number"""
# one statement is one round trip and its own transaction; whoever finds another size has changed nothing
EXTEND = """WITH waiting AS (
        SELECT count(*) AS number FROM event WHERE position = ANY($2::bigint[]) AND log_index IS NULL
    ), moved AS (
        UPDATE tree SET size = $1::bigint + cardinality($2::bigint[])
        WHERE size = $1 AND (SELECT number FROM waiting) = cardinality($2::bigint[]) RETURNING size
    ), numbered AS (
        UPDATE event SET log_index = $1::bigint + a.place - 1
        FROM unnest($2::bigint[]) WITH ORDINALITY AS a (position, place)
        WHERE event.position = a.position AND EXISTS (SELECT FROM moved)
    ), stored AS (
        INSERT INTO tile (level, number, hashes)
        SELECT * FROM unnest($3::int[], $4::bigint[], $5::bytea[]) WHERE EXISTS (SELECT FROM moved)
        ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes
    )
    SELECT EXISTS (SELECT FROM moved),
        (SELECT size FROM tree) = $1 AND (SELECT number FROM waiting) < cardinality($2::bigint[])"""
LEASE = """INSERT INTO lease AS l (name, holder, until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE
    SET holder = excluded.holder, until = excluded.until WHERE l.holder = excluded.holder OR l.until <= $4"""


class PostgresqlLog:
    """`Journal` and `Tree` over one database."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def pending(self, limit: int) -> list[PendingEvent]:
        """Return events that are not in the tree yet, in storing order."""
        rows = await self._server.run(lambda connection: connection.fetch(PENDING, limit))
        return [PendingEvent(position, leaf) for position, leaf in rows]

    async def entries(self, start: int, end: int) -> list[bytes]:
        """Return the leaves with index `start` (inclusive) to `end` (exclusive), in order."""
        rows = await self._server.run(lambda connection: connection.fetch(ENTRIES, start, end))
        return [row[0] for row in rows]

    async def find(self, receipt: str) -> FoundEvent | None:
        """Return the event with this receipt."""
        row = await self._server.run(lambda connection: connection.fetchrow(f"{FOUND} WHERE receipt = $1", receipt))
        return None if row is None else found_event(row)

    async def of_subject(self, subject_tags: Sequence[str], limit: int) -> list[FoundEvent]:
        """Return the newest events that carry one of the keyed references."""
        statement = f"{FOUND} WHERE subject_tag = ANY($1::text[]) ORDER BY position DESC LIMIT $2"
        rows = await self._server.run(lambda connection: connection.fetch(statement, list(subject_tags), limit))
        return [found_event(row) for row in rows]

    async def size(self) -> int:
        """Return the number of sequenced events."""
        return int(await self._server.run(lambda connection: connection.fetchval("SELECT size FROM tree")))

    async def tiles(self, addresses: Sequence[TileAddress]) -> list[bytes | None]:
        """Return tiles in the order asked."""
        levels, numbers = [level for level, _ in addresses], [number for _, number in addresses]
        rows = await self._server.run(lambda connection: connection.fetch(TILES, levels, numbers))
        found: list[bytes | None] = [None] * len(addresses)
        for place, hashes in rows:
            found[place - 1] = hashes
        return found

    async def extend(self, extension: Extension) -> bool:
        """Store an extension in one transaction if the size is still `size_before`; False otherwise."""
        return await self._server.run(lambda connection: extend(connection, extension))


async def extend(connection: Connection, extension: Extension) -> bool:
    """Number the events and store the tiles. An event that is numbered already or not stored is refused."""
    levels, numbers = [level for level, _ in extension.tiles], [number for _, number in extension.tiles]
    hashes = list(extension.tiles.values())
    [[moved, amiss]] = await connection.fetch(
        EXTEND, extension.size_before, list(extension.positions), levels, numbers, hashes
    )
    if amiss:
        raise RefusedWrite(operator_detail="an event of the extension is not stored, or stands in the tree already")
    return bool(moved)


def found_event(row: Any) -> FoundEvent:
    """Return the event of a row."""
    receipt, at, leaf, index, client_id = row
    return FoundEvent(receipt=receipt, at=from_micros(at), leaf=leaf, index=index, client_id=client_id)


class PostgresqlNotes:
    """`Checkpoints` and `Leases` over one database."""

    def __init__(self, server: Server) -> None:
        self._server = server

    async def save(self, size: int, note: str) -> None:
        """Store a checkpoint; the first one saved for a size stays."""
        statement = "INSERT INTO checkpoint (size, note) VALUES ($1, $2) ON CONFLICT DO NOTHING"
        await self._server.run(lambda connection: connection.execute(statement, size, note))

    async def latest(self) -> tuple[int, str] | None:
        """Return the newest checkpoint."""
        statement = "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1"
        row = await self._server.run(lambda connection: connection.fetchrow(statement))
        return None if row is None else (row[0], row[1])

    async def covering(self, size: int) -> tuple[int, str] | None:
        """Return the smallest checkpoint whose size is at least `size`."""
        statement = "SELECT size, note FROM checkpoint WHERE size >= $1 ORDER BY size LIMIT 1"
        row = await self._server.run(lambda connection: connection.fetchrow(statement, size))
        return None if row is None else (row[0], row[1])

    async def acquire(self, name: str, holder: str, until: datetime, *, now: datetime) -> bool:
        """Take or renew a lease that is free, expired or already held by `holder`."""
        arguments = (name, holder, micros(until), micros(now))
        status = await self._server.run(lambda connection: connection.execute(LEASE, *arguments))
        return status == "INSERT 0 1"
