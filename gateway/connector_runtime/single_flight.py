"""The same question asked twice at once is one call: who comes second waits with the first.

Whoever stops waiting ends the call only when nobody waits any more. Nothing is remembered: once the call is over, the
next asker makes a new one, whatever came of it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Told = TypeVar("Told")


@dataclass(slots=True, eq=False)
class Flight(Generic[Told]):
    """A call under way and how many wait for it; `counted` once somebody told the breaker how it ended, `heard` what
    the source itself said, None when it was not asked; `drifted` when that made it a drift."""

    key: Hashable
    era: int
    started_at: float
    task: "asyncio.Task[Told]" = field(init=False)
    waiters: int = 1
    counted: bool = False
    heard: Any = None
    drifted: bool = False


class Flights(Generic[Told]):
    """The calls under way of one source."""

    def __init__(self) -> None:
        self._by_key: dict[Hashable, Flight[Told]] = {}
        self._all: set[asyncio.Task[Told]] = set()

    def join(self, key: Hashable) -> Flight[Told] | None:
        """Wait with a call of the same key, if one is under way."""
        flight = self._by_key.get(key)
        if flight is not None:
            flight.waiters += 1
        return flight

    def start(
        self, work: "Callable[[Flight[Told]], Coroutine[Any, Any, Told]]", *, key: Hashable, era: int, name: str
    ) -> Flight[Told]:
        """Begin a call, which is handed its own flight; `key` None keeps it to the one who began it."""
        flight: Flight[Told] = Flight(key, era, asyncio.get_running_loop().time())
        task = flight.task = asyncio.create_task(work(flight), name=name)
        if key is not None:
            self._by_key[key] = flight
        self._all.add(task)
        task.add_done_callback(lambda _: self._land(flight))
        return flight

    def leave(self, flight: Flight[Told]) -> None:
        """Stop waiting; the last to leave ends a call that is still under way."""
        flight.waiters -= 1
        if flight.waiters <= 0 and not flight.task.done():
            self._forget(flight)
            flight.task.cancel()

    async def close(self) -> None:
        """End every call and wait until it is gone."""
        ending = list(self._all)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    def _land(self, flight: Flight[Told]) -> None:
        self._all.discard(flight.task)
        self._forget(flight)

    def _forget(self, flight: Flight[Told]) -> None:
        if self._by_key.get(flight.key) is flight:
            del self._by_key[flight.key]
