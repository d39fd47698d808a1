"""A sign-in that cannot go on in this browser, and the page that says so and leads on."""

from gateway.consent.portal_block import block_address
from gateway.openid_provider import failure
from gateway.openid_provider.attempt import Attempt, Realm, attempt_of, is_held
from gateway.openid_provider.authorization import request_of
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.conclusion import attempt_url
from gateway.openid_provider.house import House
from gateway.openid_provider.own_client import portal_of
from gateway.openid_provider.refusals import face
from gateway.openid_provider.reply import Reply, page_reply
from gateway.openid_provider.screens import FailurePage
from gateway.openid_provider.session import Session
from gateway.openid_provider.telling import told_again_at
from gateway.openid_provider.way_back import way_back
from gateway.vocabulary.failure import Failure, RefusedBy
from gateway.vocabulary.store import Record


class PortalOpenAgain(Failure):
    """A sign-in ended at a block that does not stand any more; the sign-in itself stays ended."""

    code = "GW-1310"
    title = "no longer blocked by the citizen"
    oauth_error = "access_denied"
    http_status = 409
    refused_by: RefusedBy = "citizen"
    vi = "Dịch vụ này hiện không bị ông/bà chặn. Lần đăng nhập trước đã dừng: quay lại dịch vụ và đăng nhập lại."
    en = "This service is not blocked by you now. The earlier sign-in has stopped: go back and sign in there again."
    fix = "Nothing to mend: the portal starts a new authorization request."


def lost_page(house: House, refused: Failure, attempt_id: str, record: Record | None, browser: Browser) -> Reply:
    """Say why an attempt cannot go on here, with the way to the portal's first page where it is known whose it was, and
    to the attempt's own page in the browser that started it, while it lives.

    Nothing but the portal's public name and address is told: whoever asks may not be who started the attempt. Only the
    browser that holds its cookie may learn which of a portal's addresses it was begun from.
    """
    request = None if record is None else request_of(record.body["request"])
    portal = None if request is None else portal_of(house, request.client_id)
    own = own_attempt(house, attempt_id, record, browser)
    held = is_held(attempt_id, record, browser.cookies, secure=house.secure)
    view = FailurePage(
        failure=refused,
        portal=None if portal is None else face(portal),
        return_url=None if portal is None or request is None else way_back(portal, request, held=held),
        onward_url=None if own is None or own.ended else attempt_url(house, own),
        here=_told_at(house, refused, own, attempt_id, record) or told_again_at(house, refused),
    )
    languages = browser.asked_in(None if request is None else request.ui_locales).languages
    return page_reply(house.screens.show(view, languages=languages, status=refused.http_status))


def _told_at(house: House, refused: Failure, own: Attempt | None, attempt_id: str, record: Record | None) -> str | None:
    """Return the address that says this again: the attempt's own, which while it lives has to be told what to say."""
    if record is None:
        return None
    staff = "/staff" if record.body.get("realm") == "staff" else ""
    here = f"{house.issuer}{staff}/interaction/{attempt_id}"
    return here if own is None or own.ended else f"{here}?told={refused.code}"


async def is_open_again(house: House, own: Attempt, session: Session | None) -> bool:
    """Tell whether an attempt failed at a blocked portal that is not blocked for the person who is signed in now."""
    if own.setback is None or own.setback.code != failure.PortalClosed.code or session is None:
        return False
    (block,) = await house.store.load(block_address(session.citizen.id, own.request.client_id))
    return block is None


def reopened_page(house: House, own: Attempt, browser: Browser) -> Reply:
    """Say that the portal is open again, with the way to its first page: this attempt itself is over."""
    refused, portal = PortalOpenAgain(), portal_of(house, own.request.client_id)
    refused.trace_id = browser.trace_id
    view = FailurePage(
        failure=refused,
        portal=None if portal is None else face(portal),
        return_url=None if portal is None else way_back(portal, own.request, held=True),
        here=attempt_url(house, own),
    )
    languages = browser.asked_in(own.request.ui_locales).languages
    return page_reply(house.screens.show(view, languages=languages, status=refused.http_status))


async def tell_again(code: str) -> Reply:
    """GET: say once more why a form of a living attempt was not taken. Raises what it says."""
    known = (failure.AttemptLost, failure.AttemptFinished, failure.AttemptExpired)
    raise next((kind for kind in known if kind.code == code), failure.AttemptUnknown)()


def own_attempt(house: House, attempt_id: str, record: Record | None, browser: Browser) -> Attempt | None:
    """Return an attempt that lives or has ended, in the browser that started it."""
    realm: Realm = "staff" if record is not None and record.body.get("realm") == "staff" else "citizen"
    now = house.clock.now()
    try:
        return attempt_of(attempt_id, record, browser.cookies, now, secure=house.secure, realm=realm, ended_too=True)
    except Failure:
        return None
