"""Answering a portal: one commit makes the grant and its code and ends the attempt; then the redirect leaves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.audit.event import CodeRedeemed, PortalAnswered
from gateway.openid_provider.announcing import announce
from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import AttemptFinished
from gateway.openid_provider.grant import Grant, code_record, grant_record
from gateway.openid_provider.house import House
from gateway.openid_provider.pushed_request import answered_mark
from gateway.openid_provider.reply import Reply
from gateway.openid_provider.response_mode import open_envelope
from gateway.openid_provider.session import Session, session_record
from gateway.openid_provider.trusted_browser import Trusting
from gateway.tokens.issue import mint, mint_grant_id
from gateway.vocabulary.assurance_level import acr_meeting
from gateway.vocabulary.store import Change, Insert, Kind, Replace, StoredEvent


@dataclass(frozen=True, slots=True)
class Resting:
    """The consent that an answer rests on, and what makes it so: the changes that store it or let the grant rest on
    it, and their evidence."""

    consent_id: str
    changes: Sequence[Change]
    events: Sequence[StoredEvent] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Everything an answer is made of. `spend` ends the attempt, when there was one. `resting` is the consent the
    grant rests on, where consent is the basis. `trusting` makes this browser the person's own, when they said so."""

    request: AuthorizationRequest
    portal: Portal
    session: Session
    subject: str
    trace_id: str
    grant_id: str | None = None
    spend: Sequence[Change] = ()
    resting: Resting | None = None
    trusting: Trusting | None = None


class Overtaken(Exception):
    """What the citizen's answer rests on has just changed, in another tab or by a withdrawal: nothing was stored."""


async def answer_portal(house: House, answering: Answering) -> Reply:
    """Commit grant and code, then send the browser back with the code.

    Raises AttemptFinished on a double submit, Overtaken, NoEncryptionKey.
    """
    now = house.clock.now()
    envelope = await open_envelope(house, answering.portal, answering.request)
    grant_id = answering.grant_id or mint_grant_id(house.randomness)
    grant = new_grant(answering, grant_id, now, house)
    code = mint("gc", grant_id, house.randomness)
    session, news = announce(house, answering.session, grant.client_id)
    event = await _tell_code(house, grant, answering.trace_id)
    resting = answering.resting or Resting("", ())
    mark = answered_mark(answering.request, house.lifetimes, now)
    changes: list[Change] = [
        *answering.spend,
        *(() if mark is None else (Insert(mark),)),
        *resting.changes,
        Insert(grant_record(grant)),
        Insert(code_record(code, grant, answering.request, now + house.lifetimes.code_for, receipt=event.receipt)),
        *news,
    ]
    events, trusting = [*resting.events, event], answering.trusting
    if trusting is not None:
        session = replace(session, trusted=True)  # the sign-in itself is still told, the next service is not
        changes += trusting.changes
        events.append(trusting.event)
    if session is not answering.session or session.due_touch(now):
        changes.append(Replace(session_record(session.touched(now), house.lifetimes)))
    verdict = await house.store.commit(changes, events, now=now)
    if verdict.lost_at is not None and _is_touch(changes[verdict.lost_at]):
        # another tab touched the session a moment ago: the answer does not depend on our touch, and a notice of a
        # sign-in that is then told twice is better than none
        verdict = await house.store.commit(changes[:-1], events, now=now)
    if verdict.lost_at is not None:
        raise Overtaken if changes[verdict.lost_at] in resting.changes else AttemptFinished
    answer = {"code": code, "state": answering.request.state, "iss": house.issuer}
    headers = [] if trusting is None else [trusting.header]
    return envelope.carry(answer, headers)


async def _tell_code(house: House, grant: Grant, trace_id: str) -> StoredEvent:
    """Return the event of a code, which says what event tells of its use: without that one nobody came for it."""
    return await house.evidence.tell(
        PortalAnswered,
        outcome="code_issued",
        actor_kind="citizen",
        citizen_id=grant.citizen_id,
        portal=grant.client_id,
        procedure=grant.procedure,
        dossier=grant.dossier,
        attributes=grant.asked,
        consent_id=grant.consent_id,
        trace_id=trace_id,
        extra=(("collected_by", CodeRedeemed.name),),
    )


def _is_touch(change: Change) -> bool:
    return isinstance(change, Replace) and change.record.kind is Kind.SESSION


def new_grant(answering: Answering, grant_id: str, now: datetime, house: House) -> Grant:
    """Return the grant of an answer; without offline_access it cannot outlive the session's hard maximum."""
    session, request = answering.session, answering.request
    offline = "offline_access" in request.scopes
    ends_at = now + house.lifetimes.refresh_token_for
    return Grant(
        id=grant_id,
        client_id=request.client_id,
        subject=answering.subject,
        citizen_id=session.citizen.id,
        identity=session.citizen.body(),
        scopes=request.scopes,
        form_procedure=request.form_procedure,
        dossier=request.dossier,
        consent_id=None if answering.resting is None else answering.resting.consent_id,
        session_key=session.key,
        claims_userinfo=request.claims_userinfo,
        claims_id_token=request.claims_id_token,
        resources=request.resources,
        acr=acr_meeting(request.essential_acr, session.acr),
        amr=session.amr,
        auth_time=session.auth_time,
        granted_at=now,
        expires_at=ends_at if offline else min(ends_at, session.created_at + house.lifetimes.session_max_for),
    )
