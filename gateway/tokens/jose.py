"""Signed tokens under named policies: one strict reader and one writer for every JWS in the house.

The reader takes compact JWS only (RFC 7515 §7.1), judges shape, header, key, signature and claims in that order
and answers with the first rule that failed. Which algorithms, types, claims and times are right is data: a
`JosePolicy` per kind of token (RFC 8725 §3.11: kinds of tokens must not be mistaken for each other).
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, Protocol

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from gateway.tokens.jose_policy import (
    ACCESS_TOKEN,
    CLIENT_ASSERTION,
    CONSENT_RECEIPT,
    CONSENT_REFUSAL,
    DPOP_PROOF,
    EVENT_TOKEN,
    ID_TOKEN,
    ID_TOKEN_HINT,
    LOGOUT_TOKEN,
    MANIFEST,
    POLICIES,
    RECEIPT,
    REQUEST_OBJECT,
    JosePolicy,
)
from gateway.tokens.jwe import EncryptionKey, first_fitting
from gateway.tokens.key_material import KeyRefused, SigningKey, VerificationKey, import_public_key
from gateway.vocabulary.base64url import base64url
from gateway.vocabulary.strict_json import JsonRefused, parse_json

_ES256 = ECDSA(SHA256())

__all__ = [
    "ACCESS_TOKEN",
    "CLIENT_ASSERTION",
    "CONSENT_RECEIPT",
    "CONSENT_REFUSAL",
    "DPOP_PROOF",
    "EVENT_TOKEN",
    "ID_TOKEN",
    "ID_TOKEN_HINT",
    "LOGOUT_TOKEN",
    "MANIFEST",
    "POLICIES",
    "RECEIPT",
    "REQUEST_OBJECT",
    "FixedKeys",
    "JosePolicy",
    "JoseRefused",
    "KeySource",
    "SignedToken",
    "peek_claim",
    "sign",
    "sign_showing",
    "verify",
    "verify_signed",
]


class JoseRefused(Exception):
    """A token that is not accepted. `rule` is the stable word of the first rule that failed:

    `size`, `form`, `json`, `duplicate`, `header`, `crit`, `alg`, `typ`, `jwk`, `kid`, `signature`, or the claim at
    fault (`missing:exp`, `forbidden:nonce`, `iss`, `sub`, `aud`, `exp`, `iat`, `nbf`, `jti`, `nonce`, `lifetime`).
    The edge that asked turns it into its own OAuth error; it never holds a part of the token. `off_by` is how many
    seconds a time lies outside the window, where the rule is one of `exp`, `iat` and `nbf` and the time is a time.
    """

    def __init__(self, rule: str, off_by: float | None = None) -> None:
        super().__init__(f"token refused by rule `{rule}`")
        self.rule = rule
        self.off_by = off_by


class KeySource(Protocol):
    """Where verification keys come from: a fixed set, our own ring, or what was fetched of a jwks_uri.

    Fetching happens before: `JoseRefused("kid")` tells a caller that fetched long ago to fetch once more.
    """

    def candidates(self, kid: str | None, alg: str) -> Sequence[VerificationKey]:
        """Return the keys that may have signed: all with this kid that can serve `alg`; without a kid, all that can."""
        ...


class FixedKeys:
    """A key set that does not change (JWK Set, RFC 7517 §5)."""

    def __init__(self, keys: Sequence[VerificationKey], published: Sequence[object] = ()) -> None:
        self._keys = tuple(keys)
        self._published = tuple(published)

    @classmethod
    def of_jwks(cls, jwks: Mapping[str, Any], *, strict: bool = False) -> "FixedKeys":
        """Read a JWK Set. Unfit keys are passed over (RFC 7517 §5) unless `strict`. Raises KeyRefused."""
        listed = jwks.get("keys")
        if not isinstance(listed, list) or len(listed) > 100:
            raise KeyRefused("form")
        keys: list[VerificationKey] = []
        for jwk in listed:
            try:
                if not isinstance(jwk, Mapping):
                    raise KeyRefused("form")
                keys.append(import_public_key(jwk))
            except KeyRefused as refusal:
                if strict and refusal.rule != "use":
                    raise
        return cls(keys, listed)

    def candidates(self, kid: str | None, alg: str) -> Sequence[VerificationKey]:
        """Return the keys that may have signed."""
        return [key for key in self._keys if alg in key.algorithms and (kid is None or key.kid == kid)]

    def sealing(self, alg: str) -> EncryptionKey | None:
        """Return the key that `alg` may encrypt to (`use` `enc`, or none said); None when there is none."""
        return first_fitting(self._published, alg)

    def __len__(self) -> int:
        return len(self._keys)


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token whose signature is good and whose claims were judged."""

    header: dict[str, Any]
    claims: dict[str, Any]
    key: VerificationKey


def verify(
    token: str,
    policy: JosePolicy,
    keys: KeySource,
    *,
    now: datetime,
    issuer: str | None = None,
    audience: str | None = None,
    nonce: str | None = None,
) -> dict[str, Any]:
    """Return the claims of a good token. `issuer`, `audience`, `nonce`: what must be in it, when given.

    Raises JoseRefused with the first rule that failed.
    """
    return verify_signed(token, policy, keys, now=now, issuer=issuer, audience=audience, nonce=nonce).claims


def verify_signed(
    token: str,
    policy: JosePolicy,
    keys: KeySource,
    *,
    now: datetime,
    issuer: str | None = None,
    audience: str | None = None,
    nonce: str | None = None,
) -> SignedToken:
    """Like `verify`, with the header and the key that signed."""
    head, body, tail = _split(token, policy)
    header = _parse_object(_decode(head))
    alg = _check_header(header, policy)
    signing_input = f"{head}.{body}".encode("ascii")
    key = _check_signature(signing_input, _decode(tail), alg, _candidates(header, alg, policy, keys))
    claims = _parse_object(_decode(body))
    _check_claims(claims, policy)
    _check_times(claims, policy, now.timestamp())
    _check_expected(claims, policy, (issuer, audience, nonce))
    return SignedToken(header, claims, key)


def sign(claims: Mapping[str, Any], key: SigningKey, *, typ: str | None) -> str:
    """Return `claims` as a compact JWS of `key`, with `typ` in its header."""
    return _signed(_head_segment(key.kid, key.alg, typ), claims, key)


def sign_showing(claims: Mapping[str, Any], key: SigningKey, *, typ: str) -> str:
    """Return `claims` as a compact JWS whose header carries the public key itself, and no id (RFC 9449 §4.2)."""
    header = {"typ": typ, "alg": key.alg, "jwk": key.native.as_dict(private=False)}
    return _signed(base64url(orjson.dumps(header)), claims, key)


def _signed(head: str, claims: Mapping[str, Any], key: SigningKey) -> str:
    signing_input = f"{head}.{base64url(orjson.dumps(claims))}"
    return f"{signing_input}.{base64url(_sign(signing_input.encode('ascii'), key))}"


def _sign(signing_input: bytes, key: SigningKey) -> bytes:
    private = key.native.raw_value
    if key.alg == "ES256" and isinstance(private, EllipticCurvePrivateKey):
        # what signs nearly everything of ours: the same octets (RFC 7518 §3.4) without asking the key what it is
        r, s = decode_dss_signature(private.sign(signing_input, _ES256))
        return r.to_bytes(32) + s.to_bytes(32)
    return JWSRegistry.algorithms[key.alg].sign(signing_input, key.native)


def peek_claim(token: str, name: str) -> str | None:
    """Return a text claim of a token that is NOT verified, to choose whose keys to verify it with; or None."""
    try:
        _, body, _ = _split(token, ID_TOKEN)
        value = _parse_object(_decode(body)).get(name)
    except JoseRefused:
        return None
    return value if isinstance(value, str) else None


@lru_cache(maxsize=256)
def _head_segment(kid: str, alg: str, typ: str | None) -> str:
    header = {"alg": alg, "kid": kid} | ({} if typ is None else {"typ": typ})
    return base64url(orjson.dumps(header))


def _split(token: str, policy: JosePolicy) -> tuple[str, str, str]:
    if len(token) > policy.token_limit:
        raise JoseRefused("size")
    if not token.isascii():
        raise JoseRefused("form")
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):  # also a token without signature and the five parts of a JWE
        raise JoseRefused("form")
    if len(parts[0]) > policy.header_limit or len(parts[2]) > 2048:
        raise JoseRefused("size")
    return parts[0], parts[1], parts[2]


def _decode(segment: str) -> bytes:
    """Decode base64url without padding, refusing every second spelling of the same octets (RFC 7515 §2)."""
    try:
        octets = b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as trouble:
        raise JoseRefused("form") from trouble
    if base64url(octets) != segment:
        raise JoseRefused("form")
    return octets


def _parse_object(octets: bytes) -> dict[str, Any]:
    try:
        parsed = parse_json(octets)  # RFC 7519 §4: two readers must not see two tokens
    except JsonRefused as refused:
        raise JoseRefused(refused.rule) from refused
    if not isinstance(parsed, dict):
        raise JoseRefused("json")
    return parsed


def _check_header(header: Mapping[str, Any], policy: JosePolicy) -> str:
    # b64 (RFC 7797) changes what is signed, crit names extensions: we understand none, so both end here.
    if "crit" in header or "b64" in header:
        raise JoseRefused("crit")
    alg, typ = header.get("alg"), header.get("typ", "")
    if not isinstance(alg, str) or alg not in policy.algorithms:
        raise JoseRefused("alg")
    if policy.types is not None and (
        not isinstance(typ, str) or typ.lower().removeprefix("application/") not in policy.types
    ):
        raise JoseRefused("typ")
    if "zip" in header or "jku" in header or "x5u" in header or ("jwk" in header) is not policy.key_from_header:
        raise JoseRefused("header")
    kid = header.get("kid")
    if kid is not None and (not isinstance(kid, str) or len(kid) > 512):
        raise JoseRefused("kid")
    return alg


def _check_signature(
    signing_input: bytes, signature: bytes, alg: str, candidates: Sequence[VerificationKey]
) -> VerificationKey:
    model = JWSRegistry.algorithms[alg]
    for key in candidates:
        try:
            if model.verify(signing_input, signature, key.native):
                return key
        except (InvalidSignature, JoseError, ValueError):
            continue
    raise JoseRefused("signature")


def _candidates(header: Mapping[str, Any], alg: str, policy: JosePolicy, keys: KeySource) -> Sequence[VerificationKey]:
    if policy.key_from_header:
        jwk = header["jwk"]
        if not isinstance(jwk, Mapping):
            raise JoseRefused("jwk")
        try:
            key = import_public_key(jwk)
        except KeyRefused as refusal:
            raise JoseRefused("jwk") from refusal
        if alg not in key.algorithms:
            raise JoseRefused("alg")
        return [key]
    kid = header.get("kid")
    found = keys.candidates(kid, alg)
    # OpenID Connect Core §10.1: with several keys that fit, a token must say which one signed it.
    if not found or (kid is None and len(found) > 1) or len(found) > 4:
        raise JoseRefused("kid")
    return found


def _check_claims(claims: Mapping[str, Any], policy: JosePolicy) -> None:
    for name in sorted(policy.required):
        if name not in claims:
            raise JoseRefused(f"missing:{name}")
    for name in sorted(policy.forbidden):
        if name in claims:
            raise JoseRefused(f"forbidden:{name}")
    for name in ("iss", "sub", "jti"):
        if name in claims and not _text(claims[name]):
            raise JoseRefused(name)


def _check_expected(
    claims: Mapping[str, Any], policy: JosePolicy, expected: tuple[str | None, str | None, str | None]
) -> None:
    issuer, audience, nonce = expected
    if issuer is not None and claims.get("iss") != issuer:
        raise JoseRefused("iss")
    if "aud" in claims or audience is not None:
        _check_audience(claims.get("aud"), audience, policy.audience_is_text)
    if nonce is not None and claims.get("nonce") != nonce:
        raise JoseRefused("nonce")


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 2048


def _check_audience(claimed: object, audience: str | None, must_be_text: bool) -> None:
    if isinstance(claimed, str):
        members = [claimed]
    elif isinstance(claimed, list) and not must_be_text:
        members = claimed
    else:
        raise JoseRefused("aud")
    if not members or not all(_text(member) for member in members):
        raise JoseRefused("aud")
    if audience is not None and audience not in members:
        raise JoseRefused("aud")


def _seconds(claims: Mapping[str, Any], name: Literal["exp", "iat", "nbf"]) -> float | None:
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise JoseRefused(name)
    # 2**53: beyond it a number of JSON is no longer the number that was meant (RFC 8259 §6); NaN fails, too
    if not 0 <= value < 2**53:
        raise JoseRefused(name)
    return float(value)


def _check_times(claims: Mapping[str, Any], policy: JosePolicy, now: float) -> None:
    expires, issued, begins = _seconds(claims, "exp"), _seconds(claims, "iat"), _seconds(claims, "nbf")
    if policy.judge_expiry and expires is not None and now >= expires + policy.leeway_for:
        raise JoseRefused("exp", now - expires)
    if issued is not None and issued > now + policy.ahead_for:
        raise JoseRefused("iat", issued - now)
    if begins is not None and begins > now + policy.ahead_for:
        raise JoseRefused("nbf", begins - now)
    by_nbf = begins is not None and (policy.counted_from_nbf or issued is None)
    oldest = begins if by_nbf else issued
    if policy.oldest_for is not None and oldest is not None and now - oldest > policy.oldest_for:
        raise JoseRefused("nbf" if by_nbf else "iat")
    if policy.lifetime_for is not None and expires is not None:
        start = begins if policy.counted_from_nbf else None
        if start is None:
            start = now if issued is None else min(now, issued)
        if expires - start > policy.lifetime_for:
            raise JoseRefused("lifetime")
