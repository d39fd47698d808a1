"""An officer signs out: the staff session of this browser, the provider's own, and nothing of a citizen's."""

from gateway.openid_provider.browser import Browser
from gateway.openid_provider.cookies import STAFF_SESSION, clear_cookie
from gateway.openid_provider.failure import AttemptLost
from gateway.openid_provider.house import House
from gateway.openid_provider.logout import STAYED, LogoutRequest, client_of, end_upstream, parse_logout, repeated
from gateway.openid_provider.parameters import Parameters, same_secret
from gateway.openid_provider.refusals import face
from gateway.openid_provider.reply import Reply, page_reply, redirect, with_query
from gateway.openid_provider.screens import LoggedOut, LogoutConfirm
from gateway.openid_provider.staff_realm.session import load_staff_session, sign_out_proof
from gateway.staff.event import StaffSignedOut
from gateway.vocabulary.store import Kind, RecordKey, Remove


async def ask_to_leave(house: House, query: Parameters, browser: Browser) -> Reply:
    """GET: ask, naming the desk's software when it sent the browser here."""
    request = parse_logout(house, query)
    portal = face(request.portal) if request.portal else None
    if await load_staff_session(house, browser) is None:
        if request.return_to is not None:
            return redirect(request.return_to)
        return page_reply(house.screens.show(_over(house, request), languages=browser.languages))
    address, again = _addresses(house, query)
    if STAYED in query:
        view: LoggedOut | LogoutConfirm = _stayed(house, query)
    else:
        view = LogoutConfirm(portal=portal, action=address, csrf=sign_out_proof(house, browser), again=again)
    return page_reply(house.screens.show(view, languages=browser.languages))


def _addresses(house: House, query: Parameters) -> tuple[str, str]:
    """Return where the form posts to, and where the same page is shown in the other language."""
    asked, stayed = repeated(house, query), {STAYED: "on" if STAYED in query else None}
    home = f"{house.issuer}/staff/sign-out"
    return with_query(home, asked), with_query(home, {**asked, "ui_locales": None, **stayed})


def _stayed(house: House, query: Parameters) -> LoggedOut:
    """Return the page of a session that lives, with the way to end it."""
    asked = {**repeated(house, query), "ui_locales": None}
    home, request = f"{house.issuer}/staff/sign-out", parse_logout(house, query)
    again = with_query(home, {**asked, STAYED: "on"})
    return LoggedOut(portal=request.face, stayed=True, again=again, sign_out=with_query(home, asked))


def _over(house: House, request: LogoutRequest) -> LoggedOut:
    """Return the page of a session that is over, which is shown again as long as there is none."""
    again = with_query(f"{house.issuer}/staff/sign-out", client_of(request))
    return LoggedOut(portal=request.face, again=again)


async def leave_staff(house: House, query: Parameters, form: Parameters, browser: Browser) -> Reply:
    """POST: end the session, its provider's too, and go where the desk's software registered. Raises AttemptLost."""
    request = parse_logout(house, query)
    session, upstream = await load_staff_session(house, browser), None
    # as with a citizen's: the second of two tabs is told that the session is over
    over = session is None and form.get("logout") == "yes"
    if not over and not same_secret(form.get("csrf", ""), sign_out_proof(house, browser)):
        raise AttemptLost(operator_detail="the form's csrf value is not the session's")
    if form.get("logout") != "yes":
        return page_reply(house.screens.show(_stayed(house, query), languages=browser.languages))
    gone = clear_cookie(STAFF_SESSION, secure=house.secure)
    if session is not None:
        event = await house.evidence.tell(
            StaffSignedOut,
            outcome="signed_out",
            actor_kind="officer",
            actor_ref=session.officer.reference,
            portal=None if request.portal is None else request.portal.client_id,
            trace_id=browser.trace_id,
        )
        ended = [Remove(RecordKey(Kind.STAFF_SESSION, session.key))]
        await house.store.commit(ended, [event], now=house.clock.now())
        upstream = await end_upstream(house, session.provider, None, request.return_to)
    if upstream is not None or request.return_to is not None:
        return redirect(upstream or request.return_to or "", [gone])
    return page_reply(house.screens.show(_over(house, request), languages=browser.languages), [gone])
