"""Receipts: signed promises that an event will be in the log by a date, and what a refusal leaves behind.

A client keeps the receipt; if the log has no such leaf after `included_by`, receipt and checkpoint together
convict the gateway. A refusal receipt (`rf_…`) names who refused, the stable code and the way to mend it.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import orjson

from gateway.audit.event import Event
from gateway.audit.failure import ReceiptNotYours, ReceiptUnknown
from gateway.audit.journal import FoundEvent, Journal
from gateway.audit.merkle import leaf_hash
from gateway.audit.record import Evidence
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.problem import problem
from gateway.vocabulary.store import Kind, Record, RecordKey, Store, StoredEvent

RECEIPT_TYPE = "event-receipt+jwt"
PROMISED_FOR = timedelta(hours=1)
KEPT_FOR = timedelta(days=90)  # a refusal's text; its event stays for good
_SHAPE = re.compile(r"r[cf]_[A-Za-z0-9_-]{20,64}")
_ISSUED = re.compile(r"r[cf]_[0-9a-f]{44}", re.ASCII)  # ordered_token: 12 digits of time, 32 of chance
_LONG_DIGITS = re.compile(r"\d(?:[ .-]?\d){8,}")


class Signer(Protocol):
    """The gateway's signing key."""

    def sign(self, claims: dict[str, Any], *, typ: str, alg: str) -> str:
        """Return a compact JWS over `claims` with this `typ`."""
        ...


def is_receipt(text: str) -> bool:
    """Tell whether a text has the shape of a receipt id."""
    return _SHAPE.fullmatch(text) is not None


def is_issued_receipt(text: str) -> bool:
    """Tell whether a text is written exactly as receipt ids are made. What an address brings is printed on a page only
    if it is: the wider shape, by which receipts of earlier versions are still found, has room for a stranger's words.
    """
    return _ISSUED.fullmatch(text) is not None


def receipt_claims(event: FoundEvent | StoredEvent, issuer: str) -> dict[str, Any]:
    """Return the promise: this leaf hash (base64) will be in the log by `included_by` (seconds since 1970)."""
    iat = int(event.at.timestamp())
    return {
        "iss": issuer,
        "aud": event.client_id,
        "jti": event.receipt,
        "iat": iat,
        "event": orjson.loads(event.leaf)["event"],
        "leaf_hash": b64encode(leaf_hash(event.leaf)).decode(),
        "included_by": iat + int(PROMISED_FOR.total_seconds()),
    }


def sign_receipt(event: FoundEvent | StoredEvent, signer: Signer, *, issuer: str, alg: str = "ES256") -> str:
    """Return the receipt as a compact JWS. Call it after the event's commit: it promises what is stored."""
    return signer.sign(receipt_claims(event, issuer), typ=RECEIPT_TYPE, alg=alg)


async def refuse(
    failure: Failure,
    *,
    evidence: Evidence,
    kind: type[Event],
    issuer: str,
    client_id: str | None = None,
    actor_kind: str = "portal",
    language: str = "vi",
    **members: Any,
) -> tuple[Record, StoredEvent]:
    """Return what to commit for a refusal (`Put(record)` and the event) and set the failure's `receipt`.

    `members` go to `Evidence.tell`; the event's outcome is the failure's code, its portal and (for a portal) actor
    the client. No value of a citizen enters the record: sentences come from the failure's class, and long digit
    runs in its detail are struck out. Raises CitizenErased.
    """
    defaults = {"trace_id": failure.trace_id, "portal": client_id}
    if actor_kind == "portal":
        defaults["actor_ref"] = client_id
    refused = (("refused_by", failure.refused_by), ("missing", failure.missing), ("excess", failure.excess))
    extra = (*members.pop("extra", ()), *refused)
    event = await evidence.tell(
        kind,
        outcome=failure.code,
        actor_kind=actor_kind,
        receipt_prefix="rf",
        extra=extra,
        **{**defaults, **members},
    )
    failure.receipt = event.receipt
    document = problem(failure, issuer=issuer, language=language)
    if "reason" in document:
        document["reason"] = _LONG_DIGITS.sub("…", document["reason"])[:500]
    body = {"problem": document, "client_id": client_id}
    return Record(kind=Kind.RECEIPT, key=event.receipt, body=body, expires_at=event.at + KEPT_FOR), event


@dataclass(frozen=True, slots=True)
class ReceiptDesk:
    """Gives receipts to the client they concern."""

    store: Store
    journal: Journal
    signer: Signer
    issuer: str
    alg: str = "ES256"

    async def find(self, receipt: str, client_id: str) -> dict[str, Any]:
        """Return the problem JSON of a refusal, or {receipt, event, at, index, leaf_hash, jws} of another event.

        Raises ReceiptUnknown, ReceiptNotYours.
        """
        if not is_receipt(receipt):
            raise ReceiptUnknown
        if receipt.startswith("rf_"):
            (record,) = await self.store.load(RecordKey(Kind.RECEIPT, receipt))
            if record is not None:
                _require_own(record.body["client_id"], client_id)
                found: dict[str, Any] = record.body["problem"]
                return found
        event = await self.journal.find(receipt)
        if event is None:
            raise ReceiptUnknown
        _require_own(event.client_id, client_id)
        return self._signed(event)

    def _signed(self, event: FoundEvent) -> dict[str, Any]:
        told = orjson.loads(event.leaf)
        return {
            "receipt": event.receipt,
            "event": told["event"],
            "at": told["at"],
            "index": event.index,
            "leaf_hash": b64encode(leaf_hash(event.leaf)).decode(),
            "jws": sign_receipt(event, self.signer, issuer=self.issuer, alg=self.alg),
        }


def _require_own(concerned: str | None, client_id: str) -> None:
    if concerned != client_id:
        raise ReceiptNotYours
