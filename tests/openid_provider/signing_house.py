"""A provider with clients that have keys: they sign their requests, and are answered encrypted."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import provider_house as world
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey
from journey import CHALLENGE

from gateway.openid_provider.clients import Portal
from gateway.tokens.jose import sign
from gateway.tokens.key_material import generate_private_jwk, import_signing_key, public_jwk
from gateway.vocabulary.clock import SystemRandomness

KEY, STRANGER = (generate_private_jwk("ES256", kid, SystemRandomness()) for kid in ("s1", "s2"))
RSA_KEY = generate_private_jwk("RS256", "r1", SystemRandomness())
EC_SEAL = ECKey.generate_key("P-256", {"kid": "e1", "use": "enc"})
RSA_SEAL = RSAKey.generate_key(2048, {"kid": "e2", "use": "enc", "alg": "RSA-OAEP-256"})
JWKS = {
    "keys": [
        public_jwk(KEY),
        {name: value for name, value in public_jwk(RSA_KEY).items() if name != "alg"},
        EC_SEAL.as_dict(private=False),
        RSA_SEAL.as_dict(private=False),
    ]
}
NOW = int(world.START.timestamp())


def signing(client_id: str = "signing", **changes: Any) -> Portal:
    """Return a client with keys, with changes."""
    members: dict[str, Any] = {
        "client_id": client_id,
        "client_secret": world.SECRET,
        "redirect_uris": [world.CALLBACK, "http://127.0.0.1:8003/other?x=1"],
        "grant_types": ["authorization_code", "refresh_token"],
        "procedures": ["1.004222"],
        "sector": "portal.example",
        "jwks": JWKS,
    }
    return Portal.model_validate(members | changes)


def request_claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good request object, with changes (None leaves one out)."""
    claims: dict[str, Any] = {
        "iss": "signing",
        "aud": world.ISSUER,
        "client_id": "signing",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 300,
        "jti": "r-1",
        "redirect_uri": world.CALLBACK,
        "response_type": "code",
        "scope": "openid profile",
        "state": "inside",
        "nonce": "no-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def request_object(key: dict[str, str] = KEY, *, typ: str | None = "oauth-authz-req+jwt", **changes: Any) -> str:
    """Return a signed request object, with changes."""
    return sign(request_claims(**changes), import_signing_key(key), typ=typ)


def segment(value: object) -> str:
    """Return a part of a token, from octets or as JSON."""
    octets = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def opened(token: str, key: ECKey | RSAKey) -> tuple[dict[str, Any], str]:
    """Return the header of an encrypted token and what is in it."""
    header = json.loads(urlsafe_b64decode(token.partition(".")[0] + "=="))
    found = jwe.decrypt_compact(token, key, algorithms=[header["alg"], header["enc"]])
    assert found.plaintext is not None
    return header, found.plaintext.decode()
