"""How a sign-in under way ends: the portal is answered, the person leaves, refuses or agrees, or it fails."""

from dataclasses import replace

from gateway.consent.grant import Answered
from gateway.openid_provider import failure
from gateway.openid_provider.answer import Answering, Overtaken, Resting, answer_portal
from gateway.openid_provider.attempt import Attempt
from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.consent_step import (
    asks_consent,
    form_ask,
    rest_on_remembered,
    subject_of,
    take_agreement,
    take_refusal,
)
from gateway.openid_provider.forms import FormAsk
from gateway.openid_provider.house import House
from gateway.openid_provider.notice import notice_of
from gateway.openid_provider.own_client import enter_own_pages, is_own, leave_own_pages
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.refusals import refuse_to_portal
from gateway.openid_provider.reply import Reply, redirect
from gateway.openid_provider.session import Session
from gateway.openid_provider.staying import stay
from gateway.openid_provider.trusted_browser import Trusting
from gateway.tokens.issue import mint_grant_id
from gateway.vocabulary.store import Change, Put, Spend


def attempt_url(house: House, attempt: Attempt) -> str:
    """Return the address of an attempt's current page."""
    return f"{house.issuer}{'/staff' if attempt.realm == 'staff' else ''}/interaction/{attempt.id}"


def ask_of(house: House, attempt: Attempt, portal: Portal, session: Session) -> FormAsk:
    """Return what the page of an attempt asks prefill about."""
    ask = form_ask(house, attempt.request, portal, session)
    return replace(ask, grant_id=attempt.grant_id_for(session.citizen.acting), trace_id=attempt.trace_id)


async def answer_at_once(
    house: House, request: AuthorizationRequest, portal: Portal, session: Session, trace_id: str
) -> Reply | None:
    """Answer a request that needs no page; None when the consent it would rest on has just ended."""
    grant_id = mint_grant_id(house.randomness)
    resting = None
    if asks_consent(house, request):
        ask = replace(form_ask(house, request, portal, session), grant_id=grant_id, trace_id=trace_id)
        resting = await rest_on_remembered(house, ask, portal, request.asked)
        if resting is None:
            return None
    answering = Answering(
        request=request,
        portal=portal,
        session=session,
        subject=subject_of(house, portal, session),
        trace_id=trace_id,
        grant_id=grant_id,
        resting=resting,
    )
    try:
        return await answer_portal(house, answering)
    except Overtaken:
        return None


async def leave(house: House, attempt: Attempt, portal: Portal, *, known: Session | None = None) -> Reply:
    """The person goes back without telling anything: the portal gets `access_denied`.

    `known` is who was shown the notice that they leave: their refusal is their own, and no stranger's (decision 0014).
    """
    if is_own(portal.client_id):
        return await leave_own_pages(house, attempt)
    return await refuse_to_portal(
        house,
        failure.NoticeDeclined(),
        attempt.request,
        portal,
        trace_id=attempt.trace_id,
        citizen_id=None if known is None else known.citizen.id,
        changes=(Spend(attempt.address),),
    )


async def answer_yes(
    house: House,
    attempt: Attempt,
    portal: Portal,
    session: Session,
    given: Parameters,
    *,
    languages: str,
    trusting: Trusting | None = None,
) -> Reply:
    """The person agrees, wholly or in part: the consent is stored in the commit that answers the portal.

    Raises NotAParty, a policy refusal.
    """
    ask, scopes = ask_of(house, attempt, portal, session), attempt.request.asked
    answered = await take_agreement(house, ask, portal, session, given, scopes=scopes, languages=languages)
    if answered is None:
        # the page has changed since: it is shown as it is now, and says so, with what was ticked
        await stay(house, attempt, given, shown=True)
        return redirect(attempt_url(house, attempt))
    if not answered.consent.agreed:
        return await store_refusal(house, attempt, portal, answered, session)
    resting = Resting(answered.consent.id, answered.changes, answered.events)
    return await finish(house, attempt, portal, session, resting=resting, trusting=trusting)


async def answer_no(
    house: House, attempt: Attempt, portal: Portal, session: Session, given: Parameters, *, languages: str
) -> Reply:
    """The person refuses: that is stored as well, and ends what they agreed to before.

    Raises NotAParty, a policy refusal.
    """
    ask, scopes = ask_of(house, attempt, portal, session), attempt.request.asked
    answered = await take_refusal(house, ask, portal, session, given, scopes=scopes, languages=languages)
    return await store_refusal(house, attempt, portal, answered, session)


async def store_refusal(house: House, attempt: Attempt, portal: Portal, answered: Answered, session: Session) -> Reply:
    """End the attempt with the refusal stored; the portal gets `access_denied`."""
    changes = [Spend(attempt.address), *answered.changes]
    verdict = await house.store.commit(changes, answered.events, now=house.clock.now())
    if not verdict.done:
        return redirect(attempt_url(house, attempt))
    return await refuse_to_portal(
        house,
        failure.NoticeDeclined(),
        attempt.request,
        portal,
        trace_id=attempt.trace_id,
        citizen_id=session.citizen.id,
    )


async def finish(
    house: House,
    attempt: Attempt,
    portal: Portal,
    session: Session,
    *,
    noticed: bool = False,
    resting: Resting | None = None,
    trusting: Trusting | None = None,
) -> Reply:
    """Answer the portal, remembering the notice when it was just read; by consent the answer rests on one, and
    `trusting` makes the browser the person's own."""
    if is_own(portal.client_id):
        return await enter_own_pages(house, attempt, session)
    changes: list[Change] = [Spend(attempt.address)]
    if noticed:
        notice = notice_of(attempt.request, session.citizen, portal, house.policy)
        changes.insert(0, Put(notice.record(house.clock.now())))
    if resting is None and asks_consent(house, attempt.request):
        ask = ask_of(house, attempt, portal, session)
        resting = await rest_on_remembered(house, ask, portal, attempt.request.asked)
        if resting is None:
            return redirect(attempt_url(house, attempt))
    answering = Answering(
        request=attempt.request,
        portal=portal,
        session=session,
        subject=subject_of(house, portal, session),
        trace_id=attempt.trace_id,
        grant_id=attempt.grant_id_for(session.citizen.acting),
        spend=changes,
        resting=resting,
        trusting=trusting,
    )
    try:
        return await answer_portal(house, answering)
    except Overtaken:
        return redirect(attempt_url(house, attempt))
