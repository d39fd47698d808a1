"""The road of a filled form. The order is here and nowhere else: no step can be left out by another."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.assurance.life import recorded_death
from gateway.audit.event import FormAsked
from gateway.connector_runtime.contract import Question
from gateway.consent.record import Consent
from gateway.policy.bundle import PolicyBundle
from gateway.policy.decide import PortalFacts, ReleaseDecision, ReleaseRequest
from gateway.policy.failure import ApplicantNotAdmitted
from gateway.prefill.assemble import Facts, assemble
from gateway.prefill.bearer import Bearer
from gateway.prefill.conditions import Answers, answer_conditions
from gateway.prefill.cover import Cover, agreed_part, load_cover, refuse_ended
from gateway.prefill.envelope import FilledForm, Why
from gateway.prefill.failure import (
    CitizenNotPresent,
    DossierNotNamed,
    GuardianshipNotChecked,
    GuardianshipNotShown,
    NumberUnreadable,
    OfficerHasNoCode,
    ProcedureNotInScope,
    RecordStopsForm,
    RequestMalformed,
    SessionOver,
)
from gateway.prefill.house import Figures, Prefill
from gateway.prefill.kept import KeptAnswers, read_kept
from gateway.prefill.late import LateKeeper, late_until
from gateway.prefill.old_number import settle_subject, told_part
from gateway.prefill.plan import Plan
from gateway.prefill.release import Asked, ConsentLost, Errand, Heard, commit_kept, commit_whole, release_form, tell
from gateway.prefill.represent import (
    citizen_represented,
    find_subject,
    require_guardian,
    require_relation,
    with_mirror,
)
from gateway.prefill.sign_in_age import require_recent_sign_in
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.form_preview import FormAsk, kept_address
from gateway.vocabulary.purpose import Relation
from gateway.vocabulary.representation import Represented

if TYPE_CHECKING:
    from gateway.prefill.other_party import OtherPart


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefillRequest:
    """A portal's request, parsed. `fields` None asks for the whole form, `represented` for somebody else's;
    `conditions` are the portal's answers."""

    bearer: Bearer
    procedure: str
    dossier: str | None = None
    fields: frozenset[str] | None = None
    represented: Represented | None = None
    conditions: Answers = field(default_factory=dict)
    trace_id: str


async def fill_form(request: PrefillRequest, house: Prefill) -> FilledForm:
    """Return the filled form of a citizen who is present.

    Raises a PF refusal before any source is asked, EvidenceNotStored when an event cannot be stored: then
    nothing was asked (`FormAsked`) or nothing is given out (`FormReleased`).
    """
    ask = admit(request.bearer, request, house)  # 1 who asks, and may they at all
    cover = await load_cover(ask, house)  # 2 what consent covers; the law covers by itself
    plan = house.plan(ask.procedure, ask.relation, request.fields, party=cover.party)  # 3 what is needed, from whom
    plan = agreed_part(answer_conditions(plan, request.conditions), cover.own)
    errand = permit(  # 4 what rules allow
        plan,
        ask,
        house.policy,
        strict=request.fields is not None,
        consent=cover.own,
        answers=request.conditions,
    )
    if ask.relation != "self":
        errand = replace(errand, ask=await find_subject(ask, house))  # 5 whose evidence it is
    kept = await load_kept(errand.ask, house, request.bearer)  # 6 what sources said to this grant a moment ago
    try:
        asked = await store_asked(errand, kept, house)  # 7 no source is called before this is stored
        heard, other = await hear_all(errand, cover, kept, request.fields, house)  # 8 ask, in parallel, in time
        await require_represented(errand, heard, asked, house)  # 9 a guardian is one by the register's own record
        errand = await settle_subject(errand, heard, house, asked=asked)  # 10 an old number leads to whoever bears it
        told = told_part(errand, heard)
        living = living_part(errand, told)  # 11 nothing is told of whoever is recorded as dead
        assembled = assemble(living, facts_of(errand, told, house.desk.clock.now()))  # 12 values with provenance
        # 13 stored before the caller sees it
        return await release_form(errand, heard, assembled, asked, house, other=other)
    except (ConsentLost, SessionOver):
        await refuse_ended(cover, ask, house)
        raise


def admit(bearer: Bearer, request: PrefillRequest, house: Prefill) -> FormAsk:
    """Return whose form is asked for. Raises the refusals of design.md §7, “Who may read”, SignInTooOld."""
    procedure = house.policy.procedure(request.procedure)
    if bearer.grant_id is None or bearer.subject is None or (bearer.citizen is None) == (bearer.officer is None):
        raise CitizenNotPresent
    if request.procedure not in bearer.procedures:
        raise ProcedureNotInScope
    if bearer.officer is None and request.dossier is not None and request.dossier != bearer.dossier:
        raise DossierNotNamed
    if not may_read(bearer, house.desk.clock.now(), house.figures):
        raise SessionOver
    require_recent_sign_in(bearer, procedure, house.desk.clock.now())
    if bearer.officer is not None and bearer.officer.register_code is None:
        raise OfficerHasNoCode
    return FormAsk(
        citizen=_asked_about(bearer, request),
        subject=bearer.subject,
        client_id=bearer.client_id,
        procedure=request.procedure,
        dossier=bearer.dossier if bearer.officer is None else request.dossier,
        grant_id=bearer.grant_id,
        trace_id=request.trace_id,
        relation=_relation(bearer, request),
        portal_procedures=bearer.portal_procedures,
        portal_attributes=bearer.portal_attributes,
        guardian=None if request.represented is None else bearer.citizen,
        officer=bearer.officer,
        consent_id=bearer.consent_id,
    )


def _relation(bearer: Bearer, request: PrefillRequest) -> Relation:
    if bearer.officer is not None:
        return "officer"
    return "self" if request.represented is None else "guardian"


def _asked_about(bearer: Bearer, request: PrefillRequest) -> Citizen:
    """Return whom the form is about. An officer says about whom and for which dossier; raises RequestMalformed,
    NumberUnreadable."""
    if request.represented is not None and (bearer.officer is None or request.dossier is not None):
        if bearer.officer is None and request.represented.personal_number is None:
            raise NumberUnreadable("`represented.personal_number`: an old 9-digit number serves an officer's desk only")
        return citizen_represented(request.represented)
    if bearer.citizen is None:
        absent = [name for name in ("represented", "dossier") if getattr(request, name) is None]
        raise RequestMalformed("an officer names the person and the dossier", missing=absent)
    return bearer.citizen


def may_read(bearer: Bearer, now: datetime, figures: Figures) -> bool:
    """Tell whether the session lives, or a dossier the citizen named at sign-in is young enough."""
    if bearer.session_alive or bearer.officer is not None:
        return bearer.session_alive
    named = bearer.dossier is not None and bearer.granted_at is not None
    return named and bearer.granted_at is not None and now - bearer.granted_at <= figures.dossier_for


def permit(
    plan: Plan,
    ask: FormAsk,
    policy: PolicyBundle,
    *,
    strict: bool = False,
    consent: Consent | None = None,
    supposed: bool = False,
    answers: Answers | None = None,
) -> Errand:
    """Ask the policy. Raises its refusal when nothing is permitted, and when `strict` if anything is refused:
    a form asked for as a whole shows what is withheld, a field asked for by name is refused.

    `supposed`: what would be permitted if the person agreed, for the page that asks whether they do.
    """
    require_relation(plan)
    basis, organisation = plan.procedure.basis, ask.organisation
    if not plan.procedure.admits(organisation):
        raise ApplicantNotAdmitted
    procedures = frozenset({ask.procedure}) if ask.portal_procedures is None else ask.portal_procedures
    decision = policy.decide(
        ReleaseRequest(
            portal=PortalFacts(client_id=ask.client_id, procedures=procedures, attributes=ask.portal_attributes),
            procedure=ask.procedure,
            attributes=plan.attributes,
            level=plan.procedure.level_of(ask.level, organisation),
            basis=basis,
            consent=basis == "consent" and (supposed or consent is not None),
            relation=ask.relation,
            party=plan.party,
        )
    )
    refusal = decision.failure()
    if refusal is not None and (not decision.permitted or _beyond(decision, plan, strict)):
        raise refusal
    code = refusal.code if refusal else ""
    refused = {one.attribute: Why(code, one.why["vi"], one.why["en"]) for one in decision.refused}
    return Errand(
        ask=ask,
        plan=plan,
        decision=decision,
        refused=refused,
        bundle_id=policy.bundle_id,
        questions=plan.questions(decision.permitted, unnamed=ask.unnamed),
        consent=consent,
        answers=answers or {},
    )


def _beyond(decision: ReleaseDecision, plan: Plan, strict: bool) -> bool:
    """Tell whether something asked for by name is refused; what is only asked along to guard may be."""
    return strict and any(one.attribute not in plan.guards for one in decision.refused)


async def load_kept(ask: FormAsk, house: Prefill, bearer: Bearer | None = None) -> KeptAnswers | None:
    """Return what sources answered this grant for this procedure, if that is not over; what came with the token is
    not loaded again."""
    if bearer is not None and bearer.beside and ask.about is None:
        (record,) = bearer.beside
    else:
        (record,) = await house.desk.store.load(kept_address(ask.grant_id, ask.procedure, ask.about))
    return read_kept(record, ask.citizen.id, house.desk.clock.now())


async def store_asked(errand: Errand, kept: KeptAnswers | None, house: Prefill) -> Asked:
    """Store that sources are about to be asked. Raises EvidenceNotStored.

    When every answer is kept no source is about to be asked: the event waits for the form's own commit, which
    stores both or neither.
    """
    event = await tell(FormAsked, errand, house, outcome="asked", attributes=asked_attributes(errand))
    if not missing_answers(errand, kept):
        return Asked(event, stored=False)
    await commit_whole(house, errand.standing, *await with_mirror(event, errand.ask, house, outcome="asked"))
    return Asked(event, stored=True)


def missing_answers(errand: Errand, kept: KeptAnswers | None) -> Mapping[str, frozenset[str]]:
    """Return what has to be asked of which source; nothing about somebody without a number."""
    if errand.ask.citizen.personal_number is None and errand.ask.citizen.old_number is None:
        return {}
    return kept.unanswered(errand.questions) if kept is not None else errand.questions


async def hear(errand: Errand, kept: KeptAnswers | None, house: Prefill) -> Heard:
    """Ask every source that has not answered yet; who has no number is asked about nowhere."""
    ask, now = errand.ask, house.desk.clock.now()
    known = kept or KeptAnswers(answers={}, late_until={}, fetched_at=now)
    missing = missing_answers(errand, kept)
    if not missing:
        return Heard(kept=known)
    keeper = LateKeeper(house.desk, ask)
    deadline_at = now + house.figures.deadline_for
    questions = {source: _question(attributes, errand, deadline_at, house) for source, attributes in missing.items()}
    answers = await house.sources.ask(questions, on_late=keeper.keep, portal=ask.client_id)
    waiting = late_until(answers, house.desk.clock.now() + house.figures.late_for)
    return Heard(kept=known.joined(answers, waiting), asked=answers, late_until=waiting, keeper=keeper)


async def hear_all(
    errand: Errand, cover: Cover, kept: KeptAnswers | None, fields: frozenset[str] | None, house: Prefill
) -> "tuple[Heard, OtherPart | None]":
    """Hear the sources about who signed in and, where another party lets them, about that party at the same time."""
    if cover.other is None:
        return await hear(errand, kept, house), None
    # imported late: the other party's part walks the same road
    from gateway.prefill.other_party import hear_other

    other = hear_other(cover, errand.ask, fields, house)
    return await asyncio.gather(hear(errand, kept, house), other)


async def require_represented(errand: Errand, heard: Heard, asked: Asked, house: Prefill) -> None:
    """Let a guardian's form go on only when the registers show the guardian; what they said is forgotten otherwise.

    A register that is still working is waited for: its answer is kept, and the form can be asked for again.
    Raises GuardianshipNotShown, GuardianshipNotChecked.
    """
    try:
        question = asked.event if asked.stored else None
        await require_guardian(errand.plan, errand.ask, heard.kept.answers, house, asked=question)
    except GuardianshipNotChecked:
        if heard.late_until:
            await commit_kept(errand, heard, [], (), house)
        else:
            heard.drop()
        raise
    except GuardianshipNotShown:
        heard.drop()
        raise


def require_living(errand: Errand, heard: Heard) -> None:
    """Let nobody's form through whom a register records as dead. Raises RecordStopsForm.

    A register that does not answer says nothing: its trouble touches no other register's values.
    """
    life = {source: heard.kept.answers.get(source, {}) for source in errand.plan.life_of}
    if recorded_death(life):
        raise RecordStopsForm


def living_part(errand: Errand, heard: Heard) -> Plan:
    """Return what may be told: to an officer of somebody whom a register records as dead nothing, and the form says so
    field by field, since the person at the desk is not the one it is about. Raises RecordStopsForm for everybody else.
    """
    try:
        require_living(errand, heard)
    except RecordStopsForm:
        if errand.ask.officer is None:
            raise
        return replace(errand.plan, closed={one.id: _STOPPED for one in errand.plan.fields if one.ways})
    return errand.plan


_STOPPED = Why.of(RecordStopsForm)


def facts_of(errand: Errand, heard: Heard, now: datetime) -> Facts:
    """Return what assembling rests on."""
    return Facts(citizen=errand.ask.citizen, now=now, refused=errand.refused, answers=heard.kept.answers)


def asked_attributes(errand: Errand) -> tuple[str, ...]:
    """Return the names that sources are asked for."""
    return tuple(sorted(frozenset().union(*errand.questions.values())))


def _question(attributes: frozenset[str], errand: Errand, deadline_at: datetime, house: Prefill) -> Question:
    citizen, guardian = errand.ask.citizen, errand.ask.guardian
    return Question(
        attributes=attributes,
        personal_number=citizen.personal_number,
        old_number=citizen.old_number,
        full_name=citizen.full_name,
        birth_date=citizen.birth_date,
        procedure=errand.ask.procedure,
        purpose=errand.plan.procedure.purpose.vi,
        request_id=house.desk.randomness.octets(16).hex(),
        deadline_at=deadline_at,
        officer_ref=None if errand.ask.officer is None else errand.ask.officer.register_code,
        requester_number=None if guardian is None else guardian.personal_number,
        requester_name=None if guardian is None else guardian.full_name,
    )
