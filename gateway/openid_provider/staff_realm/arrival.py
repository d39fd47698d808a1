"""The callback of a staff provider: who it is, their session, and the event of it, in one commit."""

from gateway.identity_providers.contract import Authentication, IdentityProviderUnavailable
from gateway.openid_provider import failure
from gateway.openid_provider.attempt import Attempt, attempt_record, signed_in
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.callback import Arrival, find_callback, spend_state
from gateway.openid_provider.conclusion import attempt_url
from gateway.openid_provider.cookies import STAFF_SESSION, read_cookie, set_cookie
from gateway.openid_provider.house import House
from gateway.openid_provider.interaction import led_on
from gateway.openid_provider.reply import Reply, redirect
from gateway.openid_provider.setback import fail_attempt
from gateway.openid_provider.staff_realm.interaction import load_staff_attempt
from gateway.openid_provider.staff_realm.session import (
    StaffSession,
    load_staff_session,
    staff_session_address,
    staff_session_record,
)
from gateway.openid_provider.staff_realm.subject import know_officer
from gateway.staff.event import StaffSignedIn
from gateway.tokens.issue import key_of
from gateway.vocabulary.clock import text_token
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import Insert, Outcome, Remove, Replace


async def arrive(house: House, alias: str, raw_query: str, browser: Browser) -> Reply:
    """The provider's callback, which is nothing in another browser than the one that left."""
    arrival = await find_callback(house, alias, raw_query)
    return await led_on(house, arrival.attempt_id, browser, _take(house, alias, arrival, browser))


async def _take(house: House, alias: str, arrival: Arrival, browser: Browser) -> Reply:
    """Check the browser, spend the state, read who it is, make the session."""
    attempt, portal = await load_staff_attempt(house, arrival.attempt_id, browser)
    await spend_state(house, arrival.state)
    browser = browser.asked_in(attempt.request.ui_locales)
    try:
        seen = await house.identity_providers[alias].complete(arrival.callback)
        return await _sign_in(house, attempt, seen, browser)
    except Failure as refused:
        return await fail_attempt(house, attempt, portal, refused, browser)


async def _sign_in(house: House, attempt: Attempt, seen: Authentication, browser: Browser) -> Reply:
    cookie = text_token(house.randomness)
    before = read_cookie(browser.cookies, STAFF_SESSION, secure=house.secure)
    previous = await load_staff_session(house, browser)
    ended = () if before is None else (Remove(staff_session_address(before)),)
    # two first sign-ins of one person at the same moment: the second finds what the first made
    for _ in range(3):
        now = house.clock.now()
        known = await know_officer(house, seen)
        same = previous is not None and previous.officer.id == known.officer.id
        session = StaffSession(
            key=key_of(cookie),
            root=previous.root if previous is not None and same else key_of(cookie),
            officer=known.officer,
            auth_time=seen.auth_time or now,
            provider=seen.provider,
            created_at=now,
        )
        event = await house.evidence.tell(
            StaffSignedIn,
            outcome="signed_in",
            actor_kind="officer",
            actor_ref=known.officer.reference,
            portal=attempt.request.client_id,
            connector=seen.provider,
            trace_id=attempt.trace_id,
        )
        changes = [
            *known.changes,
            *ended,
            Insert(staff_session_record(session, house)),
            Replace(attempt_record(signed_in(attempt, session.key))),
        ]
        verdict = await house.store.commit(changes, [event], now=now)
        if verdict.done:
            return redirect(attempt_url(house, attempt), [set_cookie(STAFF_SESSION, cookie, secure=house.secure)])
        if verdict.outcome is not Outcome.EXISTS:
            raise failure.AttemptFinished()
    raise IdentityProviderUnavailable(operator_detail="the account changed under three parallel sign-ins")
