"""What an OpenID provider says about itself, read narrowly: addresses, switches that tighten, and what it can do.

The document says where things are, never how careful we are: PKCE, TLS checks, client authentication, algorithms
and the issuer are ours and no member of it loosens them (protocol.md §4.2 items 9 and 10). Addresses under an
https issuer are https; under an http issuer (this machine, or development) http stays on the issuer's own host.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from gateway.identity_providers.contract import UpstreamAnswerInvalid
from gateway.identity_providers.exchange import Exchange, read_object
from gateway.identity_providers.remembered import Remembered
from gateway.tokens.jose import FixedKeys
from gateway.tokens.key_material import KeyRefused
from gateway.vocabulary.clock import Clock

_METADATA_FRESH_FOR = timedelta(hours=1)
_METADATA_STALE_FOR = timedelta(hours=24)
_KEYS_FRESH_FOR = timedelta(minutes=10)
_KEYS_STALE_FOR = timedelta(hours=1)
_REFETCH_PAUSE_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The members we read (OpenID Connect Discovery §3, RFC 9207 §3, RP-Initiated Logout §2.1, RFC 9126 §5, RFC 9449
    §5.1, RFC 9101 §10.5). A list that is not there is None, which forbids nothing."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    answers_with_issuer: bool = False
    pushed_authorization_request_endpoint: str | None = None
    demands_pushed_requests: bool = False
    demands_signed_requests: bool = False
    dpop_algorithms: frozenset[str] | None = None
    response_modes: frozenset[str] | None = None


class Discovery:
    """The metadata and keys of one pinned issuer, with ages and bounded refetches."""

    def __init__(self, issuer: str, exchange: Exchange, clock: Clock) -> None:
        self._issuer = issuer
        self._exchange = exchange
        self._metadata = Remembered(
            self._fetch_metadata, clock, fresh_for=_METADATA_FRESH_FOR, stale_for=_METADATA_STALE_FOR
        )
        self._keys = Remembered(self._fetch_keys, clock, fresh_for=_KEYS_FRESH_FOR, stale_for=_KEYS_STALE_FOR)

    @property
    def address(self) -> str:
        """Where the document lies (OpenID Connect Discovery §4)."""
        return self._issuer.rstrip("/") + "/.well-known/openid-configuration"

    @property
    def known(self) -> Metadata | None:
        """The metadata fetched last, however old; None before the first fetch."""
        return self._metadata.latest

    async def metadata(self) -> Metadata:
        """Return the metadata. Raises IdentityProviderUnavailable or UpstreamAnswerInvalid."""
        return await self._metadata.current()

    async def keys(self) -> FixedKeys:
        """Return the verification keys. Raises IdentityProviderUnavailable or UpstreamAnswerInvalid."""
        return await self._keys.current()

    async def refetch_keys(self) -> bool:
        """Fetch the keys again, at most every half minute; tell whether it was done."""
        return await self._keys.refetch(pause_for=_REFETCH_PAUSE_FOR)

    async def _fetch_metadata(self) -> Metadata:
        reply = await self._exchange.get("discovery", self.address)
        if reply.status != 200:
            raise UpstreamAnswerInvalid(operator_detail=f"discovery: status {reply.status}")
        return read_metadata(read_object("discovery", reply), self._issuer)

    async def _fetch_keys(self) -> FixedKeys:
        reply = await self._exchange.get("keys", (await self.metadata()).jwks_uri)
        if reply.status != 200:
            raise UpstreamAnswerInvalid(operator_detail=f"keys: status {reply.status}")
        try:
            keys = FixedKeys.of_jwks(read_object("keys", reply))
        except KeyRefused as refusal:
            raise UpstreamAnswerInvalid(operator_detail=f"keys: refused by rule `{refusal.rule}`") from None
        if not len(keys):
            raise UpstreamAnswerInvalid(operator_detail="keys: none that we accept")
        return keys


def read_metadata(document: dict[str, Any], issuer: str) -> Metadata:
    """Read the known members. Raises UpstreamAnswerInvalid when the issuer is another or an address is unsafe."""
    if document.get("issuer") != issuer:
        raise UpstreamAnswerInvalid(operator_detail="discovery: `issuer` is not the pinned one")
    return Metadata(
        authorization_endpoint=_demand_address(document, "authorization_endpoint", issuer),
        token_endpoint=_demand_address(document, "token_endpoint", issuer),
        jwks_uri=_demand_address(document, "jwks_uri", issuer),
        userinfo_endpoint=_read_address(document, "userinfo_endpoint", issuer),
        end_session_endpoint=_read_address(document, "end_session_endpoint", issuer),
        answers_with_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        pushed_authorization_request_endpoint=_read_address(document, "pushed_authorization_request_endpoint", issuer),
        demands_pushed_requests=document.get("require_pushed_authorization_requests") is True,
        demands_signed_requests=document.get("require_signed_request_object") is True,
        dpop_algorithms=_read_names(document, "dpop_signing_alg_values_supported"),
        response_modes=_read_names(document, "response_modes_supported"),
    )


def _read_names(document: dict[str, Any], member: str) -> frozenset[str] | None:
    names = document.get(member)
    return frozenset(one for one in names if isinstance(one, str)) if isinstance(names, list) else None


def _demand_address(document: dict[str, Any], member: str, issuer: str) -> str:
    address = _read_address(document, member, issuer)
    if address is None:
        raise UpstreamAnswerInvalid(operator_detail=f"discovery: `{member}` missing")
    return address


def _read_address(document: dict[str, Any], member: str, issuer: str) -> str | None:
    address = document.get(member)
    if address is None:
        return None
    if not isinstance(address, str) or not is_safe_address(address, issuer):
        raise UpstreamAnswerInvalid(operator_detail=f"discovery: `{member}` is not an address we may use")
    return address


def is_safe_address(address: str, issuer: str) -> bool:
    """Tell whether `address` may be called for `issuer`: https, or http beside an http issuer on its host."""
    if len(address) > 2048 or not address.isascii() or not address.isprintable() or " " in address:
        return False
    try:
        parts, home = urlsplit(address), urlsplit(issuer)
        port = parts.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None or parts.fragment or not parts.hostname or port == 0:
        return False
    if parts.scheme == "https":
        return True
    return parts.scheme == "http" and home.scheme == "http" and parts.hostname == home.hostname
