"""Turns: works of one process that touch the same things go one after the other, all others side by side.

It saves work and decides nothing: between two processes the store's own compare-and-swap decides.
"""

from asyncio import Lock
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from zlib import crc32

_COUNT = 256


class Turns:
    """A fixed number of locks that names share; always taken in one order, so nobody waits in a circle."""

    def __init__(self) -> None:
        self._locks = [Lock() for _ in range(_COUNT)]

    @asynccontextmanager
    async def of(self, names: Iterable[str]) -> AsyncIterator[None]:
        """Wait until nobody else works on any of the names, and keep them while the body runs."""
        async with AsyncExitStack() as held:
            for number in sorted({crc32(name.encode()) % _COUNT for name in names}):
                await held.enter_async_context(self._locks[number])
            yield
