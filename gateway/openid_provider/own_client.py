"""The citizen's own pages as the one client that is no portal: a sign-in for them ends at `/me`, and no code leaves.

Its id cannot be registered (an id of a portal starts with a letter or a digit), so nobody else can be it, and the
registry of portals does not know it: `/authorize` refuses it like any unknown client.
"""

import re
from datetime import timedelta
from functools import cache

from gateway.openid_provider.announcing import announce
from gateway.openid_provider.attempt import Attempt
from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import AttemptFinished
from gateway.openid_provider.house import House
from gateway.openid_provider.reply import Reply, redirect
from gateway.openid_provider.session import Session, session_record
from gateway.openid_provider.unsent_report import keep_report
from gateway.vocabulary.store import Change, Replace, Spend

OWN_PAGES = "~me"
PAGES = {
    "record": "/me",
    "usage": "/me/usage",
    "connections": "/me/connections",
    "notices": "/me/notices",
    "report": "/me/report",
}
"""Where a sign-in may lead, by name."""

_OWN_ADDRESS = re.compile(r"/(?:me|consents)(?:/[A-Za-z0-9._-]{1,80}){0,3}(?:\?[A-Za-z0-9._~%&=+-]{0,400})?", re.ASCII)

OPEN_FOR = timedelta(minutes=30)
"""How old a sign-in may be that opens them."""

_ASKED_WITHIN = timedelta(minutes=25)  # of the identity provider, so that what it answers opens them for a while


def is_own(client_id: str) -> bool:
    """Tell whether a client id is that of the own pages."""
    return client_id == OWN_PAGES


@cache
def own_portal(issuer: str) -> Portal:
    """Return the own pages in the shape of a portal: a name to show and a first page, nothing to redirect to."""
    return Portal.model_construct(
        client_id=OWN_PAGES,
        client_name_vi="Dữ liệu của tôi",
        client_name_en="My data",
        client_uri=f"{issuer}/me",
        token_endpoint_auth_method="none",  # noqa: S106  a method, not a secret
        grant_types=(),
        subject_type="public",
        scope="",
    )


def portal_of(house: House, client_id: str) -> Portal | None:
    """Return whom an attempt is for: a registered portal, or the own pages."""
    return own_portal(house.issuer) if is_own(client_id) else house.clients.get(client_id)


def own_address(page: str | None) -> str:
    """Return the path, below the issuer, of what a sign-in was begun for: one of `PAGES` by name, or an address of the
    own pages with its query. Whatever else it is leads to the first page, so nothing from outside is ever followed."""
    if page is not None and _OWN_ADDRESS.fullmatch(page) and ".." not in page:
        return page
    return PAGES.get(page or "", PAGES["record"])


def own_request(page: str) -> AuthorizationRequest:
    """Return what a sign-in for an `own_address` asks for: nothing but who it is, and recently."""
    max_age = int(_ASKED_WITHIN.total_seconds())
    return AuthorizationRequest(client_id=OWN_PAGES, redirect_uri="", scopes=(), state=page, max_age=max_age)


async def enter_own_pages(house: House, attempt: Attempt, session: Session) -> Reply:
    """End an attempt at the page it was begun for. Raises AttemptFinished on a double submit."""
    now = house.clock.now()
    told, news = announce(house, session, OWN_PAGES)
    changes: list[Change] = [Spend(attempt.address), *news, *keep_report(house, told, attempt.unsent)]
    if told is not session:
        changes.append(Replace(session_record(told.touched(now), house.lifetimes)))
    verdict = await house.store.commit(changes, now=now)
    if not verdict.done and verdict.lost_at is not None and isinstance(changes[verdict.lost_at], Replace):
        # another tab touched the session a moment ago
        verdict = await house.store.commit(changes[:-1], now=now)
    if not verdict.done:
        raise AttemptFinished()
    return redirect(house.issuer + own_address(attempt.request.state))


async def leave_own_pages(house: House, attempt: Attempt) -> Reply:
    """The person does not sign in: back to the first page of the gateway."""
    await house.store.commit([Spend(attempt.address)], now=house.clock.now())
    return redirect(f"{house.issuer}/")
