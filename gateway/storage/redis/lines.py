"""Connections to Redis and what is sent over them: calls of our own function library, nothing is ever retried."""

from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from redis.asyncio.connection import Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

from gateway.storage.rows import MICROSECOND, RefusedWrite, Row, Step, kept_for
from gateway.vocabulary.store import Outcome, RecordKey

SOURCE = (Path(__file__).parent / "functions.lua").read_text(encoding="utf-8")
LIBRARY_VERSION = sha256(SOURCE.encode()).hexdigest()[:12]
LIBRARY = "#!lua name=gate06\n" + SOURCE.replace("@VERSION@", LIBRARY_VERSION)

Greeting = Callable[[Connection], Awaitable[None]]


def name_of(kind: str, key: str) -> str:
    """Return the Redis key of a record; what stands before a dot is its hash tag, so that a grant's share a slot."""
    return f"gate06:{{{key.partition('.')[0]}}}:{kind}:{key}"


class HotWork(NamedTuple):
    """The steps of a commit that Redis decides; with a `stamp` they can be undone."""

    steps: Sequence[Step]
    now: int
    stamp: str | None


class Spent(NamedTuple):
    """What a spend used up."""

    name: str
    expires_at: int | None
    group: str | None


class HotAnswer(NamedTuple):
    """How the Redis half of a commit ended; `undo` maps each written key to what stood there before."""

    outcome: Outcome
    lost_at: int
    group: str | None
    undo: dict[bytes, bytes]
    spent: list[Spent]
    absent: list[bytes]


async def call(connection: Connection, *arguments: Any) -> Any:
    """Send one command and return its answer. Raises redis errors."""
    await connection.send_command(*arguments)
    return await connection.read_response()


async def call_function(connection: Connection, *arguments: Any) -> Any:
    """Call a function; load the library first when the server lost it (nothing ran then)."""
    try:
        return await call(connection, *arguments)
    except ResponseError as error:
        if not str(error).startswith(("Function not found", "ERR Function not found")):
            raise
    await load_library(connection)
    return await call(connection, *arguments)


async def load_library(connection: Connection) -> None:
    """Load our version of the function library."""
    await call(connection, "FUNCTION", "LOAD", "REPLACE", LIBRARY)


class _RedisLine:
    repeatable = False

    def __init__(self, url: str, greet: Greeting) -> None:
        options: dict[str, Any] = dict(parse_url(url))
        self._class: Callable[..., Connection] = options.pop("connection_class", Connection)
        options.setdefault("socket_connect_timeout", 2)
        self._options = {**options, "retry": Retry(NoBackoff(), 0), "health_check_interval": 0, "driver_info": None}
        self._greet = greet

    async def connect(self) -> Connection:
        """Return a connection that was greeted: its server is known and has what it must not forget."""
        connection = self._class(**self._options)
        await connection.connect()  # type: ignore[no-untyped-call]
        try:
            await self._greet(connection)
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    def usable(self, connection: Connection) -> bool:
        """Tell whether the connection is open: one the server closed meanwhile must not cost a commit."""
        reader = getattr(connection, "_reader", None)
        return reader is not None and not reader.at_eof()

    async def disconnect(self, connection: Connection) -> None:
        """Close it at once."""
        await connection.disconnect(nowait=True)


class LoadLine(_RedisLine):
    """Loads of several callers in one call."""

    repeatable = True

    async def send(self, connection: Connection, items: Sequence[Sequence[RecordKey]]) -> list[list[Row | None]]:
        """Return the rows each caller asked for."""
        names = [name_of(kind, key) for asked in items for kind, key in asked]
        found = await call_function(connection, "FCALL_RO", "gate06_load", len(names), *names)
        answers, start = [], 0
        for asked in items:
            answers.append([_row(address, row) for address, row in zip(asked, found[start:], strict=False)])
            start += len(asked)
        return answers


class CommitLine(_RedisLine):
    """Commits of several callers in one call; each holds or loses on its own."""

    async def send(self, connection: Connection, items: Sequence[HotWork]) -> list[HotAnswer | Exception]:
        """Return how each ended."""
        return await send_commits(connection, items)


class CommandLine(_RedisLine):
    """Any command, one at a time; all that go this way (INFO, SCAN, undo by stamp, heal) may be repeated."""

    repeatable = True

    async def send(self, connection: Connection, items: Sequence[Sequence[Any]]) -> list[Any]:
        """Return the answers."""
        return [await call_function(connection, *item) for item in items]


async def send_commits(connection: Connection, items: Sequence[HotWork]) -> list[HotAnswer | Exception]:
    """Return how each commit ended."""
    blobs: list[bytes] = []
    works = [
        {"now": work.now, "stamp": work.stamp or False, "steps": [_written(step, blobs) for step in work.steps]}
        for work in items
    ]
    answers = await call_function(connection, "FCALL", "gate06_commit", 0, orjson.dumps(works), *blobs)
    return [_answer(*answer) for answer in answers]


def linger(kind: str) -> int:
    """Return the milliseconds an expired record stays."""
    return kept_for(kind) // MICROSECOND // 1000


def _written(step: Step, blobs: list[bytes]) -> list[Any]:
    """Return a step as the library reads it; false stands for nothing, since JSON's null is true in Lua."""
    row = step.row
    name = name_of(step.kind, step.key)
    if row is None:
        return [step.verb, step.kind, name, step.revoke_on_replay, step.key if step.verb == "revoke" else False, False]
    blobs.append(row.sealed)
    return [
        *(step.verb, step.kind, name, False, row.group or False, len(blobs), row.expires_at or False),
        *(row.subject or False, row.state, row.version, row.ordinal, linger(step.kind)),
    ]


def _row(address: RecordKey, row: list[Any] | None) -> Row | None:
    if row is None:
        return None
    sealed, expires_at, group, subject, state, version, ordinal = row
    return Row(
        address.kind, address.key, sealed, expires_at, _text(group), _text(subject), state.decode(), version, ordinal
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _answer(outcome: bytes, place: int, group: bytes | None, *rest: Any) -> HotAnswer | Exception:
    if outcome == b"failed":
        return RefusedWrite(operator_detail="redis function")
    undo, spent, absent = rest
    before = {key: value or b"" for key, value in zip(undo[::2], undo[1::2], strict=True)}
    used = [Spent(name.decode(), expires_at, _text(owner)) for name, expires_at, owner in spent]
    return HotAnswer(Outcome(outcome.decode()), place, _text(group), before, used, absent)
