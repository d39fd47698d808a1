"""The pages between a request and its answer: choose a provider, go there, come back, read the notice.

Each function is one HTTP step and ends in a `Reply`. The order is decided by `prompts.decide_step` alone, again at
every step, from what is stored: a back button or a second tab can repeat a step and never skip one.
"""

from collections.abc import Awaitable
from dataclasses import replace

import structlog

from gateway.consent.notice import memory_address
from gateway.consent.portal_block import block_address
from gateway.openid_provider import failure
from gateway.openid_provider.attempt import (
    Attempt,
    attempt_of,
    attempt_record,
)
from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.conclusion import (
    answer_at_once,
    answer_no,
    answer_yes,
    ask_of,
    attempt_url,
    finish,
    leave,
)
from gateway.openid_provider.consent_step import (
    asks_consent,
    form_ask,
    page_hash,
    recipient_of,
    remembered_consent,
    subject_of,
)
from gateway.openid_provider.cookies import SESSION, read_cookie
from gateway.openid_provider.forms import FormPreview
from gateway.openid_provider.hints import expected_subject
from gateway.openid_provider.house import House, offered_providers
from gateway.openid_provider.lost import is_open_again, lost_page, own_attempt, reopened_page
from gateway.openid_provider.matching import require_match, wants_match
from gateway.openid_provider.notice import identity_rows, notice_of, told_claims
from gateway.openid_provider.own_client import is_own, portal_of
from gateway.openid_provider.parameters import Parameters, same_secret
from gateway.openid_provider.prompts import Answer, Facts, Refuse, ShowNotice, SignIn, Step, decide_step
from gateway.openid_provider.refusals import face, refuse_to_portal
from gateway.openid_provider.reply import Reply, page_reply, redirect
from gateway.openid_provider.screens import NoticePage, ProviderButton, SignInChoice
from gateway.openid_provider.session import Session, session_address, session_of
from gateway.openid_provider.setback import fail_attempt, setback_url, show_setback
from gateway.openid_provider.starting import store_attempt
from gateway.openid_provider.staying import TRUST, shown_proof, stay, stays, still_ticked
from gateway.openid_provider.target import resource_names
from gateway.openid_provider.trusted_browser import may_trust, trust
from gateway.tokens.issue import key_of
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import Kind, RecordKey, Replace, Spend

log = structlog.get_logger()


async def load_session(house: House, browser: Browser) -> Session | None:
    """Return the live session of the browser's cookie."""
    cookie = read_cookie(browser.cookies, SESSION, secure=house.secure)
    if cookie is None:
        return None
    (record,) = await house.store.load(session_address(cookie))
    now = house.clock.now()
    session = session_of(record, now)
    if session is None or session.superseded or not session.alive(now, house.lifetimes):
        return None
    return session


async def gather_facts(
    house: House,
    request: AuthorizationRequest,
    portal: Portal,
    session: Session | None,
    *,
    hinted_subject: str | None,
    fresh: bool,
) -> Facts:
    """Load what `decide_step` needs to know."""
    known = [house.policy.procedures[code] for code in request.procedures if code in house.policy.procedures]
    minimum = max((procedure.minimum_level for procedure in known), default=None)
    if session is None:
        return Facts(session=None, hinted_subject=hinted_subject, minimum_level=minimum)
    notice, now = notice_of(request, session.citizen, portal, house.policy), house.clock.now()
    blocked, memory = await house.store.load(
        block_address(session.citizen.id, request.client_id), memory_address(notice.key(now))
    )
    remembered = notice.is_covered_by(memory, now)
    return Facts(
        session=session,
        fresh=fresh,
        # nothing is told to anybody by the own pages: there is nothing to give notice of
        noticed=is_own(request.client_id) or await was_noticed(house, request, portal, session, remembered=remembered),
        blocked=blocked is not None,
        minimum_level=minimum,
        admitted=all(procedure.admits(session.citizen.organisation) for procedure in known),
        subject=subject_of(house, portal, session),
        hinted_subject=hinted_subject,
    )


async def was_noticed(
    house: House, request: AuthorizationRequest, portal: Portal, session: Session, *, remembered: bool
) -> bool:
    """Tell whether the page need not be shown: the notice is `remembered`, or what is asked now was agreed to.

    The durable memory alone counts, so that what is forgotten in one browser is forgotten in all.
    """
    if asks_consent(house, request):
        ask = form_ask(house, request, portal, session)
        return await remembered_consent(house, ask, portal, request.asked) is not None
    return remembered


async def start(
    house: House,
    request: AuthorizationRequest,
    portal: Portal,
    session: Session | None,
    browser: Browser,
) -> Reply:
    """Answer an authorization request at once, or begin an attempt and show its first page."""
    hinted = expected_subject(house, request, portal)
    facts = await gather_facts(house, request, portal, session, hinted_subject=hinted, fresh=False)
    step = decide_step(request, facts, house.clock.now())
    if "none" in request.prompts:
        step, session = await require_match(house, request, portal, session, step, trace_id=browser.trace_id)
    # a person who blocked the portal is told so on a page, with the way to open it again
    if isinstance(step, Refuse) and ("none" in request.prompts or not isinstance(step.failure, failure.PortalClosed)):
        citizen_id = None if session is None else session.citizen.id
        return await refuse_to_portal(
            house, step.failure, request, portal, trace_id=browser.trace_id, citizen_id=citizen_id
        )
    if isinstance(step, Answer) and session is not None and not wants_match(portal, session):
        answered = await answer_at_once(house, request, portal, session, browser.trace_id)
        if answered is not None:
            return answered
    attempt, cookie = await store_attempt(house, request, browser)
    if isinstance(step, SignIn) and request.idp_hint in offered_providers(house):
        # imported late: the upstream road leads back into this one
        from gateway.openid_provider.upstream import depart

        return (await depart(house, attempt, portal, request.idp_hint or "", browser, again=step.again)).adding(cookie)
    return redirect(attempt_url(house, attempt), [cookie])


async def begin(house: House, request: AuthorizationRequest, browser: Browser) -> Reply:
    """Begin an attempt and go on at its page, which decides: another site's post does not bring our session along
    (SameSite=Lax), and what was posted stays out of addresses."""
    attempt, cookie = await store_attempt(house, request, browser)
    onward = "?straight=on" if request.idp_hint in offered_providers(house) else ""
    return redirect(attempt_url(house, attempt) + onward, [cookie])


async def load_attempt(house: House, attempt_id: str, browser: Browser) -> tuple[Attempt, Portal, Session | None]:
    """Return attempt, portal and the session as it stands. Raises AttemptLost, AttemptExpired, AttemptFinished."""
    (record,) = await house.store.load(RecordKey(Kind.ATTEMPT, key_of(attempt_id)))
    attempt = attempt_of(attempt_id, record, browser.cookies, house.clock.now(), secure=house.secure)
    portal = portal_of(house, attempt.request.client_id)
    if portal is None:
        raise failure.InvalidRedirect("`client_id` is not registered any more")
    return attempt, portal, await load_session(house, browser)


async def led_on(house: House, attempt_id: str, browser: Browser, step: Awaitable[Reply]) -> Reply:
    """Return a step's reply; where its attempt is not this browser's, is over, or was a step further already, the page
    that says so and leads on."""
    try:
        return await step
    except (failure.AttemptLost, failure.AttemptFinished, failure.AttemptExpired) as refused:
        (record,) = await house.store.load(RecordKey(Kind.ATTEMPT, key_of(attempt_id)))
        own = own_attempt(house, attempt_id, record, browser)
        if own is not None and own.setback is not None and isinstance(refused, failure.AttemptFinished):
            return await _failed_before(house, own, browser) or redirect(attempt_url(house, own))
        refused.trace_id = browser.trace_id
        log.info("refused", code=refused.code, trace_id=refused.trace_id, reason=refused.operator_detail)
        return lost_page(house, refused, attempt_id, record, browser)


async def _failed_before(house: House, own: Attempt, browser: Browser) -> Reply | None:
    """A second use of what failed at the first: it is not finished, and the page of the failure says so again; of a
    portal that was blocked then, what holds now."""
    if not own.ended:
        return redirect(setback_url(house, own))
    if await is_open_again(house, own, await load_session(house, browser)):
        return reopened_page(house, own, browser)
    return show_setback(house, own, portal_of(house, own.request.client_id), browser)


async def next_step(
    house: House, attempt: Attempt, portal: Portal, session: Session | None
) -> tuple[Step, Session | None]:
    """Decide anew what stands between this attempt and its answer; the session may have got the register's verdict."""
    fresh = session is not None and session.key == attempt.session_key
    hinted = expected_subject(house, attempt.request, portal)
    facts = await gather_facts(house, attempt.request, portal, session, hinted_subject=hinted, fresh=fresh)
    facts = replace(facts, asked_at=attempt.begun_at)
    step = decide_step(attempt.request, facts, house.clock.now())
    return await require_match(house, attempt.request, portal, session, step, trace_id=attempt.trace_id)


async def show_attempt(house: House, attempt_id: str, browser: Browser, *, straight: bool = False) -> Reply:
    """GET: show the page that this attempt has come to, or answer the portal. `straight`: a sign-in goes on at the
    provider that the portal named, without the page that offers all."""
    attempt, portal, session = await load_attempt(house, attempt_id, browser)
    attempt = await remember_language(house, attempt, browser)
    browser = browser.asked_in(attempt.request.ui_locales)
    step, session = await next_step(house, attempt, portal, session)
    if isinstance(step, Refuse) and "none" in attempt.request.prompts:
        return await refuse_to_portal(
            house,
            step.failure,
            attempt.request,
            portal,
            trace_id=attempt.trace_id,
            citizen_id=None if session is None else session.citizen.id,
            changes=(Spend(attempt.address),),
        )
    if isinstance(step, SignIn) and straight and attempt.request.idp_hint in offered_providers(house):
        from gateway.openid_provider.upstream import depart

        return await depart(house, attempt, portal, attempt.request.idp_hint or "", browser, again=step.again)
    if isinstance(step, SignIn) or session is None:
        return page_reply(house.screens.show(sign_in_choice(house, attempt, portal), languages=browser.languages))
    if isinstance(step, Refuse):
        return await fail_attempt(house, attempt, portal, step.failure, browser, session=session, here=True)
    if isinstance(step, ShowNotice):
        return await show_notice(house, attempt, portal, session, browser)
    return await finish(house, attempt, portal, session)


async def show_failed(house: House, attempt_id: str, browser: Browser) -> Reply:
    """GET: say why the last sign-in failed; where another one succeeded since, the attempt goes on."""
    attempt, portal, _ = await load_attempt(house, attempt_id, browser)
    attempt = await remember_language(house, attempt, browser)
    return show_setback(house, attempt, portal, browser) or await show_attempt(house, attempt_id, browser)


async def remember_language(house: House, attempt: Attempt, browser: Browser) -> Attempt:
    """Keep a language chosen by a page's link, so that it lasts beyond the identity provider."""
    if browser.chosen is None or browser.chosen == attempt.request.ui_locales:
        return attempt
    request = replace(attempt.request, ui_locales=browser.chosen[:40])
    chosen = replace(attempt, request=request, version=attempt.version + 1)
    stored = await house.store.commit([Replace(attempt_record(chosen))], now=house.clock.now())
    return chosen if stored.done else attempt


def sign_in_choice(house: House, attempt: Attempt, portal: Portal) -> SignInChoice:
    """Return the page that offers every identity provider of the citizens' realm."""
    providers = offered_providers(house).values()
    return SignInChoice(
        portal=face(portal),
        providers=tuple(ProviderButton(alias=p.alias, label=p.label) for p in providers),
        action=attempt_url(house, attempt),
        csrf=attempt.csrf,
        ends_at=attempt.expires_at,
    )


async def show_notice(house: House, attempt: Attempt, portal: Portal, session: Session, browser: Browser) -> Reply:
    """Ask the sources inside the deadline and show what will be told to the portal."""
    form: FormPreview | None = None
    request = attempt.request
    if request.procedures:
        try:
            form = await house.forms.prepare(ask_of(house, attempt, portal, session))
        except Failure as refused:
            return await fail_attempt(house, attempt, portal, refused, browser, session=session, here=True)
    consent = form is not None and form.basis == "consent"
    told = told_claims(request.asked, session.citizen, resource_names(house))
    notice = page_hash(form, portal, [claim.wire() for claim in told]) if form is not None and consent else ""
    unsent = still_ticked(attempt, session.citizen.acting)
    view = NoticePage(
        portal=face(portal),
        person=identity_rows(session.citizen),
        claims=tuple(claim.label for claim in told),
        form=form,
        action=attempt_url(house, attempt),
        csrf=page_proof(house, attempt, portal, session),
        ends_at=attempt.expires_at,
        mode="consent" if consent else "notice",
        notice=notice,
        recipient=recipient_of(portal),
        ticked=frozenset() if unsent is None else frozenset(unsent.ticked),
        changed=unsent is not None and unsent.notice != notice,
        offers_trust=may_trust(house, attempt, session, browser),
    )
    return page_reply(house.screens.show(view, languages=browser.languages))


def page_proof(house: House, attempt: Attempt, portal: Portal, session: Session) -> str:
    """Return what a notice page posts as `csrf`: that this person was shown it, and, on the law's notice, what it told;
    a consent page posts the hash of all it says apart."""
    proof = attempt.notice_proof(session.citizen.acting)
    if asks_consent(house, attempt.request):
        return proof
    return f"{proof}.{notice_of(attempt.request, session.citizen, portal, house.policy).proof()}"


async def submit_attempt(house: House, attempt_id: str, parameters: Parameters, browser: Browser) -> Reply:
    """POST: a provider was chosen, the notice was answered, or the person left."""
    attempt, portal, session = await load_attempt(house, attempt_id, browser)
    browser = browser.asked_in(attempt.request.ui_locales)
    given = parameters.get("csrf", "")
    if not same_secret(given.partition(".")[0], attempt.csrf):
        raise failure.AttemptLost(operator_detail="the form's csrf value is not the attempt's")
    # only who was shown the notice can answer it: in another tab somebody else may have signed in since
    shown = session is not None and same_secret(shown_proof(given), attempt.notice_proof(session.citizen.acting))
    if stays(parameters):
        return redirect(attempt_url(house, await stay(house, attempt, parameters, shown=shown)))
    by_consent = shown and asks_consent(house, attempt.request)
    if "cancel" in parameters or parameters.get("decision") == "deny":
        if session is None or not by_consent:
            return await leave(house, attempt, portal, known=session if shown else None)
        return await answer_question(house, attempt, portal, session, parameters, browser=browser)
    step, session = await next_step(house, attempt, portal, session)
    if isinstance(step, SignIn) and "provider" in parameters:
        from gateway.openid_provider.upstream import depart

        return await depart(house, attempt, portal, parameters["provider"], browser, again=step.again)
    allows = isinstance(step, ShowNotice) and parameters.get("decision") == "allow"
    # what became known after the page was made is not what was read: the page is shown as it is now
    if allows and session is not None and same_secret(given, page_proof(house, attempt, portal, session)):
        return await answer_question(house, attempt, portal, session, parameters, browser=browser)
    return redirect(attempt_url(house, attempt))


async def answer_question(
    house: House, attempt: Attempt, portal: Portal, session: Session, given: Parameters, *, browser: Browser
) -> Reply:
    """The page was answered: the notice was read, or the consent page answered with yes, in part, or no."""
    trusting = None
    if given.get(TRUST) == "yes" and given.get("decision") == "allow" and may_trust(house, attempt, session, browser):
        trusting = await trust(house, session.citizen.id, browser)
    if not asks_consent(house, attempt.request):
        return await finish(house, attempt, portal, session, noticed=True, trusting=trusting)
    try:
        if given.get("decision") == "allow":
            return await answer_yes(
                house, attempt, portal, session, given, languages=browser.languages, trusting=trusting
            )
        return await answer_no(house, attempt, portal, session, given, languages=browser.languages)
    except Failure as refused:
        return await fail_attempt(house, attempt, portal, refused, browser, session=session)
