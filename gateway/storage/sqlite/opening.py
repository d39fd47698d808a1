"""Opening a SQLite file: path, pragmas, revision."""

import sqlite3
from contextlib import suppress
from pathlib import Path

from gateway.storage.failure import StoreMisfit

PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 16384",  # the writer moves the log long before, beside the loop
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA secure_delete = ON",  # a shredded key must not live on in a free page
    "PRAGMA cache_size = -16384",
    "PRAGMA temp_store = MEMORY",  # a savepoint keeps pages it may restore; a file would cost two writes for each
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA busy_timeout = 0",  # from here on a lock is waited for on the loop, see writer.py
)


def path_of(url: str) -> Path:
    """Return the file a `sqlite:///PATH` names. Raises StoreMisfit."""
    path = url.removeprefix("sqlite:///")
    if path == url or not path or path.startswith(":memory:") or "?" in path:
        raise StoreMisfit("a SQLite store is written `sqlite:///PATH`")
    return Path(path)


def prepare_file(path: Path) -> None:
    """Make the file in WAL mode, readable by its owner only; it needs SQLite 3.35 (RETURNING, upsert)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        path.touch(mode=0o600, exist_ok=False)
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
    finally:
        connection.close()


def connect(path: Path) -> sqlite3.Connection:
    """Return the process's connection. While it opens, another process may be closing the file or recovering it."""
    connection = sqlite3.connect(path, timeout=60, isolation_level=None, cached_statements=512)
    for pragma in PRAGMAS:
        connection.execute(pragma).fetchall()
    return connection


def revision(path: Path) -> str | None:
    """Return the revision of the file, None before the first migration."""
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return None
    finally:
        connection.close()
    return None if row is None else str(row[0])
