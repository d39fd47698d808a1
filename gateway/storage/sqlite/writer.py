"""The one writer of a process: group commit on the event loop, never blocking on another process's lock."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from gateway.storage.rows import RefusedWrite
from gateway.vocabulary.store import StorageUnavailable

Answer = TypeVar("Answer")
Writing = Callable[[sqlite3.Connection], Any]

PATIENCE = 5.0  # seconds that a write waits for other processes
LONGEST_GROUP = 64
GATHERING_TURNS = 4  # of the event loop; a turn costs microseconds, a wait for the disk costs hundreds
CHECKPOINT_EVERY = 512  # transactions


class Writer:
    """Runs writings of concurrent coroutines in shared transactions.

    A group goes without savepoints, as each would copy every page it touches. When a writing fails or wants to be
    undone the whole group is undone and done again, each behind a savepoint of its own: that one is undone, and
    raises RefusedWrite for its caller only. A writing that cannot begin for `PATIENCE` seconds raises
    StorageUnavailable.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._moving: asyncio.Future[None] | None = None
        self._waiting: list[tuple[Writing, bool, asyncio.Future[Any]]] = []
        self._scheduled = False
        self._waits_since: float | None = None
        self._full = True
        self._one_by_one = False
        self._transactions = 0

    async def close(self) -> None:
        """Wait for what runs beside the loop."""
        if self._moving is not None:
            await self._moving

    async def run(self, writing: Callable[[sqlite3.Connection], Answer], *, durable: bool) -> Answer:
        """Run a writing in a transaction; a durable one returns when the disk has it."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((writing, durable, future))
        if not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._gather, loop, 0, 0)
        return await future

    def _gather(self, loop: asyncio.AbstractEventLoop, seen: int, turn: int) -> None:
        """Let requests that are on their way join: flush when a turn of the loop brought no further writing."""
        count = len(self._waiting)
        if count == seen or turn == GATHERING_TURNS or count >= LONGEST_GROUP:
            self._flush(loop)
        else:
            loop.call_soon(self._gather, loop, count, turn + 1)

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        group = self._waiting[:LONGEST_GROUP]
        try:
            self._begin(durable=any(durable for _, durable, _ in group))
        except sqlite3.Error as error:
            self._postpone(loop, error)
            return
        self._waits_since = None
        del self._waiting[: len(group)]
        if self._one_by_one:
            self._one_by_one = False
            self._write_one_by_one(group)
        elif not self._write_together(group):
            self._waiting[:0], self._one_by_one = group, True
        self._scheduled = bool(self._waiting)
        if self._scheduled:
            loop.call_soon(self._flush, loop)
        self._transactions += 1
        if self._transactions % CHECKPOINT_EVERY == 0:
            # now and then, beside the loop, so that no single commit pays for a thousand pages
            self._moving = loop.run_in_executor(None, move_log, self._path)

    def _begin(self, *, durable: bool) -> None:
        if durable != self._full:
            self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._full = durable
        self._connection.execute("BEGIN IMMEDIATE")

    def _postpone(self, loop: asyncio.AbstractEventLoop, error: sqlite3.Error) -> None:
        """Try again soon while another process writes; the loop goes on meanwhile."""
        since = self._waits_since = self._waits_since or perf_counter()
        busy = isinstance(error, sqlite3.OperationalError) and error.sqlite_errorname.startswith("SQLITE_BUSY")
        if busy and perf_counter() - since < PATIENCE:
            loop.call_later(0.0005, self._flush, loop)
            return
        waiting, self._waiting, self._scheduled, self._waits_since = self._waiting, [], False, None
        for _, _, future in waiting:
            _fail(future, RefusedWrite(operator_detail=_name(error)))

    def _write_together(self, group: list[tuple[Writing, bool, asyncio.Future[Any]]]) -> bool:
        """Run a group; False when nothing of it was done: one failed, or found no savepoint to go back to."""
        try:
            answers = [(future, writing(self._connection)) for writing, _, future in group]
        except Exception:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            return False
        self._finish(answers)
        return True

    def _write_one_by_one(self, group: list[tuple[Writing, bool, asyncio.Future[Any]]]) -> None:
        connection = self._connection
        answers: list[tuple[asyncio.Future[Any], Any]] = []
        for position, (writing, _, future) in enumerate(group):
            try:
                connection.execute("SAVEPOINT one")
                answer = writing(connection)
                connection.execute("RELEASE one")
            except Exception as error:
                failure = RefusedWrite(operator_detail=_name(error)) if isinstance(error, sqlite3.Error) else error
                _fail(future, failure)
                if not connection.in_transaction:
                    # the failure took the whole transaction with it (RAISE(ROLLBACK), a full disk): do the others again
                    self._again([item for place, item in enumerate(group) if place != position and not item[2].done()])
                    return
                connection.execute("ROLLBACK TO one")
                connection.execute("RELEASE one")
            else:
                answers.append((future, answer))
        self._finish(answers)

    def _again(self, group: list[tuple[Writing, bool, asyncio.Future[Any]]]) -> None:
        if not group:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            for _, _, future in group:
                _fail(future, RefusedWrite(operator_detail=_name(error)))
            return
        self._write_one_by_one(group)

    def _finish(self, answers: list[tuple[asyncio.Future[Any], Any]]) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            for future, _ in answers:
                _fail(future, StorageUnavailable(operator_detail=_name(error)))
            return
        for future, answer in answers:
            if not future.done():
                future.set_result(answer)


def move_log(path: Path) -> None:
    """Move the write-ahead log into the file."""
    connection = sqlite3.connect(path, timeout=1, isolation_level=None)
    with closing(connection), suppress(sqlite3.Error):  # another process may be at it
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _name(error: Exception) -> str:
    """Return the error's name; SQLite's sentence could quote what a trigger was given."""
    return getattr(error, "sqlite_errorname", None) or type(error).__name__
