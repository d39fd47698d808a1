"""The consent record: who agreed to what, for whom, why, how long, on which page, and what happened to it since.

The sections are those of ISO/IEC TS 27560:2023 (header, processing, parties, events) with the data life of India's
consent artefact and what Law 91/2025/QH15 Article 9 wants told. The record is sealed under the citizen's key and
lives in SQL alone. Its stored state is `active` while it opens anything, so that a commit which requires it loses
from the moment a withdrawal is stored, on every node; its expiry is the time until which it opens anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.store import Kind, Record, RecordKey, Require

SCHEMA = "gate06-consent-2"
"""Of what is stored and of `receipt.document`, which only gained members since 1 but for refusals: they say no validity
and no basis any more."""

Stored = Literal["given", "partly", "refused", "withdrawn", "superseded"]
Decision = Literal["given", "partly", "refused"]
State = Literal["given", "partly", "refused", "withdrawn", "expired", "superseded"]
OPEN: frozenset[State] = frozenset({"given", "partly"})
"""The states in which something may be told."""


class Offer(NamedTuple):
    """One field the page asked about: what would be told, from which sources, and whether the form needs it."""

    field: str
    attributes: tuple[str, ...]
    sources: tuple[str, ...]
    required: bool


class Happening(NamedTuple):
    """What happened to a consent: the state it has since `at`, who did it, and where."""

    state: Stored
    at: datetime
    actor: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One answer to one consent page.

    `agreed` are field ids of `offers`, `party` whose part of the form they stand in. `subject` is the person's
    pairwise identifier at the portal, `person` the identity of the sign-in (read by `citizen`). `content` is what the
    page said, in both languages, and `content_hash` its SHA-256. `grants` are those that rest on it. `other_id` is
    the internal id of the other party of the dossier when the page named one. `remembered_until`: until then the page
    is not shown again.
    """

    id: str
    subject: str
    person: Mapping[str, Any]
    client_id: str
    procedure: str
    dossier: str | None
    party: int
    offers: tuple[Offer, ...]
    agreed: frozenset[str]
    content: Mapping[str, Any]
    content_hash: str
    language: str
    happenings: tuple[Happening, ...]
    valid_until: datetime
    remembered_until: datetime
    grants: tuple[str, ...] = ()
    other_id: str | None = None
    version: int = 1
    method: Mapping[str, Any] = field(default_factory=dict)

    @property
    def citizen(self) -> Citizen:
        """Who agreed, as they signed in."""
        return Citizen.of(self.person)

    @property
    def citizen_id(self) -> str:
        """The internal id of who agreed."""
        return str(self.person["id"])

    @property
    def given_at(self) -> datetime:
        """When the page was answered."""
        return self.happenings[0].at

    @property
    def decision(self) -> Decision:
        """What the person answered, whatever became of it since."""
        first = self.happenings[0].state
        assert first in ("given", "partly", "refused"), first
        return first

    @property
    def attributes(self) -> frozenset[str]:
        """The names of the attributes agreed to."""
        return frozenset(name for offer in self.offers if offer.field in self.agreed for name in offer.attributes)

    def state_at(self, now: datetime) -> State:
        """Return the state: the last thing that happened, or that its time is over."""
        last = self.happenings[-1].state
        return "expired" if last in OPEN and now >= self.valid_until else last

    def opens(self, now: datetime) -> bool:
        """Tell whether something may be told by it."""
        return self.state_at(now) in OPEN

    def is_remembered(self, content_hash: str, now: datetime) -> bool:
        """Tell whether the same page would only ask the same again."""
        return self.opens(now) and now < self.remembered_until and self.content_hash == content_hash

    def after(self, state: Stored, at: datetime, *, actor: str = "citizen", channel: str = "page") -> "Consent":
        """Return it with one more thing that happened."""
        happened = Happening(state, at, actor, channel)
        return replace(self, happenings=(*self.happenings, happened), version=self.version + 1)

    def resting(self, grant_id: str) -> "Consent":
        """Return it with one more grant that rests on it."""
        return replace(self, grants=(*self.grants, grant_id), version=self.version + 1)

    def require(self) -> Require:
        """Go on only while the consent stands: lost once it was withdrawn or superseded, or its time is over."""
        return Require(consent_address(self.id))


def consent_address(consent_id: str) -> RecordKey:
    """Return where a consent is stored."""
    return RecordKey(Kind.CONSENT, consent_id)


def consent_record(consent: Consent) -> Record:
    """Return what is stored, sealed under the citizen's key."""
    ended = consent.happenings[-1].state not in OPEN
    return Record(
        kind=Kind.CONSENT,
        key=consent.id,
        subject=consent.citizen_id,
        state="used" if ended else "active",
        expires_at=consent.valid_until,
        version=consent.version,
        body={
            "schema": SCHEMA,
            "subject": consent.subject,
            "person": dict(consent.person),
            "client_id": consent.client_id,
            "procedure": consent.procedure,
            "dossier": consent.dossier,
            "party": consent.party,
            "offers": [list(offer) for offer in consent.offers],
            "agreed": sorted(consent.agreed),
            "content": dict(consent.content),
            "content_hash": consent.content_hash,
            "language": consent.language,
            "happenings": [[one.state, one.at.timestamp(), one.actor, one.channel] for one in consent.happenings],
            "remembered_until": consent.remembered_until.timestamp(),
            "grants": list(consent.grants),
            "other_id": consent.other_id,
            "method": dict(consent.method),
        },
    )


def consent_of(record: Record | None) -> Consent | None:
    """Read a stored consent, whatever became of it; None when there is none."""
    if record is None or record.kind is not Kind.CONSENT:
        return None
    body = record.body
    assert record.expires_at is not None
    return Consent(
        id=record.key,
        subject=body["subject"],
        person=body["person"],
        client_id=body["client_id"],
        procedure=body["procedure"],
        dossier=body["dossier"],
        party=body["party"],
        offers=tuple(Offer(name, tuple(told), tuple(of), needed) for name, told, of, needed in body["offers"]),
        agreed=frozenset(body["agreed"]),
        content=body["content"],
        content_hash=body["content_hash"],
        language=body["language"],
        happenings=_happenings(body["happenings"]),
        valid_until=record.expires_at,
        remembered_until=_instant(body["remembered_until"]),
        grants=tuple(body["grants"]),
        other_id=body["other_id"],
        version=record.version,
        method=body["method"],
    )


def _happenings(stored: Iterable[list[Any]]) -> tuple[Happening, ...]:
    return tuple(Happening(state, _instant(at), actor, channel) for state, at, actor, channel in stored)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
