"""SQL against a running stack's database, as somebody with all rights over it."""

import asyncio
import contextlib
import sqlite3
from typing import Any

import asyncpg

from tests.services import Urls, postgresql_server


async def run_sql(urls: Urls, *statements: str) -> None:
    """Run statements as somebody with all rights over the database."""
    if urls.store.startswith("sqlite"):
        await asyncio.to_thread(_run_sqlite, urls.store.removeprefix("sqlite:///"), statements)
        return
    connection = await asyncpg.connect(postgresql_server().url(urls.store.rpartition("/")[2], "postgres"))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _run_sqlite(path: str, statements: tuple[str, ...]) -> None:
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


async def one_value(urls: Urls, query: str) -> Any:
    """Return the one value of a query."""
    if urls.store.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(urls.store.removeprefix("sqlite:///"), timeout=60)) as connection:
            return connection.execute(query).fetchone()[0]
    connection = await asyncpg.connect(postgresql_server().url(urls.store.rpartition("/")[2], "postgres"))
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()
