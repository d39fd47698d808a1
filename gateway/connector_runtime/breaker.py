"""A breaker per source: when most recent calls failed or crawled, stop asking for a while, then let one at a time try.

An outage is two log lines, one when the breaker opens and one when it closes, however many calls failed between.
Every call knows the era it was admitted in, so that an answer from before an outage never counts as a probe in it.
"""

from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import structlog

from gateway.connector_runtime.limits import Limits
from gateway.vocabulary.clock import Clock

_log = structlog.get_logger(__name__)

_PROBE_FOR = timedelta(seconds=60)
_TICK_FOR = 1.0  # seconds that are counted together: a busy source costs no more to watch than a quiet one


@dataclass(slots=True)
class _Tick:
    at: datetime
    calls: int = 0
    failed: int = 0
    slow: int = 0


class Breaker:
    """Counts how the calls of a rolling window ended; `era` grows whenever it opens or closes."""

    def __init__(self, source: str, clock: Clock, limits: Limits) -> None:
        self._source = source
        self._clock = clock
        self._limits = limits
        self._window: deque[_Tick] = deque()
        self._sum = _Tick(clock.now())
        self._reasons: Counter[str] = Counter()
        self._try_at: datetime | None = None
        self._probing_until: datetime | None = None
        self._probes_left = 0
        self.era = 0

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
        self._probing_until = now + _PROBE_FOR
        return None

    def withdraw(self, era: int) -> None:
        """An admitted call was not made after all: another one may be."""
        if era == self.era:
            self._probing_until = None

    def record(self, succeeded: bool, *, era: int, took_for: float = 0.0, reason: str = "") -> None:
        """Count how a call that was admitted in `era` ended; `took_for` in seconds, `reason` of a failure."""
        if era != self.era:
            return  # a call from before the outage, or from before it ended: it says nothing about the source now
        now = self._clock.now()
        slow = took_for >= self._limits.slow_for
        if self._try_at is not None:
            self._end_probe(now, succeeded and not slow)
            return
        self._count(now, succeeded, slow)
        if not succeeded:
            self._reasons[reason] += 1
        counted = self._sum
        if counted.calls >= self._limits.fewest_calls and (
            counted.failed / counted.calls >= self._limits.failure_ratio
            or counted.slow / counted.calls >= self._limits.slow_ratio
        ):
            self._open(now)

    def _count(self, now: datetime, succeeded: bool, slow: bool) -> None:
        window, total = self._window, self._sum
        if not window or (now - window[-1].at).total_seconds() >= _TICK_FOR:
            window.append(_Tick(now))
        for one in (window[-1], total):
            one.calls += 1
            one.failed += not succeeded
            one.slow += slow
        oldest = now - timedelta(seconds=self._limits.window_for)
        while window[0].at < oldest:
            gone = window.popleft()
            total.calls -= gone.calls
            total.failed -= gone.failed
            total.slow -= gone.slow
            if not total.failed:
                self._reasons.clear()

    def _open(self, now: datetime) -> None:
        most = self._reasons.most_common(1)
        reason = most[0][0] if most else "slow"
        _log.warning("source_outage_began", connector=self._source, count=self._sum.calls, reason=reason)
        self._try_at = now + timedelta(seconds=self._limits.paused_for)
        self._probing_until = None
        self._probes_left = self._limits.probes
        self.era += 1
        self._window.clear()
        self._sum = _Tick(now)
        self._reasons.clear()

    def _end_probe(self, now: datetime, succeeded: bool) -> None:
        self._probing_until = None
        if not succeeded:
            self._try_at = now + timedelta(seconds=self._limits.paused_for)
            self._probes_left = self._limits.probes
            return
        self._probes_left -= 1
        if self._probes_left > 0:
            self._try_at = now
            return
        self._try_at = None
        self.era += 1
        _log.info("source_outage_ended", connector=self._source)
