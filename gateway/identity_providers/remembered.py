"""A fetched thing with an age: fetched once for all who wait, refetched within bounds."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from gateway.identity_providers.contract import IdentityProviderUnavailable, SignInFailure
from gateway.vocabulary.clock import Clock

T = TypeVar("T")


class Remembered(Generic[T]):
    """Keeps the outcome of `fetch` for `fresh_for`; for `stale_for` while the upstream cannot be reached.

    A failure is remembered for two seconds and an extra fetch has its pause: neither a dead or wrong upstream nor
    a stream of tokens with made-up key ids turns into a stream of requests. Only an upstream that cannot be
    reached is bridged with what was fetched before; one that answers wrongly is believed to be wrong.
    """

    def __init__(
        self, fetch: Callable[[], Awaitable[T]], clock: Clock, *, fresh_for: timedelta, stale_for: timedelta
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._fresh_for = fresh_for
        self._stale_for = stale_for
        self._lock = asyncio.Lock()
        self._held: tuple[datetime, T] | None = None
        self._refetched_at: datetime | None = None
        self._failed: tuple[datetime, SignInFailure] | None = None

    @property
    def latest(self) -> T | None:
        """What was fetched last, however old."""
        return self._held[1] if self._held else None

    async def current(self) -> T:
        """Return it, fetching when it is too old. Raises what `fetch` raises."""
        if (held := self._within(self._fresh_for)) is not None:
            return held
        async with self._lock:
            if (held := self._within(self._fresh_for)) is not None:
                return held
            return await self._fetch_or_keep()

    async def refetch(self, *, pause_for: timedelta) -> bool:
        """Fetch again now unless that happened less than `pause_for` ago; tell whether it was done."""
        async with self._lock:
            now = self._clock.now()
            if self._refetched_at is not None and now - self._refetched_at < pause_for:
                return False
            self._refetched_at = now
            await self._fetch_or_keep()
            return True

    async def _fetch_or_keep(self) -> T:
        now = self._clock.now()
        if self._failed and now - self._failed[0] < _FAILURE_FOR:
            return self._bridge(self._failed[1])
        try:
            fetched = await self._fetch()
        except SignInFailure as trouble:
            self._failed = (now, trouble)
            return self._bridge(trouble)
        self._held, self._failed = (self._clock.now(), fetched), None
        return fetched

    def _bridge(self, trouble: SignInFailure) -> T:
        held = self._within(self._stale_for)
        if held is not None and isinstance(trouble, IdentityProviderUnavailable):
            return held
        raise type(trouble)(operator_detail=trouble.operator_detail)

    def _within(self, age: timedelta) -> T | None:
        if self._held is None or self._clock.now() - self._held[0] >= age:
            return None
        return self._held[1]


_FAILURE_FOR = timedelta(seconds=2)
