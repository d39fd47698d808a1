"""A breaker per source: when most recent calls failed, stop asking for a while, then let one call try.

An outage is two log lines, one when the breaker opens and one when it closes, however many calls failed between.
"""

from collections import deque
from datetime import datetime, timedelta
from typing import Literal

import structlog

from gateway.vocabulary.clock import Clock

_log = structlog.get_logger(__name__)

_WINDOW_FOR = timedelta(seconds=30)
_FEWEST_CALLS = 10
_FAILURE_RATIO = 0.5
_CLOSED_FOR = timedelta(seconds=10)


class Breaker:
    """Counts how calls of the last 30 s ended; opens at half of at least ten, tries again after 10 s."""

    def __init__(self, source: str, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._calls: deque[tuple[datetime, bool]] = deque()
        self._try_at: datetime | None = None
        self._probing_until: datetime | None = None

    @property
    def state(self) -> Literal["closed", "open"]:
        """`closed` when calls pass as usual, `open` during an outage."""
        return "open" if self._try_at is not None else "closed"

    def admit(self) -> int | None:
        """Return None when a call may go, otherwise the seconds to wait.

        During an outage one call may go at a time; a probe that never reports makes room after a minute.
        """
        if self._try_at is None:
            return None
        now = self._clock.now()
        until = max(self._try_at, self._probing_until or self._try_at)
        if now < until:
            return max(1, round((until - now).total_seconds()))
        self._probing_until = now + timedelta(seconds=60)
        return None

    def record(self, succeeded: bool) -> None:
        """Count how a call that was admitted ended."""
        now = self._clock.now()
        if self._try_at is not None:
            self._end_probe(now, succeeded)
            return
        self._calls.append((now, succeeded))
        while self._calls and self._calls[0][0] < now - _WINDOW_FOR:
            self._calls.popleft()
        failed = sum(not one for _, one in self._calls)
        if len(self._calls) >= _FEWEST_CALLS and failed / len(self._calls) >= _FAILURE_RATIO:
            self._open(now)

    def _open(self, now: datetime) -> None:
        _log.warning("source_outage_began", connector=self._source, count=len(self._calls))
        self._try_at = now + _CLOSED_FOR
        self._calls.clear()

    def _end_probe(self, now: datetime, succeeded: bool) -> None:
        if self._probing_until is None:
            return  # a call from before the outage: it says nothing about the source now
        self._probing_until = None
        if not succeeded:
            self._try_at = now + _CLOSED_FOR
            return
        self._try_at = None
        _log.info("source_outage_ended", connector=self._source)
