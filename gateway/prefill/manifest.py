"""The manifest: what the gateway told of each field, in a form that lets nobody guess a value without the gateway.

A JWS (RFC 7515) with `typ` prefill-manifest+jwt. Each field told by a register carries a tag: HMAC-SHA-256 over
field id and canonical value under a key derived for this manifest from the citizen's own key. The portal may keep
the manifest: without that key a tag says nothing, and when the citizen's key is destroyed nothing can be compared.
On a form of two parties each one's values are tagged under a key of their own: `key` says `other` beside the other's.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from gateway.prefill.envelope import TOLD, Envelope, day
from gateway.tokens.jose import MANIFEST, FixedKeys, JoseRefused, KeySource, verify
from gateway.tokens.key_material import KeyRefused
from gateway.vocabulary.base64url import base64url
from gateway.vocabulary.canonical import NotCanonical, canonical_beside, canonical_bytes

MANIFEST_TYPE = "prefill-manifest+jwt"

ManifestState = Literal["valid", "expired", "foreign", "invalid"]
FieldState = Literal["intact", "changed", "withheld", "unknown"]


class Signer(Protocol):
    """The gateway's signing key."""

    def sign(self, claims: Mapping[str, Any], *, typ: str | None, alg: str = "ES256") -> str:
        """Return a compact JWS over `claims` with this `typ`."""
        ...


@dataclass(frozen=True, slots=True)
class ManifestCheck:
    """What a manifest is. `rule` is the first rule that failed, None when valid; `claims` only when valid."""

    state: ManifestState
    rule: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)


OTHER = "other"
"""What `key` says of a field whose tags are made under the other party's key."""


def manifest_purpose(jti: str) -> str:
    """Return the purpose under which a manifest's key is derived from the citizen's."""
    return f"manifest:{jti}"


def manifest_fields(fields: Mapping[str, Envelope], key: bytes) -> dict[str, dict[str, Any]]:
    """Return what the manifest says of each field: type, status, source, as_of, rule, and for a told value its tag."""
    keyed = HMAC(key, SHA256())
    return {name: _field(name, envelope, keyed) for name, envelope in fields.items()}


def other_manifest(jti: str) -> str:
    """Return the name under which the other party's side of a manifest is kept; no form's id looks like it."""
    return f"{jti}.{OTHER}"


def under_other_key(fields: Mapping[str, Envelope], key: bytes) -> dict[str, dict[str, Any]]:
    """Return what the manifest says of the fields that are the other party's."""
    return {
        name: {**told, "key": OTHER} if "tag" in told else told for name, told in manifest_fields(fields, key).items()
    }


def compare_field(name: str, told: Mapping[str, Any] | None, submitted: Any, key: bytes) -> FieldState:
    """Compare one submitted value with what the manifest says of its field; of a conflict any source's value fits."""
    if told is None:
        return "unknown"
    if "tag" not in told:
        return "withheld" if told["status"] == "withheld" else "unknown"
    if any(compare_field(name, {**told, **rival, "rivals": ()}, submitted, key) == "intact" for rival in _rivals(told)):
        return "intact"
    try:
        value = canonical_bytes(told["type"], submitted)
        beside = canonical_beside(submitted) if told["type"] == "address" else {}
    except NotCanonical:
        return "changed"
    tags, keyed = told.get("beside", {}), HMAC(key, SHA256())
    same = _same(_tag(keyed, name, value), told["tag"]) and all(
        _same(_tag(keyed, f"{name}#{part}", found), tags.get(part)) for part, found in beside.items()
    )
    return "intact" if same else "changed"


def check_manifest(
    manifest: str, keys: KeySource, *, now: datetime, issuer: str | None = None, audience: str | None = None
) -> ManifestCheck:
    """Check signature, type, times, issuer and audience, in this order. An `audience` of None is not judged."""
    try:
        claims = verify(manifest, MANIFEST, keys, now=now, issuer=issuer)
    except JoseRefused as refusal:
        return ManifestCheck("expired" if refusal.rule == "exp" else "invalid", refusal.rule)
    if not _well_formed(claims):
        return ManifestCheck("invalid", "fields")
    if audience is not None and claims["aud"] != audience:
        return ManifestCheck("foreign", "aud")
    return ManifestCheck("valid", None, claims)


def verify_manifest(
    manifest: str, jwks: Mapping[str, Any], *, now: datetime, audience: str | None = None
) -> tuple[bool, str | None]:
    """The pure check `verify manifest` (design.md §15): whether it is valid, and the failed rule or None."""
    try:
        keys = FixedKeys.of_jwks(jwks)
    except KeyRefused as refusal:
        return False, f"jwks:{refusal.rule}"
    check = check_manifest(manifest, keys, now=now, audience=audience)
    return check.state == "valid", check.rule


def _field(name: str, envelope: Envelope, keyed: HMAC) -> dict[str, Any]:
    kind, status, source, canonical = envelope.type, envelope.status, envelope.source, envelope.canonical
    told: dict[str, Any] = {"type": kind, "status": status, "rule": envelope.rule}
    if source is not None:
        told["source"] = source
    if canonical is None or status not in TOLD:
        return told
    told["as_of"] = envelope.as_of and day(envelope.as_of)
    told["tag"] = _tag(keyed, name, canonical)
    if envelope.rivals:
        told["rivals"] = [
            {member: said for member, said in _field(name, rival, keyed).items() if member in _OF_A_RIVAL}
            for rival in envelope.rivals[1:]
        ]
    if kind == "address":
        beside = canonical_beside(envelope.value)
        told["beside"] = {part: _tag(keyed, f"{name}#{part}", found) for part, found in beside.items()}
    return told


def _rivals(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rivals = told.get("rivals", ())
    return [one for one in rivals if isinstance(one, Mapping) and "tag" in one] if isinstance(rivals, list) else []


_OF_A_RIVAL = frozenset({"source", "as_of", "tag", "beside"})


def _tag(keyed: HMAC, name: str, value: bytes) -> str:
    """HMAC over field id, NUL and RFC 8785 bytes: neither part can hold a NUL, so no two fields share a message."""
    tag = keyed.copy()  # the key's two blocks are hashed once for all tags of a manifest
    tag.update(name.encode() + b"\0" + value)
    return base64url(tag.finalize())


def _same(one: str, other: Any) -> bool:
    return isinstance(other, str) and hmac.compare_digest(one.encode(), other.encode())


def _well_formed(claims: Mapping[str, Any]) -> bool:
    fields = claims.get("fields")
    return (
        isinstance(claims.get("procedure"), str)
        and isinstance(fields, dict)
        and all(isinstance(told, dict) and {"type", "status"} <= told.keys() for told in fields.values())
    )
