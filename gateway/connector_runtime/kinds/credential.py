"""How the gateway proves itself at a source's own endpoint. A secret is named by the manifest and kept by the operator.

A further way (signed assertion, certificate, WS-Security) is a further class with `headers` and a line in `_MAKERS`.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Protocol

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import OfficerClass, OutboundClient
from gateway.connector_runtime.failure import TransportUnset
from gateway.connector_runtime.manifest_failure import SecretUnnamed
from gateway.connector_runtime.manifest_parts import Auth
from gateway.connector_runtime.transports.access_token import Credentials, TokenKeeper
from gateway.vocabulary.clock import Clock


class Credential(Protocol):
    """Proves who asks."""

    async def headers(self, officer_class: OfficerClass, *, wait_for: float) -> Mapping[str, str]:
        """Return the headers of one call; `wait_for` seconds at most. Raises SourceTrouble."""
        ...


class FixedHeaders:
    """Headers that are the same for every call: none, Basic, or an API key. They are not shown."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    async def headers(self, officer_class: OfficerClass, *, wait_for: float) -> Mapping[str, str]:
        """Return them."""
        return self._headers


class BearerToken:
    """An access token by client credentials, kept per officer class."""

    def __init__(self, tokens: TokenKeeper) -> None:
        self._tokens = tokens

    async def headers(self, officer_class: OfficerClass, *, wait_for: float) -> Mapping[str, str]:
        """Return the Authorization header. Raises SourceTrouble when no token comes in time."""
        token = await self._tokens.token(officer_class, wait_for=wait_for)
        return {"Authorization": f"Bearer {token.text}"}


def make_credential(auth: Auth, settings: ConnectorSettings, client: OutboundClient, clock: Clock) -> Credential:
    """Return the credential of a manifest. Raises SecretUnnamed, TransportUnset, OSError (unreadable secret)."""
    if auth.kind == "none":
        return FixedHeaders({})
    secret = read_secret(auth, settings)
    return _MAKERS[auth.kind](auth, secret, settings, (client, clock))


def read_secret(auth: Auth, settings: ConnectorSettings) -> str:
    """Return the secret that a manifest names. Raises SecretUnnamed, OSError."""
    name = auth.secret_ref or ""
    if name not in settings.secret_files:
        known = ", ".join(f"`{one}`" for one in sorted(settings.secret_files)) or "none"
        raise SecretUnnamed(f"`auth.secret_ref` names `{name}`, and the settings' `secret_files` hold {known}")
    return settings.secret_files[name].read_text("utf-8").strip()


def _basic(auth: Auth, secret: str, settings: ConnectorSettings, _: tuple[OutboundClient, Clock]) -> Credential:
    pair = f"{settings.user or auth.user}:{secret}".encode()
    return FixedHeaders({"Authorization": "Basic " + b64encode(pair).decode("ascii")})


def _apikey(auth: Auth, secret: str, settings: ConnectorSettings, _: tuple[OutboundClient, Clock]) -> Credential:
    return FixedHeaders({auth.header: secret})


def _oauth2(auth: Auth, secret: str, settings: ConnectorSettings, way: tuple[OutboundClient, Clock]) -> Credential:
    if not settings.token_url:
        raise TransportUnset("auth kind `oauth2` wants `token_url`, where its Bearer tokens come from")
    known = Credentials(client_id=settings.user or auth.user, client_secret=secret)
    return BearerToken(
        TokenKeeper(settings.token_url, {"system": known, "desk": known}, *way, timeout_for=settings.timeout_for)
    )


_Maker = Callable[[Auth, str, ConnectorSettings, tuple[OutboundClient, Clock]], Credential]
_MAKERS: Mapping[str, _Maker] = {"basic": _basic, "apikey": _apikey, "oauth2": _oauth2}
