"""Whether a read is tried again, and after how long: within a budget, with full jitter, as the source wishes.

Only reads that found nobody there are repeated; a budget keeps a source that is down from getting twice the calls.
Source: technology.md §4 (token budget, full jitter, Retry-After).
"""

from gateway.vocabulary.clock import Randomness

FIRST_PAUSE_FOR = 0.1
LONGEST_PAUSE_FOR = 2.0
_SAVED_AT_MOST = 10.0


class RetryBudget:
    """Further tries that may be made: each call earns `share` of one, ten are saved at most."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._saved = _SAVED_AT_MOST

    def earn(self) -> None:
        """Count a call."""
        self._saved = min(_SAVED_AT_MOST, self._saved + self._share)

    def spend(self) -> bool:
        """Take one further try, or say that none is left."""
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


def pause_before(attempt: int, *, left: float, asked_for: float | None, chance: Randomness) -> float | None:
    """Return the seconds to wait before try number `attempt` (1 is the first repetition), None for giving up.

    `left` is what remains of the asker's time, `asked_for` what the source's Retry-After says: it is kept to the
    second, never shortened. Without it the pause is drawn from 0 to 0.1 s, 0.2 s, 0.4 s … and 2 s at most.
    """
    if asked_for is not None:
        pause = asked_for
    else:
        longest = min(LONGEST_PAUSE_FOR, FIRST_PAUSE_FOR * 2 ** (attempt - 1))
        pause = longest * int.from_bytes(chance.octets(4)) / 2**32
    return pause if pause < left else None
