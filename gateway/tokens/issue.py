"""What is issued: claims of ID tokens and JWT access tokens, opaque tokens, pairwise subjects.

Claims only are built here; `KeyRing.sign` signs them. Times are aware UTC, lifetimes are in seconds.
"""

import hashlib
import hmac
import re
from base64 import b32encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, get_args

from gateway.vocabulary.base64url import base64url
from gateway.vocabulary.clock import Randomness, text_token

Prefix = Literal["ga", "gc", "gr", "sa", "sc", "sd"]
"""Access token, code and refresh token of a citizen's grant; access token, code and device code of an officer's."""
_PREFIXES: Mapping[str, Prefix] = {one: one for one in get_args(Prefix)}
_OPAQUE = re.compile(rf"({'|'.join(_PREFIXES)})_([A-Za-z0-9_-]{{22}})_([A-Za-z0-9_-]{{43}})")
_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}


@dataclass(frozen=True, slots=True, kw_only=True)
class IdTokenFacts:
    """What an ID token says (OpenID Connect Core §2). `extra` are the claims this portal gets in it."""

    issuer: str
    subject: str
    client_id: str
    issued_at: datetime
    lifetime_s: int = 300
    auth_time: datetime | None = None
    nonce: str | None = None
    acr: str | None = None
    amr: Sequence[str] = ()
    session_id: str | None = None
    access_token: str | None = None
    code: str | None = None
    state: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def id_token_claims(facts: IdTokenFacts, *, alg: str) -> dict[str, Any]:
    """Return the claims of an ID token that `alg` will sign; left out is what is not known."""
    issued = int(facts.issued_at.timestamp())
    claims: dict[str, Any] = dict(facts.extra)
    claims |= {"iss": facts.issuer, "sub": facts.subject, "aud": facts.client_id}
    claims |= {"exp": issued + facts.lifetime_s, "iat": issued}
    known = {
        "auth_time": None if facts.auth_time is None else int(facts.auth_time.timestamp()),
        "nonce": facts.nonce,
        "acr": facts.acr,
        "amr": list(facts.amr) or None,
        "sid": facts.session_id,
        "at_hash": None if facts.access_token is None else half_hash(facts.access_token, alg),
        "c_hash": None if facts.code is None else half_hash(facts.code, alg),
        "s_hash": None if facts.state is None else half_hash(facts.state, alg),
    }
    return claims | {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTokenFacts:
    """What a JWT access token says (RFC 9068 §2.2). `subject` is the client itself for client_credentials."""

    issuer: str
    subject: str
    client_id: str
    audience: str
    issued_at: datetime
    lifetime_s: int
    token_id: str
    scope: str = ""
    auth_time: datetime | None = None
    acr: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


def access_token_claims(facts: AccessTokenFacts) -> dict[str, Any]:
    """Return the claims of a JWT access token; sign them with `typ="at+jwt"`."""
    issued = int(facts.issued_at.timestamp())
    claims: dict[str, Any] = dict(facts.extra)
    claims |= {
        "iss": facts.issuer,
        "sub": facts.subject,
        "aud": facts.audience,
        "exp": issued + facts.lifetime_s,
        "iat": issued,
        "jti": facts.token_id,
        "client_id": facts.client_id,
    }
    if facts.scope:
        claims["scope"] = facts.scope
    if facts.auth_time is not None:
        claims["auth_time"] = int(facts.auth_time.timestamp())
    if facts.acr is not None:
        claims["acr"] = facts.acr
    return claims


def half_hash(value: str, alg: str) -> str:
    """Return the left half of the hash that goes with `alg`, base64url (OpenID Connect Core §3.1.3.6)."""
    # Ed25519 hashes with SHA-512 inside (RFC 8032), and so its at_hash does
    algorithm = hashlib.sha512 if alg in {"Ed25519", "EdDSA"} else _HASHES[alg[-3:]]
    digest = algorithm(value.encode("ascii")).digest()
    return base64url(digest[: len(digest) // 2])


def mint(prefix: Prefix, gid: str, randomness: Randomness) -> str:
    """Return a new opaque token `prefix_gid_secret`: `gid` names the grant, the secret has 256 bits."""
    return f"{prefix}_{gid}_{text_token(randomness, 256)}"


def mint_grant_id(randomness: Randomness) -> str:
    """Return a new grant id: 128 bits, base64url."""
    return text_token(randomness, 128)


def parse(token: str) -> tuple[Prefix, str] | None:
    """Return prefix and grant id of a well-formed opaque token, None for anything else."""
    if len(token) > 80:
        return None
    found = _OPAQUE.fullmatch(token)
    if found is None:
        return None
    return _PREFIXES[found[1]], found[2]


def key_of(token: str) -> str:
    """Return the store key of a token: base64url of SHA-256 of the whole token, so that a dump redeems nothing."""
    return base64url(hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest())


@lru_cache(maxsize=8192)
def pairwise_subject(key: bytes, sector: str, citizen_id: str) -> str:
    """Return the `sub` of a citizen for a sector: 52 lower-case base32 letters, worthless without the key.

    Derived from sector and internal id only (OpenID Connect Core §8.1), so it outlives a change of upstream
    account and of personal number.
    """
    message = b"\x00".join(part.encode("utf-8") for part in ("pairwise", sector, citizen_id))
    return b32encode(hmac.digest(key, message, "sha256")).rstrip(b"=").decode("ascii").lower()


@lru_cache(maxsize=1024)
def officer_subject(key: bytes, sector: str, staff_id: str) -> str:
    """Return the `sub` of an officer for a sector: derived apart from citizens', and of a shape theirs never has."""
    message = b"\x00".join(part.encode("utf-8") for part in ("officer", sector, staff_id))
    return "officer-" + b32encode(hmac.digest(key, message, "sha256")).rstrip(b"=").decode("ascii").lower()
