"""Withdrawing a consent: one commit, effective on every node from the moment it is acknowledged.

Every commit that asks a source or releases a form under a consent requires its record to be active in the same
transaction, so it is either stored before the withdrawal or not at all. The grants that rest on the consent end with
it, their refresh tokens too, and what sources had answered is forgotten.
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.audit.event import ConsentWithdrawn, GrantRevoked
from gateway.audit.record import Evidence
from gateway.consent.failure import ConsentNotStored, ConsentUnknown
from gateway.consent.grant import forgetting, tell_consent
from gateway.consent.record import OPEN, Consent, consent_address, consent_of, consent_record
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.store import Change, Replace, Revoke, Store, StoredEvent

_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentDesk:
    """Where consents are, and the evidence and time their changes are made with."""

    store: Store
    evidence: Evidence
    clock: Clock


async def find_consent(consent_id: str, citizen_id: str, desk: ConsentDesk) -> Consent:
    """Return a person's own consent. Raises ConsentUnknown, for somebody else's too."""
    (record,) = await desk.store.load(consent_address(consent_id))
    consent = consent_of(record)
    if consent is None or consent.citizen_id != citizen_id:
        raise ConsentUnknown
    return consent


async def withdraw_consent(consent_id: str, citizen_id: str, desk: ConsentDesk, *, trace_id: str) -> Consent:
    """Withdraw, and return the consent as it stands now; one that has ended already is left as it is.

    Once this returns nothing is released under the consent any more, whichever node was at it. Raises
    ConsentUnknown, StorageUnavailable, CitizenErased.
    """
    for _ in range(_TRIES):
        consent = await find_consent(consent_id, citizen_id, desk)
        if consent.happenings[-1].state not in OPEN:
            return consent
        now = desk.clock.now()
        ended = consent.after("withdrawn", now)
        events = await _tell(ended, desk, trace_id)
        if (await desk.store.commit(withdrawing(consent, now), events, now=now)).done:
            return ended
    raise ConsentNotStored  # a sign-in rests on it anew at every turn: nobody does that by hand


def withdrawing(consent: Consent, now: datetime) -> list[Change]:
    """Return the changes that withdraw a consent; lost when a sign-in has come to rest on it since it was read."""
    return [
        Replace(consent_record(consent.after("withdrawn", now))),
        *(Revoke(grant_id) for grant_id in consent.grants),
        *forgetting(consent),
    ]


async def tell_withdrawal(consent: Consent, desk: ConsentDesk, trace_id: str) -> StoredEvent:
    """Return the event of a withdrawn consent."""
    return await tell_consent(ConsentWithdrawn, consent, desk.evidence, "withdrawn", trace_id=trace_id)


async def _tell(ended: Consent, desk: ConsentDesk, trace_id: str) -> list[StoredEvent]:
    revoked = [
        await desk.evidence.tell(
            GrantRevoked,
            outcome="withdrawn",
            actor_kind="citizen",
            citizen_id=ended.citizen_id,
            portal=ended.client_id,
            procedure=ended.procedure,
            consent_id=ended.id,
            trace_id=trace_id,
        )
        for _ in ended.grants
    ]
    return [await tell_withdrawal(ended, desk, trace_id), *revoked]
