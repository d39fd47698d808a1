"""Security event tokens (RFC 8417) that nobody reads on their way: signed first, then encrypted to the receiver's key.

One way only, ECDH-ES on P-256 with A256GCM: both ends are ours to choose, so nothing is negotiated.
"""

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from gateway.tokens.key_material import KeyRefused
from gateway.vocabulary.strict_json import JsonRefused, parse_json

TYPE = "secevent+jwt"
_ALGORITHMS = ["ECDH-ES", "A256GCM"]
_LONGEST = 16_384


@dataclass(frozen=True, slots=True)
class ReceiverKey:
    """The key of a receiver: public where we send, private where a receiver reads."""

    kid: str | None
    native: ECKey


def read_receiver_key(document: bytes, *, private: bool = False) -> ReceiverKey:
    """Read a JWK of type EC, curve P-256. Raises KeyRefused: `form`, `kty`, `crv`, `use`, `private` (a private key
    where the public one belongs, or the other way round)."""
    try:
        jwk = parse_json(document)
    except JsonRefused:
        raise KeyRefused("form") from None
    if not isinstance(jwk, dict) or jwk.get("kty") != "EC":
        raise KeyRefused("kty")
    if jwk.get("crv") != "P-256":
        raise KeyRefused("crv")
    if jwk.get("use", "enc") != "enc":
        raise KeyRefused("use")
    if ("d" in jwk) is not private:
        raise KeyRefused("private")
    members = {name: jwk[name] for name in ("kty", "crv", "x", "y", "d") if name in jwk}
    kid = jwk.get("kid")
    try:
        return ReceiverKey(kid if isinstance(kid, str) else None, ECKey.import_key(members))
    except (JoseError, ValueError, TypeError) as trouble:
        raise KeyRefused("form") from trouble


def seal_event(signed: str, key: ReceiverKey) -> str:
    """Return a signed event as a compact JWE."""
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "cty": TYPE} | ({} if key.kid is None else {"kid": key.kid})
    return jwe.encrypt_compact(header, signed, key.native, algorithms=_ALGORITHMS)


def open_event(sealed: str, key: ReceiverKey) -> str:
    """Return the signed event inside a compact JWE, not verified yet. Raises KeyRefused("form") for anything else."""
    try:
        if len(sealed) > _LONGEST:
            raise KeyRefused("form")
        opened = jwe.decrypt_compact(sealed, key.native, algorithms=_ALGORITHMS)
        header: Mapping[str, Any] = opened.protected
        if header.get("cty") != TYPE or opened.plaintext is None:
            raise KeyRefused("form")
        return opened.plaintext.decode("ascii")
    except (JoseError, ValueError, TypeError, binascii.Error) as trouble:
        raise KeyRefused("form") from trouble
