"""Bringing a database to the newest revision; several workers may try at once, one does it."""

import asyncio
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

LOCK = 0x6A7E06  # names the migrations of Gate06 among PostgreSQL's advisory locks


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the scripts on a connection whose transaction is open and holds the lock."""
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent))
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Take scripts back on a connection whose transaction is open."""
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent))
    configuration.attributes["connection"] = connection
    command.downgrade(configuration, revision)


def _upgrade_sqlite(path: Path) -> None:
    engine = create_engine(
        f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": 60, "isolation_level": None}
    )
    # the driver would commit before each CREATE TABLE; an explicit BEGIN IMMEDIATE keeps all of it, and the lock
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()


async def migrate_sqlite(path: Path) -> None:
    """Bring a SQLite file to the newest revision."""
    await asyncio.to_thread(_upgrade_sqlite, path)


async def migrate_postgresql(url: str) -> None:
    """Bring a PostgreSQL database to the newest revision."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            await connection.run_sync(upgrade)
    finally:
        await engine.dispose()
