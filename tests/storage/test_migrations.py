"""One chain of scripts for both dialects."""

import asyncio
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from gateway.storage.failure import StoreMisfit, StoreMissing
from gateway.storage.migrations import apply
from gateway.storage.open import HEAD, open_storage
from gateway.storage.tables import metadata
from gateway.vocabulary.clock import SystemRandomness
from tests.services import MASTER_KEY, Urls, postgresql_server
from tests.storage.records import sql

pytestmark = pytest.mark.anyio

DIALECTS = pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])


def empty_url(dialect, tmp_path) -> str:
    """Return the URL of a store nobody opened yet."""
    return f"sqlite:///{tmp_path / 'new.db'}" if dialect == "sqlite" else postgresql_server().empty()


async def on_connection(url, work):
    """Run work on a SQLAlchemy connection."""
    if url.startswith("sqlite:"):
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            return work(connection)
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"), poolclass=NullPool)
    async with engine.begin() as connection:
        return await connection.run_sync(work)


def test_the_newest_revision_is_the_one_the_code_expects():
    configuration = Config()
    configuration.set_main_option("script_location", str(apply.Path(apply.__file__).parent))
    assert ScriptDirectory.from_config(configuration).get_heads() == [HEAD]


@DIALECTS
async def test_scripts_and_tables_say_the_same(dialect, tmp_path):
    url = empty_url(dialect, tmp_path)
    await (await open_storage(url, None, master_key=MASTER_KEY, randomness=SystemRandomness())).close()

    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection), metadata)

    assert await on_connection(url, differences) == []


@DIALECTS
async def test_several_workers_may_migrate_at_once(dialect, tmp_path):
    url = empty_url(dialect, tmp_path)
    opened = await asyncio.gather(
        *(open_storage(url, None, master_key=MASTER_KEY, randomness=SystemRandomness()) for _ in range(4))
    )
    indices = {storage.index.blind("n", "v") for storage in opened}
    assert len(indices) == 1
    for storage in opened:
        await storage.close()
    assert await sql(Urls(url, None), "SELECT size FROM tree") == [(0,)]


@DIALECTS
async def test_without_leave_to_migrate_an_old_database_is_refused(dialect, tmp_path):
    url = empty_url(dialect, tmp_path)
    await (await open_storage(url, None, master_key=MASTER_KEY, randomness=SystemRandomness())).close()
    await on_connection(url, lambda connection: apply.downgrade(connection, "base"))
    with pytest.raises(StoreMisfit):
        await open_storage(url, None, master_key=MASTER_KEY, randomness=SystemRandomness(), migrate=False)


async def test_without_leave_to_migrate_no_file_is_made(tmp_path):
    url = f"sqlite:///{tmp_path / 'nowhere.db'}"
    with pytest.raises(StoreMissing):
        await open_storage(url, None, master_key=MASTER_KEY, randomness=SystemRandomness(), migrate=False)
    assert list(tmp_path.iterdir()) == []


@DIALECTS
async def test_the_scripts_go_back_and_forth(dialect, tmp_path):
    url = empty_url(dialect, tmp_path)
    await (await open_storage(url, None, master_key=MASTER_KEY, randomness=SystemRandomness())).close()
    await on_connection(url, lambda connection: apply.downgrade(connection, "base"))
    left = await on_connection(url, lambda connection: inspect(connection).get_table_names())
    assert left == ["alembic_version"]
    await (await open_storage(url, None, master_key=MASTER_KEY, randomness=SystemRandomness())).close()


async def test_another_commit_function_is_refused():
    url = postgresql_server().fresh()
    await sql(
        Urls(url, None),
        "CREATE OR REPLACE FUNCTION gate06_commit_version() RETURNS integer LANGUAGE sql AS 'SELECT 99'",
    )
    with pytest.raises(StoreMisfit, match="99"):
        await open_storage(url, None, master_key=MASTER_KEY, randomness=SystemRandomness())


async def test_a_new_file_is_for_its_owner_only(tmp_path):
    path = tmp_path / "deep" / "new.db"
    await (await open_storage(f"sqlite:///{path}", None, master_key=MASTER_KEY, randomness=SystemRandomness())).close()
    assert path.stat().st_mode & 0o777 == 0o600
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
