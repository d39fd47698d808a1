"""Sealed rows in PostgreSQL."""

from asyncio import Future
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, cast

from gateway.storage.lanes import Lanes
from gateway.storage.postgresql.lines import CommitLine, Connection, LoadLine, WorkLine
from gateway.storage.rows import MICROSECOND, Row, Settled, Work, kept_for
from gateway.vocabulary.store import Kind, RecordKey

Answer = TypeVar("Answer")

SELECT = """SELECT r.kind, r.key, r.sealed, r.expires_at, r.grp, r.subject,
    CASE WHEN r.grp IS NULL OR g.state <> 'revoked' THEN r.state ELSE 'revoked' END AS state, r.version, r.ordinal
    FROM record r LEFT JOIN record g ON g.kind = 'grant' AND g.key = r.grp
    WHERE r.kind = $1 AND ($2::text IS NULL OR r.subject = $2) AND ($3::text IS NULL OR r.grp = $3)
    ORDER BY r.ordinal DESC LIMIT $4"""
EARLIEST = """SELECT r.kind, r.key, r.sealed, r.expires_at, r.grp, r.subject, r.state, r.version, r.ordinal
    FROM record r WHERE r.kind = $1 AND r.key < $2 AND r.state = 'active' ORDER BY r.key LIMIT $3"""
REVOKED = "SELECT key FROM record WHERE kind = 'grant' AND state = 'revoked'"
PURGE = """DELETE FROM record WHERE (kind, key) IN (SELECT kind, key FROM record
    WHERE expires_at <= $1 AND kind = $2 LIMIT 500 FOR UPDATE SKIP LOCKED)"""
PURGE_MARKS = """DELETE FROM spent WHERE (kind, key) IN (SELECT kind, key FROM spent
    WHERE until <= $1 LIMIT 500 FOR UPDATE SKIP LOCKED)"""
PATIENCE = 5.0


class Server:
    """The lanes of this process to one PostgreSQL database."""

    def __init__(self, url: str) -> None:
        self.loads = Lanes(LoadLine(url), lanes=2, longest=64, patience=PATIENCE)
        # more than 64 sub-blocks in one transaction would make PostgreSQL keep their list on disk
        self.commits = Lanes(CommitLine(url), lanes=2, longest=32, patience=PATIENCE)
        self.others = Lanes(WorkLine(url), lanes=1, longest=1, patience=30.0)

    def run(self, work: Callable[[Connection], Awaitable[Answer]]) -> "Future[Answer]":
        """Run any work on a connection of its own."""
        return cast("Future[Answer]", self.others.submit(work))

    async def close(self) -> None:
        """Close all connections."""
        for lanes in (self.loads, self.commits, self.others):
            await lanes.close()


class PostgresqlRecords:
    """`Backend` over one PostgreSQL database."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def load(self, addresses: Sequence[RecordKey]) -> "Future[list[Row | None]]":
        """Return the rows in the order asked."""
        return self._server.loads.submit(addresses)

    def commit(self, work: Work) -> "Future[Settled]":
        """Apply all steps and store all events, or nothing."""
        return self._server.commits.submit(work)

    async def select(self, kind: str, subject: str | None, group: str | None, limit: int) -> list[Row]:
        """Return the rows of a kind, newest first."""
        found = await self._server.run(lambda connection: connection.fetch(SELECT, kind, subject, group, limit))
        return [Row._make(row) for row in found]

    async def earliest(self, kind: str, before: str, limit: int) -> list[Row]:
        """Return the active rows of a kind below a key, in the order of their keys."""
        found = await self._server.run(lambda connection: connection.fetch(EARLIEST, kind, before, limit))
        return [Row._make(row) for row in found]

    async def revoked_grants(self) -> list[str]:
        """Return the keys of all revoked grants."""
        found = await self._server.run(lambda connection: connection.fetch(REVOKED))
        return [row[0] for row in found]

    async def purge(self, now: int) -> int:
        """Delete rows whose tombstone window is over."""
        deleted = 0
        for kind in Kind:
            deleted += await self._purge(PURGE, now - kept_for(kind) // MICROSECOND, kind)
        await self._purge(PURGE_MARKS, now)
        return deleted

    async def _purge(self, statement: str, *arguments: Any) -> int:
        deleted = 0
        while True:
            status = await self._server.run(lambda connection: connection.execute(statement, *arguments))
            count = int(status.rpartition(" ")[2])
            deleted += count
            if count < 500:
                return deleted
