"""How much strangers can cause. Refusing somebody who proves nothing costs an event for ever, so beyond an allowance
such refusals are answered and logged, without a receipt (decision 0014); paper made for anybody costs time."""

from datetime import datetime, timedelta

from gateway.vocabulary.clock import Clock

BURST = 300
EACH = timedelta(seconds=2)


class Allowance:
    """A bucket that fills by one every `each` up to its `burst`; one per worker process."""

    def __init__(self, clock: Clock, *, enabled: bool = True, burst: int = BURST, each: timedelta = EACH) -> None:
        self._clock = clock
        self._enabled = enabled
        self._burst, self._each = float(burst), each
        self._left = float(burst)
        self._counted_at: datetime | None = None

    def take(self) -> bool:
        """Tell whether one more may be stored, and count it."""
        if not self._enabled:
            return True
        now = self._clock.now()
        if self._counted_at is not None:
            self._left = min(self._burst, self._left + (now - self._counted_at) / self._each)
        self._counted_at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
