"""An answer to a consent page becomes a record, and the changes and events of the commit it is part of.

Pure but for the events, which need the citizen's key. Whatever was answered before for the same person, portal,
procedure and dossier is superseded by the new answer, a refusal included: who was asked anew and says no means no.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from gateway.audit.event import ConsentGiven, ConsentRefused, ConsentSuperseded, Event
from gateway.audit.record import Evidence
from gateway.consent.parties import Parties, Seat, SeatsTaken
from gateway.consent.record import Consent, Happening, Offer, Stored, consent_address, consent_of, consent_record
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.form_preview import kept_address
from gateway.vocabulary.store import Change, Insert, Kind, Record, RecordKey, Remove, Replace, Store, StoredEvent

DOSSIER_FOR = timedelta(days=30)
WITHOUT_DOSSIER_FOR = timedelta(days=1)
_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a consent page asked: whom, for whom, in which words. `method` says how it was answered (screen, controls,
    account level, transaction); `other_id` is the other party the page named."""

    consent_id: str
    citizen: Citizen
    subject: str
    client_id: str
    procedure: str
    dossier: str | None
    party: int
    offers: tuple[Offer, ...]
    content: Mapping[str, Any]
    content_hash: str
    language: str
    other_id: str | None = None
    method: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What was answered last for a person, portal, procedure and dossier; `version` 0: nothing ever was."""

    address: RecordKey
    version: int = 0
    consent: Consent | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """A new consent with the changes and events to commit. None of the changes may lose."""

    consent: Consent
    changes: tuple[Change, ...]
    events: tuple[StoredEvent, ...]


def standing_address(citizen_id: str, client_id: str, procedure: str, dossier: str | None) -> RecordKey:
    """Return where it is stored which consent counts; the key says nothing without the internal id."""
    parts = [citizen_id, client_id, procedure, dossier or ""]
    return RecordKey(Kind.STANDING_CONSENT, sha256("\x1f".join(parts).encode()).hexdigest())


async def load_standing(store: Store, address: RecordKey) -> Standing:
    """Return what was answered last. Raises StorageUnavailable."""
    (pointer,) = await store.load(address)
    if pointer is None:
        return Standing(address)
    (record,) = await store.load(consent_address(pointer.body["consent_id"]))
    return Standing(address, pointer.version, consent_of(record))


async def agree(
    question: Question,
    ticked: Collection[str],
    *,
    standing: Standing,
    parties: Parties | None,
    seats: SeatsTaken | None = None,
    grant_id: str,
    evidence: Evidence,
    now: datetime,
) -> Answered:
    """Agree to every required field and to the optional ones `ticked`; what the page did not offer does not count.

    `parties` are those of the dossier where the form has two, `seats` counts those that the person joins newly. Raises
    CitizenErased.
    """
    offered = {offer.field for offer in question.offers}
    required = {offer.field for offer in question.offers if offer.required}
    agreed = frozenset(required | (offered & set(ticked)))
    state: Stored = "given" if agreed == offered else "partly"
    consent = _answer(question, agreed, Happening(state, now, "citizen", "page"), (grant_id,))
    changes = [*_replacing(consent, standing, now)]
    if parties is not None:
        changes.append(parties.seating(Seat(consent.citizen_id, consent.id)).change(now))
    if seats is not None:
        changes.append(seats.change())
    given = await tell_consent(ConsentGiven, consent, evidence, state, trace_id=question.method.get("transaction"))
    return Answered(consent, tuple(changes), (*await _superseding(standing, consent, evidence, now), given))


async def refuse(question: Question, *, standing: Standing, evidence: Evidence, now: datetime) -> Answered:
    """Agree to nothing: the refusal is kept, and ends what was agreed to before. Raises CitizenErased."""
    consent = _answer(question, frozenset(), Happening("refused", now, "citizen", "page"), ())
    trace_id = question.method.get("transaction")
    refused = await tell_consent(ConsentRefused, consent, evidence, "refused", trace_id=trace_id)
    changes = tuple(_replacing(consent, standing, now))
    return Answered(consent, changes, (*await _superseding(standing, consent, evidence, now), refused))


def rest_on(consent: Consent, grant_id: str) -> Replace:
    """Return the change that lets one more grant rest on a remembered consent; lost when that has just ended."""
    return Replace(consent_record(consent.resting(grant_id)))


def forgetting(consent: Consent) -> list[Change]:
    """Return the changes that forget what sources answered under a consent."""
    return [Remove(kept_address(holder, consent.procedure)) for holder in (*consent.grants, consent.id)]


async def tell_consent(
    kind: type[Event], consent: Consent, evidence: Evidence, outcome: str, *, trace_id: str | None
) -> StoredEvent:
    """Make an event about a consent: names of attributes, never a value."""
    return await evidence.tell(
        kind,
        outcome=outcome,
        actor_kind="citizen",
        citizen_id=consent.citizen_id,
        portal=consent.client_id,
        procedure=consent.procedure,
        dossier=consent.dossier,
        basis="consent",
        consent_id=consent.id,
        attributes=tuple(sorted(consent.attributes)),
        trace_id=trace_id,
        extra=(("notice", f"{consent.content['notice_version']} {consent.content_hash}"),),
    )


def _answer(question: Question, agreed: frozenset[str], happening: Happening, grants: tuple[str, ...]) -> Consent:
    now = happening.at
    valid_until = now + (WITHOUT_DOSSIER_FOR if question.dossier is None else DOSSIER_FOR)
    midnight = now.astimezone(_VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Consent(
        id=question.consent_id,
        subject=question.subject,
        person=question.citizen.body(),
        client_id=question.client_id,
        procedure=question.procedure,
        dossier=question.dossier,
        party=question.party,
        offers=question.offers,
        agreed=agreed,
        content=question.content,
        content_hash=question.content_hash,
        language=question.language,
        happenings=(happening,),
        valid_until=valid_until,
        remembered_until=midnight if question.dossier is None else valid_until,
        grants=grants,
        other_id=question.other_id,
        method=question.method,
    )


def _replacing(consent: Consent, standing: Standing, now: datetime) -> list[Change]:
    pointer = Record(
        kind=Kind.STANDING_CONSENT,
        key=standing.address.key,
        subject=consent.citizen_id,
        expires_at=consent.valid_until,
        version=standing.version + 1,
        body={"consent_id": consent.id},
    )
    changes: list[Change] = [
        Insert(consent_record(consent)),
        Replace(pointer) if standing.version else Insert(pointer),
    ]
    former = standing.consent
    if former is not None and former.opens(now):
        changes += [Replace(consent_record(former.after("superseded", now))), *forgetting(former)]
    return changes


async def _superseding(
    standing: Standing, consent: Consent, evidence: Evidence, now: datetime
) -> tuple[StoredEvent, ...]:
    former = standing.consent
    if former is None or not former.opens(now):
        return ()
    trace_id = consent.method.get("transaction")
    return (await tell_consent(ConsentSuperseded, former, evidence, "superseded", trace_id=trace_id),)
