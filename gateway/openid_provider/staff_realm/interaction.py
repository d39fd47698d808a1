"""An officer's sign-in, page by page: for the software of a desk, or on the way to confirming a command.

The order of steps is decided by `prompts.decide_step`, as for citizens; there is no notice, since nothing of a
citizen is told here, and no account level.
"""

from dataclasses import replace

from gateway.audit.event import PortalAnswered
from gateway.openid_provider import failure
from gateway.openid_provider.attempt import Attempt, attempt_of
from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.conclusion import attempt_url
from gateway.openid_provider.grant import code_record
from gateway.openid_provider.hints import expected_subject
from gateway.openid_provider.house import House, offered_providers
from gateway.openid_provider.interaction import remember_language
from gateway.openid_provider.parameters import Parameters, same_secret
from gateway.openid_provider.prompts import Facts, Refuse, SignIn, Step, decide_step
from gateway.openid_provider.pushed_request import answered_mark
from gateway.openid_provider.refusals import face, refuse_to_portal
from gateway.openid_provider.reply import Reply, page_reply, redirect
from gateway.openid_provider.response_mode import open_envelope
from gateway.openid_provider.screens import ProviderButton, SignInChoice
from gateway.openid_provider.setback import fail_attempt, show_setback
from gateway.openid_provider.staff_realm.console import CONSOLE, enter_console, staff_client
from gateway.openid_provider.staff_realm.device import (
    Visit,
    code_page,
    decide_device,
    is_for_device,
    show_device,
    type_code,
)
from gateway.openid_provider.staff_realm.grant import new_staff_grant, staff_grant_record, subject_of_officer
from gateway.openid_provider.staff_realm.session import StaffSession, load_staff_session
from gateway.openid_provider.starting import store_attempt
from gateway.openid_provider.staying import stay, stays
from gateway.openid_provider.upstream import depart
from gateway.tokens.issue import key_of, mint, mint_grant_id
from gateway.vocabulary.store import Change, Insert, Kind, RecordKey, Spend


async def start_officer(
    house: House, request: AuthorizationRequest, portal: Portal, browser: Browser, *, posted: bool = False
) -> Reply:
    """Answer an officer's authorization request at once, or begin an attempt and show its first page; one that was
    posted goes on at that page, since another site's post does not bring the session along."""
    if request.form_procedure is not None:
        # whose form it is stands in the request for the form: an officer's grant is about nobody
        refused = failure.InvalidAuthorizationDetails("`authorization_details` goes with a citizen's sign-in only")
        return await refuse_to_portal(house, refused, request, portal, trace_id=browser.trace_id)
    if posted:
        attempt, cookie = await store_attempt(house, request, browser, "staff")
        return redirect(attempt_url(house, attempt), [cookie])
    session = await load_staff_session(house, browser)
    step = _next_step(house, request, portal, session)
    if isinstance(step, Refuse):
        return await refuse_to_portal(house, step.failure, request, portal, trace_id=browser.trace_id)
    if not isinstance(step, SignIn) and session is not None:
        return await _answer(house, request, portal, session, browser.trace_id)
    attempt, cookie = await store_attempt(house, request, browser, "staff")
    if isinstance(step, SignIn) and request.idp_hint in offered_providers(house, "staff"):
        return (await depart(house, attempt, portal, request.idp_hint or "", browser, again=step.again)).adding(cookie)
    return redirect(attempt_url(house, attempt), [cookie])


async def load_staff_attempt(house: House, attempt_id: str, browser: Browser) -> tuple[Attempt, Portal]:
    """Return an attempt of the staff realm and its client. Raises AttemptLost, AttemptExpired, AttemptFinished."""
    (record,) = await house.store.load(RecordKey(Kind.ATTEMPT, key_of(attempt_id)))
    now = house.clock.now()
    attempt = attempt_of(attempt_id, record, browser.cookies, now, secure=house.secure, realm="staff")
    portal = staff_client(house, attempt.request.client_id)
    if portal is None or portal.realm != "staff":
        raise failure.InvalidRedirect("`client_id` is not registered any more")
    return attempt, portal


async def show_officer(house: House, attempt_id: str, browser: Browser) -> Reply:
    """GET: show the page that this attempt has come to, or answer the desk's software."""
    attempt, portal = await load_staff_attempt(house, attempt_id, browser)
    attempt = await remember_language(house, attempt, browser)
    browser = browser.asked_in(attempt.request.ui_locales)
    session = await load_staff_session(house, browser)
    step = _next_step(house, attempt.request, portal, session, attempt)
    if isinstance(step, Refuse) and "none" in attempt.request.prompts:
        return await refuse_to_portal(
            house, step.failure, attempt.request, portal, trace_id=attempt.trace_id, changes=(Spend(attempt.address),)
        )
    if isinstance(step, Refuse):
        return await fail_attempt(house, attempt, portal, step.failure, browser, here=True)
    if isinstance(step, SignIn) or session is None:
        return page_reply(house.screens.show(_choice(house, attempt, portal), languages=browser.languages))
    if portal.client_id == CONSOLE:
        return await enter_console(house, attempt, session)
    if is_for_device(attempt):
        visit = Visit(attempt=attempt, portal=portal, session=session, browser=browser)
        return await show_device(house, visit)
    return await _answer(house, attempt.request, portal, session, attempt.trace_id, Spend(attempt.address))


async def show_failed_officer(house: House, attempt_id: str, browser: Browser) -> Reply:
    """GET: say why the last sign-in failed; where another one succeeded since, the attempt goes on."""
    attempt, portal = await load_staff_attempt(house, attempt_id, browser)
    attempt = await remember_language(house, attempt, browser)
    return show_setback(house, attempt, portal, browser) or await show_officer(house, attempt_id, browser)


async def submit_officer(house: House, attempt_id: str, parameters: Parameters, browser: Browser) -> Reply:
    """POST: the officer chose a provider or left, typed a code, allowed or refused a command."""
    attempt, portal = await load_staff_attempt(house, attempt_id, browser)
    browser = browser.asked_in(attempt.request.ui_locales)
    given = parameters.get("csrf", "")
    if not same_secret(given.partition(".")[0], attempt.csrf):
        raise failure.AttemptLost(operator_detail="the form's csrf value is not the attempt's")
    session = await load_staff_session(house, browser)
    step = _next_step(house, attempt.request, portal, session, attempt)
    if stays(parameters):
        return redirect(attempt_url(house, await stay(house, attempt, parameters, shown=False)))
    if "cancel" in parameters:
        return await _leave(house, attempt, portal, browser)
    if isinstance(step, SignIn) and "provider" in parameters:
        return await depart(house, attempt, portal, parameters["provider"], browser, again=step.again)
    if isinstance(step, SignIn | Refuse) or session is None or not is_for_device(attempt):
        return redirect(attempt_url(house, attempt))
    visit = Visit(attempt=attempt, portal=portal, session=session, browser=browser)
    if "user_code" in parameters:
        return await type_code(house, visit, parameters["user_code"])
    return await decide_device(house, visit, parameters)


async def _leave(house: House, attempt: Attempt, portal: Portal, browser: Browser) -> Reply:
    spend = (Spend(attempt.address),)
    if is_for_device(attempt):
        await house.store.commit(spend, now=house.clock.now())
        return code_page(house, browser)
    if portal.client_id == CONSOLE:
        await house.store.commit(spend, now=house.clock.now())
        return redirect(f"{house.issuer}/")
    refused = failure.NoticeDeclined()
    return await refuse_to_portal(house, refused, attempt.request, portal, trace_id=attempt.trace_id, changes=spend)


def _next_step(
    house: House,
    request: AuthorizationRequest,
    portal: Portal,
    session: StaffSession | None,
    attempt: Attempt | None = None,
) -> Step:
    facts = Facts(
        session=session,
        fresh=session is not None and attempt is not None and session.key == attempt.session_key,
        noticed=True,
        subject=None if session is None else subject_of_officer(house, portal, session.officer),
        hinted_subject=expected_subject(house, request, portal),
        asked_at=None if attempt is None else attempt.begun_at,
    )
    # there is nothing to consent to: what an officer's sign-in tells is who they are
    asked = replace(request, prompts=tuple(one for one in request.prompts if one != "consent"))
    return decide_step(asked, facts, house.clock.now())


def _choice(house: House, attempt: Attempt, portal: Portal) -> SignInChoice:
    return SignInChoice(
        portal=face(portal),
        providers=tuple(
            ProviderButton(alias=one.alias, label=one.label) for one in offered_providers(house, "staff").values()
        ),
        action=attempt_url(house, attempt),
        csrf=attempt.csrf,
        ends_at=attempt.expires_at,
        staff=True,
    )


async def _answer(
    house: House,
    request: AuthorizationRequest,
    portal: Portal,
    session: StaffSession,
    trace_id: str,
    *spend: Change,
) -> Reply:
    """Commit grant and code, then send the browser back with the code. Raises AttemptFinished on a double submit."""
    now = house.clock.now()
    envelope = await open_envelope(house, portal, request)
    grant = replace(
        new_staff_grant(house, portal, session, request.scopes, mint_grant_id(house.randomness)),
        claims_userinfo=request.claims_userinfo,
        claims_id_token=request.claims_id_token,
    )
    code = mint("sc", grant.id, house.randomness)
    event = await house.evidence.tell(
        PortalAnswered,
        outcome="code_issued",
        actor_kind="officer",
        actor_ref=session.officer.reference,
        portal=portal.client_id,
        attributes=grant.asked,
        trace_id=trace_id,
    )
    stored = Insert(code_record(code, grant, request, now + house.lifetimes.code_for))
    mark = answered_mark(request, house.lifetimes, now)
    if mark is not None:
        spend = (*spend, Insert(mark))
    verdict = await house.store.commit([*spend, Insert(staff_grant_record(grant)), stored], [event], now=now)
    if not verdict.done:
        raise failure.AttemptFinished()
    return envelope.carry({"code": code, "state": request.state, "iss": house.issuer})
