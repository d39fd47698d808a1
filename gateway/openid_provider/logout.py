"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0): GET and POST.

With a good hint for the session that lives, the session ends at once; otherwise the person is asked. The browser
goes only to an address registered for the client, and only with what the client sent.
"""

import hmac
from dataclasses import dataclass

from gateway.audit.event import SessionEnded
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.callback import SIGN_OUT
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.consent_step import subject_of
from gateway.openid_provider.cookies import SESSION, clear_cookie, read_cookie
from gateway.openid_provider.ending import end_session
from gateway.openid_provider.failure import AttemptLost
from gateway.openid_provider.hints import Hint, bare_hint, read_hint
from gateway.openid_provider.house import House
from gateway.openid_provider.interaction import load_session
from gateway.openid_provider.parameters import Parameters, same_secret
from gateway.openid_provider.refusals import face
from gateway.openid_provider.reply import Reply, page_reply, redirect, with_query
from gateway.openid_provider.screens import LoggedOut, LogoutConfirm, PortalFace
from gateway.openid_provider.session import Session
from gateway.openid_provider.upstream import returned_uri, session_ender
from gateway.tokens.issue import key_of
from gateway.vocabulary.clock import text_token
from gateway.vocabulary.store import Insert, Kind, Record

STAYED = "stayed"
"""The parameter of an address whose page says that the person stayed signed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """A parsed request: whose it is, if known, and where it may go afterwards. `developer`, in dev only: the address
    that was asked for and those that are registered, when it is none of them."""

    portal: Portal | None
    hint: Hint | None
    return_to: str | None
    developer: tuple[tuple[str, str], ...] = ()

    @property
    def face(self) -> PortalFace | None:
        """How pages name the portal."""
        return None if self.portal is None else face(self.portal)


def parse_logout(house: House, parameters: Parameters) -> LogoutRequest:
    """Read the request. The return address counts only with a known client that registered it (§3)."""
    hint = read_hint(house, parameters.get("id_token_hint"))
    client_id = parameters.get("client_id")
    if hint is not None and client_id is not None and client_id != hint.client_id:
        hint, client_id = None, None  # §2: the two must name the same client
    portal = house.clients.get(hint.client_id if hint is not None else client_id or "")
    wanted = parameters.get("post_logout_redirect_uri")
    if portal is None or wanted not in portal.post_logout_redirect_uris:
        rows = _explain(portal, wanted) if wanted is not None and house.develop else ()
        return LogoutRequest(portal=portal, hint=hint, return_to=None, developer=rows)
    return LogoutRequest(portal=portal, hint=hint, return_to=with_query(wanted, {"state": parameters.get("state")}))


def _explain(portal: Portal | None, wanted: str) -> tuple[tuple[str, str], ...]:
    registered = () if portal is None else portal.post_logout_redirect_uris
    rows = (("registered post_logout_redirect_uri", uri) for uri in registered)
    return ("received post_logout_redirect_uri", wanted), *rows


def repeated(house: House, parameters: Parameters) -> dict[str, str | None]:
    """Return a request as our own addresses repeat it: a hint may name the person, a bare one does not."""
    names = ("client_id", "post_logout_redirect_uri", "state", "ui_locales")
    hint = bare_hint(house, parameters.get("id_token_hint"))
    return {"id_token_hint": hint, **{name: parameters.get(name) for name in names}}


async def begin_logout(house: House, parameters: Parameters, browser: Browser) -> Reply:
    """End the session at once when the hint proves whose wish it is; ask the person otherwise."""
    request = parse_logout(house, parameters)
    if request.portal is not None and request.portal.realm == "staff":
        return redirect(with_query(f"{house.issuer}/staff/sign-out", repeated(house, parameters)))
    session = await load_session(house, browser)
    proven = request.hint is not None and request.portal is not None
    if proven and (session is None or _means(house, request, session)):
        return await sign_out(house, request, session, browser)
    if session is None and request.return_to is None:
        return page_reply(house.screens.show(_logged_out(house, request), languages=browser.languages))
    # the confirmation repeats what was asked, so that nothing has to be stored for a stranger
    query = repeated(house, parameters)
    confirm = LogoutConfirm(
        portal=request.face,
        action=with_query(f"{house.issuer}/logout/confirm", query),
        csrf=_csrf(house, browser),
        again=with_query(f"{house.issuer}/logout", query),
        developer=request.developer,
    )
    return page_reply(house.screens.show(confirm, languages=browser.languages))


def _means(house: House, request: LogoutRequest, session: Session) -> bool:
    return (
        request.hint is not None
        and request.portal is not None
        and request.hint.subject == subject_of(house, request.portal, session)
    )


def _csrf(house: House, browser: Browser) -> str:
    cookie = read_cookie(browser.cookies, SESSION, secure=house.secure) or ""
    return hmac.digest(house.refresh_secret, f"logout|{cookie}".encode(), "sha256").hex()


async def confirm_logout(house: House, query: Parameters, form: Parameters, browser: Browser) -> Reply:
    """The person answered the confirmation."""
    request = parse_logout(house, query)
    session = await load_session(house, browser)
    # a second tab presses after the first has ended the session: what is wanted is so, and nothing is left to protect
    over = session is None and form.get("logout") == "yes"
    if not over and not same_secret(form.get("csrf", ""), _csrf(house, browser)):
        raise AttemptLost(operator_detail="the form's csrf value is not the session's")
    if form.get("logout") != "yes":
        return page_reply(house.screens.show(_stayed(house, request), languages=browser.languages))
    return await sign_out(house, request, session, browser)


async def sign_out(house: House, request: LogoutRequest, session: Session | None, browser: Browser) -> Reply:
    """Delete the session and what hangs on it, end the provider's session too, and send the browser on."""
    gone = clear_cookie(SESSION, secure=house.secure)
    upstream = None
    if session is not None:
        await _forget(house, request, session, browser.trace_id)
        upstream = await end_upstream(house, session.provider, session.upstream_id_token, request.return_to)
    if upstream is not None:
        return redirect(upstream, [gone])
    if request.return_to is not None:
        return redirect(request.return_to, [gone])
    return page_reply(house.screens.show(_logged_out(house, request), languages=browser.languages), [gone])


def client_of(request: LogoutRequest) -> dict[str, str | None]:
    """Return how an address names the portal of a request."""
    return {"client_id": None if request.portal is None else request.portal.client_id}


async def logout_done(house: House, query: Parameters, browser: Browser) -> Reply:
    """The last page of a logout that leads nowhere. Whatever the address says, who has a session reads that they are
    signed in: on a shared machine they would leave it to the next person."""
    request = parse_logout(house, query)
    if await load_session(house, browser) is not None:
        view = _stayed(house, request)
    else:
        view = LoggedOut(portal=request.face, again=with_query(f"{house.issuer}/logout/done", client_of(request)))
    return page_reply(house.screens.show(view, languages=browser.languages))


def _stayed(house: House, request: LogoutRequest) -> LoggedOut:
    """Return the page of a session that lives, with the way to end it."""
    whose = client_of(request)
    return LoggedOut(
        portal=request.face,
        stayed=True,
        again=with_query(f"{house.issuer}/logout/done", {**whose, STAYED: "on"}),
        sign_out=with_query(f"{house.issuer}/logout", whose),
    )


def _logged_out(house: House, request: LogoutRequest) -> LoggedOut:
    """Return the page of a session that is over; nothing is left to end when it is shown again."""
    again = f"{house.issuer}/logout/done"
    if request.portal is not None:
        again = with_query(f"{house.issuer}/logout", client_of(request))
    return LoggedOut(portal=request.face, again=again, developer=request.developer)


async def _forget(house: House, request: LogoutRequest, session: Session, trace_id: str) -> None:
    """End the session and what hangs on it, with the event of it."""
    event = await house.evidence.tell(
        SessionEnded,
        outcome="signed_out",
        actor_kind="citizen",
        citizen_id=session.citizen.id,
        portal=None if request.portal is None else request.portal.client_id,
        trace_id=trace_id,
    )
    await house.store.commit(await end_session(house, session), [event], now=house.clock.now())


async def end_upstream(house: House, alias: str, id_token: str | None, return_to: str | None) -> str | None:
    """Return where the browser ends its session at the provider on its way to `return_to`, None where it cannot."""
    provider = session_ender(house.identity_providers.get(alias))
    if provider is None:
        return None
    state = text_token(house.randomness)
    url = provider.sign_out_url(id_token=id_token, return_to=returned_uri(house, alias), state=state)
    if url is None:
        return None
    now = house.clock.now()
    record = Record(
        kind=Kind.UPSTREAM_STATE,
        key=key_of(state),
        expires_at=now + house.lifetimes.upstream_for,
        body={
            "purpose": SIGN_OUT,
            "alias": alias,
            "return_to": return_to or f"{house.issuer}/logout/done",
        },
    )
    await house.store.commit([Insert(record)], now=now)
    return url
