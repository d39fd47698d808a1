"""Connections to PostgreSQL and what is sent over them."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import orjson
from asyncpg.prepared_stmt import PreparedStatement

from gateway.storage.rows import RefusedWrite, Row, Settled, Step, Work, micros
from gateway.vocabulary.store import Outcome, RecordKey, StoredEvent

if TYPE_CHECKING:
    # generic in the stubs only
    Connection = asyncpg.Connection[Any]
    Statement = PreparedStatement[Any]
else:
    Connection = asyncpg.Connection
    Statement = PreparedStatement

COMMIT_VERSION = 1
LOAD = """SELECT a.place, r.kind, r.key, r.sealed, r.expires_at, r.grp, r.subject,
    CASE WHEN r.grp IS NULL OR g.state <> 'revoked' THEN r.state ELSE 'revoked' END AS state, r.version, r.ordinal
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS a (kind, key, place)
    JOIN record r ON r.kind = a.kind AND r.key = a.key
    LEFT JOIN record g ON g.kind = 'grant' AND g.key = r.grp"""
SETTINGS = {
    "application_name": "gate06",
    "jit": "off",
    # every statement goes by key; a plan made while a table was small would read all of it later
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "statement_timeout": "10000",
    "lock_timeout": "5000",
    "idle_in_transaction_session_timeout": "30000",
    "TimeZone": "UTC",
}
DONE = Settled(Outcome.DONE)


class Prepared(NamedTuple):
    """A connection and the one statement it is for."""

    connection: Connection
    statement: Statement


class _PreparedLine:
    repeatable = False
    statement = ""

    def __init__(self, url: str) -> None:
        self._url = url

    async def connect(self) -> Prepared:
        """Return a connection with its statement prepared."""
        connection = await asyncpg.connect(self._url, server_settings=SETTINGS)
        return Prepared(connection, await connection.prepare(self.statement))

    def usable(self, connection: Prepared) -> bool:
        """Tell whether the connection is open."""
        return not connection.connection.is_closed()

    async def disconnect(self, connection: Prepared) -> None:
        """Close it at once; a call that hangs is not waited for."""
        connection.connection.terminate()


class LoadLine(_PreparedLine):
    """Loads of several callers in one query."""

    repeatable = True
    statement = LOAD

    async def send(self, connection: Prepared, items: Sequence[Sequence[RecordKey]]) -> list[list[Row | None]]:
        """Return the rows each caller asked for."""
        addresses = [address for asked in items for address in asked]
        found = await connection.statement.fetch([kind for kind, _ in addresses], [key for _, key in addresses])
        rows: list[Row | None] = [None] * len(addresses)
        for place, *columns in found:
            rows[place - 1] = Row._make(columns)
        answers = []
        start = 0
        for asked in items:
            answers.append(rows[start : start + len(asked)])
            start += len(asked)
        return answers


class CommitLine(_PreparedLine):
    """Commits of several callers in one call of `gate06_commit`; one that fails does not touch the others."""

    statement = "SELECT gate06_commit($1::text::jsonb)::text"

    async def send(self, connection: Prepared, items: Sequence[Work]) -> list[Settled | Exception]:
        """Return how each commit ended."""
        answer = await connection.statement.fetchval(batch_of(items))
        return [settled(*verdict) for verdict in orjson.loads(answer)]


class WorkLine:
    """Anything else, one piece at a time."""

    repeatable = False

    def __init__(self, url: str) -> None:
        self._url = url

    async def connect(self) -> Connection:
        """Return a connection."""
        return await asyncpg.connect(self._url, server_settings=SETTINGS)

    def usable(self, connection: Connection) -> bool:
        """Tell whether the connection is open."""
        return not connection.is_closed()

    async def send(
        self,
        connection: Connection,
        items: Sequence[Callable[[Connection], Awaitable[Any]]],
    ) -> list[Any]:
        """Run the pieces of work."""
        return [await item(connection) for item in items]

    async def disconnect(self, connection: Connection) -> None:
        """Close it at once."""
        connection.terminate()


def batch_of(items: Sequence[Work]) -> str:
    """Return the argument of `gate06_commit`."""
    steps = [step for work in items for step in work.steps]
    batch = {
        "durable": any(work.durable for work in items),
        "locks": [f"{step.kind} {step.key}" for step in steps],
        "spends": [(step.kind, step.key) for step in steps if step.verb == "spend"],
        "works": [
            {
                "now": work.now,
                "steps": [written_step(step) for step in work.steps],
                "events": [written_event(event) for event in work.events],
            }
            for work in items
        ],
    }
    return orjson.dumps(batch).decode()


def written_step(step: Step) -> list[Any]:
    """Return a step as `gate06_apply` reads it."""
    written: list[Any] = [step.verb, step.kind, step.key, step.revoke_on_replay, step.until]
    if step.row is not None:
        _, _, sealed, *rest = step.row
        written.append(b64encode(sealed).decode())
        written += rest
    return written


def written_event(event: StoredEvent) -> list[Any]:
    """Return an event as `gate06_apply` reads it."""
    leaf = b64encode(event.leaf).decode()
    return [event.receipt, micros(event.at), leaf, event.subject_tag, event.client_id]


def settled(outcome: str, *rest: Any) -> Settled | Exception:
    """Return what an answer of `gate06_commit` says."""
    if outcome == "done":
        return DONE
    if outcome == "failed":
        return RefusedWrite(operator_detail=f"sqlstate {rest[0]}")
    return Settled(Outcome(outcome), rest[0], rest[1])
