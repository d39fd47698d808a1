"""PostgreSQL as an opened database."""

import asyncio

import asyncpg

from gateway.storage.failure import StoreMisfit
from gateway.storage.parts import Database, Finding
from gateway.storage.postgresql.lines import COMMIT_VERSION, Connection
from gateway.storage.postgresql.log import PostgresqlLog, PostgresqlNotes
from gateway.storage.postgresql.records import PostgresqlRecords, Server
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import StorageUnavailable

OLDEST = 150000


async def open_postgresql(url: str, head: str, *, migrate: bool) -> Database:
    """Open a PostgreSQL database, migrated when asked. Raises StoreMisfit, StorageUnavailable."""
    try:
        async with asyncio.timeout(60):
            await _prepare(url, head, migrate=migrate)
    except Failure:
        raise
    except Exception as error:  # asyncpg, the network and the migrations have no common ancestor
        raise StorageUnavailable("the database cannot be opened", operator_detail=type(error).__name__) from error
    server = Server(url)

    async def check() -> list[Finding]:
        try:
            version, revision, commit_version = await server.run(_state)
        except StorageUnavailable as unavailable:
            return [Finding("database", False, f"PostgreSQL does not answer ({unavailable.operator_detail})")]
        return [
            Finding("database", version >= OLDEST, f"PostgreSQL {version // 10000}, needed 15 or newer"),
            Finding("migrations", revision == head, f"revision {revision}, newest {head}"),
            Finding("commit function", commit_version == COMMIT_VERSION, f"version {commit_version}"),
        ]

    return Database(
        backend=PostgresqlRecords(server),
        log=PostgresqlLog(server),
        notes=PostgresqlNotes(server),
        check=check,
        close=server.close,
    )


async def _prepare(url: str, head: str, *, migrate: bool) -> None:
    connection = await asyncpg.connect(url)
    try:
        version, revision, commit_version = await _state(connection)
        if version < OLDEST:
            raise StoreMisfit(f"PostgreSQL 15 or newer is needed, this is {version // 10000}")
        if revision != head:
            if not migrate:
                raise StoreMisfit("the database is not at the newest revision")
            from gateway.storage.migrations.apply import migrate_postgresql

            await migrate_postgresql(url)
            _, _, commit_version = await _state(connection)
        if commit_version != COMMIT_VERSION:
            raise StoreMisfit(f"the commit function has version {commit_version}, needed {COMMIT_VERSION}")
    finally:
        await connection.close()


async def _state(connection: Connection) -> tuple[int, str | None, int | None]:
    """Return the server's version, the revision of the tables and the version of the commit function."""
    version = int(await connection.fetchval("SELECT current_setting('server_version_num')"))
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return version, None, None
    revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    if await connection.fetchval("SELECT to_regproc('gate06_commit_version')") is None:
        return version, revision, None
    return version, revision, await connection.fetchval("SELECT gate06_commit_version()")
