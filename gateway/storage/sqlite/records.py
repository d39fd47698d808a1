"""Sealed rows in SQLite: the steps of a commit, one statement each."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import cache, partial
from time import perf_counter
from typing import Any, TypeVar

from gateway.storage.rows import MICROSECOND, Row, Settled, Step, Work, judge, kept_for, micros
from gateway.storage.sqlite.writer import PATIENCE, Writer
from gateway.vocabulary.store import Kind, Outcome, RecordKey, StorageUnavailable, StoredEvent

Answer = TypeVar("Answer")

COLUMNS = "kind, key, sealed, expires_at, grp, subject, state, version, ordinal"
READ_STATE = """CASE WHEN r.grp IS NULL OR EXISTS (SELECT 1 FROM record g
    WHERE g.kind = 'grant' AND g.key = r.grp AND g.state <> 'revoked') THEN r.state ELSE 'revoked' END"""
READ = (
    f"SELECT r.kind, r.key, r.sealed, r.expires_at, r.grp, r.subject, {READ_STATE}, r.version, r.ordinal FROM record r"  # noqa: S608
)
LOAD = READ + " WHERE r.kind = ? AND r.key = ?"
LOADED_AT_ONCE = 64  # SQLite joins at most 500 queries in one
SELECT = READ + (
    " WHERE r.kind = ? AND (?2 IS NULL OR r.subject = ?2) AND (?3 IS NULL OR r.grp = ?3)"
    " ORDER BY r.ordinal DESC LIMIT ?4"
)
EARLIEST = READ + " WHERE r.kind = ? AND r.key < ? AND r.state = 'active' ORDER BY r.key LIMIT ?"
STICKY = "CASE WHEN kind = 'grant' AND state = 'revoked' THEN 'revoked' ELSE {} END"
INSERT = f"INSERT INTO record ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET " + (  # noqa: S608
    "sealed = excluded.sealed, expires_at = excluded.expires_at, grp = excluded.grp, subject = excluded.subject,"
    " version = excluded.version, ordinal = excluded.ordinal, state = "
)
INSERT_NEW = INSERT + "excluded.state WHERE expires_at <= ?"
PUT = INSERT + STICKY.format("excluded.state")
REPLACE = (
    "UPDATE record SET sealed = ?, expires_at = ?, grp = ?, subject = ?, version = ?, ordinal = ?, state = "  # noqa: S608
    + STICKY.format("?")
    + " WHERE kind = ? AND key = ? AND version = ?"
)
SPEND = """UPDATE record SET state = 'used', version = version + 1 WHERE kind = ? AND key = ? AND state = 'active'
    AND (expires_at IS NULL OR expires_at > ?) AND (grp IS NULL OR EXISTS (SELECT 1 FROM record g
    WHERE g.kind = 'grant' AND g.key = record.grp AND g.state <> 'revoked'))"""
WHY = f"SELECT {READ_STATE}, r.expires_at, r.grp FROM record r WHERE r.kind = ? AND r.key = ?"  # noqa: S608
REVOKE = (
    "UPDATE record SET state = 'revoked', version = version + 1 WHERE kind = 'grant' AND key = ? AND state <> 'revoked'"
)
REMOVE = "DELETE FROM record WHERE kind = ? AND key = ?"
MARK = """INSERT INTO spent (kind, key, until) VALUES (?, ?, ?)
    ON CONFLICT (kind, key) DO UPDATE SET until = excluded.until WHERE spent.until <= ?"""
REVOKED = "SELECT key FROM record WHERE kind = 'grant' AND state = 'revoked'"
EVENT = "INSERT INTO event (receipt, at, leaf, subject_tag, client_id) VALUES (?, ?, ?, ?, ?)"
PURGE = """DELETE FROM record WHERE (kind, key) IN (SELECT kind, key FROM record
    WHERE expires_at <= ? AND kind = ? LIMIT 200)"""
PURGE_MARKS = "DELETE FROM spent WHERE (kind, key) IN (SELECT kind, key FROM spent WHERE until <= ? LIMIT 200)"


class SqliteRecords:
    """`Backend` over one SQLite file. Reads are done at once; writes are grouped by the writer."""

    def __init__(self, connection: sqlite3.Connection, writer: Writer) -> None:
        self._connection = connection
        self._writer = writer

    async def load(self, addresses: Sequence[RecordKey]) -> list[Row | None]:
        """Return the rows in the order asked."""
        found: dict[tuple[str, str], Row] = {}
        for start in range(0, len(addresses), LOADED_AT_ONCE):
            part = addresses[start : start + LOADED_AT_ONCE]
            asked = [name for address in part for name in address]
            try:
                rows = self._connection.execute(_loading(len(part)), asked).fetchall()
            except sqlite3.Error:
                rows = await read(self._connection, partial(_load, asked))
            for row in rows:
                found[row[:2]] = Row._make(row)
        return [found.get(address) for address in addresses]

    async def commit(self, work: Work) -> Settled:
        """Apply all steps and store all events, or nothing."""
        return await self._writer.run(lambda connection: apply(connection, work), durable=work.durable)

    async def select(self, kind: str, subject: str | None, group: str | None, limit: int) -> list[Row]:
        """Return the rows of a kind, newest first."""
        found = await read(self._connection, lambda c: c.execute(SELECT, (kind, subject, group, limit)).fetchall())
        return [Row._make(row) for row in found]

    async def earliest(self, kind: str, before: str, limit: int) -> list[Row]:
        """Return the active rows of a kind below a key, in the order of their keys."""
        found = await read(self._connection, lambda c: c.execute(EARLIEST, (kind, before, limit)).fetchall())
        return [Row._make(row) for row in found]

    async def revoked_grants(self) -> list[str]:
        """Return the keys of all revoked grants."""
        return [key for (key,) in await read(self._connection, lambda c: c.execute(REVOKED).fetchall())]

    async def purge(self, now: int) -> int:
        """Delete rows whose tombstone window is over, a few at a time so that nobody waits for the lock."""
        deleted = 0
        for kind in Kind:
            until = now - kept_for(kind) // MICROSECOND
            deleted += await self._purge(PURGE, (until, str(kind)))
        await self._purge(PURGE_MARKS, (now,))
        return deleted

    async def _purge(self, statement: str, arguments: tuple[int | str, ...]) -> int:
        deleted = 0
        while True:
            count = await self._writer.run(lambda c: c.execute(statement, arguments).rowcount, durable=False)
            deleted += count
            if count < 200:
                return deleted


@cache
def _loading(count: int) -> str:
    return " UNION ALL ".join([LOAD] * count)


def _load(asked: Sequence[str], connection: sqlite3.Connection) -> Any:
    return connection.execute(_loading(len(asked) // 2), asked).fetchall()


async def read(connection: sqlite3.Connection, reading: Callable[[sqlite3.Connection], Answer]) -> Answer:
    """Run a reading; wait a little while the file is being recovered or closed by another process."""
    started = perf_counter()
    while True:
        try:
            return reading(connection)
        except sqlite3.Error as error:
            busy = (
                (error.sqlite_errorname or "").startswith("SQLITE_BUSY")
                if hasattr(error, "sqlite_errorname")
                else False
            )
            if not busy or perf_counter() - started > PATIENCE:
                raise StorageUnavailable(operator_detail=type(error).__name__) from error
        await asyncio.sleep(0.001)


def apply(connection: sqlite3.Connection, work: Work) -> Settled:
    """Run the steps and store the events; a lost step undoes what its commit did, back to the writer's savepoint."""
    for position, step in enumerate(work.steps):
        lost = run_step(connection, step, work.now)
        if lost is not None:
            connection.execute("ROLLBACK TO one")
            if lost.outcome is Outcome.REPLAY and step.revoke_on_replay and lost.group is not None:
                connection.execute(REVOKE, (lost.group,))
            return lost._replace(lost_at=position)
    if work.events:
        connection.executemany(EVENT, [event_row(event) for event in work.events])
    return Settled(Outcome.DONE)


def event_row(event: StoredEvent) -> tuple[str, int, bytes, str | None, str | None]:
    """Return the columns of an event."""
    return (event.receipt, micros(event.at), event.leaf, event.subject_tag, event.client_id)


def run_step(connection: sqlite3.Connection, step: Step, now: int) -> Settled | None:
    """Run one step; return how it lost, None when it did not."""
    execute = connection.execute
    match step.verb:
        case "insert":
            done = execute(INSERT_NEW, (*_written(step), now)).rowcount
            return None if done else Settled(Outcome.EXISTS)
        case "put":
            execute(PUT, _written(step))
        case "replace":
            row = _written(step)
            values = (row.sealed, row.expires_at, row.group, row.subject, row.version, row.ordinal, row.state)
            done = execute(REPLACE, (*values, step.kind, step.key, row.version - 1)).rowcount
            return None if done else Settled(Outcome.CHANGED)
        case "spend":
            done = execute(SPEND, (step.kind, step.key, now)).rowcount
            return None if done else _why(connection, step, now)
        case "require":
            return _why(connection, step, now)
        case "remove":
            execute(REMOVE, (step.kind, step.key))
        case "revoke":
            execute(REVOKE, (step.key,))
        case "mark":
            done = execute(MARK, (step.kind, step.key, step.until, now)).rowcount
            return None if done else Settled(Outcome.REPLAY)
    return None


def _why(connection: sqlite3.Connection, step: Step, now: int) -> Settled | None:
    found = connection.execute(WHY, (step.kind, step.key)).fetchone()
    if found is None:
        return Settled(Outcome.UNKNOWN)
    outcome = judge(found[0], found[1], now)
    return None if outcome is None else Settled(outcome, None, found[2])


def _written(step: Step) -> Row:
    assert step.row is not None
    return step.row
