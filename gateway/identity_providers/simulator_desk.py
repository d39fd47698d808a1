"""What every played identity provider does alike: a page to choose a person on, hints, faults, sessions, sign-out.

A dialect is a subclass of `SignInDesk` that says how a code is written and what its endpoints answer. Nothing here is
imported by the gateway itself.
"""

import hmac
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import anyio
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from gateway.identity_providers.simulator_faults import FAULTS, FaultOrder, FaultSwitch
from gateway.identity_providers.simulator_people import People, Person, looks_real
from gateway.vocabulary.clock import Clock, Randomness, text_token
from gateway.vocabulary.collation import find, person_key

_ERROR_OF_FAULT: Mapping[str, str] = {
    "cancelled": "access_denied",
    "locked": "account_locked",
    "closed": "account_closed",
    "not_activated": "account_not_activated",
    "old_phone": "account_on_another_device",
}
_ERROR_OF_STATE: Mapping[str, str] = {
    "locked": "account_locked",
    "closed": "account_closed",
    "not_activated": "account_not_activated",
    "none": "account_not_found",
}
_ATTEMPT_FOR = timedelta(minutes=15)
_CODE_FOR = timedelta(minutes=2)
_TOKEN_FOR = timedelta(minutes=5)
_SESSION_FOR = timedelta(hours=8)
_WAIT_FOR = 30.0
_NOBODY = ("Không có người này", "There is no such person")
_HERE = Path(__file__).parent
_PAGES = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
STYLE = (_HERE / "simulator_style.css").read_text("utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A client of a played provider. Its sign-out may return to the `post_logout_redirect_uris`, and to any page beside
    its `redirect_uris`."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()

    def may_return_to(self, address: str) -> bool:
        """Tell whether the sign-out may send the browser to `address`."""
        own = {urlsplit(uri)[:2] for uri in self.redirect_uris}
        return address in self.post_logout_redirect_uris or urlsplit(address)[:2] in own


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """Who is played: its issuer (everything lies below the issuer's path), its name on pages, its cookie, and where
    the page's answer goes, relative to the issuer."""

    issuer: str
    vi: str
    en: str
    cookie: str
    choice: str

    @property
    def prefix(self) -> str:
        """The path below which everything lies."""
        return urlsplit(self.issuer).path.rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A sign-in under way."""

    client: Registration
    redirect_uri: str
    state: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemable:
    """What a code or an access token stands for; `proof` is what must be shown again with a code, if anything."""

    client: Registration
    person: Person
    faults: Mapping[str, float | None]
    expires_at: datetime
    redirect_uri: str = ""
    proof: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    person: Person
    expires_at: datetime
    signs_in_alone: bool = False


class SignInDesk(ABC):
    """The state of one played provider. `not_confirmed` is how its product tells that nobody confirmed in time."""

    not_confirmed: Mapping[str, str]

    def __init__(
        self, face: Face, clients: Iterable[Registration], people: People, clock: Clock, randomness: Randomness
    ) -> None:
        self.face = face
        self.prefix = face.prefix
        self.faults = FaultSwitch(clock)
        self.clock = clock
        self.randomness = randomness
        self._clients = {client.client_id: client for client in clients}
        self._people = people
        self._attempts: dict[str, Attempt] = {}
        self._codes: dict[str, Redeemable] = {}
        self._tokens: dict[str, Redeemable] = {}
        self._sessions: dict[str, _Session] = {}
        if not self._clients:
            raise ValueError("the simulator wants at least one client")

    @abstractmethod
    def answer(self, attempt: Attempt, code: str) -> tuple[str, str]:
        """Return the query that carries a code back, and the proof that its redemption must show."""

    def refuse_request(self, query: Mapping[str, str]) -> str | None:
        """Return the error of an authorization request that this dialect does not take."""
        return None

    async def authorize(self, request: Request) -> Response:
        """Start a sign-in: with the page, with a hint or with a live session."""
        self.forget_expired()
        query = request.query_params
        client = self._clients.get(query.get("client_id", ""))
        redirect_uri = query.get("redirect_uri", "")
        if client is None or redirect_uri not in client.redirect_uris or not query.get("state"):
            return self._message("Đường dẫn đăng nhập bị lỗi", "The sign-in link is broken", 400)
        attempt = Attempt(
            client=client,
            redirect_uri=redirect_uri,
            state=query["state"],
            expires_at=self.clock.now() + _ATTEMPT_FOR,
        )
        error = _refuse_parameters(query) or self.refuse_request(query)
        if error is not None:
            return _send_back(attempt, urlencode({"error": error}))
        hint = query.get("login_hint", "")
        session = self._sessions.get(request.cookies.get(self.face.cookie, ""))
        if session is not None and (
            session.signs_in_alone or "sso" in hint.split(";")[1:] or self.faults.take(session.person, only="sso")
        ):
            return self._finish(attempt, session.person, {"sso": None}, hinted=True)
        if hint:
            return self._follow_hint(attempt, hint)
        return self._choose(attempt)

    async def choose(self, request: Request) -> Response:
        """Take the answer of the page."""
        self.forget_expired()
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        attempt = self._attempts.pop(form.get("attempt", ""), None)
        if attempt is None:
            return self._message("Trang này đã quá hạn", "This page has expired", 400)
        if "find" in form:
            return self._choose(attempt, form.get("words", ""))
        if "cancel" in form:
            return _send_back(attempt, urlencode({"error": "access_denied"}))
        person = self._people.find(form.get("persona", ""))
        fault = form.get("fault", "")
        if person is None or (fault and fault not in FAULTS):
            return self._message(*_NOBODY, 400)
        return self._finish(attempt, person, {fault: None} if fault else {}, hinted=False)

    async def redeem(self, request: Request, proof: str = "") -> tuple[str, Redeemable] | Response:
        """Redeem a code: once, by its client, with its redirect URI and with what its `proof` parameter must repeat.
        Return the access token and what it stands for, or the refusal."""
        self.forget_expired()
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        client = self._clients.get(form.get("client_id", ""))
        if client is None or not _same(form.get("client_secret", ""), client.client_secret):
            return refuse("invalid_client", 401)
        if form.get("grant_type") != "authorization_code":
            return refuse("unsupported_grant_type")
        held = self._codes.pop(form.get("code", ""), None)
        if held is None or held.client is not client or form.get("redirect_uri") != held.redirect_uri:
            return refuse("invalid_grant")
        if proof and not _same(form.get(proof, ""), held.proof):
            return refuse("invalid_grant")
        met = {**held.faults, **self.faults.take(held.person, only="stalled")}
        if "stalled" in met:
            await _keep_silent(request, met["stalled"] or _WAIT_FOR)
            return refuse("temporarily_unavailable", 503)
        access_token = text_token(self.randomness)
        redeemed = Redeemable(
            client=client, person=held.person, faults=held.faults, expires_at=self.clock.now() + _TOKEN_FOR
        )
        self._tokens[access_token] = redeemed
        return access_token, redeemed

    def token_members(self, access_token: str) -> dict[str, Any]:
        """Return the members of a token answer (RFC 6749 §5.1)."""
        lifetime = int(_TOKEN_FOR.total_seconds())
        return {"access_token": access_token, "token_type": "Bearer", "expires_in": lifetime, "scope": "openid"}

    def bearer(self, request: Request) -> Redeemable | None:
        """Return what the access token of a request stands for."""
        self.forget_expired()
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        return self._tokens.get(presented) if scheme.lower() == "bearer" else None

    async def sign_out(self, request: Request) -> Response:
        """End the browser session and go back where the client may go back to."""
        self._sessions.pop(request.cookies.get(self.face.cookie, ""), None)
        client = self._clients.get(request.query_params.get("client_id", ""))
        target = request.query_params.get("post_logout_redirect_uri", "")
        response = self._message(f"Đã đăng xuất khỏi {self.face.vi}", f"Signed out of {self.face.en}", 200)
        if client is not None and target and client.may_return_to(target):
            state = request.query_params.get("state")
            query = "" if state is None else ("&" if "?" in target else "?") + urlencode({"state": state})
            response = Response(status_code=303, headers={"location": target + query})
        response.delete_cookie(self.face.cookie)
        return response

    async def control_faults(self, request: Request) -> Response:
        """Serve `/_faults`: PUT, DELETE and GET."""
        if request.method == "DELETE":
            self.faults.clear()
        if request.method == "PUT":
            try:
                order = FaultOrder.model_validate_json(await request.body())
            except ValidationError:
                return JSONResponse({"error": "invalid_fault", "known": list(FAULTS)}, 400)
            if order.target != "*" and self._people.find(str(order.target)) is None:
                return JSONResponse({"error": "unknown_persona", "known": [one.index for one in self._people]}, 404)
            self.faults.put(order)
        return JSONResponse({"faults": self.faults.listed()})

    async def send_style(self, request: Request) -> Response:
        """Serve the style sheet of the pages."""
        return Response(STYLE, media_type="text/css")

    def _follow_hint(self, attempt: Attempt, hint: str) -> Response:
        if looks_real(hint):
            return self._message(
                "Môi trường thử không nhận số của người thật",
                "The test environment does not take the number of a real person",
                400,
            )
        name, *faults = hint.removeprefix("persona:").split(";")
        person = self._people.find(name) if hint.startswith("persona:") else None
        if person is None or any(one not in FAULTS for one in faults):
            return self._message(*_NOBODY, 400)
        return self._finish(attempt, person, dict.fromkeys(faults), hinted=True)

    def _finish(
        self, attempt: Attempt, person: Person, faults: Mapping[str, float | None], *, hinted: bool
    ) -> Response:
        met = {**faults, **self.faults.take(person)}
        errors = [_ERROR_OF_FAULT[one] for one in met if one in _ERROR_OF_FAULT]
        if error := errors[0] if errors else _ERROR_OF_STATE.get(person.account.state):
            return _send_back(attempt, urlencode({"error": error}))
        if "silent" in met:
            back = _send_back(attempt, urlencode(self.not_confirmed))
            return back if hinted else self._wait(back.headers["location"], met["silent"] or _WAIT_FOR)
        response = _send_back(attempt, self._issue_code(attempt, person, met))
        cookie = text_token(self.randomness)
        self._sessions[cookie] = _Session(
            person=person, expires_at=self.clock.now() + _SESSION_FOR, signs_in_alone="sso" in met
        )
        secure = self.face.issuer.startswith("https:")
        response.set_cookie(self.face.cookie, cookie, httponly=True, samesite="lax", secure=secure)
        return response

    def _issue_code(self, attempt: Attempt, person: Person, met: Mapping[str, float | None]) -> str:
        code = text_token(self.randomness)
        query, proof = self.answer(attempt, code)
        self._codes[code] = Redeemable(
            client=attempt.client,
            person=person,
            faults=met,
            expires_at=self.clock.now() + _CODE_FOR,
            redirect_uri=attempt.redirect_uri,
            proof=proof,
        )
        return query

    def _wait(self, back: str, seconds: float) -> Response:
        """Show that the app was asked; without an answer the page goes back by itself when the time is over."""
        return self._page("simulator_wait.html", {"back": back, "seconds": max(1, round(seconds))}, 200)

    def _choose(self, attempt: Attempt, words: str = "") -> Response:
        name = text_token(self.randomness, 128)
        self._attempts[name] = attempt
        people = find(words, self._people, lambda person: person.full_name, person_key)
        return self._page(
            "simulator_choose.html", {"attempt": name, "people": people, "faults": FAULTS, "words": words}, 200
        )

    def _message(self, vi: str, en: str, status: int) -> Response:
        return self._page("simulator_message.html", {"vi": vi, "en": en}, status)

    def _page(self, template: str, shown: Mapping[str, Any], status: int) -> Response:
        headers = {
            "cache-control": "no-store",
            "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
            "referrer-policy": "no-referrer",
        }
        return HTMLResponse(_PAGES.get_template(template).render(shown, face=self.face), status, headers)

    def forget_expired(self) -> None:
        """Drop what has run out."""
        now = self.clock.now()
        for held in (self._attempts, self._codes, self._tokens, self._sessions):
            _forget(held, now)


def refuse(error: str, status: int = 400) -> Response:
    """Return an OAuth error (RFC 6749 §5.2)."""
    return JSONResponse({"error": error}, status, headers={"cache-control": "no-store"})


def _refuse_parameters(query: Mapping[str, str]) -> str | None:
    if query.get("response_type") != "code":
        return "unsupported_response_type"
    return None if "openid" in query.get("scope", "openid").split() else "invalid_scope"


def _send_back(attempt: Attempt, query: str) -> Response:
    joint = "&" if "?" in attempt.redirect_uri else "?"
    location = f"{attempt.redirect_uri}{joint}{query}&{urlencode({'state': attempt.state})}"
    return Response(status_code=303, headers={"location": location, "cache-control": "no-store"})


def _same(presented: str, held: str) -> bool:
    return hmac.compare_digest(presented.encode(), held.encode())


def _forget(held: dict[str, Any], now: datetime) -> None:
    for name in [name for name, one in held.items() if one.expires_at <= now]:
        del held[name]


async def _keep_silent(request: Request, seconds: float) -> None:
    with anyio.move_on_after(seconds):
        while (await request.receive())["type"] != "http.disconnect":
            continue
