"""The side road to an identity provider and back: one random state per departure, spent before anything is believed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from gateway.assurance.number_rules import number_warnings
from gateway.audit.event import PersonSignedIn
from gateway.identity_providers.contract import (
    Authentication,
    Begin,
    EndsSession,
    IdentityProvider,
    IdentityProviderUnavailable,
)
from gateway.openid_provider import failure
from gateway.openid_provider.announcing import weighed
from gateway.openid_provider.attempt import Attempt, attempt_record, signed_in
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.callback import (
    SIGN_IN,
    SIGN_OUT,
    SIGN_OUT_FIRST,
    Arrival,
    callback_uri,
    find_callback,
    find_state,
    spend_state,
)
from gateway.openid_provider.citizens import link_account
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.conclusion import attempt_url
from gateway.openid_provider.cookies import SESSION, set_cookie
from gateway.openid_provider.ending import end_session
from gateway.openid_provider.house import House, offered_providers
from gateway.openid_provider.interaction import led_on, load_attempt
from gateway.openid_provider.matching import confirm_number, tell_verdict
from gateway.openid_provider.reply import Reply, redirect
from gateway.openid_provider.session import Session, session_record
from gateway.openid_provider.setback import fail_attempt
from gateway.openid_provider.upstream_logout import upstream_session
from gateway.tokens.issue import key_of
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.clock import text_token
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.personal_number import PersonalNumber
from gateway.vocabulary.store import Change, Insert, Kind, Outcome, Put, Record, Replace, StoredEvent

log = structlog.get_logger()


def returned_uri(house: House, alias: str) -> str:
    """Return where a provider sends the browser after ending its session."""
    return f"{house.issuer}/upstream/{alias}/signed-out"


def session_ender(provider: object) -> EndsSession | None:
    """Return the provider as one whose session can be ended, if it is."""
    return provider if isinstance(provider, EndsSession) else None


async def depart(house: House, attempt: Attempt, portal: Portal, alias: str, browser: Browser, *, again: bool) -> Reply:
    """Send the browser to a provider. `again`: the person must authenticate anew; a provider that cannot be told so
    has its own session ended first, and without a way to do that the attempt ends (design.md §3 auth_time)."""
    provider = offered_providers(house, attempt.realm).get(alias)
    if provider is None:
        raise failure.InvalidRequest("`provider` is not one of the offered ones")
    anew = again or attempt.request.max_age is not None
    if anew and not provider.reauthenticates and attempt.signed_out_of != alias:
        return await _sign_out_first(house, attempt, portal, provider, browser)
    state = text_token(house.randomness)
    request = attempt.request
    begin = Begin(
        state=state,
        redirect_uri=callback_uri(house, alias),
        acr_values=request.acr_values,
        prompt_login=again,
        max_age=request.max_age,
        login_hint=request.login_hint,
        ui_locales=request.ui_locales,
    )
    try:
        departure = await provider.begin(begin)
    except Failure as refused:
        return await fail_attempt(house, attempt, portal, refused, browser)
    await _remember(house, state, attempt, {"purpose": SIGN_IN, "alias": alias, "memory": departure.memory})
    return redirect(departure.url)


async def _remember(house: House, state: str, attempt: Attempt, body: dict[str, object]) -> None:
    now = house.clock.now()
    record = Record(
        kind=Kind.UPSTREAM_STATE,
        key=key_of(state),
        expires_at=now + house.lifetimes.upstream_for,
        body={**body, "attempt_id": attempt.id},
    )
    await house.store.commit([Insert(record)], now=now)


async def _sign_out_first(
    house: House, attempt: Attempt, portal: Portal, provider: IdentityProvider, browser: Browser
) -> Reply:
    state = text_token(house.randomness)
    url = None
    ending = session_ender(provider)
    if ending is not None:
        url = ending.sign_out_url(id_token=None, return_to=returned_uri(house, provider.alias), state=state)
    if url is None:
        refused = failure.LoginRequired("the identity provider cannot be asked to authenticate again")
        return await fail_attempt(house, attempt, portal, refused, browser)
    await _remember(house, state, attempt, {"purpose": SIGN_OUT_FIRST, "alias": provider.alias})
    return redirect(url)


async def come_back(house: House, alias: str, raw_query: str, browser: Browser) -> Reply:
    """The provider's callback, which is nothing in another browser than the one that left."""
    arrival = await find_callback(house, alias, raw_query)
    return await led_on(house, arrival.attempt_id, browser, _take(house, alias, arrival, browser))


async def _take(house: House, alias: str, arrival: Arrival, browser: Browser) -> Reply:
    """Check the browser, spend the state, read who it is, make the session."""
    attempt, portal, previous = await load_attempt(house, arrival.attempt_id, browser)
    await spend_state(house, arrival.state)
    browser = browser.asked_in(attempt.request.ui_locales)
    try:
        seen = await house.identity_providers[alias].complete(arrival.callback)
        return await _sign_in(house, attempt, seen, previous, browser)
    except Failure as refused:
        return await fail_attempt(house, attempt, portal, refused, browser)


async def _sign_in(
    house: House, attempt: Attempt, seen: Authentication, previous: Session | None, browser: Browser
) -> Reply:
    cookie = text_token(house.randomness)
    note_number(seen)
    seen, verdict = await confirm_number(house, attempt, seen)
    # two first sign-ins of one person at the same moment: the second links to what the first made
    for _ in range(3):
        now = house.clock.now()
        linked = await link_account(seen, house.store, house.index, house.randomness, now)
        session = new_session(cookie, seen, linked.citizen, now, previous)
        session = await weighed(house, session, browser.cookies, attempt.failures)
        events: list[StoredEvent] = []
        if verdict is not None:
            session = session.judged(verdict)
            events = await tell_verdict(house, verdict, attempt.request, linked.citizen.id, attempt.trace_id)
        event = await house.evidence.tell(
            PersonSignedIn,
            outcome="signed_in",
            actor_kind="citizen",
            citizen_id=linked.citizen.id,
            portal=attempt.request.client_id,
            connector=seen.provider,
            trace_id=attempt.trace_id,
        )
        changes = [
            *linked.changes,
            *await succession(house, previous, session),
            Insert(session_record(session, house.lifetimes)),
            *upstream_session(session, house.index, house.lifetimes),
            Replace(attempt_record(signed_in(attempt, session.key))),
        ]
        stored = await house.store.commit(changes, [*events, event], now=now)
        if stored.done:
            header = set_cookie(SESSION, cookie, secure=house.secure)
            return redirect(attempt_url(house, attempt), [header])
        if stored.outcome is not Outcome.EXISTS:
            raise failure.AttemptFinished()
    raise IdentityProviderUnavailable(operator_detail="the account changed under three parallel sign-ins")


def note_number(seen: Authentication) -> None:
    """Tell operators, by the rule's name alone, that a number does not fit what else was said: nobody is refused for
    it, since a corrected sex or birth date may keep its number (domain: Decree 137/2015)."""
    number = seen.personal_number
    if number is None:
        return
    rules = number_warnings(PersonalNumber(number), birth_date=seen.birth_date, sex=seen.sex)
    for rule in sorted(set(rules) - {"synthetic"}):
        log.warning("number_unusual", provider=seen.provider, rule=rule)


async def succession(house: House, previous: Session | None, session: Session) -> Sequence[Change]:
    """Return what becomes of the session this browser had: the same person's goes on in the new one, anybody else's
    ends (the same person's for an organisation, too), since nothing in this browser could end it any more."""
    if previous is None:
        return ()
    if previous.citizen.acting != session.citizen.acting:
        return await end_session(house, previous)
    superseded = replace(previous, superseded=True, version=previous.version + 1)
    return (Put(session_record(superseded, house.lifetimes)),)


def new_session(
    cookie: str, seen: Authentication, citizen: Citizen, now: datetime, previous: Session | None
) -> Session:
    """Return the session of a sign-in; its cookie is always new, so nobody can have fixed it before."""
    same = previous if previous is not None and previous.citizen.acting == citizen.acting else None
    return Session(
        key=key_of(cookie),
        citizen=citizen,
        acr=seen.acr,
        amr=seen.amr,
        auth_time=seen.auth_time or now,
        provider=seen.provider,
        upstream_session_id=seen.session_id,
        upstream_id_token=seen.id_token,
        created_at=now,
        touched_at=now,
        former=() if same is None else (*same.former, same.key),
        shared=previous is not None and (same is None or same.shared),
    )


async def signed_out_upstream(house: House, alias: str, state: str | None, browser: Browser) -> Reply:
    """The provider ended its session: go on where the state says (a sign-in that starts anew, or a logout)."""
    record = await find_state(house, alias, state, SIGN_OUT_FIRST, SIGN_OUT)
    if record.body["purpose"] == SIGN_OUT:
        await spend_state(house, record)
        return redirect(record.body["return_to"])
    return await led_on(house, record.body["attempt_id"], browser, _depart_anew(house, alias, record, browser))


async def _depart_anew(house: House, alias: str, state: Record, browser: Browser) -> Reply:
    attempt, portal, _ = await load_attempt(house, state.body["attempt_id"], browser)
    await spend_state(house, state)
    reminded = replace(attempt, signed_out_of=alias, version=attempt.version + 1)
    await house.store.commit([Replace(attempt_record(reminded))], now=house.clock.now())
    return await depart(house, reminded, portal, alias, browser, again=True)
