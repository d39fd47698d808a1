"""Opening Redis in front of a database."""

import asyncio

from redis.asyncio.connection import Connection

from gateway.storage.parts import RedisFront
from gateway.storage.redis.lines import CommandLine
from gateway.storage.redis.records import LayeredRecords
from gateway.storage.redis.server import PATIENCE, RedisServer, prepare_server
from gateway.storage.rows import Backend
from gateway.vocabulary.clock import Randomness
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import StorageUnavailable


async def open_front(url: str, sql: Backend, randomness: Randomness) -> RedisFront:
    """Open `redis://…` in front of a SQL backend. Raises StoreMisfit, StorageUnavailable."""
    await _prepare(url)
    server = RedisServer(url, sql)
    await server.durability()
    records = LayeredRecords(server, sql, randomness)

    async def close() -> None:
        await records.close()
        await server.close()

    return RedisFront(
        backend=records,
        durability=server.durability,
        remembers_since=lambda: server.started_at,
        check=server.check,
        close=close,
    )


async def _prepare(url: str) -> None:
    async def greet(_: Connection) -> None:
        return None

    try:
        async with asyncio.timeout(PATIENCE):
            line = CommandLine(url, greet)
            connection = await line.connect()
            try:
                await prepare_server(connection)
            finally:
                await line.disconnect(connection)
    except Failure:
        raise
    except Exception as error:  # redis-py, the network and the URL parser have no common ancestor
        raise StorageUnavailable("Redis cannot be opened", operator_detail=type(error).__name__) from error
