"""LGSP types 1 and 2 in front of a played register (domain.md §5.3): they check what a caller of each has to say."""

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.connector_runtime.contract import Speech
from gateway.connector_runtime.contract.document import Malformed, read_json
from gateway.connector_runtime.contract.simulator_faces import LgspFace, fault_text, members_of
from gateway.connector_runtime.contract.simulator_question import Refusal
from gateway.vocabulary.clock import Clock, Randomness, text_token

_WRAPPED = frozenset({"accessToken", "lgspAccessToken", "AuthHash", "data"})


@dataclass(slots=True)
class WrapperFace:
    """Type 1: a partner's header at the token endpoint, and SOAP as text in a wrapper. `officers` are accounts by
    their keys, `partner` what the header holds."""

    partner: Mapping[str, str]
    officers: Mapping[str, str]
    clock: Clock
    randomness: Randomness
    token_for: timedelta = timedelta(hours=1)
    speech: Speech = "soap"
    token_count: int = 0
    last_officer: str = ""
    _tokens: dict[str, datetime] = field(default_factory=dict)

    def opens(self, request: Request) -> bool:
        """Tell whether the Bearer token is one of ours that has not ended."""
        return self._knows(request.headers.get("authorization", ""))

    def unwrap(self, body: bytes) -> bytes:
        """Return the SOAP message of a wrapper. Raises Refusal for one that lacks a proof or holds a wrong one."""
        try:
            told: Any = read_json(body)
        except Malformed as error:
            raise Refusal(str(error)) from None
        if (
            not isinstance(told, dict)
            or told.keys() != _WRAPPED
            or not all(isinstance(one, str) for one in told.values())
        ):
            raise Refusal("the wrapper has accessToken, lgspAccessToken, AuthHash and data")
        if not self._knows(told["accessToken"]) or _opened(told["lgspAccessToken"]) != self.partner:
            raise Refusal("accessToken or lgspAccessToken is wrong")
        name, _, key = _text(told["AuthHash"]).partition(":")
        if self.officers.get(name) != key or not key:
            raise Refusal("AuthHash is of no officer")
        self.last_officer = name
        return str(told["data"]).encode()

    def wrap(self, body: bytes, status: int) -> Response:
        """Return the answer as text in a wrapper, also a fault."""
        return JSONResponse({"data": body.decode("utf-8")})

    async def issue(self, request: Request) -> Response:
        """Give a token to the partner."""
        if _opened(request.headers.get("lgspaccesstoken", "")) != self.partner:
            return JSONResponse({"error": "invalid_client"}, 401)
        token = text_token(self.randomness)
        self._tokens[token] = self.clock.now() + self.token_for
        self.token_count += 1
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": self.token_for.seconds})

    def token_route(self, path: str) -> Route:
        """Return the token endpoint."""
        return Route(path, self.issue, methods=["POST"])

    def _knows(self, told: str) -> bool:
        kind, _, text = told.partition(" ")
        ends_at = self._tokens.get(text)
        return kind == "Bearer" and ends_at is not None and self.clock.now() < ends_at


@dataclass(slots=True)
class FlatFace(LgspFace):
    """Type 2: tokens by client credentials, and flat JSON in camel case that names the account of the service."""

    speech: Speech = "camel"
    account: str = ""

    def unwrap(self, body: bytes) -> bytes:
        """Return the question without the account. Raises Refusal for another account."""
        try:
            told: Any = read_json(body)
        except Malformed as error:
            raise Refusal(str(error)) from None
        if not isinstance(told, dict) or told.pop("userNameService", "") != self.account:
            raise Refusal("userNameService is not the account of this service")
        return json.dumps(told, ensure_ascii=False).encode()

    def wrap(self, body: bytes, status: int) -> Response:
        """Return the answer's members in camel case; what failed travels with status 200."""
        if status != 200:
            return JSONResponse({"errorCode": "99", "errorMessage": fault_text(body)})
        whole = members_of(body)
        (told,) = whole.values()
        return JSONResponse(_camel(told if isinstance(told, dict) and "errorCode" in told else whole))


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _camel(inner) for name, inner in value.items()}
    return [_camel(one) for one in value] if isinstance(value, list) else value


def _opened(header: str) -> Any:
    """Return the members of a partner's header, None for what is no such header."""
    text = _text(header)
    if b64encode(text.encode()).decode("ascii") != header:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _text(told: str) -> str:
    try:
        return b64decode(told, validate=True).decode("utf-8")
    except (NotBase64, ValueError):
        return ""
