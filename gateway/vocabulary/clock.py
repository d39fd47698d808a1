"""Time and chance, both handed in: no other module asks the operating system for either."""

import os
from datetime import UTC, datetime, timedelta
from typing import Protocol

from gateway.vocabulary.base64url import base64url


class Clock(Protocol):
    """Where the present comes from."""

    def now(self) -> datetime:
        """Return the present as an aware time in UTC."""
        ...


class Randomness(Protocol):
    """Where unguessable bytes come from."""

    def octets(self, count: int) -> bytes:
        """Return `count` unpredictable bytes."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present as an aware time in UTC."""
        return datetime.now(UTC)


class SettableClock:
    """A clock for tests and for `--at`: it stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant the clock was set to."""
        return self._at

    def move(self, by: timedelta) -> None:
        """Move the clock forwards (or, with a negative span, back)."""
        self._at += by


class SystemRandomness:
    """The operating system's generator."""

    def octets(self, count: int) -> bytes:
        """Return `count` unpredictable bytes."""
        return os.urandom(count)


def text_token(randomness: Randomness, bits: int = 256) -> str:
    """Return an unguessable base64url text of `bits` of entropy, without padding."""
    return base64url(randomness.octets(bits // 8))


def ordered_token(at: datetime, octets: bytes) -> str:
    """Return an id of the millisecond it was made in and unpredictable `octets`, in hexadecimal.

    Rows stored together then lie together (RFC 9562 §5.7 is the same thought): a commit of a form writes two pages
    of the database instead of six, whatever the number of forms stored before.
    """
    return f"{int(at.timestamp() * 1000):012x}{octets.hex()}"
