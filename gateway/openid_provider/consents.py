"""A person's own consents: what they agreed to, the receipt to keep, and the way to withdraw.

Everything here belongs to the browser session: whoever is signed in sees their own consents and nobody else's, and a
consent of somebody else is answered like one that does not exist. A receipt's link is opened months later: without a
session it leads to a sign-in, for any id alike, and back. The form that withdraws carries a proof that only
this session's own page can hold.
"""

import hmac
import re
from dataclasses import replace

import structlog

from gateway.consent.failure import ConsentUnknown
from gateway.consent.receipt import receipt_claims, receipt_type
from gateway.consent.record import Consent
from gateway.consent.withdraw import ConsentDesk, find_consent, withdraw_consent
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.house import House
from gateway.openid_provider.interaction import load_session
from gateway.openid_provider.notice import identity_rows
from gateway.openid_provider.own_pages.door import UNDONE, send_to_sign_in
from gateway.openid_provider.parameters import Parameters, same_secret
from gateway.openid_provider.reply import NO_STORE, Reply, page_reply, redirect
from gateway.openid_provider.screens import ConsentView, Text
from gateway.openid_provider.session import Session

log = structlog.get_logger()

_ID = re.compile(r"cs_[A-Za-z0-9_-]{22}")


async def show_consent(house: House, consent_id: str, browser: Browser, here: str, *, undone: bool = False) -> Reply:
    """GET: the person's own consent; `here` is where a sign-in comes back to, `undone` says on the page that the
    withdrawal was not done. Raises ConsentUnknown."""
    session = await load_session(house, browser)
    if session is None:
        return await send_to_sign_in(house, browser, here)
    view = replace(await own_view(house, consent_id, session), undone=undone)
    return page_reply(house.screens.show(view, languages=browser.languages))


async def print_receipt(house: House, consent_id: str, browser: Browser, here: str) -> Reply:
    """GET: the receipt on A4. Raises ConsentUnknown."""
    session = await load_session(house, browser)
    if session is None:
        return await send_to_sign_in(house, browser, here)
    view = await own_view(house, consent_id, session)
    return page_reply(house.screens.print(view, languages=browser.languages))


async def sign_receipt(house: House, consent_id: str, browser: Browser, here: str) -> Reply:
    """GET: the receipt as a signed text. Raises ConsentUnknown."""
    session = await load_session(house, browser)
    if session is None:
        return await send_to_sign_in(house, browser, here)
    consent = await own_consent(house, consent_id, session)
    portal = portal_name(house, consent)
    claims = receipt_claims(consent, issuer=house.issuer, portal=portal, now=house.clock.now())
    signed = house.keys.sign(claims, typ=receipt_type(consent))
    headers = (
        ("content-type", "application/jose"),
        ("content-disposition", f'attachment; filename="{consent.id}.jws"'),
        ("x-content-type-options", "nosniff"),
    )
    return Reply(200, signed.encode("ascii"), (*headers, *NO_STORE))


async def withdraw_own(house: House, consent_id: str, given: Parameters, browser: Browser) -> Reply:
    """POST: withdraw, then show what became of it. Without a session, or with a form of another's page, nothing is
    withdrawn and the page says so. Raises ConsentUnknown."""
    session = await load_session(house, browser)
    if session is None:
        return await send_to_sign_in(house, browser, f"/consents/{consent_id}?{UNDONE}=on")
    consent = await own_consent(house, consent_id, session)
    if not same_secret(given.get("csrf", ""), withdraw_proof(house, consent.id, session)):
        log.info("form_not_taken", page="consent", trace_id=browser.trace_id)
        return redirect(f"{consent_url(house, consent.id)}?{UNDONE}=on")
    await withdraw_consent(consent.id, consent.citizen_id, desk_of(house), trace_id=browser.trace_id)
    return redirect(consent_url(house, consent.id))


async def own_view(house: House, consent_id: str, session: Session) -> ConsentView:
    """Return what the page and the paper show."""
    consent = await own_consent(house, consent_id, session)
    return ConsentView(
        consent=consent,
        state=consent.state_at(house.clock.now()),
        person=identity_rows(consent.citizen),
        portal_name=portal_name(house, consent),
        address=consent_url(house, consent.id),
        csrf=withdraw_proof(house, consent.id, session),
    )


async def own_consent(house: House, consent_id: str, session: Session) -> Consent:
    """Return a consent of whoever is signed in. Raises ConsentUnknown."""
    if not _ID.fullmatch(consent_id):
        raise ConsentUnknown
    return await find_consent(consent_id, session.citizen.id, desk_of(house))


def portal_name(house: House, consent: Consent) -> Text:
    """Return the name of the portal that asked, as its page said it; of an earlier record, the name of today."""
    portal = house.clients.get(consent.client_id)
    named: Text = {"vi": consent.client_id} if portal is None else portal.display_name
    return consent.content.get("portal") or named


def desk_of(house: House) -> ConsentDesk:
    """Return what consents are kept with."""
    return ConsentDesk(store=house.store, evidence=house.evidence, clock=house.clock)


def consent_url(house: House, consent_id: str) -> str:
    """Return the address of a consent's page."""
    return f"{house.issuer}/consents/{consent_id}"


def withdraw_proof(house: House, consent_id: str, session: Session) -> str:
    """Return what the page's form posts: nobody without the house's secret can make it, and it stays good when the same
    person signs in anew in this browser."""
    return hmac.digest(house.refresh_secret, f"withdraw|{consent_id}|{session.root}".encode(), "sha256").hex()
