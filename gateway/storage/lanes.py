"""Lanes to a server: whatever waits is sent as one call whenever a lane is free (micro-batching).

A single caller goes at once; many callers share calls, so the cost per caller falls as load rises. A caller that
is cancelled does not cancel the call it shares with others.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

from gateway.vocabulary.store import StorageUnavailable

GATHERING_TURNS = 4  # of the event loop; a turn costs microseconds, a round trip costs hundreds

Connection = TypeVar("Connection")
Item = TypeVar("Item")
Answer = TypeVar("Answer")
Asked_contra = TypeVar("Asked_contra", contravariant=True)
Given_co = TypeVar("Given_co", covariant=True)


class Line(Protocol[Connection, Asked_contra, Given_co]):
    """How to reach a server and send it a batch; `repeatable` calls may be sent again after a broken connection."""

    repeatable: bool

    async def connect(self) -> Connection:
        """Return a new connection."""
        ...

    def usable(self, connection: Connection) -> bool:
        """Tell whether a connection that lay idle may still be used."""
        ...

    async def send(self, connection: Connection, items: Sequence[Asked_contra]) -> Sequence[Given_co | Exception]:
        """Return an answer for each item, in order."""
        ...

    async def disconnect(self, connection: Connection) -> None:
        """Close a connection."""
        ...


class Lanes(Generic[Connection, Item, Answer]):
    """Some connections and the items that wait for one. Raises StorageUnavailable through the futures."""

    def __init__(self, line: Line[Connection, Item, Answer], *, lanes: int, longest: int, patience: float) -> None:
        self._line = line
        self._longest = longest
        self._patience = patience
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._idle: list[asyncio.Future[None]] = []
        self._closing = False
        self._tasks = [asyncio.create_task(self._run()) for _ in range(lanes)]

    def submit(self, item: Item) -> "asyncio.Future[Answer]":
        """Put an item in the queue; the future is its answer."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._idle:
            wake = self._idle.pop()
            if not wake.done():
                wake.set_result(None)
        return future

    async def close(self) -> None:
        """Close all connections; what still waits fails."""
        self._closing = True  # before Python 3.12 a cancellation can get lost in `asyncio.wait_for` of a driver
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        _fail(self._waiting, StorageUnavailable(operator_detail="closed"))

    async def _run(self) -> None:
        connection: Connection | None = None
        try:
            while not self._closing:
                while not self._waiting:
                    wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._idle.append(wake)
                    await wake
                await self._gather()
                batch = self._waiting[: self._longest]
                del self._waiting[: len(batch)]
                if batch:  # another lane may have taken everything meanwhile
                    connection = await self._serve(connection, batch)
        finally:
            if connection is not None:
                await self._drop(connection)

    async def _gather(self) -> None:
        """Let callers that are on their way join: go when a turn of the loop brought nobody further."""
        for _ in range(GATHERING_TURNS):
            count = len(self._waiting)
            if count >= self._longest:
                return
            await asyncio.sleep(0)
            if len(self._waiting) == count:
                return

    async def _serve(
        self, connection: Connection | None, batch: list[tuple[Item, "asyncio.Future[Answer]"]]
    ) -> Connection | None:
        """Send a batch and settle its futures; return the connection when it can go on."""
        items = [item for item, _ in batch]
        for attempt in (1, 2):
            try:
                async with asyncio.timeout(self._patience):
                    if connection is not None and not self._line.usable(connection):
                        await self._drop(connection)
                        connection = None
                    if connection is None:
                        connection = await self._line.connect()
                    answers = await self._line.send(connection, items)
            except asyncio.CancelledError:
                _fail(batch, StorageUnavailable(operator_detail="closed"))
                if connection is not None:
                    await self._drop(connection)
                raise
            except Exception as error:
                if connection is not None:
                    await self._drop(connection)
                connection = None
                if attempt == 1 and self._line.repeatable and not isinstance(error, TimeoutError):
                    continue
                _fail(batch, _unavailable(error))
                return None
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():
                    continue
                if isinstance(answer, Exception):
                    _refuse(future, answer)
                else:
                    future.set_result(answer)
            return connection
        return connection

    async def _drop(self, connection: Connection) -> None:
        with suppress(Exception):
            async with asyncio.timeout(1):
                await self._line.disconnect(connection)


def _refuse(future: "asyncio.Future[Any]", error: Exception) -> None:
    """Settle a future; its exception counts as seen, so that asyncio does not log one nobody awaits any more."""
    future.set_exception(error)
    future.exception()


def _fail(batch: list[tuple[Any, "asyncio.Future[Any]"]], error: StorageUnavailable) -> None:
    for _, future in batch:
        if not future.done():
            _refuse(future, error)


def _unavailable(error: Exception) -> StorageUnavailable:
    if isinstance(error, StorageUnavailable):
        return error
    code = getattr(error, "sqlstate", None) or type(error).__name__
    return StorageUnavailable(operator_detail=str(code))
