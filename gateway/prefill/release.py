"""Giving a form out: its event, its manifest and what is kept, in one commit, before anybody sees a value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from gateway.audit.event import Event, FormReleased
from gateway.connector_runtime.contract import Answer
from gateway.consent.record import Consent
from gateway.policy.decide import ReleaseDecision
from gateway.prefill.assemble import Assembled, outcome_word
from gateway.prefill.conditions import Answers, open_conditions
from gateway.prefill.envelope import FilledForm, Why
from gateway.prefill.failure import EvidenceNotStored, SessionOver
from gateway.prefill.house import Desk, Prefill
from gateway.prefill.kept import KeptAnswers, keep_answers, read_kept
from gateway.prefill.late import LateKeeper
from gateway.prefill.manifest import (
    MANIFEST_TYPE,
    manifest_fields,
    manifest_purpose,
    other_manifest,
    under_other_key,
)
from gateway.prefill.plan import Plan
from gateway.prefill.represent import actor_of, relation_of, with_mirror
from gateway.prefill.told import outcome_members, told_attributes
from gateway.vocabulary.clock import ordered_token
from gateway.vocabulary.form_preview import FormAsk, kept_address
from gateway.vocabulary.store import (
    Change,
    CitizenErased,
    Insert,
    Kind,
    Outcome,
    Record,
    RecordKey,
    Require,
    StorageUnavailable,
    StoredEvent,
)

_TRIES = 10


class ConsentLost(Exception):
    """A commit required a consent that does not stand any more: nothing of the commit is stored."""

    def __init__(self, consent_id: str) -> None:
        super().__init__()
        self.consent_id = consent_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A form under way: who asks, what is needed, what the rules allow (`refused` says why, per attribute), and the
    consent it rests on, where consent is the basis. `for_other`: it is the part of the other party of a dossier, who
    is not there; the portal acts. `questions` are what each source may be asked for, `answers` the portal's to the
    conditions of the form."""

    ask: FormAsk
    plan: Plan
    decision: ReleaseDecision
    refused: Mapping[str, Why]
    bundle_id: str
    questions: Mapping[str, frozenset[str]]
    consent: Consent | None = None
    for_other: bool = False
    answers: Answers = field(default_factory=dict)

    @property
    def standing(self) -> list[Change]:
        """What a commit for this errand requires: that the consent stands in that very moment."""
        return [] if self.consent is None else [self.consent.require()]


@dataclass(frozen=True, slots=True)
class Asked:
    """The event that says sources are about to be asked. `stored` is False when none is: then it is stored together
    with the form's own event."""

    event: StoredEvent
    stored: bool

    @property
    def waiting(self) -> tuple[StoredEvent, ...]:
        """What the form's commit has to store beside its own event."""
        return () if self.stored else (self.event,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What sources said: `kept` all of it, `asked` what came from sources asked just now, `late_until` which of
    them still work, `keeper` what waits for their answers."""

    kept: KeptAnswers
    asked: Mapping[str, Answer] = field(default_factory=dict)
    late_until: Mapping[str, datetime] = field(default_factory=dict)
    keeper: LateKeeper | None = None

    def begin(self) -> None:
        """The answers are stored: late ones may join them."""
        if self.keeper is not None:
            self.keeper.begin()

    def drop(self) -> None:
        """Nothing was stored: late answers are forgotten."""
        if self.keeper is not None:
            self.keeper.drop()


class FormIds(NamedTuple):
    """The id of a form and of one manifest over it; the first manifest of a form bears the form's own id."""

    form: str
    manifest: str

    @classmethod
    def first(cls, desk: Desk) -> "FormIds":
        """Return the ids of a new form."""
        form_id = f"pf_{ordered_token(desk.clock.now(), desk.randomness.octets(16))}"
        return cls(form_id, form_id)

    def again(self, desk: Desk) -> "FormIds":
        """Return the ids of a further manifest over the same form."""
        return FormIds(self.form, f"pm_{ordered_token(desk.clock.now(), desk.randomness.octets(16))}")


class BesidePart(Protocol):
    """The other party's part of a form, released in the same commit; `other_party.OtherPart` is one."""

    @property
    def standing(self) -> list[Change]:
        """What the commit requires besides."""
        ...

    def joined(self, own: Assembled) -> Assembled:
        """Return the form with this part in it."""
        ...

    async def events(self, house: Prefill) -> tuple[StoredEvent, ...]:
        """Return the evidence of the release."""
        ...


async def release_form(
    errand: Errand,
    heard: Heard,
    assembled: Assembled,
    asked: Asked,
    house: Prefill,
    *,
    other: BesidePart | None = None,
) -> FilledForm:
    """Store what is told, its manifest's key and what is kept, in one commit; then return the form.

    When the other party's consent does not stand any more, or they were erased, their part waits again. Raises
    ConsentLost when the person's own does not.
    """
    try:
        return await _release(errand, heard, assembled, asked, house, other=other)
    except CitizenErased:
        if other is None:
            raise
        return await _release(errand, heard, assembled, asked, house, other=None)  # raises again if it was the person
    except ConsentLost as lost:
        if other is None or (errand.consent is not None and lost.consent_id == errand.consent.id):
            raise
        return await _release(errand, heard, assembled, asked, house, other=None)


async def _release(
    errand: Errand,
    heard: Heard,
    assembled: Assembled,
    asked: Asked,
    house: Prefill,
    *,
    other: BesidePart | None,
) -> FilledForm:
    event = await tell(
        FormReleased,
        errand,
        house,
        outcome=outcome_word(assembled),
        attributes=told_attributes(assembled),
        extra=(("asked", asked.event.receipt), *outcome_members(assembled)),
    )
    ids = FormIds.first(house.desk)
    whole = assembled if other is None else other.joined(assembled)
    form = await sign_form(ids, errand, whole, event, house)
    beside = () if other is None else await other.events(house)
    events = await with_mirror(event, errand.ask, house, outcome=outcome_word(assembled))
    # the consents first: what is lost by them is told as such, though their grants ended with them
    changes = [*errand.standing, *(() if other is None else other.standing)]
    changes += [require_grant(errand), *manifest_of(ids, form, errand, whole)]
    if asked.waiting:
        await commit_whole(house, changes, *asked.waiting, *beside, *events)
    else:
        await commit_kept(errand, heard, changes, (*beside, *events), house)
    return form


def require_grant(errand: Errand) -> Require:
    """Go on only while the grant stands: a revocation while sources were asked ends the form."""
    return Require(RecordKey(Kind.GRANT, errand.ask.grant_id))


async def commit_kept(
    errand: Errand, heard: Heard, changes: list[Change], events: Sequence[StoredEvent], house: Prefill
) -> None:
    """Store events with changes and, when sources were asked, their answers; late answers may follow from then on."""
    if not heard.asked:
        await commit_whole(house, changes, *events)
        return
    kept = heard.kept
    for _ in range(_TRIES):
        outcome = await commit_evidence(house, [*changes, keep_answers(kept, errand.ask)], *events)
        if outcome is Outcome.DONE:
            heard.begin()
            return
        # a late answer, or another form of this grant, was kept since: ours join what is there now
        ask = errand.ask
        (record,) = await house.desk.store.load(kept_address(ask.grant_id, ask.procedure, ask.about))
        stored = read_kept(record, ask.citizen.id, house.desk.clock.now())
        kept = stored.joined(heard.asked, heard.late_until) if stored else replace(kept, version=0)
    # many forms of one grant at once: theirs are kept, and ours is released all the same, with its evidence
    heard.drop()
    await commit_whole(house, changes, *events)


async def sign_form(
    ids: FormIds, errand: Errand, assembled: Assembled, event: StoredEvent, house: Prefill
) -> FilledForm:
    """Return the form with its manifest signed; the tags are made under keys that live with each citizen's own."""
    ask, version = errand.ask, errand.plan.procedure.form_version
    issued_at = house.desk.clock.now().replace(microsecond=0)
    expires_at = issued_at + house.figures.manifest_for
    claims = {
        "iss": house.figures.issuer,
        "aud": ask.client_id,
        "sub": ask.subject,
        "jti": ids.manifest,
        "iat": int(issued_at.timestamp()),
        "exp": int(expires_at.timestamp()),
        "form": ids.form,
        "procedure": ask.procedure,
        "form_version": version,
        "dossier": ask.dossier,
        "relation": ask.relation,
        "fields": await _tagged(ids, ask.citizen.id, assembled, house),
    }
    return FilledForm(
        id=ids.form,
        procedure=ask.procedure,
        form_version=version,
        subject=ask.subject,
        dossier=ask.dossier,
        relation=ask.relation,
        issued_at=issued_at,
        expires_at=expires_at,
        fields=assembled.fields,
        late=assembled.late,
        complete=assembled.complete,
        manifest=house.signer.sign(claims, typ=MANIFEST_TYPE),
        receipt=event.receipt,
        slip=f"{house.figures.issuer}/corrections/{ask.procedure}",
        consent=_consent_named(ask.consent_id, house),
        conditions=open_conditions(errand.plan, errand.answers),
    )


async def _tagged(ids: FormIds, citizen_id: str, assembled: Assembled, house: Prefill) -> dict[str, dict[str, Any]]:
    key = await house.desk.keys.derive(citizen_id, manifest_purpose(ids.manifest))
    if assembled.beside is None:
        return manifest_fields(assembled.fields, key)
    theirs = {name: one for name, one in assembled.fields.items() if name in assembled.beside.fields}
    own = {name: one for name, one in assembled.fields.items() if name not in theirs}
    their_key = await house.desk.keys.derive(
        assembled.beside.citizen_id, manifest_purpose(other_manifest(ids.manifest))
    )
    return manifest_fields(own, key) | under_other_key(theirs, their_key)


def _consent_named(consent_id: str | None, house: Prefill) -> dict[str, str] | None:
    if consent_id is None:
        return None
    return {"id": consent_id, "page": f"{house.figures.issuer}/consents/{consent_id}"}


def manifest_of(ids: FormIds, form: FilledForm, errand: Errand, assembled: Assembled) -> list[Insert]:
    """Store what is behind a manifest: of whom it is about and, with the other party's part in it, of them."""
    own = _manifest_record(ids, form, errand)
    if assembled.beside is None:
        return [Insert(own)]
    body = {"form": form.id, "client_id": errand.ask.client_id, "changed": 0}
    subject = assembled.beside.citizen_id
    return [Insert(own), Insert(replace(own, key=other_manifest(ids.manifest), subject=subject, body=body))]


def _manifest_record(ids: FormIds, form: FilledForm, errand: Errand) -> Record:
    """Return the record behind a manifest: whose key its tags are made with, how often it was compared in vain,
    and what its form was, so that a late field can be asked for by the form's id. Of a form about somebody else also
    who acts and about whom: the record is sealed under the key of the person it is about."""
    ask, plan = errand.ask, errand.plan
    whole = len(plan.fields) == len(plan.procedure.fields)
    return Record(
        kind=Kind.MANIFEST_KEY,
        key=ids.manifest,
        subject=ask.citizen.id,
        expires_at=form.expires_at,
        body={
            "form": form.id,
            "client_id": ask.client_id,
            "grant_id": ask.grant_id,
            "procedure": ask.procedure,
            "fields": None if whole else [field.id for field in plan.fields],
            "late": list(form.late),
            "acting": ask.acting,
            "dossier": ask.dossier,
            "represented": None if ask.relation == "self" else ask.citizen.body(),
            "conditions": dict(errand.answers),
            "changed": 0,
        },
    )


async def tell(
    kind: type[Event],
    errand: Errand,
    house: Prefill,
    *,
    outcome: str,
    extra: tuple[tuple[str, Any], ...] = (),
    **members: Any,
) -> StoredEvent:
    """Make an event about this form; nothing is stored yet."""
    ask = errand.ask
    sources = sorted(errand.plan.asked_of)
    answered = (("answered", list(errand.plan.answered)),) if errand.plan.answered else ()
    return await house.desk.evidence.tell(
        kind,
        outcome=outcome,
        citizen_id=ask.citizen.id,
        portal=ask.client_id,
        procedure=ask.procedure,
        dossier=ask.dossier,
        basis=errand.plan.procedure.basis,
        policy_bundle=errand.bundle_id,
        policy_ids=errand.decision.policy_ids,
        connector=sources[0] if len(sources) == 1 else None,
        consent_id=ask.consent_id,
        trace_id=ask.trace_id,
        extra=(*extra, *answered, *relation_of(ask)),
        **({"actor_kind": "portal", "actor_ref": ask.client_id} if errand.for_other else actor_of(ask)),
        **members,
    )


async def commit_whole(house: Prefill, changes: list[Change], *events: StoredEvent) -> None:
    """Commit events with changes of which none may lose. Raises EvidenceNotStored, SessionOver."""
    outcome = await commit_evidence(house, changes, *events)
    if outcome is not Outcome.DONE:
        raise EvidenceNotStored(operator_detail=f"the commit ended `{outcome}`")


async def commit_evidence(house: Prefill, changes: list[Change], *events: StoredEvent) -> Outcome:
    """Commit events with their changes; return `done`, or `exists` or `changed` when the last change lost.

    Raises EvidenceNotStored, ConsentLost when a consent that was required does not stand any more, or SessionOver
    when the grant was revoked.
    """
    try:
        verdict = await house.desk.store.commit(changes, events, now=house.desk.clock.now())
    except StorageUnavailable as trouble:
        raise EvidenceNotStored(operator_detail=trouble.operator_detail) from trouble
    lost = None if verdict.lost_at is None else changes[verdict.lost_at]
    if isinstance(lost, Require) and lost.address.kind is Kind.CONSENT:
        raise ConsentLost(lost.address.key)
    if verdict.outcome in {Outcome.REVOKED, Outcome.UNKNOWN, Outcome.EXPIRED}:
        raise SessionOver
    return verdict.outcome
