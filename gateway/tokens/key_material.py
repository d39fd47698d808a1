"""Keys as others hand them to us (JWK, RFC 7517) and as we make them: types, strength, import.

A key is reduced to the members its type needs before it is imported: `x5c`, `x5u`, `oth` and whatever else a JWK
carries is never looked at, so that nothing in a key can make us fetch, parse or trust anything.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from gateway.vocabulary.clock import Randomness

_PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "oct": ("k",)}
_PRIVATE_MEMBERS = {"RSA": ("d", "p", "q", "dp", "dq", "qi"), "EC": ("d",), "OKP": ("d",), "oct": ()}
_PRIVATE_NAMES = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_KEY_CLASSES: dict[str, type[Key]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey, "oct": OctKey}
_CURVES = {"EC": {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}, "OKP": {"Ed25519": "Ed25519"}}
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_MEMBER_LIMIT = 8192
ENCRYPTION_ALGORITHMS = frozenset({"ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW", "RSA-OAEP-256"})
"""Key algorithms of JWE that we encrypt with; a key of one of them verifies nothing."""


class KeyRefused(Exception):
    """A key that will not be used; `rule` is a stable word (`kty`, `crv`, `rsa_size`, `roca`, `private` …)."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"key refused: {rule}")
        self.rule = rule


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key (or a shared secret) with what its JWK says it is for; `algorithms` are those it can serve."""

    kid: str | None
    algorithms: frozenset[str]
    native: Key


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key that signs with one algorithm under one key id."""

    kid: str
    alg: str
    native: Key


def import_public_key(jwk: Mapping[str, Any]) -> VerificationKey:
    """Return the verification key of a public JWK. Imports are remembered: they cost more than a verification.

    Raises KeyRefused: unknown or unfit type, curve, size or use, private members, malformed values.
    """
    if _PRIVATE_NAMES & jwk.keys():
        raise KeyRefused("private")
    return _import_remembered(_canonical(jwk))


def import_signing_key(jwk: Mapping[str, Any]) -> SigningKey:
    """Return the signing key of one of our own private JWKs (`kid` and `alg` present)."""
    kty = str(jwk["kty"])
    members = ("kty", *_PUBLIC_MEMBERS[kty], *_PRIVATE_MEMBERS[kty])
    native = _KEY_CLASSES[kty].import_key({name: str(jwk[name]) for name in members if name in jwk})
    return SigningKey(str(jwk["kid"]), str(jwk["alg"]), native)


def signing_key_of(native: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, alg: str, kid: str) -> SigningKey:
    """Return a key that was read from elsewhere as one that signs; without `kid` its RFC 7638 thumbprint names it."""
    key = RSAKey.import_key(native) if isinstance(native, rsa.RSAPrivateKey) else ECKey.import_key(native)
    return SigningKey(kid or key.thumbprint(), alg, key)


def generate_private_jwk(alg: str, kid: str, randomness: Randomness) -> dict[str, str]:
    """Return a fresh private JWK for `alg` (ES256, Ed25519, RS256, PS256). RSA takes some 100 ms of CPU."""
    native: Key
    if alg == "ES256":
        scalar = int.from_bytes(randomness.octets(48), "big") % (_P256_ORDER - 1) + 1
        native = ECKey.import_key(ec.derive_private_key(scalar, ec.SECP256R1()))
    elif alg == "Ed25519":
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        native = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(randomness.octets(32)))
    elif alg in {"RS256", "PS256"}:
        native = RSAKey.generate_key(2048)
    else:
        raise KeyRefused("alg")
    members = {name: str(value) for name, value in native.as_dict(private=True).items()}
    return {**members, "kid": kid, "use": "sig", "alg": alg}


def public_jwk(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JWK without its private members, as it stands in the published set."""
    return {name: value for name, value in jwk.items() if name not in _PRIVATE_NAMES}


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a public JWK (RFC 7638), base64url."""
    return import_public_key({name: value for name, value in jwk.items() if name != "kid"}).native.thumbprint()


def _canonical(jwk: Mapping[str, Any]) -> bytes:
    kty = jwk.get("kty")
    if not isinstance(kty, str) or kty not in _PUBLIC_MEMBERS or kty == "oct":
        raise KeyRefused("kty")
    kept = {name: jwk[name] for name in ("kty", "kid", "use", "alg", "key_ops", *_PUBLIC_MEMBERS[kty]) if name in jwk}
    for name, value in kept.items():
        if name != "key_ops" and (not isinstance(value, str) or not 0 < len(value) <= _MEMBER_LIMIT):
            raise KeyRefused("form")
    try:
        return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
    except TypeError as trouble:
        raise KeyRefused("form") from trouble


@lru_cache(maxsize=4096)
def _import_remembered(canonical: bytes) -> VerificationKey:
    jwk = orjson.loads(canonical)
    if jwk.get("use", "sig") != "sig" or jwk.get("alg") in ENCRYPTION_ALGORITHMS:
        raise KeyRefused("use")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise KeyRefused("use")
    algorithms = _algorithms_of(jwk)
    try:
        native = _KEY_CLASSES[jwk["kty"]].import_key(
            {name: jwk[name] for name in ("kty", *_PUBLIC_MEMBERS[jwk["kty"]])}
        )
    except (JoseError, ValueError, TypeError, KeyError, ArithmeticError) as trouble:
        raise KeyRefused("form") from trouble
    return VerificationKey(jwk.get("kid"), algorithms, native)


def _algorithms_of(jwk: Mapping[str, Any]) -> frozenset[str]:
    """The algorithms a key can serve; a JWK's own `alg` narrows them to one."""
    if any(name not in jwk for name in _PUBLIC_MEMBERS[jwk["kty"]]):
        raise KeyRefused("form")
    if jwk["kty"] == "RSA":
        check_rsa(whole_number(jwk["n"]), whole_number(jwk["e"]))
        able = {"RS256", "PS256", "RS384", "PS384", "RS512", "PS512"}
    else:
        named = _CURVES[jwk["kty"]].get(jwk["crv"])
        if named is None:
            raise KeyRefused("crv")
        able = {named, "EdDSA"} if named == "Ed25519" else {named}
    own = jwk.get("alg")
    if own is None:
        return frozenset(able)
    if own not in able:
        raise KeyRefused("alg")
    # RFC 9864: `EdDSA` and `Ed25519` name the same signature over this curve, and both are in the field.
    return frozenset({"Ed25519", "EdDSA"}) if own in {"Ed25519", "EdDSA"} else frozenset({own})


def whole_number(text: str) -> int:
    """Return the number of a base64url member of a JWK (RFC 7518 §6.3.1). Raises KeyRefused."""
    from joserfc.util import base64_to_int

    try:
        return base64_to_int(text)
    except ValueError as trouble:
        raise KeyRefused("form") from trouble


def check_rsa(modulus: int, exponent: int) -> None:
    """Raise KeyRefused for RSA that is too weak, too slow to verify, or made by a broken generator."""
    # Below 2048 bits is weak (SP 800-131A); far above it, or with a long exponent, one verification is an attack.
    if not 2048 <= modulus.bit_length() <= 8192:
        raise KeyRefused("rsa_size")
    if exponent < 65537 or exponent % 2 == 0 or exponent.bit_length() > 64:
        raise KeyRefused("rsa_exponent")
    if _shows_roca(modulus):
        raise KeyRefused("roca")


_ROCA_PRIMES = tuple(p for p in range(3, 168) if all(p % q for q in range(2, math.isqrt(p) + 1)))
_ROCA_RESIDUES = {p: frozenset(pow(65537, power, p) for power in range(p)) for p in _ROCA_PRIMES}


def _shows_roca(modulus: int) -> bool:
    """Tell whether a modulus has the mark of CVE-2017-15361: it is a power of 65537 modulo every small prime."""
    return all(modulus % prime in residues for prime, residues in _ROCA_RESIDUES.items())
