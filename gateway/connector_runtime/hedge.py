"""A second request to a replicated source when the first takes unusually long; the first usable answer counts."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

_REMEMBERED = 100
_FEWEST = 20
_RENEWED_EVERY = 10

Told = TypeVar("Told")


class Latencies:
    """How long the last hundred calls took, in seconds."""

    def __init__(self) -> None:
        self._took: deque[float] = deque(maxlen=_REMEMBERED)
        self._counted = 0
        self._unusual: float | None = None

    def add(self, took_for: float) -> None:
        """Remember one call that was answered."""
        self._took.append(took_for)
        self._counted += 1
        if len(self._took) >= _FEWEST and self._counted % _RENEWED_EVERY == 0:
            self._unusual = sorted(self._took)[int(len(self._took) * 0.95)]

    @property
    def unusual(self) -> float | None:
        """What 95 of 100 calls stay under; None until twenty were seen."""
        return self._unusual


async def hedge(
    ask: Callable[[], Awaitable[Told]], after: float, *, may: Callable[[], bool], usable: Callable[[Told], bool]
) -> Told:
    """Return what `ask` answers; asked once more when `after` seconds passed and `may` allows it.

    The first usable answer wins and the other request is ended; one that raises is like one that is not usable. Where
    neither is, the last thing told counts. Raises what the first `ask` raises when nothing was told at all.
    """
    first = asyncio.ensure_future(ask())
    asked = {first}
    told: list[Told] = []
    try:
        await asyncio.wait(asked, timeout=after)
        if not first.done() and may():
            asked.add(asyncio.ensure_future(ask()))
        waiting = set(asked)
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            told += [one.result() for one in done if not one.cancelled() and one.exception() is None]
            for one in told:
                if usable(one):
                    return one
        return told[-1] if told else first.result()
    finally:
        for request in asked:
            request.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
