"""Real PostgreSQL and Redis for tests: started on first use, once per process, stopped by their own process id.

    from tests.services import SETTINGS, Urls, fresh_urls, stop_services

`fresh_urls(setting, tmp_path)` gives an empty store for one of the four settings of the contract suite. A test
folder that uses it has a session fixture calling `stop_services` (see tests/storage/conftest.py).
"""

import asyncio
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest
import redis

from gateway.storage.migrations.apply import migrate_postgresql

SETTINGS = ("sqlite", "postgresql", "sqlite+redis", "postgresql+redis")
MASTER_KEY = bytes(range(32))
_LOWEST_PORT, _PORTS_EACH, _SHARES = 20_000, 3_000, 4
_turns = count()


class Urls(NamedTuple):
    """What `open_storage` takes."""

    store: str
    redis: str | None


class PostgresqlServer:
    """A PostgreSQL cluster of its own; the role `gate06` is no superuser, as in production."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="gate06-pg-"))
        self.port = free_port()
        self._names = count()
        account = {"user": "postgres"} if os.geteuid() == 0 else {}
        if account:
            os.chown(self.directory, pwd.getpwnam("postgres").pw_uid, -1)
        initdb = binary("initdb", "postgresql")
        cluster = self.directory / "cluster"
        run = [initdb, "-D", cluster, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(run, check=True, capture_output=True, cwd="/", **account)
        self.process = subprocess.Popen(
            # no test cuts the power, so nothing has to wait for the disk
            [
                *(binary("postgres", "postgresql"), "-D", cluster, "-p", str(self.port), "-k", self.directory),
                *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=(self.directory / "log").open("wb"),
            cwd="/",
            preexec_fn=end_with_parent,  # noqa: PLW1509  forks from a thread that holds no lock
            **account,
        )
        wait_until(self._answers, self.process, "PostgreSQL")
        in_new_loop(self._make_template())

    def url(self, database: str, role: str = "gate06") -> str:
        """Return the URL of a database."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def fresh(self) -> str:
        """Return the URL of a new, migrated database."""
        name = f"test_{next(self._names)}"
        in_new_loop(self.execute(f"CREATE DATABASE {name} TEMPLATE gate06_template OWNER gate06"))
        return self.url(name)

    def empty(self) -> str:
        """Return the URL of a new database without any table."""
        name = f"test_{next(self._names)}"
        in_new_loop(self.execute(f"CREATE DATABASE {name} OWNER gate06"))
        return self.url(name)

    async def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement as superuser."""
        connection = await asyncpg.connect(self.url(database, "postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self.process.send_signal(signal.SIGQUIT)  # at once: nothing of it is needed again
        self.process.wait(120)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            in_new_loop(self.execute("SELECT 1"))
        except (OSError, asyncpg.PostgresError):
            return False
        return True

    async def _make_template(self) -> None:
        await self.execute("CREATE ROLE gate06 LOGIN")
        await self.execute("CREATE DATABASE gate06_template OWNER gate06")
        await migrate_postgresql(self.url("gate06_template"))


class RedisServer:
    """A Redis with its append-only file on, that can be killed and started again on the same files."""

    def __init__(self, *, append_only: bool = True) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="gate06-redis-"))
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._append_only = "yes" if append_only else "no"
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.process = subprocess.Popen(
            [
                *(binary("redis-server", "redis-server"), "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--dir", str(self.directory), "--save", "", "--appendonly", self._append_only),
                *("--appendfsync", "always", "--logfile", "redis.log"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=end_with_parent,  # noqa: PLW1509  forks from a thread that holds no lock
        )
        wait_until(self._answers, self.process, "Redis")

    def kill(self) -> None:
        """Kill it as a power cut would (signal 9)."""
        self.process.kill()
        self.process.wait(120)

    def client(self) -> redis.Redis:
        """Return a plain client, for looking at what is stored."""
        return redis.Redis(port=self.port, socket_timeout=60)

    def fresh(self) -> str:
        """Return the URL after removing everything."""
        with self.client() as client:
            client.flushall()
        return self.url

    def stop(self) -> None:
        """Stop the server and remove its files."""
        self.process.terminate()
        self.process.wait(120)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


_running: dict[str, PostgresqlServer | RedisServer] = {}


def postgresql_server() -> PostgresqlServer:
    """Return this process's PostgreSQL, started now when it does not run yet."""
    server = _running.get("postgresql") or _running.setdefault("postgresql", PostgresqlServer())
    assert isinstance(server, PostgresqlServer)
    return server


def redis_server() -> RedisServer:
    """Return this process's Redis, started now when it does not run yet."""
    server = _running.get("redis") or _running.setdefault("redis", RedisServer())
    assert isinstance(server, RedisServer)
    return server


def fresh_urls(setting: str, tmp_path: Path) -> Urls:
    """Return the URLs of an empty store for a setting of `SETTINGS`. Blocks: call it outside of a running loop."""
    database, _, front = setting.partition("+")
    store = f"sqlite:///{tmp_path / 'gate06.db'}" if database == "sqlite" else postgresql_server().fresh()
    return Urls(store, redis_server().fresh() if front else None)


def stop_services() -> None:
    """Stop what this process started."""
    while _running:
        _running.popitem()[1].stop()


def binary(name: str, package: str) -> str:
    """Return the path of a server's program; fail the test with what to install when it is missing."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    searched = os.pathsep.join(
        [os.environ.get("PATH", ""), "/usr/bin", "/usr/sbin", "/usr/local/bin", *map(str, folders)]
    )
    found = shutil.which(name, path=searched)
    if found is None:
        pytest.fail(f"`{name}` is missing: run `apt-get install {package}`", pytrace=False)
    return found


def free_port() -> int:
    """Return a port nobody listens on, for a program that takes it a little later.

    It lies below those the system gives to connections and to whoever asks for any port, so that none of them is
    sitting there by then, and in this worker's own share, so that no other worker was given it. No year of birth
    stands in it: tests look for those in whole pages.
    """
    share = int(os.environ.get("PYTEST_XDIST_WORKER", f"gw{os.getpid()}").removeprefix("gw")) % _SHARES
    for number in _turns:
        port = _LOWEST_PORT + share * _PORTS_EACH + (os.getpid() * 97 + number) % _PORTS_EACH
        if "19" in str(port):
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("unreachable")


def end_with_parent() -> None:
    """Have the kernel stop this child when the test process dies (prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGINT)


def wait_until(answers: object, process: subprocess.Popen[bytes], name: str) -> None:
    """Wait for a server to answer."""
    assert callable(answers)
    for _ in range(2400):
        if process.poll() is not None:
            pytest.fail(f"{name} ended with {process.returncode} instead of starting", pytrace=False)
        if answers():
            return
        time.sleep(0.05)
    pytest.fail(f"{name} did not answer within two minutes", pytrace=False)


def in_new_loop(work: object) -> None:
    """Run a coroutine to its end, even where a loop is running in this thread already."""
    from threading import Thread

    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)  # type: ignore[arg-type]
        except BaseException as error:
            failures.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
