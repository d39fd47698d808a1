"""SQLite as an opened database."""

import asyncio
import sqlite3
from pathlib import Path

from gateway.storage.failure import StoreMisfit, StoreMissing
from gateway.storage.parts import Database, Finding
from gateway.storage.sqlite.log import SqliteLog, SqliteNotes
from gateway.storage.sqlite.opening import connect, path_of, prepare_file, revision
from gateway.storage.sqlite.records import SqliteRecords
from gateway.storage.sqlite.writer import Writer
from gateway.vocabulary.store import StorageUnavailable


async def open_sqlite(url: str, head: str, *, migrate: bool) -> Database:
    """Open `sqlite:///PATH`, made and migrated when asked. Raises StoreMissing, StoreMisfit, StorageUnavailable."""
    path = path_of(url)
    if not migrate and not path.exists():
        raise StoreMissing(f"`{path}` does not exist")
    try:
        await asyncio.to_thread(prepare_file, path)
        if await asyncio.to_thread(revision, path) != head:
            if not migrate:
                raise StoreMisfit(
                    "the database is not at the newest revision: start `gate06 serve` once, which migrates it"
                )
            from gateway.storage.migrations.apply import migrate_sqlite

            await migrate_sqlite(path)
        connection = connect(path)
    except (OSError, sqlite3.Error) as error:
        raise StorageUnavailable("the SQLite file cannot be opened", operator_detail=type(error).__name__) from error
    writer = Writer(connection, path)

    async def check() -> list[Finding]:
        return [_check_file(path, connection), _check_revision(path, head)]

    async def close() -> None:
        await writer.close()
        connection.close()

    return Database(
        backend=SqliteRecords(connection, writer),
        log=SqliteLog(connection, writer),
        notes=SqliteNotes(connection, writer),
        check=check,
        close=close,
    )


def _check_file(path: Path, connection: sqlite3.Connection) -> Finding:
    try:
        connection.execute("SELECT size FROM tree").fetchone()
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.Error as error:
        return Finding("database", False, f"the SQLite file does not answer ({type(error).__name__})")
    if not path.exists():
        return Finding("database", False, "the SQLite file is gone")
    return Finding("database", True, f"SQLite {sqlite3.sqlite_version}")


def _check_revision(path: Path, head: str) -> Finding:
    found = revision(path)
    return Finding("migrations", found == head, f"revision {found}, newest {head}")
