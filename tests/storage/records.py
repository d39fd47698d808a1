"""Records and events for storage tests."""

import asyncio
import sqlite3
from datetime import datetime, timedelta
from itertools import count

import asyncpg

from gateway.vocabulary.store import Kind, Record, RecordKey, StoredEvent
from tests.services import Urls, postgresql_server

_numbers = count(1)


def record(kind, key, now, *, minutes=5, body=None, **members) -> Record:
    """Return a record that lives for some minutes."""
    return Record(
        kind=kind,
        key=key,
        body=body or {"n": 1},
        expires_at=None if minutes is None else now + timedelta(minutes=minutes),
        **members,
    )


def grant(now, key="grant-1", **members) -> Record:
    """Return a grant."""
    return record(Kind.GRANT, key, now, minutes=60, **members)


def code(now, key="grant-1.code", group="grant-1", **members) -> Record:
    """Return an authorization code."""
    return record(Kind.CODE, key, now, minutes=1, group=group, **members)


def stored_event(now: datetime, **members) -> StoredEvent:
    """Return an event with a receipt of its own."""
    number = next(_numbers)
    return StoredEvent(**{"receipt": f"rc_{number}", "at": now, "leaf": b'{"n":%d}' % number, **members})


async def sql(urls: Urls, statement: str, *arguments) -> list:
    """Run a statement beside the gateway, as somebody with the database's password would."""
    if urls.store.startswith("sqlite:"):
        connection = sqlite3.connect(urls.store.removeprefix("sqlite:///"), isolation_level=None, timeout=60)
        try:
            return connection.execute(statement, arguments).fetchall()
        finally:
            connection.close()
    name = urls.store.rpartition("/")[2]
    connection = await asyncpg.connect(postgresql_server().url(name, "postgres"))
    try:
        return [tuple(row) for row in await connection.fetch(statement, *arguments)]
    finally:
        await connection.close()


async def break_events(urls: Urls, message: str = "disk on fire") -> None:
    """Have every insert of an event fail, by a trigger that raises."""
    if urls.store.startswith("sqlite:"):
        await sql(urls, f"CREATE TRIGGER broken BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, '{message}'); END")
        return
    await sql(
        urls,
        f"CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{message}'; END $$",
    )
    await sql(urls, "CREATE TRIGGER broken BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION broken()")


async def mend_events(urls: Urls) -> None:
    """Take the failing trigger away."""
    await sql(urls, "DROP TRIGGER broken" + ("" if urls.store.startswith("sqlite:") else " ON event"))


async def together(*works) -> list:
    """Run coroutines at the same time."""
    return list(await asyncio.gather(*works))


def at(kind: Kind, key: str) -> RecordKey:
    """Return an address."""
    return RecordKey(kind, key)
