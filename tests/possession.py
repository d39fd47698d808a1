"""Whoever holds a key and proves it (RFC 9449): proofs as a good client makes them, and bent ones."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from joserfc.jws import JWSRegistry

from gateway.tokens.dpop import hash_of
from gateway.tokens.key_material import generate_private_jwk, import_signing_key, public_jwk, thumbprint
from gateway.vocabulary.clock import SystemRandomness

CHANCE = SystemRandomness()


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


@dataclass
class Holder:
    """One key, and the proofs made with it."""

    alg: str = "ES256"
    jwk: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.jwk = generate_private_jwk(self.alg, "k", CHANCE)

    @property
    def bare(self) -> dict[str, str]:
        """The public key as a proof's header carries it."""
        return {name: value for name, value in public_jwk(self.jwk).items() if name in {*"xyne", "kty", "crv"}}

    @property
    def jkt(self) -> str:
        return thumbprint(self.bare)

    def proof(self, claims: dict[str, Any], header: dict[str, Any] | None = None, without: tuple[str, ...] = ()) -> str:
        """Return a proof of `claims`; `header` changes its header, `without` leaves members of either out."""
        head = {"typ": "dpop+jwt", "alg": self.alg, "jwk": self.bare} | (header or {})
        said = dict(claims)
        for name in without:
            head.pop(name, None)
            said.pop(name, None)
        signing_input = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(said).encode())}"
        key = import_signing_key(self.jwk)
        return f"{signing_input}.{b64(JWSRegistry.algorithms[key.alg].sign(signing_input.encode(), key.native))}"

    def prove(
        self,
        method: str,
        url: str,
        at: float,
        *,
        token: str | None = None,
        header: dict[str, Any] | None = None,
        without: tuple[str, ...] = (),
        **claims: Any,
    ) -> str:
        """Return a new proof for one request; `token`: the access token sent with it; `claims` change it."""
        said: dict[str, Any] = {"jti": b64(CHANCE.octets(12)), "htm": method, "htu": url, "iat": int(at)}
        if token is not None:
            said["ath"] = hash_of(token)
        return self.proof(said | claims, header, without)
