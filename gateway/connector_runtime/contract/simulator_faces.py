"""The two buses in front of a played register: the NDXP security server, and the province's LGSP with its tokens."""

from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from lxml import etree
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.connector_runtime.contract import Speech
from gateway.connector_runtime.contract.lookup import SOAP
from gateway.vocabulary.clock import Clock, Randomness, text_token

_PATIENCE = 300_000  # milliseconds a timestamp may differ


@dataclass(frozen=True, slots=True)
class NdxpFace:
    """The security server's check of the caller; takes timestamps in milliseconds and, from old members, seconds.

    `auth_url` is what enters the time-bound secret, the URL called unless given.
    """

    user: str
    secret: str
    auth_url: str | None
    clock: Clock
    speech: Speech = "soap"

    def opens(self, request: Request) -> bool:
        """Tell whether the time-bound secret is right and fresh."""
        stamp = request.headers.get("timestamp", "")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) in {10, 13}):
            return False
        sent_at = int(stamp) * (1000 if len(stamp) == 10 else 1)
        if abs(self.clock.now().timestamp() * 1000 - sent_at) > _PATIENCE:
            return False
        auth_url = self.auth_url or str(request.url.replace(query="", fragment=""))
        proof = sha256(f"{auth_url}{self.user}{stamp}{self.secret}".encode()).hexdigest()
        return compare_digest(_basic(request), f"{self.user}:{proof}".encode())

    def wrap(self, body: bytes, status: int) -> Response:
        """Return the SOAP answer as it is."""
        return Response(body, status, media_type="text/xml")


@dataclass(slots=True)
class LgspFace:
    """The province's bus: a token endpoint (client credentials), and the envelope around every answer."""

    user: str
    secret: str
    clock: Clock
    randomness: Randomness
    token_for: timedelta = timedelta(hours=1)
    speech: Speech = "json"
    token_count: int = 0
    _tokens: dict[str, datetime] = field(default_factory=dict)

    def opens(self, request: Request) -> bool:
        """Tell whether the Bearer token is one of ours that has not ended."""
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        ends_at = self._tokens.get(text)
        return kind.lower() == "bearer" and ends_at is not None and self.clock.now() < ends_at

    def wrap(self, body: bytes, status: int) -> Response:
        """Return the envelope; what failed inside still travels with status 200."""
        envelope = {
            "code": status,
            "status": "SUCCESS" if status == 200 else "FAILED",
            "correlationId": text_token(self.randomness, 128),
            "response": _as_object(body) if status == 200 else {"error_code": "99", "message": fault_text(body)},
        }
        return JSONResponse(envelope)

    async def issue(self, request: Request) -> Response:
        """Give a token to a client that proves itself (RFC 6749 §4.4)."""
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        proof = unquote_plus(_basic(request).decode("utf-8", "replace"))
        if not compare_digest(proof.encode(), f"{self.user}:{self.secret}".encode()):
            return JSONResponse({"error": "invalid_client"}, 401)
        if form.get("grant_type") != ["client_credentials"]:
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        token = text_token(self.randomness)
        self._tokens[token] = self.clock.now() + self.token_for
        self.token_count += 1
        lifetime = round(self.token_for.total_seconds())
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": lifetime, "scope": "default"})

    def token_routes(self, path: str) -> list[Route]:
        """Return the token endpoint, and beside it `/_tokens`: GET counts, DELETE withdraws every token."""

        async def steer(request: Request) -> Response:
            if request.method == "DELETE":
                self._tokens.clear()
            return JSONResponse({"count": self.token_count, "living": len(self._tokens)})

        return [Route(path, self.issue, methods=["POST"]), Route("/_tokens", steer, methods=["GET", "DELETE"])]


def _basic(request: Request) -> bytes:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        return b64decode(value, validate=True) if kind.lower() == "basic" else b""
    except NotBase64:
        return b""


def _as_object(body: bytes) -> dict[str, Any]:
    """Return a SOAP answer as the JSON object that says the same; an error code as the bus writes one."""
    (name, told), *_ = members_of(body).items()
    if isinstance(told, dict) and "errorCode" in told:
        return {"error_code": told["errorCode"], "message": told.get("errorMessage", "")}
    return {name: told}


def members_of(body: bytes) -> dict[str, Any]:
    """Return the content of a SOAP answer as an object of one member."""
    content = next(etree.fromstring(body).iterchildren(f"{{{SOAP}}}Body"))[0]
    return {etree.QName(content).localname: _members(content)}


def _members(element: etree._Element) -> Any:
    """Return an element as text or as its members: attributes first, several elements of one name as a list."""
    if not len(element) and not element.attrib:
        return element.text or ""
    members: dict[str, Any] = {str(name): value for name, value in element.attrib.items()}
    for one in element:
        name, value = etree.QName(one).localname, _members(one)
        if name not in members:
            members[name] = value
        elif isinstance(members[name], list):
            members[name].append(value)
        else:
            members[name] = [members[name], value]
    return members


def fault_text(body: bytes) -> str:
    """Return what a SOAP fault says."""
    return etree.fromstring(body).findtext(".//faultstring", "")
