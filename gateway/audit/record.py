"""Making an event: its receipt, nonce and keyed references. Storing it is the business of the step's own commit."""

import re
from collections.abc import Sequence
from datetime import UTC
from typing import Any, Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from gateway.audit.event import Event
from gateway.vocabulary.base64url import base64url
from gateway.vocabulary.clock import Clock, Randomness, ordered_token
from gateway.vocabulary.store import CitizenKeys, StoredEvent

ReceiptPrefix = Literal["rc", "rf"]
_PURPOSE = "subject-ref"
_OUTCOME = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}")


class Evidence:
    """Makes events. Nothing is stored here: hand the result to `Store.commit` together with the step's changes."""

    def __init__(self, clock: Clock, randomness: Randomness, keys: CitizenKeys) -> None:
        self._clock = clock
        self._randomness = randomness
        self._keys = keys

    async def tell(
        self,
        kind: type[Event],
        *,
        outcome: str,
        actor_kind: str,
        actor_ref: str | None = None,
        citizen_id: str | None = None,
        actor_id: str | None = None,
        receipt_prefix: ReceiptPrefix = "rc",
        **members: Any,
    ) -> StoredEvent:
        """Return a new event of `kind` as the journal keeps it.

        `members` are further members of `Event` (`portal`, `procedure`, `attributes`, …). With `citizen_id` the
        event carries the citizen's keyed reference of this month; an acting citizen without an `actor_ref` gets
        the same, or with `actor_id` their own: a guardian acts about a child. `outcome` is a word, never free text:
        ValueError otherwise. Raises CitizenErased.
        """
        if not _OUTCOME.fullmatch(outcome):
            raise ValueError("an outcome is one word")
        at = self._clock.now()
        chance = self._randomness.octets(32)
        reference = None
        if citizen_id is not None:
            month = at.astimezone(UTC).isoformat()[:7]
            reference = _keyed_reference(await self._keys.derive(citizen_id, _PURPOSE), month)
            if actor_ref is None and actor_kind == "citizen":
                actor_ref = reference if actor_id is None else (await self.subject_tags(actor_id, [month]))[0]
        return kind(
            at=at,
            receipt=f"{receipt_prefix}_{ordered_token(at, chance[:16])}",
            nonce=base64url(chance[16:]),
            actor_kind=actor_kind,
            actor_ref=actor_ref,
            subject_ref=reference,
            outcome=outcome,
            **members,
        ).stored()

    async def subject_tags(self, citizen_id: str, months: Sequence[str]) -> list[str]:
        """Return the citizen's references in `months` (`YYYY-MM`), to look events up. Raises CitizenErased."""
        key = await self._keys.derive(citizen_id, _PURPOSE)
        return [_keyed_reference(key, month) for month in months]


def _keyed_reference(key: bytes, month: str) -> str:
    """Return HMAC-SHA-256(key, month): without the key, two months of one citizen cannot be joined."""
    keyed = HMAC(key, SHA256())
    keyed.update(month.encode())
    return base64url(keyed.finalize())
