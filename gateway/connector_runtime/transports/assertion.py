"""Signed statements of who asks (RFC 7519, RFC 7523): at a token endpoint in place of a secret, or with every call."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from gateway.connector_runtime.transports.access_token import FORM, TokenRequest
from gateway.tokens.jose import sign
from gateway.tokens.key_material import SigningKey
from gateway.vocabulary.clock import Randomness, text_token

LONGEST = 300
"""Seconds a statement may live: whoever finds one in a log must find it ended."""

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Who says so (`iss` and `sub` are the same party, RFC 7523 §3), to whom, and for how many seconds it holds.

    The key is not shown.
    """

    party: str
    audience: str
    lifetime_for: int
    key: SigningKey
    chance: Randomness

    def __repr__(self) -> str:
        """Return the parties alone."""
        return f"Statement({self.party!r}, {self.audience!r}, ***)"

    def sign(self, now: datetime) -> str:
        """Return a new statement; its `jti` has 128 bits and is never used again."""
        issued = int(now.timestamp())
        claims = {
            "iss": self.party,
            "sub": self.party,
            "aud": self.audience,
            "jti": text_token(self.chance, 128),
            "iat": issued,
            "exp": issued + min(self.lifetime_for, LONGEST),
        }
        return sign(claims, self.key, typ="JWT")


@dataclass(frozen=True, slots=True)
class ClientAssertion:
    """A client that proves itself by a signed statement (RFC 7523 §2.2)."""

    statement: Statement

    def request(self, now: datetime) -> TokenRequest:
        """Return the request with a statement of its own."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.statement.party,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self.statement.sign(now),
        }
        return TokenRequest(FORM, urlencode(form).encode("ascii"))
