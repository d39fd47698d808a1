"""The operators' own pages as the one staff client that is no software of anybody: a sign-in for them ends at a page of
ours, and no code leaves. Its id cannot be registered, since an id of a client starts with a letter or a digit.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from gateway.openid_provider.attempt import Attempt
from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.conclusion import attempt_url
from gateway.openid_provider.failure import AttemptFinished
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters, same_secret
from gateway.openid_provider.reply import Reply, redirect, with_query
from gateway.openid_provider.staff_realm.failure import DeviceLoginOff, PageOutdated
from gateway.openid_provider.staff_realm.session import StaffSession, load_staff_session
from gateway.openid_provider.starting import store_attempt
from gateway.vocabulary.store import Spend

CONSOLE = "~console"
FIRST_PAGE = "/staff/connectors"
UNDONE = "undone"
"""The parameter of an address whose page says that what was pressed before was not done: in an attempt's own address
`on`, in one that a browser is sent to the mark of the session, which no link from elsewhere can have."""

_CONSOLE_ADDRESS = re.compile(r"/staff/(?:connectors|reports)(?:/[A-Za-z0-9._+-]{1,80}){0,2}(?:\?undone=on)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleVisit:
    """A member of staff at the console: whose session, in which browser, what its forms post, until when; `undone`
    tells that what they pressed before was not done."""

    session: StaffSession
    browser: Browser
    csrf: str
    ends_at: datetime
    undone: bool = False


@cache
def console_client(issuer: str) -> Portal:
    """Return the console in the shape of a client: a name to show and a first page, nothing to redirect to."""
    return Portal.model_construct(
        client_id=CONSOLE,
        client_name_vi="Trang vận hành",
        client_name_en="Operators' pages",
        client_uri=issuer + FIRST_PAGE,
        token_endpoint_auth_method="none",  # noqa: S106  a method, not a secret
        grant_types=(),
        subject_type="public",
        scope="",
        realm="staff",
    )


def staff_client(house: House, client_id: str) -> Portal | None:
    """Return whom a staff attempt is for: a registered client, or the console."""
    return console_client(house.issuer) if client_id == CONSOLE else house.clients.get(client_id)


async def admit_operator(house: House, browser: Browser) -> ConsoleVisit | None:
    """Return the visit of a session whose sign-in is at most as old as a command's token lives; None otherwise."""
    session = await load_staff_session(house, browser)
    if session is None:
        return None
    ends_at = session.auth_time + house.lifetimes.staff_token_for
    if ends_at <= house.clock.now():
        return None
    # not the cookie, which every sign-in replaces: a page in one tab stays good when the officer signs in in another
    csrf = hmac.digest(house.refresh_secret, f"console|{session.root}".encode(), "sha256").hex()
    return ConsoleVisit(session=session, browser=browser, csrf=csrf, ends_at=ends_at)


def console_address(page: str | None) -> str:
    """Return the path, below the issuer, of the page a sign-in was begun for; whatever is none of the console's leads
    to its first page, so nothing from outside is ever followed."""
    good = page is not None and _CONSOLE_ADDRESS.fullmatch(page) is not None and ".." not in page
    return page if good and page is not None else FIRST_PAGE


def undone_address(path: str) -> str:
    """Return the address of the page whose form posts to `path`, which says that the form was not acted upon."""
    return f"{path.rpartition('/')[0]}?{UNDONE}=on"


async def send_to_console(house: House, browser: Browser, page: str) -> Reply:
    """Begin a sign-in that comes back to a page of the console. Raises DeviceLoginOff where there is no staff realm."""
    if not house.has_staff:
        raise DeviceLoginOff()
    fresh = int(house.lifetimes.staff_token_for.total_seconds()) - 60
    request = AuthorizationRequest(
        client_id=CONSOLE, redirect_uri="", scopes=(), state=page, max_age=fresh, ui_locales=browser.chosen
    )
    attempt, cookie = await store_attempt(house, request, browser, "staff")
    return redirect(attempt_url(house, attempt), [cookie])


def undone_mark(house: House, session: StaffSession, path: str) -> str:
    """Return what `UNDONE` says in this officer's browser of a form of the page at `path` that was not acted upon."""
    return hmac.digest(house.refresh_secret, f"undone|{session.root}|{path}".encode(), "sha256").hex()[:32]


async def enter_console(house: House, attempt: Attempt, session: StaffSession) -> Reply:
    """End an attempt at the page it was begun for. Raises AttemptFinished on a double submit."""
    if not (await house.store.commit([Spend(attempt.address)], now=house.clock.now())).done:
        raise AttemptFinished()
    path, _, undone = console_address(attempt.request.state).partition("?")
    mark = undone_mark(house, session, path) if undone else None
    return redirect(with_query(house.issuer + path, {UNDONE: mark}))


def check_console_form(form: Parameters, visit: ConsoleVisit) -> None:
    """Raise PageOutdated for a form that did not come from a page of this officer's in this browser."""
    if not same_secret(form.get("csrf", ""), visit.csrf):
        raise PageOutdated(operator_detail="the form's csrf value is not the session's")
