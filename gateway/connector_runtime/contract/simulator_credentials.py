"""How a played register checks who asks: signed statements (RFC 7523), at its token endpoint or with every call.

A statement is refused when its signature, parties or times are wrong, when it would live more than five minutes, and
when it was seen before. `Doors` is what a simulator opens for: `/_refusals` tells by which rule it stayed shut.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.tokens.jose import FixedKeys, JosePolicy, JoseRefused, verify
from gateway.vocabulary.clock import Clock, Randomness, text_token

_STATEMENT = JosePolicy(
    name="statement",
    algorithms=frozenset({"ES256", "RS256"}),
    required=frozenset({"iss", "sub", "aud", "exp", "iat", "jti"}),
    audience_is_text=True,
    lifetime_for=300,
    token_limit=16_384,
)
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Door(Protocol):
    """What a register lets callers in by."""

    def refusal(self, request: Request, body: bytes) -> str | None:
        """Return the rule by which a call is refused, None for one that may come in."""
        ...


@dataclass(slots=True)
class Doors:
    """A door, and by which rules calls were refused there."""

    door: Door
    refusals: deque[str] = field(default_factory=lambda: deque(maxlen=100))

    def opens(self, request: Request, body: bytes) -> bool:
        """Tell whether a call may come in."""
        rule = self.door.refusal(request, body)
        if rule is not None:
            self.refusals.append(rule)
        return rule is None

    def route(self) -> Route:
        """Return `GET /_refusals`."""

        async def tell(_: Request) -> Response:
            return JSONResponse(list(self.refusals))

        return Route("/_refusals", tell, methods=["GET"])


@dataclass(slots=True)
class Statements:
    """Statements of one party, verified with its public keys (a JWK Set); each is taken once."""

    party: str
    audience: str
    keys: FixedKeys
    clock: Clock
    _seen: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, party: str, audience: str, jwks: Mapping[str, Any], clock: Clock) -> "Statements":
        """Read the keys."""
        return cls(party, audience, FixedKeys.of_jwks(jwks, strict=True), clock)

    def refusal_of(self, text: str) -> str | None:
        """Return the rule a statement fails by, `replay` for one seen before."""
        try:
            told = verify(text, _STATEMENT, self.keys, now=self.clock.now(), issuer=self.party, audience=self.audience)
        except JoseRefused as refused:
            return refused.rule
        if told["sub"] != self.party:
            return "sub"
        if told["jti"] in self._seen:
            return "replay"
        self._seen.add(told["jti"])
        return None


@dataclass(frozen=True, slots=True)
class StatementDoor:
    """Wants a statement with every call, as a Bearer token."""

    statements: Statements

    def refusal(self, request: Request, body: bytes) -> str | None:
        """Return the rule by which a call is refused."""
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        return self.statements.refusal_of(text) if kind.lower() == "bearer" else "missing"


@dataclass(slots=True)
class TokenDoor:
    """Wants an access token that its own endpoint gives to whoever proves themselves by a statement."""

    statements: Statements
    clock: Clock
    randomness: Randomness
    token_for: timedelta = timedelta(hours=1)
    token_count: int = 0
    refusals: list[str] = field(default_factory=list)
    _tokens: dict[str, datetime] = field(default_factory=dict)

    def refusal(self, request: Request, body: bytes) -> str | None:
        """Return the rule by which a call is refused."""
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        ends_at = self._tokens.get(text)
        living = kind.lower() == "bearer" and ends_at is not None and self.clock.now() < ends_at
        return None if living else "token"

    def withdraw(self) -> None:
        """End every token before its time."""
        self._tokens.clear()

    async def issue(self, request: Request) -> Response:
        """Give a token (RFC 6749 §4.4 with the assertion of RFC 7523 §2.2)."""
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        if form.get("grant_type") != "client_credentials" or form.get("client_assertion_type") != _ASSERTION_TYPE:
            return self._refuse("form", "invalid_request", 400)
        rule = self.statements.refusal_of(form.get("client_assertion", ""))
        if rule is not None:
            return self._refuse(rule, "invalid_client", 401)
        token = text_token(self.randomness)
        self._tokens[token] = self.clock.now() + self.token_for
        self.token_count += 1
        lifetime = round(self.token_for.total_seconds())
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": lifetime})

    def _refuse(self, rule: str, error: str, status: int) -> Response:
        self.refusals.append(rule)
        return JSONResponse({"error": error}, status)
