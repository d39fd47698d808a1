"""How long the call under way may still take, known to everything it does without being handed from hand to hand.

The instant is monotonic (the event loop's time) and stands in a context variable of the call's own task, so that
whatever a connector sends is cut to what is left, and the source is told how much that is.
"""

import asyncio
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass

HEADER = "Gate06-Time-Left"
"""Milliseconds until nobody waits for the answer any more."""

RESERVE_FOR = 0.01
"""Seconds kept back: an answer read at the last instant would reach nobody."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """`at` in the event loop's time; `told` whether the source hears of it."""

    at: float
    told: bool = True

    def left(self) -> float:
        """Return the seconds a request may take; none or less when it is over."""
        return self.at - asyncio.get_running_loop().time() - RESERVE_FOR


_UNDER_WAY: ContextVar[Deadline | None] = ContextVar("gate06_deadline", default=None)


def begin(seconds: float, *, told: bool = True) -> None:
    """Give everything the running task does from here on `seconds`."""
    _UNDER_WAY.set(Deadline(asyncio.get_running_loop().time() + seconds, told))


def under_way() -> Deadline | None:
    """Return the deadline of the call this runs in, None outside of calls."""
    return _UNDER_WAY.get()


def beside() -> Context:
    """Return a context for work that serves many calls and must not end with one of them: a token, for example."""
    context = copy_context()
    context.run(_UNDER_WAY.set, None)
    return context
