"""Encrypted tokens: what was signed is encrypted to a key of the client's (RFC 7516, RFC 7519 §11.2).

We only ever encrypt. Algorithms with a password (PBES2) or with PKCS #1 v1.5 padding (RSA1_5) are not offered, and
nothing is compressed before it is encrypted (RFC 8725 §3.2, §3.6).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.tokens.key_material import ENCRYPTION_ALGORITHMS, KeyRefused, check_rsa, whole_number

KEY_ALGORITHMS: Final = tuple(sorted(ENCRYPTION_ALGORITHMS))
CONTENT_ALGORITHMS: Final = ("A128CBC-HS256", "A128GCM", "A256CBC-HS512", "A256GCM")
_AGREEMENT = frozenset({"ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"})
_MEMBERS = {"EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "RSA": ("n", "e")}
_CURVES = {"EC": frozenset({"P-256", "P-384", "P-521"}), "OKP": frozenset({"X25519"})}
_MEMBER_LIMIT = 8192


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """A public key that is encrypted to; `algorithms` are those it can serve."""

    kid: str | None
    algorithms: frozenset[str]
    native: ECKey | OKPKey | RSAKey


def encrypt(token: str, key: EncryptionKey, *, alg: str, enc: str) -> str:
    """Return a signed token as a compact JWE."""
    header = {"alg": alg, "enc": enc, "cty": "JWT"} | ({} if key.kid is None else {"kid": key.kid})
    return jwe.encrypt_compact(header, token, key.native, algorithms=[alg, enc])


def first_fitting(published: Iterable[object], alg: str) -> EncryptionKey | None:
    """Return the first key of a JWK Set that may be encrypted to with `alg`; unfit ones are passed over."""
    for jwk in published:
        try:
            key = import_encryption_key(jwk if isinstance(jwk, Mapping) else {})
        except KeyRefused:
            continue
        if alg in key.algorithms:
            return key
    return None


def import_encryption_key(jwk: Mapping[str, Any]) -> EncryptionKey:
    """Return the encryption key of a public JWK, reduced to the members its type needs. Raises KeyRefused."""
    kty = jwk.get("kty")
    if not isinstance(kty, str) or kty not in _MEMBERS:
        raise KeyRefused("kty")
    kept = {name: jwk[name] for name in ("kty", "kid", "use", "alg", *_MEMBERS[kty]) if name in jwk}
    if not all(isinstance(value, str) and 0 < len(value) <= _MEMBER_LIMIT for value in kept.values()):
        raise KeyRefused("form")
    return _import_remembered(orjson.dumps(kept, option=orjson.OPT_SORT_KEYS))


@lru_cache(maxsize=1024)
def _import_remembered(canonical: bytes) -> EncryptionKey:
    jwk = orjson.loads(canonical)
    kty = jwk["kty"]
    members = {name: jwk[name] for name in ("kty", *_MEMBERS[kty]) if name in jwk}
    if len(members) != len(_MEMBERS[kty]) + 1:
        raise KeyRefused("form")
    if jwk.get("use", "enc") != "enc":
        raise KeyRefused("use")
    if kty in _CURVES and jwk["crv"] not in _CURVES[kty]:
        raise KeyRefused("crv")
    if kty == "RSA":
        check_rsa(whole_number(jwk["n"]), whole_number(jwk["e"]))
    able = frozenset({"RSA-OAEP-256"}) if kty == "RSA" else _AGREEMENT
    own = jwk.get("alg")
    if own is not None and own not in able:
        raise KeyRefused("alg")
    try:
        return EncryptionKey(jwk.get("kid"), able if own is None else frozenset({own}), _native(kty, members))
    except (JoseError, ValueError, TypeError, ArithmeticError) as trouble:
        raise KeyRefused("form") from trouble


def _native(kty: str, members: Mapping[str, str]) -> ECKey | OKPKey | RSAKey:
    if kty == "RSA":
        return RSAKey.import_key(dict(members))
    return ECKey.import_key(dict(members)) if kty == "EC" else OKPKey.import_key(dict(members))
