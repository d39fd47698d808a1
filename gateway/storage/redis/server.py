"""The lanes of this process to one Redis, and what is asked of it beside records."""

import math
from datetime import UTC, datetime
from typing import Any

from redis.asyncio.connection import Connection

from gateway.storage.failure import StoreMisfit
from gateway.storage.lanes import Lanes
from gateway.storage.parts import Durability, Finding
from gateway.storage.redis.lines import (
    LIBRARY_VERSION,
    CommandLine,
    CommitLine,
    HotWork,
    LoadLine,
    call,
    call_function,
    load_library,
    send_commits,
)
from gateway.storage.rows import Backend, Row, Step
from gateway.vocabulary.store import Kind, RecordKey, StorageUnavailable

OLDEST = (7, 0)
PATIENCE = 3.0


class RedisServer:
    """Greets each new connection: when the server started anew it may have forgotten its last second, so every
    revoked grant of SQL is revoked there again before anything else is asked."""

    def __init__(self, url: str, sql: Backend) -> None:
        self._sql = sql
        self._run_id: str | None = None
        self._reported: str | None = None
        self.started_at: datetime | None = None
        self.loads = Lanes(LoadLine(url, self._greet), lanes=2, longest=64, patience=PATIENCE)
        self.commits = Lanes(CommitLine(url, self._greet), lanes=2, longest=32, patience=PATIENCE)
        self.commands: Lanes[Connection, Any, Any] = Lanes(
            CommandLine(url, self._greet), lanes=1, longest=8, patience=PATIENCE
        )

    async def durability(self) -> Durability:
        """Return the run id, whether the append-only file is on, and whether the run id changed since last asked."""
        server = read_pairs(await self.commands.submit(("INFO", "server")))
        persistence = read_pairs(await self.commands.submit(("INFO", "persistence")))
        run_id = server["run_id"]
        restarted = self._reported not in {None, run_id}
        self._reported = run_id
        return Durability(run_id=run_id, append_only=persistence.get("aof_enabled") == "1", restarted=restarted)

    async def check(self) -> list[Finding]:
        """Return what a doctor wants to know of this Redis."""
        try:
            version = read_pairs(await self.commands.submit(("INFO", "server")))["redis_version"]
            library = (await self.commands.submit(("FCALL_RO", "gate06_version", 0))).decode()
            durability = await self.durability()
        except StorageUnavailable as unavailable:
            return [Finding("redis", False, f"Redis does not answer ({unavailable.operator_detail})")]
        return [
            Finding("redis", is_new_enough(version), f"Redis {version}, needed 7.0 or newer"),
            Finding("redis functions", library == LIBRARY_VERSION, f"version {library}, needed {LIBRARY_VERSION}"),
            _find_file(durability),
        ]

    async def scan(self, kind: Kind) -> list[Row]:
        """Return all rows of a kind, found by walking the key space."""
        rows: list[Row] = []
        seen: set[RecordKey] = set()
        cursor = b"0"
        while True:
            cursor, names = await self.commands.submit(("SCAN", cursor, "MATCH", f"gate06:*:{kind}:*", "COUNT", 500))
            addresses = [address for name in names if (address := address_of(name)).kind == kind]
            addresses = [address for address in addresses if address not in seen]
            seen.update(addresses)
            if addresses:
                rows += [row for row in await self.loads.submit(addresses) if row is not None]
            if cursor == b"0":
                return rows

    async def close(self) -> None:
        """Close all connections."""
        for lanes in (self.loads, self.commits, self.commands):
            await lanes.close()

    async def _greet(self, connection: Connection) -> None:
        server = read_pairs(await call(connection, "INFO", "server"))
        run_id = server["run_id"]
        if run_id == self._run_id:
            return
        # rounded up to the second: what was used in the last one before a restart may be forgotten
        began = int(server["server_time_usec"]) / 1_000_000 - int(server["uptime_in_seconds"])
        self.started_at = datetime.fromtimestamp(math.ceil(began), UTC)
        grants = await self._sql.revoked_grants()
        for start in range(0, len(grants), 100):
            steps = [Step("revoke", Kind.GRANT, group) for group in grants[start : start + 100]]
            await send_commits(connection, [HotWork(steps, 0, None)])
        self._run_id = run_id


async def prepare_server(connection: Connection) -> None:
    """Check the version and load the function library when it is missing or another one. Raises StoreMisfit."""
    version = read_pairs(await call(connection, "INFO", "server"))["redis_version"]
    if not is_new_enough(version):
        raise StoreMisfit(f"Redis 7.0 or newer is needed, this is {version}")
    if (await call_function(connection, "FCALL_RO", "gate06_version", 0)).decode() != LIBRARY_VERSION:
        await load_library(connection)


def _find_file(durability: Durability) -> Finding:
    if durability.append_only:
        return Finding("redis aof", True, "append-only file on")
    detail = "append-only file off: what it holds ends with it, and production refuses it"
    return Finding("redis aof", False, detail, production_only=True)


def is_new_enough(version: str) -> bool:
    """Tell whether a version of Redis has functions."""
    return tuple(int(part) for part in version.split(".")[:2]) >= OLDEST


def read_pairs(text: bytes) -> dict[str, str]:
    """Return the `name:value` lines of an INFO answer."""
    return dict(line.split(":", 1) for line in text.decode().splitlines() if ":" in line)


def address_of(name: bytes) -> RecordKey:
    """Return the record a Redis key stands for."""
    kind, _, key = name.decode().partition("}:")[2].partition(":")
    return RecordKey(Kind(kind), key)
