"""Requests of ours that prove a key (RFC 9449): the key of one sign-in, and the nonces that servers ask for.

The key is made for one sign-in and kept with its memory: it needs no rotation, is of use to nobody afterwards, and
lets no two sign-ins be told to be one person's (decision 0076).
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from gateway.identity_providers.capability import PROOF_ALG
from gateway.identity_providers.contract import UpstreamReply
from gateway.tokens.dpop import Claimed, make_proof
from gateway.tokens.key_material import generate_private_jwk, import_signing_key
from gateway.vocabulary.clock import Clock, Randomness, text_token

Send = Callable[[Mapping[str, str]], Awaitable[UpstreamReply]]
_NONCE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,512}")  # NQCHAR (RFC 9449 §8.1)
_CHALLENGE = re.compile(r'(?:^|,)\s*dpop\s(?:[^,]*,)*?\s*error\s*=\s*"?use_dpop_nonce\b', re.IGNORECASE)


class Possession:
    """Proofs towards one upstream. The nonce last heard is used again: the server's for its own endpoints, the
    resource's for userinfo (RFC 9449 §8.2, §9)."""

    def __init__(self, clock: Clock, randomness: Randomness) -> None:
        self._clock = clock
        self._randomness = randomness
        self._nonces: dict[bool, str] = {}

    def new_key(self) -> dict[str, str]:
        """Return a private key for one sign-in (JWK)."""
        return generate_private_jwk(PROOF_ALG, "", self._randomness)

    async def send(
        self, key: Mapping[str, Any], method: str, url: str, send: Send, *, access_token: str | None = None
    ) -> UpstreamReply:
        """Send a request with a proof. Where a nonce is asked for it is sent once more with that nonce, and no third
        time: a server that goes on asking is answered by whoever reads the reply."""
        resource = access_token is not None
        nonce = self._nonces.get(resource)
        for _ in range(2):
            claimed = Claimed(
                method=method,
                url=url,
                jti=text_token(self._randomness, 128),
                access_token=access_token,
                nonce=nonce,
            )
            reply = await send({"dpop": make_proof(import_signing_key(key), claimed, self._clock.now())})
            given = _nonce_in(reply)
            if given is not None:
                self._nonces[resource] = given
            if given is None or given == nonce or not _asks_for_nonce(reply):
                break
            nonce = given
        return reply


def _nonce_in(reply: UpstreamReply) -> str | None:
    nonce = reply.headers.get("dpop-nonce", "")
    return nonce if _NONCE.fullmatch(nonce) else None


def _asks_for_nonce(reply: UpstreamReply) -> bool:
    """Tell whether a nonce is asked for: by the error of an authorization server, or the challenge of a resource, whose
    scheme may be written in letters of either size (RFC 9110 §11.1)."""
    if reply.status not in (400, 401):
        return False
    if _CHALLENGE.search(reply.headers.get("www-authenticate", "")):
        return True
    try:
        answer = orjson.loads(reply.body)
    except ValueError:
        return False
    return isinstance(answer, dict) and answer.get("error") == "use_dpop_nonce"
