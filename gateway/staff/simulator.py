"""Plays the province's own sign-in for officers: an OpenID provider with the eight people of `people.toml`.

`create_application` makes a Starlette application below the path of its issuer. `login_hint=staff:3` skips the page,
`staff:2/lo.pan.phong` names an account of somebody who has two. No password: whoever opens the page picks a person.
Client authentication, PKCE, nonce and single-use codes are real, since they are what the gateway has to get right.
"""

import hmac
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from gateway.staff.people import StaffPersona, require_invented, staff_personas
from gateway.tokens import jose
from gateway.tokens.key_material import generate_private_jwk, import_signing_key, public_jwk
from gateway.vocabulary.clock import Clock, Randomness, SystemClock, SystemRandomness, text_token
from gateway.vocabulary.collation import find, person_key

_ATTEMPT_FOR = timedelta(minutes=15)
_CODE_FOR = timedelta(minutes=2)
_TOKEN_FOR = timedelta(minutes=5)
_HERE = Path(__file__).parent
_PAGES = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
_PRIVATE = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffClient:
    """A registration at this sign-in; its sign-out may return to any page beside its `redirect_uris`."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    client: StaffClient
    redirect_uri: str
    state: str
    nonce: str
    challenge: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """What a code or an access token stands for."""

    asked: _Asked
    account: str
    auth_time: datetime
    expires_at: datetime


class StaffSimulator:
    """The state of one simulator and its endpoints."""

    def __init__(
        self,
        issuer: str,
        clients: Iterable[StaffClient],
        people: Iterable[StaffPersona],
        clock: Clock,
        randomness: Randomness,
    ) -> None:
        self._issuer = issuer.rstrip("/")
        self._clients = {client.client_id: client for client in clients}
        self._accounts = require_invented(people)
        self._clock, self._randomness = clock, randomness
        self._asked: dict[str, _Asked] = {}
        self._codes: dict[str, _Signed] = {}
        self._tokens: dict[str, _Signed] = {}
        self._jwk = generate_private_jwk("ES256", "staff-1", randomness)
        self._key = import_signing_key(self._jwk)

    def routes(self) -> list[Route]:
        """Return the endpoints below the issuer's path."""
        at = urlsplit(self._issuer).path
        return [
            Route(f"{at}/.well-known/openid-configuration", self.discovery),
            Route(f"{at}/jwks", self.keys),
            Route(f"{at}/authorize", self.authorize),
            Route(f"{at}/authorize/choice", self.choose, methods=["POST"]),
            Route(f"{at}/token", self.token, methods=["POST"]),
            Route(f"{at}/userinfo", self.userinfo),
            Route(f"{at}/logout", self.sign_out),
            Route(f"{at}/_style.css", self.style),
        ]

    async def discovery(self, request: Request) -> Response:
        """OpenID Connect Discovery §4."""
        issuer = self._issuer
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "userinfo_endpoint": f"{issuer}/userinfo",
                "jwks_uri": f"{issuer}/jwks",
                "end_session_endpoint": f"{issuer}/logout",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
            }
        )

    async def keys(self, request: Request) -> Response:
        """RFC 7517 §5."""
        return JSONResponse({"keys": [public_jwk(self._jwk)]})

    async def authorize(self, request: Request) -> Response:
        """Show who can sign in, or follow a hint."""
        self._forget_expired()
        query = request.query_params
        client = self._clients.get(query.get("client_id", ""))
        redirect_uri = query.get("redirect_uri", "")
        if client is None or redirect_uri not in client.redirect_uris:
            return _message("Đường dẫn đăng nhập bị lỗi", "The sign-in link is broken", 400, self._prefix)
        asked = _Asked(
            client=client,
            redirect_uri=redirect_uri,
            state=query.get("state", ""),
            nonce=query.get("nonce", ""),
            challenge=query.get("code_challenge", ""),
            expires_at=self._clock.now() + _ATTEMPT_FOR,
        )
        if query.get("response_type") != "code" or query.get("code_challenge_method") != "S256" or not asked.nonce:
            return self._send_back(asked, {"error": "invalid_request"})
        hint = query.get("login_hint", "")
        if hint:
            account = self._hinted(hint)
            if account is None:
                return _message("Không có cán bộ này", "There is no such member of staff", 400, self._prefix)
            return self._finish(asked, account)
        return self._show(asked)

    def _show(self, asked: _Asked, words: str = "") -> Response:
        name = text_token(self._randomness, 128)
        self._asked[name] = asked
        accounts = find(words, self._accounts.items(), lambda one: one[1].full_name, person_key)
        shown = {"attempt": name, "accounts": accounts, "prefix": self._prefix, "words": words}
        return HTMLResponse(_PAGES.get_template("simulator_choose.html").render(shown), 200, _PRIVATE)

    async def choose(self, request: Request) -> Response:
        """Take the answer of the page."""
        self._forget_expired()
        form = await _form(request)
        asked = self._asked.pop(form.get("attempt", ""), None)
        if asked is None:
            return _message("Trang này đã quá hạn", "This page has expired", 400, self._prefix)
        if "find" in form:
            return self._show(asked, form.get("words", ""))
        if form.get("account") not in self._accounts:
            return self._send_back(asked, {"error": "access_denied"})
        return self._finish(asked, form["account"])

    async def token(self, request: Request) -> Response:
        """Redeem a code: once, by its client, with the redirect URI and the verifier it left with."""
        self._forget_expired()
        form = await _form(request)
        client = self._authenticated(request.headers.get("authorization", ""))
        if client is None:
            return JSONResponse({"error": "invalid_client"}, 401, _PRIVATE)
        held = self._codes.pop(form.get("code", ""), None)
        digest = sha256(form.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            held is None
            or held.asked.client is not client
            or form.get("redirect_uri") != held.asked.redirect_uri
            or challenge != held.asked.challenge
        ):
            return JSONResponse({"error": "invalid_grant"}, 400, _PRIVATE)
        token, now = text_token(self._randomness), self._clock.now()
        self._tokens[token] = _Signed(
            asked=held.asked, account=held.account, auth_time=held.auth_time, expires_at=now + _TOKEN_FOR
        )
        claims = {
            "iss": self._issuer,
            "sub": _subject(held.account),
            "aud": client.client_id,
            "iat": int(now.timestamp()),
            "exp": int((now + _TOKEN_FOR).timestamp()),
            "auth_time": int(held.auth_time.timestamp()),
            "nonce": held.asked.nonce,
        }
        answer = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": int(_TOKEN_FOR.total_seconds()),
            "id_token": jose.sign(claims, self._key, typ="JWT"),
        }
        return JSONResponse(answer, headers=_PRIVATE)

    async def userinfo(self, request: Request) -> Response:
        """Tell who signed in: name, staff number, agency, code for registers, roles."""
        self._forget_expired()
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        held = self._tokens.get(presented) if scheme.lower() == "bearer" else None
        if held is None:
            return JSONResponse({"error": "invalid_token"}, 401, _PRIVATE)
        person = self._accounts[held.account]
        claims = {
            "sub": _subject(held.account),
            "name": person.full_name,
            "staff_number": person.number,
            "agency_code": person.agency,
            "register_code": person.register_code,
            "account_level": "2",
            "roles": list(person.roles),
        }
        return JSONResponse(claims, headers=_PRIVATE)

    async def sign_out(self, request: Request) -> Response:
        """Go back where the client may go back to; there is no session to end, since every sign-in asks."""
        client = self._clients.get(request.query_params.get("client_id", ""))
        target = request.query_params.get("post_logout_redirect_uri", "")
        own = set() if client is None else {urlsplit(uri)[:2] for uri in client.redirect_uris}
        if urlsplit(target)[:2] not in own:
            return _message("Đã đăng xuất", "Signed out", 200, self._prefix)
        query = urlencode({"state": request.query_params.get("state", "")})
        return Response(status_code=303, headers={"location": f"{target}?{query}", **_PRIVATE})

    async def style(self, request: Request) -> Response:
        """The style sheet of the two pages."""
        return Response((_HERE / "simulator_style.css").read_text("utf-8"), media_type="text/css")

    @property
    def _prefix(self) -> str:
        return urlsplit(self._issuer).path

    def _hinted(self, hint: str) -> str | None:
        index, _, account = hint.removeprefix("staff:").partition("/")
        if not hint.startswith("staff:"):
            return None
        held = [name for name, person in self._accounts.items() if str(person.index) == index]
        return next((name for name in held if account in ("", name)), None)

    def _finish(self, asked: _Asked, account: str) -> Response:
        code, now = text_token(self._randomness), self._clock.now()
        self._codes[code] = _Signed(asked=asked, account=account, auth_time=now, expires_at=now + _CODE_FOR)
        return self._send_back(asked, {"code": code})

    def _send_back(self, asked: _Asked, answer: Mapping[str, str]) -> Response:
        query = urlencode({**answer, "state": asked.state, "iss": self._issuer})
        return Response(status_code=303, headers={"location": f"{asked.redirect_uri}?{query}", **_PRIVATE})

    def _authenticated(self, authorization: str) -> StaffClient | None:
        try:
            pair = b64decode(authorization.removeprefix("Basic "), validate=True).decode()
        except ValueError:
            return None
        name, _, secret = pair.partition(":")
        client = self._clients.get(unquote_plus(name))
        if client is None or not hmac.compare_digest(unquote_plus(secret).encode(), client.client_secret.encode()):
            return None
        return client

    def _forget_expired(self) -> None:
        now = self._clock.now()
        held: tuple[dict[str, Any], ...] = (self._asked, self._codes, self._tokens)
        for kept in held:
            for name in [name for name, one in kept.items() if one.expires_at <= now]:
                del kept[name]


def create_application(
    *,
    issuer: str,
    clients: Iterable[StaffClient],
    people: Iterable[StaffPersona] | None = None,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
) -> Starlette:
    """Return the simulator, serving below the path of `issuer`; the eight unless `people` says others.

    Raises ValueError for a number that may be somebody's, an unknown role, or nobody.
    """
    simulator = StaffSimulator(
        issuer,
        clients,
        staff_personas() if people is None else people,
        clock or SystemClock(),
        randomness or SystemRandomness(),
    )
    return Starlette(routes=simulator.routes())


def _subject(account: str) -> str:
    return "cb-" + sha256(f"staff account {account}".encode()).hexdigest()[:24]


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


def _message(vi: str, en: str, status: int, prefix: str) -> Response:
    shown = {"vi": vi, "en": en, "prefix": prefix}
    return HTMLResponse(_PAGES.get_template("simulator_message.html").render(shown), status, _PRIVATE)
