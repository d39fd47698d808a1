"""Room for calls to one source: so many at a time, so many waiting, in the order they came, and no longer than agreed.

A source that stalls fills its own room and nobody else's.
"""

import asyncio
from collections import deque


class Bulkhead:
    """`concurrency` places, a queue of `queue`, at most `queue_for` seconds in it."""

    def __init__(self, concurrency: int, queue: int, queue_for: float) -> None:
        self._free = concurrency
        self._queue = queue
        self._queue_for = queue_for
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def full(self) -> bool:
        """Whether a call would be turned away at once."""
        return self._free <= 0 and len(self._waiting) >= self._queue

    def try_enter(self) -> bool:
        """Take a place if one is free and nobody waits for it."""
        if self._free <= 0 or self._waiting:
            return False
        self._free -= 1
        return True

    async def enter(self) -> bool:
        """Take a place, waiting in the queue for one; False when the queue is full or the wait was too long."""
        if self.try_enter():
            return True
        if self.full:
            return False
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            async with asyncio.timeout(self._queue_for):
                await place
        except TimeoutError:
            return self._give_up(place)
        except asyncio.CancelledError:
            if self._give_up(place):
                self.leave()
            raise
        return True

    def leave(self) -> None:
        """Give a place back: to whoever waits longest, if anybody does."""
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._free += 1

    def _give_up(self, place: asyncio.Future[None]) -> bool:
        """Leave the queue; True when the place was handed over in that very moment and is ours to use or give back."""
        if place.done() and not place.cancelled():
            return True
        if place in self._waiting:
            self._waiting.remove(place)
        return False
