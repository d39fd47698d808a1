"""Opening a SQLite file that another process holds for a moment."""

import sqlite3
import threading
from pathlib import Path

import pytest

from gateway.storage.sqlite.opening import connect, prepare_file


@pytest.fixture
def held(tmp_path: Path) -> tuple[Path, sqlite3.Connection]:
    path = tmp_path / "gate.db"
    prepare_file(path)
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")  # as whoever closes a file last, for a moment
    holder.execute("CREATE TABLE one (value)")
    return path, holder


def test_a_file_that_another_process_is_closing_is_waited_for(held: tuple[Path, sqlite3.Connection]) -> None:
    path, holder = held
    closing = threading.Timer(0.3, holder.close)
    closing.start()
    opened = connect(path)
    closing.join()
    assert opened.execute("SELECT count(*) FROM one").fetchone() == (0,)
    assert opened.execute("PRAGMA busy_timeout").fetchone() == (0,), "from then on the loop waits, not the library"
    opened.close()
