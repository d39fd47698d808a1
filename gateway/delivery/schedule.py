"""When to try again, and when not: a pure decision over an answer, or none, and the present."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from gateway.delivery.delivery import Delivery

Outcome = Literal["delivered", "declined", "given_up", "dropped"]
"""How a delivery ends: taken; refused by the receiver for good; never taken before its end; nothing left to tell."""

_FINAL = frozenset({400, 501})
"""An endpoint that answers these has read what was sent and does not want it (OpenID Connect Back-Channel Logout 1.0
§2.8, RFC 8935 §2.3). Any other status may be of something in between: a proxy, a restart, an address being moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long to wait after the first try, the second and so on (the last holds for all further ones), how long one
    try may take, and the longest wait that a receiver may ask for. Every wait is longer than a try."""

    waits: tuple[timedelta, ...] = (
        *(timedelta(seconds=10), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5)),
        *(timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1)),
    )
    try_for: timedelta = timedelta(seconds=5)
    longest_wait: timedelta = timedelta(hours=1)

    def __post_init__(self) -> None:
        """Refuse a pace by which two couriers could be on the way with the same delivery."""
        if not self.waits or min(self.waits) <= self.try_for:
            raise ValueError("every wait must be longer than a try")

    def after(self, tries: int, now: datetime) -> datetime:
        """Return when to try again, a try having begun now that was number `tries` + 1."""
        return now + self.waits[min(tries, len(self.waits) - 1)]


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a try: the status, None when nobody answered, and the `Retry-After` that was sent."""

    status: int | None
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """There is another try at this time."""

    at: datetime


def judge(booked: Delivery, answered: Answered, now: datetime, pace: Pace) -> Outcome | Again:
    """Return how a delivery ends, or when it is tried again. `booked` is the delivery with its next try booked."""
    status = answered.status
    if status is not None and 200 <= status < 300:
        return "delivered"
    if status in _FINAL:
        return "declined"
    asked = wait_asked(answered.retry_after, now)
    at = booked.due_at if asked is None else max(booked.due_at, now + min(asked, pace.longest_wait))
    return "given_up" if at >= booked.give_up_at else Again(at)


def wait_asked(retry_after: str | None, now: datetime) -> timedelta | None:
    """Read `Retry-After` (RFC 9110 §10.2.3), seconds or a date; None for what is neither, or lies in the past."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:9]))
    try:
        asked = parsedate_to_datetime(text) - now
    except (ValueError, TypeError):
        return None
    return asked if asked > timedelta(0) else None
