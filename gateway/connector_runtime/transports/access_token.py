"""Access tokens of a bus or a source: kept per officer class, renewed before they end, fetched once however many calls
wait for them. How a client proves itself at the token endpoint is a `TokenProof`; client credentials (RFC 6749 §4.4)
with a secret stand here.
"""

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from urllib.parse import quote_plus

from gateway.connector_runtime import deadline
from gateway.connector_runtime.contract import OfficerClass, OutboundClient, OutboundReply
from gateway.connector_runtime.transports.reply import refuse_status, trouble
from gateway.vocabulary.clock import Clock

_RENEWED_EARLY = timedelta(seconds=60)
_UNTOLD_LIFETIME = 300  # seconds, when the answer does not say `expires_in`
_LONGEST_LIFETIME = 86_400
FORM: Mapping[str, str] = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")


class TokenRequest(NamedTuple):
    """What is posted to a token endpoint."""

    headers: Mapping[str, str]
    body: bytes


class TokenProof(Protocol):
    """A client at a token endpoint."""

    def request(self, now: datetime) -> TokenRequest:
        """Return the request of this instant: what proves the client may be made for it alone."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A client at the token endpoint. The secret is not shown."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        """Return the client alone."""
        return f"Credentials({self.client_id!r}, ***)"

    def basic(self) -> str:
        """Return the Authorization header, both parts form-encoded first (RFC 6749 §2.3.1)."""
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
        return "Basic " + b64encode(pair.encode()).decode("ascii")

    def request(self, now: datetime) -> TokenRequest:
        """Return the request; it is the same at every instant."""
        return TokenRequest({**FORM, "Authorization": self.basic()}, b"grant_type=client_credentials")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """A Bearer token, and from when on another one is fetched."""

    text: str
    renew_at: datetime

    def __repr__(self) -> str:
        """Return no token."""
        return "AccessToken(***)"


class TokenKeeper:
    """Holds at most one token per officer class."""

    def __init__(
        self,
        url: str,
        proofs: Mapping[OfficerClass, TokenProof],
        client: OutboundClient,
        clock: Clock,
        *,
        timeout_for: float,
    ) -> None:
        self._url = url
        self._proofs = proofs
        self._client = client
        self._clock = clock
        self._timeout_for = timeout_for
        self._kept: dict[OfficerClass, AccessToken] = {}
        self._fetching: dict[OfficerClass, asyncio.Task[AccessToken]] = {}

    async def token(self, officer_class: OfficerClass, *, wait_for: float) -> AccessToken:
        """Return a token that is not about to end; `wait_for` in seconds. Raises SourceTrouble.

        All who wait share one request, and one who stops waiting does not end it for the others.
        """
        kept = self._kept.get(officer_class)
        if kept is not None and self._clock.now() < kept.renew_at:
            return kept
        fetching = self._fetching.get(officer_class)
        if fetching is None:
            # the token is everybody's: it does not end with the deadline of whoever came first
            fetching = asyncio.create_task(
                self._fetch(officer_class), name=f"token {officer_class}", context=deadline.beside()
            )
            self._fetching[officer_class] = fetching
            fetching.add_done_callback(self._forget_fetch(officer_class))
        try:
            async with asyncio.timeout(max(wait_for, 0)):
                return await asyncio.shield(fetching)
        except TimeoutError:
            raise trouble("timeout", "no token in time") from None

    def drop(self, officer_class: OfficerClass, refused: str) -> None:
        """Forget a token the bus refused; a newer one stays."""
        kept = self._kept.get(officer_class)
        if kept is not None and kept.text == refused:
            del self._kept[officer_class]

    async def _fetch(self, officer_class: OfficerClass) -> AccessToken:
        asked = self._proofs[officer_class].request(self._clock.now())
        reply = await self._client.send(
            "POST", self._url, headers=asked.headers, body=asked.body, timeout_for=self._timeout_for, limit=65_536
        )
        token = _read_token(reply, self._clock.now())
        self._kept[officer_class] = token
        return token

    def _forget_fetch(self, officer_class: OfficerClass) -> Callable[[asyncio.Task[AccessToken]], None]:
        def forget(task: asyncio.Task[AccessToken]) -> None:
            self._fetching.pop(officer_class, None)
            if not task.cancelled():
                task.exception()  # everybody may have stopped waiting: nobody else would look at it

        return forget


def _read_token(reply: OutboundReply, now: datetime) -> AccessToken:
    """Read the answer of a token endpoint (RFC 6749 §5.1). Raises SourceTrouble."""
    refuse_status(reply)
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise trouble("malformed", "the token endpoint answered no JSON object")
    text, kind = answer.get("access_token"), answer.get("token_type", "Bearer")
    if not isinstance(text, str) or not _TOKEN.fullmatch(text):
        raise trouble("malformed", "the token endpoint answered no usable token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise trouble("malformed", "the token is not of the type Bearer")
    lifetime = timedelta(seconds=_lifetime(answer.get("expires_in", _UNTOLD_LIFETIME)))
    # a token that lives hardly longer than a minute is renewed at half its life, not fetched for every call
    return AccessToken(text=text, renew_at=now + max(lifetime - _RENEWED_EARLY, lifetime / 2))


def _lifetime(told: object) -> int:
    if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) < 10:
        told = int(told)
    if isinstance(told, bool) or not isinstance(told, int) or told < 0:
        raise trouble("malformed", "the token's `expires_in` is no number of seconds")
    return min(told, _LONGEST_LIFETIME)
