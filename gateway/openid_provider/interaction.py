"""The pages between a request and its answer: choose a provider, go there, come back, read the notice.

Each function is one HTTP step and ends in a `Reply`. The order is decided by `prompts.decide_step` alone, again at
every step, from what is stored: a back button or a second tab can repeat a step and never skip one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.consent.notice import memory_address
from gateway.identity_providers.contract import SignInFailure
from gateway.openid_provider import failure
from gateway.openid_provider.answer import Answering, answer_portal
from gateway.openid_provider.attempt import (
    Attempt,
    Realm,
    attempt_header,
    attempt_of,
    attempt_record,
    begin_attempt,
    prolonged,
)
from gateway.openid_provider.authorization import AuthorizationRequest, request_of
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.cookies import SESSION, read_cookie
from gateway.openid_provider.forms import FormAsk, FormPreview
from gateway.openid_provider.hints import hinted_subject
from gateway.openid_provider.house import House, offered_providers
from gateway.openid_provider.matching import require_match, wants_match
from gateway.openid_provider.notice import identity_claims, identity_rows, notice_of
from gateway.openid_provider.parameters import Parameters, same_secret
from gateway.openid_provider.prompts import Answer, Facts, Refuse, ShowNotice, SignIn, Step, decide_step
from gateway.openid_provider.refusals import error_url, face, leave_receipt, refuse_to_portal
from gateway.openid_provider.reply import Reply, page_reply, redirect
from gateway.openid_provider.screens import FailurePage, NoticePage, ProviderButton, SignInChoice
from gateway.openid_provider.session import Session, session_address, session_of, session_record
from gateway.tokens.issue import key_of, pairwise_subject
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import Change, Insert, Kind, Put, RecordKey, Replace, Spend


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """What a browser brings: its cookies, its languages (Accept-Language), the language a link chose, the trace id."""

    cookies: Mapping[str, str]
    accepted: str
    chosen: str | None
    trace_id: str

    @property
    def languages(self) -> str:
        """What pages follow: a chosen language before the accepted ones."""
        return self.chosen or self.accepted

    def asked_in(self, ui_locales: str | None) -> "Browser":
        """Return it with what the portal asked for, where the person chose nothing (OIDC Core §3.1.2.1)."""
        return replace(self, chosen=self.chosen or ui_locales)


def subject_of(house: House, portal: Portal, session: Session) -> str:
    """Return the citizen's pairwise subject at a portal."""
    sector = "" if portal.subject_type == "public" else portal.sector_identifier
    return pairwise_subject(house.pairwise_secret, sector, session.citizen.id)


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
    now = house.clock.now()
    key = notice_of(request, session.citizen).key(now)
    noticed = session.remembers(key, now)
    if not noticed:
        (memory,) = await house.store.load(memory_address(key))
        noticed = memory is not None and memory.alive(now)
    return Facts(
        session=session,
        fresh=fresh,
        noticed=noticed,
        minimum_level=minimum,
        admitted=all(procedure.admits(session.citizen.organisation) for procedure in known),
        subject=subject_of(house, portal, session),
        hinted_subject=hinted_subject,
    )


async def start(
    house: House,
    request: AuthorizationRequest,
    portal: Portal,
    session: Session | None,
    browser: Browser,
) -> Reply:
    """Answer an authorization request at once, or begin an attempt and show its first page."""
    hinted = hinted_subject(house, request.id_token_hint, portal)
    facts = await gather_facts(house, request, portal, session, hinted_subject=hinted, fresh=False)
    step = decide_step(request, facts, house.clock.now())
    if "none" in request.prompts:
        step, session = await require_match(house, request, portal, session, step, trace_id=browser.trace_id)
    if isinstance(step, Refuse):
        return await refuse_to_portal(house, step.failure, request, portal, trace_id=browser.trace_id)
    if isinstance(step, Answer) and session is not None and not wants_match(portal, session):
        answering = Answering(
            request=request,
            portal=portal,
            session=session,
            subject=facts.subject or subject_of(house, portal, session),
            trace_id=browser.trace_id,
        )
        return await answer_portal(house, answering)
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


async def store_attempt(
    house: House, request: AuthorizationRequest, browser: Browser, realm: Realm = "citizen"
) -> tuple[Attempt, tuple[str, str]]:
    """Store a new attempt; return it with the header that binds it to this browser."""
    now = house.clock.now()
    attempt, secret = begin_attempt(request, house.randomness, house.lifetimes, now, browser.trace_id, realm=realm)
    await house.store.commit([Insert(attempt_record(attempt))], now=now)
    return attempt, attempt_header(attempt, secret, secure=house.secure, lifetimes=house.lifetimes)


def attempt_url(house: House, attempt: Attempt) -> str:
    """Return the address of an attempt's current page."""
    return f"{house.issuer}{'/staff' if attempt.realm == 'staff' else ''}/interaction/{attempt.id}"


async def load_attempt(house: House, attempt_id: str, browser: Browser) -> tuple[Attempt, Portal, Session | None]:
    """Return attempt, portal and the session as it stands. Raises AttemptLost, AttemptExpired, AttemptFinished."""
    (record,) = await house.store.load(RecordKey(Kind.ATTEMPT, key_of(attempt_id)))
    attempt = attempt_of(attempt_id, record, browser.cookies, house.clock.now(), secure=house.secure)
    portal = house.clients.get(attempt.request.client_id)
    if portal is None:
        raise failure.InvalidRedirect("`client_id` is not registered any more")
    return attempt, portal, await load_session(house, browser)


async def lost_page(house: House, refused: Failure, attempt_id: str, browser: Browser) -> Reply:
    """Say why an attempt cannot go on, with the way to the portal's first page where it is known whose it was.

    Nothing but the portal's public name and address is told: whoever asks may not be who started the attempt.
    """
    (record,) = await house.store.load(RecordKey(Kind.ATTEMPT, key_of(attempt_id)))
    request = None if record is None else request_of(record.body["request"])
    portal = None if request is None else house.clients.get(request.client_id)
    view = FailurePage(
        failure=refused,
        portal=None if portal is None else face(portal),
        return_url=None if portal is None else portal.client_uri,
    )
    languages = browser.asked_in(None if request is None else request.ui_locales).languages
    return page_reply(house.screens.show(view, languages=languages, status=refused.http_status))


async def next_step(
    house: House, attempt: Attempt, portal: Portal, session: Session | None
) -> tuple[Step, Session | None]:
    """Decide anew what stands between this attempt and its answer; the session may have got the register's verdict."""
    fresh = session is not None and session.key == attempt.session_key
    hinted = hinted_subject(house, attempt.request.id_token_hint, portal)
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
            house, step.failure, attempt.request, portal, trace_id=attempt.trace_id, changes=(Spend(attempt.address),)
        )
    if isinstance(step, SignIn) and straight and attempt.request.idp_hint in offered_providers(house):
        from gateway.openid_provider.upstream import depart

        return await depart(house, attempt, portal, attempt.request.idp_hint or "", browser, again=step.again)
    if isinstance(step, SignIn) or session is None:
        return page_reply(house.screens.show(sign_in_choice(house, attempt, portal), languages=browser.languages))
    if isinstance(step, Refuse):
        return await fail_attempt(house, attempt, portal, step.failure, browser, session=session)
    if isinstance(step, ShowNotice):
        return await show_notice(house, attempt, portal, session, browser)
    return await finish(house, attempt, portal, session)


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
    for procedure in request.procedures:
        ask = FormAsk(
            citizen=session.citizen,
            subject=subject_of(house, portal, session),
            client_id=portal.client_id,
            procedure=procedure,
            dossier=request.dossier,
            grant_id=attempt.grant_id_for(session.citizen.acting),
            granted=False,
            trace_id=attempt.trace_id,
            portal_procedures=frozenset(portal.procedures),
            portal_attributes=None if portal.attributes is None else frozenset(portal.attributes),
        )
        try:
            form = await house.forms.prepare(ask)
        except Failure as refused:
            return await fail_attempt(house, attempt, portal, refused, browser, session=session)
    view = NoticePage(
        portal=face(portal),
        person=identity_rows(session.citizen),
        claims=identity_claims(request.scopes, session.citizen),
        form=form,
        action=attempt_url(house, attempt),
        csrf=attempt.notice_proof(session.citizen.acting),
        ends_at=attempt.expires_at,
        mode="consent" if form is not None and form.basis == "consent" else "notice",
    )
    return page_reply(house.screens.show(view, languages=browser.languages))


async def submit_attempt(house: House, attempt_id: str, parameters: Parameters, browser: Browser) -> Reply:
    """POST: a provider was chosen, the notice was answered, or the person left."""
    attempt, portal, session = await load_attempt(house, attempt_id, browser)
    browser = browser.asked_in(attempt.request.ui_locales)
    given = parameters.get("csrf", "")
    if not same_secret(given.partition(".")[0], attempt.csrf):
        raise failure.AttemptLost(operator_detail="the form's csrf value is not the attempt's")
    if "more_time" in parameters:
        return await prolong(house, attempt)
    if "cancel" in parameters or parameters.get("decision") == "deny":
        return await leave(house, attempt, portal)
    step, session = await next_step(house, attempt, portal, session)
    if isinstance(step, SignIn) and "provider" in parameters:
        from gateway.openid_provider.upstream import depart

        return await depart(house, attempt, portal, parameters["provider"], browser, again=step.again)
    # only who was shown the notice can answer it: in another tab somebody else may have signed in since
    shown = session is not None and same_secret(given, attempt.notice_proof(session.citizen.acting))
    if isinstance(step, ShowNotice) and parameters.get("decision") == "allow" and shown and session is not None:
        return await finish(house, attempt, portal, session, noticed=True)
    return redirect(attempt_url(house, attempt))


async def prolong(house: House, attempt: Attempt) -> Reply:
    """Give the person the whole time again, on the same page; another tab that was quicker did so as well."""
    now = house.clock.now()
    await house.store.commit([Replace(attempt_record(prolonged(attempt, now, house.lifetimes)))], now=now)
    return redirect(attempt_url(house, attempt))


async def leave(house: House, attempt: Attempt, portal: Portal) -> Reply:
    """The person goes back without telling anything: the portal gets `access_denied`."""
    return await refuse_to_portal(
        house,
        failure.NoticeDeclined(),
        attempt.request,
        portal,
        trace_id=attempt.trace_id,
        changes=(Spend(attempt.address),),
    )


async def finish(house: House, attempt: Attempt, portal: Portal, session: Session, *, noticed: bool = False) -> Reply:
    """Answer the portal, remembering the notice when it was just read."""
    changes: list[Change] = [Spend(attempt.address)]
    if noticed:
        changes = [*await remember_notice(house, attempt.request, session), *changes]
    answering = Answering(
        request=attempt.request,
        portal=portal,
        session=session,
        subject=subject_of(house, portal, session),
        trace_id=attempt.trace_id,
        grant_id=attempt.grant_id_for(session.citizen.acting),
        spend=changes,
    )
    return await answer_portal(house, answering)


async def remember_notice(house: House, request: AuthorizationRequest, session: Session) -> list[Change]:
    """Return the change that remembers a notice durably, after noting it in the session for the quick way."""
    now = house.clock.now()
    memory = notice_of(request, session.citizen).record(now)
    noticing = session.having_noticed(memory.key, memory.expires_at or now, now)
    # a lost race with another tab is no loss: the durable record remembers as well
    await house.store.commit([Replace(session_record(noticing, house.lifetimes))], now=now)
    return [Put(memory)]


async def fail_attempt(
    house: House,
    attempt: Attempt,
    portal: Portal,
    refused: Failure,
    browser: Browser,
    *,
    session: Session | None = None,
) -> Reply:
    """Show what happened, what to do and the way back to the portal with its error.

    A sign-in that may be tried again keeps its attempt, so that the journey goes on; any other failure ends it.
    """
    request = attempt.request
    retryable = isinstance(refused, SignInFailure) and refused.retryable
    await leave_receipt(
        house,
        refused,
        portal,
        trace_id=attempt.trace_id,
        procedure=request.procedures[0] if request.procedures else None,
        citizen_id=None if session is None else session.citizen.id,
        changes=() if retryable else (Spend(attempt.address),),
    )
    view = FailurePage(
        failure=refused,
        portal=face(portal),
        return_url=error_url(house, refused, request) if request.redirect_uri else None,
        retry_url=attempt_url(house, attempt) if retryable else None,
    )
    return page_reply(house.screens.show(view, languages=browser.languages, status=refused.http_status))
