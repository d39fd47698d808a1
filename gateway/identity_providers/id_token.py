"""Whether an ID token is about this sign-in (OpenID Connect Core §3.1.3.7)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.identity_providers.contract import UpstreamAnswerInvalid
from gateway.identity_providers.discovery import Discovery
from gateway.identity_providers.signed import refused, verify_published
from gateway.tokens.issue import half_hash
from gateway.tokens.jose import ID_TOKEN, JosePolicy, JoseRefused

_SKEW_FOR = 60
_SECONDS_LIMIT = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the ID token must answer to. `departed_at` is when the browser left (seconds since the epoch)."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    departed_at: int
    prompt_login: bool = False
    max_age: int | None = None
    policy: JosePolicy = ID_TOKEN


async def verify_id_token(id_token: str, expected: Expected, discovery: Discovery, now: datetime) -> Mapping[str, Any]:
    """Return the claims. Raises UpstreamAnswerInvalid naming the check; the token is never part of the text."""
    try:
        signed = await verify_published(
            id_token,
            expected.policy,
            discovery,
            now,
            issuer=expected.issuer,
            audience=expected.client_id,
            nonce=expected.nonce,
        )
    except JoseRefused as refusal:
        raise refused("id token", refusal) from None
    claims = signed.claims
    _check_audience(claims, expected.client_id)
    _check_at_hash(claims, expected.access_token, str(signed.header["alg"]))
    _check_subject(claims)
    _check_auth_time(claims, expected, now)
    return claims


def auth_time_of(claims: Mapping[str, Any]) -> datetime | None:
    """Return when the person authenticated, or None when the upstream does not say."""
    seconds = claims.get("auth_time")
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 0 < seconds < _SECONDS_LIMIT:
        raise _refused("auth_time")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise _refused("auth_time") from None


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience, party = claims["aud"], claims.get("azp")
    if isinstance(audience, list) and len(audience) > 1 and party is None:
        raise _refused("missing:azp")
    if party is not None and party != client_id:
        raise _refused("azp")


def _check_at_hash(claims: Mapping[str, Any], access_token: str, alg: str) -> None:
    if "at_hash" not in claims:
        return
    claimed = claims["at_hash"]
    if not isinstance(claimed, str) or not hmac.compare_digest(
        claimed.encode("utf-8"), half_hash(access_token, alg).encode("ascii")
    ):
        raise _refused("at_hash")


def _check_subject(claims: Mapping[str, Any]) -> None:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isascii():
        raise _refused("sub")


def _check_auth_time(claims: Mapping[str, Any], expected: Expected, now: datetime) -> None:
    at = auth_time_of(claims)
    if at is None:
        if expected.max_age is not None:
            raise _refused("missing:auth_time")
        return
    seconds = at.timestamp()
    if seconds > now.timestamp() + _SKEW_FOR:
        raise _refused("auth_time")
    if expected.max_age is not None and now.timestamp() - seconds > expected.max_age + _SKEW_FOR:
        raise _refused("max_age")
    if expected.prompt_login and seconds < expected.departed_at - _SKEW_FOR:
        raise _refused("prompt")


def _refused(rule: str) -> UpstreamAnswerInvalid:
    return UpstreamAnswerInvalid(operator_detail=f"id token: refused by rule `{rule}`")
