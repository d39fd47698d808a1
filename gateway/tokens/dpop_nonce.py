"""Nonces for proofs of possession (RFC 9449 §8) that nobody stores: one for each step of time, derived from a secret.

Every worker and node with the same secret gives and takes the same ones.
"""

from base64 import urlsafe_b64encode
from collections.abc import Collection
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

STEP_FOR = 60
_PAST, _AHEAD = 3, 1  # a node whose clock is ahead gave the next one already


class NonceSteps:
    """Says which nonces are good for a client: five steps of a minute, the present one in their fourth place.

    `profiles` are those whose clients have to send one; `secret` has 32 bytes.
    """

    def __init__(self, secret: bytes, profiles: Collection[str] = ()) -> None:
        self._secret = secret
        self._profiles = frozenset(profiles)

    def accepted(self, profile: str, now: datetime) -> frozenset[str] | None:
        """Return the nonces that are good now; None when clients of this profile need none."""
        if profile not in self._profiles:
            return None
        step = _step(now)
        return frozenset(_nonce(self._secret, one) for one in range(step - _PAST, step + _AHEAD + 1))

    def current(self, now: datetime) -> str:
        """Return the nonce to give out."""
        return _nonce(self._secret, _step(now))


def _step(now: datetime) -> int:
    return int(now.timestamp()) // STEP_FOR


@lru_cache(maxsize=64)
def _nonce(secret: bytes, step: int) -> str:
    derived = HKDFExpand(SHA256(), 16, b"gate06 dpop nonce %d" % step).derive(secret)
    return urlsafe_b64encode(derived).rstrip(b"=").decode("ascii")
