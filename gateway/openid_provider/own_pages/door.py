"""Who comes in to the own pages, and what every page carries.

A session alone is not enough: it lives for hours on a desk that others use. The sign-in behind it is at most half an
hour old, otherwise the person signs in anew; a staff session is another cookie and another kind, and opens nothing.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime

from gateway.openid_provider.attempt import Unsent
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.conclusion import attempt_url
from gateway.openid_provider.house import House
from gateway.openid_provider.interaction import load_session
from gateway.openid_provider.own_client import OPEN_FOR, OWN_PAGES, PAGES, own_portal, own_request
from gateway.openid_provider.own_pages.views import NamedPortal, OwnFrame, Tab
from gateway.openid_provider.parameters import Parameters, same_secret
from gateway.openid_provider.reply import Reply, redirect, with_query
from gateway.openid_provider.session import Session
from gateway.openid_provider.starting import store_attempt
from gateway.openid_provider.unsent_report import subject_of_report

UNDONE = "undone"
"""The parameter of an address whose page says that what was pressed before was not done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody who may see the own pages now: whose session, in which browser, and until when; `undone` tells that what
    they pressed before was not done."""

    session: Session
    browser: Browser
    csrf: str
    ends_at: datetime
    undone: bool = False

    @property
    def citizen_id(self) -> str:
        """The internal id of the person."""
        return self.session.citizen.id


async def admit(house: House, browser: Browser) -> Visit | None:
    """Return the visit of a session whose sign-in is young enough; None for anybody else."""
    session = await load_session(house, browser)
    if session is None or session.auth_time + OPEN_FOR <= house.clock.now():
        return None
    # not the cookie, which every sign-in replaces: a page in one tab stays good when the person signs in in another
    csrf = hmac.digest(house.refresh_secret, f"own-pages|{session.root}".encode(), "sha256").hex()
    return Visit(session=session, browser=browser, csrf=csrf, ends_at=session.auth_time + OPEN_FOR)


async def send_to_sign_in(house: House, browser: Browser, page: str, unsent: Unsent | None = None) -> Reply:
    """Begin a sign-in that comes back to a page: one of `PAGES` by name, or an address of the own pages; with what was
    written on a form of it and not taken."""
    attempt, cookie = await store_attempt(house, own_request(page), browser, unsent=unsent)
    return redirect(attempt_url(house, attempt), [cookie])


def is_from_here(form: Parameters, visit: Visit) -> bool:
    """Tell whether a form comes from a page that this very person was shown in this browser."""
    return same_secret(form.get("csrf", ""), visit.csrf)


def undone_page(page: str, form: Parameters) -> str:
    """Return the address of a page of `PAGES` that says its form was not acted upon, about the entry or portal that the
    form was about; the person looks and presses again."""
    kept = subject_of_report(form.get("about"), form.get("portal")) if page == "report" else {}
    return with_query(PAGES[page], {**kept, UNDONE: "on"})


def frame_of(house: House, visit: Visit, tab: Tab, here: str = "") -> OwnFrame:
    """Return what a page carries; `here` is its address below `/me`."""
    home = f"{house.issuer}/me"
    shown = with_query(home + here, {UNDONE: "on" if visit.undone else None})
    return OwnFrame(tab=tab, home=home, here=shown, csrf=visit.csrf, ends_at=visit.ends_at, undone=visit.undone)


def service_of(house: House, client_id: str) -> NamedPortal:
    """Return a portal as people know it; one that is not registered any more goes by its id."""
    portal = own_portal(house.issuer) if client_id == OWN_PAGES else house.clients.get(client_id)
    if portal is None:
        return NamedPortal(key=client_id, name={"vi": client_id, "en": client_id}, agency={})
    return NamedPortal(key=client_id, name=portal.display_name, agency=portal.display_agency)
