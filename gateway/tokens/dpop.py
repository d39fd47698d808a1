"""Proofs of possession (RFC 9449): one proof judged against one request, and one made for a request of ours.

Pure: which `jti` was seen before is for the store to say, since only it knows what other workers saw.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import SplitResult, urlsplit

from gateway.tokens.jose import FixedKeys, JoseRefused, sign_showing, verify_signed
from gateway.tokens.jose_policy import DPOP_PROOF
from gateway.tokens.key_material import SigningKey
from gateway.vocabulary.base64url import base64url

_DEFAULT_PORTS = {"http": 80, "https": 443}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_NO_KEYS = FixedKeys(())  # the key stands in the proof

# as long as a proof is accepted at all, however far ahead its `iat` lies
_NOTICED_FOR = timedelta(seconds=(DPOP_PROOF.oldest_for or 0) + DPOP_PROOF.ahead_for)


@dataclass(frozen=True, slots=True)
class Proof:
    """A good proof: the thumbprint of its key (RFC 7638, SHA-256), its id, until when that id must be remembered for a
    second use to be noticed, and when it says it was made."""

    jkt: str
    jti: str
    replay_until: datetime
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a proof has to be about: the method and URL of the request; for a request with a token also the token, and
    the key it is bound to; `nonces` are those accepted, None when none was asked for."""

    method: str
    url: str
    access_token: str | None = None
    jkt: str | None = None
    nonces: frozenset[str] | None = None


def check_proof(proof: str, proven: Proven, now: datetime) -> Proof:
    """Judge a proof by RFC 9449 §4.3. Members nobody knows are accepted, in header and claims.

    Raises JoseRefused: a rule of the reader (`typ`, `alg`, `jwk`, `signature`, `missing:jti`, `iat` …) or `htm`, `htu`,
    `ath`, `jkt`, `nonce`. A proof may be used once: the caller spends `jti` of this `jkt`.
    """
    signed = verify_signed(proof, DPOP_PROOF, _NO_KEYS, now=now)
    claims = signed.claims
    if claims["htm"] != proven.method:
        raise JoseRefused("htm")
    _check_url(claims["htu"], proven.url)
    if proven.access_token is not None and not _same(claims.get("ath"), hash_of(proven.access_token)):
        raise JoseRefused("missing:ath" if "ath" not in claims else "ath")
    jkt = signed.key.native.thumbprint()
    if proven.jkt is not None and not _same(proven.jkt, jkt):
        raise JoseRefused("jkt")
    nonce = claims.get("nonce")
    if proven.nonces is not None and not (isinstance(nonce, str) and nonce in proven.nonces):
        raise JoseRefused("nonce")
    return Proof(jkt, claims["jti"], now + _NOTICED_FOR, datetime.fromtimestamp(claims["iat"], UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What a proof of ours is about: the request, the token sent with it, the nonce last asked for. `jti` is fresh."""

    method: str
    url: str
    jti: str
    access_token: str | None = None
    nonce: str | None = None


def make_proof(key: SigningKey, claimed: Claimed, now: datetime) -> str:
    """Return the proof of one request (RFC 9449 §4.2); `htu` is its address without query and fragment."""
    claims = {
        "jti": claimed.jti,
        "htm": claimed.method,
        "htu": urlsplit(claimed.url)._replace(query="", fragment="").geturl(),
        "iat": int(now.timestamp()),
    }
    if claimed.access_token is not None:
        claims["ath"] = hash_of(claimed.access_token)
    if claimed.nonce is not None:
        claims["nonce"] = claimed.nonce
    return sign_showing(claims, key, typ="dpop+jwt")


def hash_of(access_token: str) -> str:
    """Return `ath` of an access token: SHA-256 of its ASCII text, base64url (RFC 9449 §4.2)."""
    return base64url(hashlib.sha256(access_token.encode("ascii", "replace")).digest())


def same_url(one: str, other: str) -> bool:
    """Tell whether two http(s) URLs name one place, query and fragment aside (RFC 9449 §4.3, RFC 3986 §6.2)."""
    first, second = _normal(one), _normal(other)
    return first is not None and first == second


def _check_url(claimed: object, url: str) -> None:
    if not isinstance(claimed, str) or len(claimed) > 2048 or not same_url(claimed, url):
        raise JoseRefused("htu")


def _normal(url: str) -> tuple[str, str, int, str] | None:
    """Return scheme, host, port and path of an http(s) URL as they compare; None for anything else."""
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), parts.hostname
    if scheme not in _DEFAULT_PORTS or not host or parts.username is not None or parts.password is not None:
        return None
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        return None
    path = _without_dots(_ESCAPE.sub(_unescape, parts.path) or "/")
    return scheme, host, _DEFAULT_PORTS[scheme] if port is None else port, path


def _unescape(found: re.Match[str]) -> str:
    """Write an escaped unreserved letter plainly, every other escape in capitals."""
    letter = chr(int(found[1], 16))
    return letter if letter in _PLAIN else found[0].upper()


def _without_dots(path: str) -> str:
    """Remove dot segments (RFC 3986 §5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for place, segment in enumerate(segments):
        last = place == len(segments) - 1
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
            continue
        if last:
            kept.append("")
    return "/" + "/".join(kept)


def _same(one: object, other: str) -> bool:
    return isinstance(one, str) and hmac.compare_digest(one.encode(), other.encode())
