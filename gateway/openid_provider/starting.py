"""Starting a sign-in: its record, and the cookie that binds it to the browser that began it."""

from gateway.openid_provider.attempt import Attempt, Realm, Unsent, attempt_header, attempt_record, begin_attempt
from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.house import House
from gateway.vocabulary.store import Insert


async def store_attempt(
    house: House,
    request: AuthorizationRequest,
    browser: Browser,
    realm: Realm = "citizen",
    unsent: Unsent | None = None,
) -> tuple[Attempt, tuple[str, str]]:
    """Store a new attempt; return it with the header that binds it to this browser. `unsent` is what was written on a
    form that waits for this sign-in."""
    now, lifetimes = house.clock.now(), house.lifetimes
    attempt, secret = begin_attempt(
        request, house.randomness, lifetimes, now, browser.trace_id, realm=realm, unsent=unsent
    )
    await house.store.commit([Insert(attempt_record(attempt))], now=now)
    return attempt, attempt_header(attempt, secret, secure=house.secure, lifetimes=lifetimes)
