"""How the gateway proves itself at a source's own endpoint. A secret is named by the manifest and kept by the operator.

A further way is a further class with `prove` and a line in `_MAKERS`.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import OfficerClass, OutboundClient
from gateway.connector_runtime.failure import TransportUnset
from gateway.connector_runtime.kinds.secret_files import read_secret, signing_key
from gateway.connector_runtime.kinds.writing import Written
from gateway.connector_runtime.kinds.wss import SignedEnvelope, UsernameToken
from gateway.connector_runtime.manifest_parts import Auth
from gateway.connector_runtime.transports.access_token import Credentials, TokenKeeper, TokenProof
from gateway.connector_runtime.transports.assertion import ClientAssertion, Statement
from gateway.vocabulary.clock import Clock, Randomness


class Way(NamedTuple):
    """What a credential is made with: the source's address, the way to a token endpoint, time and chance."""

    url: str
    client: OutboundClient
    clock: Clock
    chance: Randomness


class Credential(Protocol):
    """Proves who asks."""

    async def prove(self, written: Written, officer_class: OfficerClass, *, wait_for: float) -> Written:
        """Return the question with the proof of one call; `wait_for` seconds at most. Raises SourceTrouble."""
        ...


@runtime_checkable
class RenewsProof(Protocol):
    """A further ability: the proof is kept for several calls, and made anew when the source refuses it."""

    def renew(self, officer_class: OfficerClass, refused: Written) -> None:
        """Forget the proof of a question that was refused."""
        ...


class FixedHeaders:
    """Headers that are the same for every call: none, Basic, or an API key. They are not shown."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    async def prove(self, written: Written, officer_class: OfficerClass, *, wait_for: float) -> Written:
        """Return the question with them."""
        return with_headers(written, self._headers)


class BearerToken:
    """An access token, kept per officer class."""

    def __init__(self, tokens: TokenKeeper) -> None:
        self._tokens = tokens

    async def prove(self, written: Written, officer_class: OfficerClass, *, wait_for: float) -> Written:
        """Return the question under a token. Raises SourceTrouble when none comes in time."""
        token = await self._tokens.token(officer_class, wait_for=wait_for)
        return with_headers(written, {"Authorization": f"Bearer {token.text}"})

    def renew(self, officer_class: OfficerClass, refused: Written) -> None:
        """Forget the token."""
        self._tokens.drop(officer_class, refused.headers["Authorization"].removeprefix("Bearer "))


class BearerStatement:
    """A signed statement with every call, never the same twice."""

    def __init__(self, statement: Statement, clock: Clock) -> None:
        self._statement = statement
        self._clock = clock

    async def prove(self, written: Written, officer_class: OfficerClass, *, wait_for: float) -> Written:
        """Return the question with a statement of its own."""
        return with_headers(written, {"Authorization": f"Bearer {self._statement.sign(self._clock.now())}"})


def with_headers(written: Written, headers: Mapping[str, str]) -> Written:
    """Return a question with further headers."""
    return written._replace(headers={**written.headers, **headers})


def make_credential(auth: Auth, settings: ConnectorSettings, way: Way) -> Credential:
    """Return the credential of a manifest.

    Raises SecretUnnamed, CredentialUnfit, TransportUnset, OSError (unreadable secret).
    """
    return _MAKERS[auth.kind](auth, settings, way)


def _none(auth: Auth, settings: ConnectorSettings, way: Way) -> Credential:
    return FixedHeaders({})


def _basic(auth: Auth, settings: ConnectorSettings, way: Way) -> Credential:
    pair = f"{settings.user or auth.user}:{read_secret(auth, settings)}".encode()
    return FixedHeaders({"Authorization": "Basic " + b64encode(pair).decode("ascii")})


def _apikey(auth: Auth, settings: ConnectorSettings, way: Way) -> Credential:
    return FixedHeaders({auth.header: read_secret(auth, settings)})


def _oauth2(auth: Auth, settings: ConnectorSettings, way: Way) -> Credential:
    known = Credentials(client_id=settings.user or auth.user, client_secret=read_secret(auth, settings))
    return _bearer(known, auth, settings, way)


def _oauth2_jwt(auth: Auth, settings: ConnectorSettings, way: Way) -> Credential:
    return _bearer(ClientAssertion(_statement(auth, settings, way)), auth, settings, way)


def _jwt(auth: Auth, settings: ConnectorSettings, way: Way) -> Credential:
    return BearerStatement(_statement(auth, settings, way), way.clock)


def _wss_password(auth: Auth, settings: ConnectorSettings, way: Way) -> Credential:
    if auth.sent_as == "text" and not way.url.startswith("https://"):
        raise TransportUnset("a password as text goes over TLS only: give an https `url`, or use the digest")
    return UsernameToken(_party(auth, settings), read_secret(auth, settings), auth.sent_as, way.clock, way.chance)


def _wss_certificate(auth: Auth, settings: ConnectorSettings, way: Way) -> Credential:
    return SignedEnvelope.of(auth, settings, way.clock, way.chance)


def _bearer(proof: TokenProof, auth: Auth, settings: ConnectorSettings, way: Way) -> Credential:
    if not settings.token_url:
        raise TransportUnset(f"auth kind `{auth.kind}` wants `token_url`, where its Bearer tokens come from")
    proofs: Mapping[OfficerClass, TokenProof] = {"system": proof, "desk": proof}
    return BearerToken(TokenKeeper(settings.token_url, proofs, way.client, way.clock, timeout_for=settings.timeout_for))


def _statement(auth: Auth, settings: ConnectorSettings, way: Way) -> Statement:
    return Statement(
        party=_party(auth, settings),
        audience=auth.audience or settings.token_url or "",
        lifetime_for=auth.lifetime_for,
        key=signing_key(auth, settings),
        chance=way.chance,
    )


def _party(auth: Auth, settings: ConnectorSettings) -> str:
    """Return who the gateway is at the source. Raises TransportUnset."""
    if not (settings.user or auth.user):
        raise TransportUnset(f"auth kind `{auth.kind}` wants `user`, who the gateway is at the source")
    return settings.user or auth.user


_Maker = Callable[[Auth, ConnectorSettings, Way], Credential]
_MAKERS: Mapping[str, _Maker] = {
    "none": _none,
    "basic": _basic,
    "apikey": _apikey,
    "oauth2": _oauth2,
    "oauth2_jwt": _oauth2_jwt,
    "jwt": _jwt,
    "wss_password": _wss_password,
    "wss_certificate": _wss_certificate,
}
