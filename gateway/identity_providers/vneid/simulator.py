"""VNeID as its direct dialect speaks, for tests, documentation and demo: the personas and nobody else.

`create_application` makes a Starlette application. `login_hint=persona:8` skips the page, `persona:3;cancelled` adds
a fault. `PUT /_faults {target, fault, seconds?, times?}` switches a fault on for a persona's index or for `*`,
`DELETE /_faults` switches all off, `GET /_calls` counts requests and lists the last ones, without any query.

Faults: `cancelled`, `locked`, `closed`, `not_activated` come back as errors; `level1` signs in with level 1; `sso`
lets a live browser session sign in without a page, whatever the hint says; `silent` shows a page that never comes
back and, for who came with a hint, a token endpoint that does not answer (`seconds`, 30 when left out). For the
others `seconds` is how long the fault stays; `times` is how many sign-ins it meets.
"""

import hmac
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import anyio
import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.identity_providers.vneid.simulator_faults import FAULTS, FaultOrder, FaultSwitch
from gateway.identity_providers.vneid.simulator_people import People, claims_of, looks_real
from gateway.identity_providers.vneid.simulator_seal import seal
from gateway.vocabulary.clock import Clock, Randomness, SystemClock, SystemRandomness, text_token
from gateway.vocabulary.persona import Persona, personas

_ERROR_OF_FAULT: Mapping[str, str] = {
    "cancelled": "access_denied",
    "locked": "account_locked",
    "closed": "account_closed",
    "not_activated": "account_not_activated",
}
_ERROR_OF_STATE: Mapping[str, str] = {
    "locked": "account_locked",
    "closed": "account_closed",
    "not_activated": "account_not_activated",
    "none": "account_not_found",
}
_COOKIE = "vneid_session"
_ATTEMPT_FOR = timedelta(minutes=15)
_CODE_FOR = timedelta(minutes=2)
_TOKEN_FOR = timedelta(minutes=5)
_SESSION_FOR = timedelta(hours=8)
_SILENCE_FOR = 30.0
_NOBODY = ("Không có người này", "There is no such person")
_HERE = Path(__file__).parent
_PAGES = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A registration at this VNeID; `public_key` is the PEM of the RSA key that codes and bodies are sealed for.

    Its sign-out may return to the `post_logout_redirect_uris`, and to any page beside its `redirect_uris`.
    """

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: tuple[str, ...]
    public_key: str
    post_logout_redirect_uris: tuple[str, ...] = ()

    def may_return_to(self, address: str) -> bool:
        """Tell whether the sign-out may send the browser to `address`."""
        own = {urlsplit(uri)[:2] for uri in self.redirect_uris}
        return address in self.post_logout_redirect_uris or urlsplit(address)[:2] in own


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    client: Client
    redirect_uri: str
    state: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Redeemable:
    """What a code or an access token stands for."""

    client: Client
    person: Persona
    faults: Mapping[str, float | None]
    expires_at: datetime
    redirect_uri: str = ""
    encrypt_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    person: Persona
    expires_at: datetime
    signs_in_alone: bool = False


class VNeIDSimulator:
    """The state of one simulator and its endpoints."""

    def __init__(
        self, issuer: str, clients: Iterable[Client], people: Iterable[Persona], clock: Clock, randomness: Randomness
    ) -> None:
        self.prefix = urlsplit(issuer).path.rstrip("/")
        self.faults = FaultSwitch(clock)
        self._secure = issuer.startswith("https:")
        self._clients = {client.client_id: client for client in clients}
        self._people = People(people)
        self._clock = clock
        self._randomness = randomness
        self._attempts: dict[str, _Attempt] = {}
        self._codes: dict[str, _Redeemable] = {}
        self._tokens: dict[str, _Redeemable] = {}
        self._sessions: dict[str, _Session] = {}
        for client in self._clients.values():
            seal(b"", client.public_key, randomness)  # a key that cannot be sealed for is found out now
        if not self._clients:
            raise ValueError("the simulator wants at least one client")

    async def authorize(self, request: Request) -> Response:
        """Start a sign-in: with the page, with a hint or with a live session."""
        self._forget_expired()
        query = request.query_params
        client = self._clients.get(query.get("client_id", ""))
        redirect_uri = query.get("redirect_uri", "")
        if client is None or redirect_uri not in client.redirect_uris or not query.get("state"):
            return self._message("Đường dẫn đăng nhập bị lỗi", "The sign-in link is broken", 400)
        attempt = _Attempt(
            client=client,
            redirect_uri=redirect_uri,
            state=query["state"],
            expires_at=self._clock.now() + _ATTEMPT_FOR,
        )
        if query.get("response_type") != "code":
            return self._send_back(attempt, {"error": "unsupported_response_type"})
        if "openid" not in query.get("scope", "openid").split():
            return self._send_back(attempt, {"error": "invalid_scope"})
        hint = query.get("login_hint", "")
        session = self._sessions.get(request.cookies.get(_COOKIE, ""))
        if session is not None and (
            session.signs_in_alone or "sso" in hint.split(";")[1:] or self.faults.take(session.person, only="sso")
        ):
            return self._finish(attempt, session.person, {"sso": None}, hinted=True)
        if hint:
            return self._follow_hint(attempt, hint)
        return self._choose(attempt)

    async def choose(self, request: Request) -> Response:
        """Take the answer of the page."""
        self._forget_expired()
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        attempt = self._attempts.pop(form.get("attempt", ""), None)
        if attempt is None:
            return self._message("Trang này đã quá hạn", "This page has expired", 400)
        if "cancel" in form:
            return self._send_back(attempt, {"error": "access_denied"})
        person = self._people.find(form.get("persona", ""))
        fault = form.get("fault", "")
        if person is None or (fault and fault not in FAULTS):
            return self._message(*_NOBODY, 400)
        return self._finish(attempt, person, {fault: None} if fault else {}, hinted=False)

    async def token(self, request: Request) -> Response:
        """Redeem a code: once, by its client, with the redirect URI and the `encrypt_key` it left with."""
        self._forget_expired()
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        client = self._clients.get(form.get("client_id", ""))
        if client is None or not _same(form.get("client_secret", ""), client.client_secret):
            return _refuse("invalid_client", 401)
        if form.get("grant_type") != "authorization_code":
            return _refuse("unsupported_grant_type")
        held = self._codes.pop(form.get("code", ""), None)
        if (
            held is None
            or held.client is not client
            or form.get("redirect_uri") != held.redirect_uri
            or not _same(form.get("encrypt_key", ""), held.encrypt_key)
        ):
            return _refuse("invalid_grant")
        silent = {**held.faults, **self.faults.take(held.person, only="silent")}
        if "silent" in silent:
            await _keep_silent(request, silent["silent"] or _SILENCE_FOR)
            return _refuse("temporarily_unavailable", 503)
        access_token = text_token(self._randomness)
        self._tokens[access_token] = _Redeemable(
            client=client, person=held.person, faults=held.faults, expires_at=self._clock.now() + _TOKEN_FOR
        )
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int(_TOKEN_FOR.total_seconds()),
            "scope": "openid",
        }
        return self._sealed(client, answer)

    async def userinfo(self, request: Request) -> Response:
        """Tell the thin claims of who signed in."""
        self._forget_expired()
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        held = self._tokens.get(presented) if scheme.lower() == "bearer" else None
        if held is None:
            return _refuse("invalid_token", 401)
        return self._sealed(held.client, claims_of(held.person, level1="level1" in held.faults))

    async def sign_out(self, request: Request) -> Response:
        """End the browser session and go back where the client may go back to."""
        self._sessions.pop(request.cookies.get(_COOKIE, ""), None)
        client = self._clients.get(request.query_params.get("client_id", ""))
        target = request.query_params.get("post_logout_redirect_uri", "")
        response = self._message("Đã đăng xuất khỏi VNeID", "Signed out of VNeID", 200)
        if client is not None and target and client.may_return_to(target):
            state = request.query_params.get("state")
            query = "" if state is None else ("&" if "?" in target else "?") + urlencode({"state": state})
            response = Response(status_code=303, headers={"location": target + query})
        response.delete_cookie(_COOKIE)
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

    def _follow_hint(self, attempt: _Attempt, hint: str) -> Response:
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
        self, attempt: _Attempt, person: Persona, faults: Mapping[str, float | None], *, hinted: bool
    ) -> Response:
        met = {**faults, **self.faults.take(person)}
        errors = [_ERROR_OF_FAULT[one] for one in met if one in _ERROR_OF_FAULT]
        if error := errors[0] if errors else _ERROR_OF_STATE.get(person.account.state):
            return self._send_back(attempt, {"error": error})
        if "silent" in met and not hinted:
            return self._message(
                "Đang chờ xác nhận trên ứng dụng VNeID", "Waiting for confirmation in the VNeID app", 200
            )
        response = self._send_back(attempt, self._issue_code(attempt, person, met))
        cookie = text_token(self._randomness)
        self._sessions[cookie] = _Session(
            person=person, expires_at=self._clock.now() + _SESSION_FOR, signs_in_alone="sso" in met
        )
        response.set_cookie(_COOKIE, cookie, httponly=True, samesite="lax", secure=self._secure)
        return response

    def _issue_code(self, attempt: _Attempt, person: Persona, met: Mapping[str, float | None]) -> dict[str, str]:
        code = text_token(self._randomness)
        sealed, encrypt_key = seal(code.encode("ascii"), attempt.client.public_key, self._randomness, with_plus=True)
        self._codes[code] = _Redeemable(
            client=attempt.client,
            person=person,
            faults=met,
            expires_at=self._clock.now() + _CODE_FOR,
            redirect_uri=attempt.redirect_uri,
            encrypt_key=encrypt_key,
        )
        return {"code": sealed, "encrypt_key": encrypt_key}

    def _send_back(self, attempt: _Attempt, answer: Mapping[str, str]) -> Response:
        # The dialect's base64 stands in the query as it is, with raw `+`, `/` and `=`.
        query = (
            "&".join(f"{name}={value}" for name, value in answer.items()) + "&" + urlencode({"state": attempt.state})
        )
        joint = "&" if "?" in attempt.redirect_uri else "?"
        headers = {"location": f"{attempt.redirect_uri}{joint}{query}", "cache-control": "no-store"}
        return Response(status_code=303, headers=headers)

    def _choose(self, attempt: _Attempt) -> Response:
        name = text_token(self._randomness, 128)
        self._attempts[name] = attempt
        shown = {"attempt": name, "people": list(self._people), "faults": FAULTS, "prefix": self.prefix}
        return _page("simulator_choose.html", shown, 200)

    def _sealed(self, client: Client, answer: Mapping[str, Any]) -> Response:
        data, key = seal(orjson.dumps(answer), client.public_key, self._randomness)
        return JSONResponse({"data": data, "key": key}, headers={"cache-control": "no-store"})

    def _message(self, vi: str, en: str, status: int) -> Response:
        return _page("simulator_message.html", {"vi": vi, "en": en, "prefix": self.prefix}, status)

    def _forget_expired(self) -> None:
        now = self._clock.now()
        for held in (self._attempts, self._codes, self._tokens, self._sessions):
            _forget(held, now)


class Calls:
    """Counts requests to what is played (not to `/_…`); keeps method and path of the last hundred, never a query."""

    def __init__(self, application: ASGIApp, clock: Clock) -> None:
        self._application = application
        self._clock = clock
        self._count = 0
        self._last: deque[dict[str, str]] = deque(maxlen=100)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count, then pass on."""
        if scope["type"] == "http" and "/_" not in scope["path"]:
            self._count += 1
            at = self._clock.now().isoformat(timespec="milliseconds")
            self._last.append({"method": scope["method"], "path": scope["path"], "at": at})
        if scope["type"] == "http" and scope["path"] == "/_calls":
            await JSONResponse({"count": self._count, "last": list(self._last)})(scope, receive, send)
            return
        await self._application(scope, receive, send)


def create_application(
    *,
    issuer: str,
    clients: Iterable[Client],
    people: Iterable[Persona] | None = None,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
) -> Starlette:
    """Return the simulator, serving below the path of `issuer`; the personas unless `people` says others.

    Raises ValueError without people or clients, for a client without a usable RSA key, and for a person whose
    number could be somebody's: only numbers that start 999 were never issued.
    """
    clock = clock or SystemClock()
    simulator = VNeIDSimulator(
        issuer, clients, personas() if people is None else people, clock, randomness or SystemRandomness()
    )
    style = (_HERE / "simulator_style.css").read_text("utf-8")

    async def send_style(request: Request) -> Response:
        return Response(style, media_type="text/css")

    at = simulator.prefix
    application = Starlette(
        routes=[
            Route(f"{at}/authorize", simulator.authorize),
            Route(f"{at}/authorize/choice", simulator.choose, methods=["POST"]),
            Route(f"{at}/token", simulator.token, methods=["POST"]),
            Route(f"{at}/userinfo", simulator.userinfo),
            Route(f"{at}/logout", simulator.sign_out),
            Route(f"{at}/_style.css", send_style),
            Route("/_faults", simulator.control_faults, methods=["GET", "PUT", "DELETE"]),
        ]
    )
    application.add_middleware(Calls, clock=clock)
    return application


def _page(template: str, shown: Mapping[str, Any], status: int) -> Response:
    headers = {
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
        "referrer-policy": "no-referrer",
    }
    return HTMLResponse(_PAGES.get_template(template).render(shown), status, headers)


def _refuse(error: str, status: int = 400) -> Response:
    return JSONResponse({"error": error}, status, headers={"cache-control": "no-store"})


def _same(presented: str, held: str) -> bool:
    return hmac.compare_digest(presented.encode(), held.encode())


def _forget(held: dict[str, Any], now: datetime) -> None:
    for name in [name for name, one in held.items() if one.expires_at <= now]:
        del held[name]


async def _keep_silent(request: Request, seconds: float) -> None:
    with anyio.move_on_after(seconds):
        while (await request.receive())["type"] != "http.disconnect":
            continue
