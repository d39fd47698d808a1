"""How fast a source may be asked: so many calls a second, and no more than a second's worth at once (a token bucket).

A register that bears twenty calls a second is not spared by a limit on calls at the same time: quick answers make room
for the next at once.
"""

from datetime import datetime

from gateway.vocabulary.clock import Clock


class Pace:
    """`per_second` calls of one worker; 0 is no limit."""

    def __init__(self, per_second: int, clock: Clock) -> None:
        self._per_second = per_second
        self._clock = clock
        self._left = float(per_second)
        self._at: datetime | None = None

    def admit(self) -> bool:
        """Count a call, or tell that there have been enough."""
        if self._per_second <= 0:
            return True
        now = self._clock.now()
        if self._at is not None:
            since = max(0.0, (now - self._at).total_seconds())
            self._left = min(float(self._per_second), self._left + since * self._per_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
