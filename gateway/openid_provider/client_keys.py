"""The public keys of clients: those of the registration, or those a client publishes at its `jwks_uri`."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from gateway.identity_providers.contract import IdentityProviderUnavailable, SignInFailure, UpstreamAnswerInvalid
from gateway.identity_providers.remembered import Remembered
from gateway.openid_provider.clients import Portal
from gateway.tokens.jose import FixedKeys, JosePolicy, JoseRefused, verify
from gateway.tokens.jwe import KEY_ALGORITHMS
from gateway.tokens.key_material import KeyRefused
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.strict_json import JsonRefused, parse_json

FRESH_FOR = timedelta(minutes=10)
STALE_FOR = timedelta(hours=1)
PAUSE_FOR = timedelta(seconds=30)
_REMEMBERED = 1000

Fetch = Callable[[str], Awaitable[bytes]]
"""Gets the document at an address within the egress zone of portals: no redirects, a cap, a time limit. Raises
IdentityProviderUnavailable when nobody answers, UpstreamAnswerInvalid for anything but a 200."""


class KeysUnreachable(Exception):
    """The keys of a client cannot be had now. `reason` says why, for operators."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ClientKeys:
    """Finds the keys of a client. What was fetched is fresh for ten minutes, and bridges an hour in which the client's
    server cannot be reached; a made-up key id makes one fetch in half a minute (RFC 7517, OIDC Core §10.1.1)."""

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._published: dict[str, Remembered[FixedKeys]] = {}

    async def of(self, portal: Portal) -> FixedKeys:
        """Return the keys of a client, none where it registered none. Raises KeysUnreachable."""
        if portal.jwks is not None:
            return FixedKeys.of_jwks(portal.jwks)
        if portal.jwks_uri is None:
            return FixedKeys(())
        try:
            return await self._remembered(portal.jwks_uri).current()
        except SignInFailure as trouble:
            raise KeysUnreachable(trouble.operator_detail or "") from trouble

    async def again(self, portal: Portal) -> FixedKeys | None:
        """Return the keys fetched anew, for a key id that is not among those known; None when the last fetch was just
        now, or there is nothing to fetch. Raises KeysUnreachable."""
        if portal.jwks is not None or portal.jwks_uri is None:
            return None
        remembered = self._remembered(portal.jwks_uri)
        try:
            return await remembered.current() if await remembered.refetch(pause_for=PAUSE_FOR) else None
        except SignInFailure as trouble:
            raise KeysUnreachable(trouble.operator_detail or "") from trouble

    def _remembered(self, address: str) -> Remembered[FixedKeys]:
        known = self._published.get(address)
        if known is None:
            while len(self._published) >= _REMEMBERED:
                del self._published[next(iter(self._published))]

            async def fetch() -> FixedKeys:
                return read_keys(await self._fetch(address))

            known = self._published[address] = Remembered(fetch, self._clock, fresh_for=FRESH_FOR, stale_for=STALE_FOR)
        return known


async def verify_by_client(
    known: ClientKeys,
    portal: Portal,
    token: str,
    policy: JosePolicy,
    *,
    now: datetime,
    issuer: str | None = None,
    audience: str | None = None,
) -> dict[str, Any]:
    """Return the claims of a token that a client signed; a key id that is not known makes one fetch.

    Raises JoseRefused, KeysUnreachable.
    """
    keys = await known.of(portal)
    try:
        return verify(token, policy, keys, now=now, issuer=issuer, audience=audience)
    except JoseRefused as refused:
        newer = await known.again(portal) if refused.rule == "kid" else None
        if newer is None:
            raise
        return verify(token, policy, newer, now=now, issuer=issuer, audience=audience)


async def fetch_nothing(address: str) -> bytes:
    """The fetch of a house without a way out."""
    raise IdentityProviderUnavailable(operator_detail="client keys: no way out is configured")


def read_keys(document: bytes) -> FixedKeys:
    """Read a published JWK Set; keys of a kind we do not know are passed over. Raises UpstreamAnswerInvalid."""
    try:
        jwks = parse_json(document)
        keys = FixedKeys.of_jwks(jwks if isinstance(jwks, dict) else {})
    except JsonRefused as refused:
        raise UpstreamAnswerInvalid(operator_detail=f"client keys: refused by rule `{refused.rule}`") from None
    except KeyRefused as refused:
        raise UpstreamAnswerInvalid(operator_detail=f"client keys: refused by rule `{refused.rule}`") from None
    if not len(keys) and not any(keys.sealing(alg) for alg in KEY_ALGORITHMS):
        raise UpstreamAnswerInvalid(operator_detail="client keys: none that is accepted")
    return keys
