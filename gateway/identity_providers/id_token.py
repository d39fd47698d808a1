"""Whether an ID token is about this sign-in (OpenID Connect Core §3.1.3.7)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.identity_providers.discovery import Discovery
from gateway.identity_providers.signed import refused, verify_published
from gateway.tokens.claim_rules import SKEW_FOR, auth_time_of, judge_id_token
from gateway.tokens.issue import half_hash
from gateway.tokens.jose import ID_TOKEN, JosePolicy, JoseRefused


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
        claims = signed.claims
        judge_id_token(claims, expected.client_id, now)
        _check_at_hash(claims, expected.access_token, str(signed.header["alg"]))
        _check_auth_time(claims, expected, now)
    except JoseRefused as refusal:
        raise refused("id token", refusal) from None
    return claims


def _check_at_hash(claims: Mapping[str, Any], access_token: str, alg: str) -> None:
    if "at_hash" not in claims:
        return
    claimed = claims["at_hash"]
    if not hmac.compare_digest(claimed.encode("utf-8"), half_hash(access_token, alg).encode("ascii")):
        raise JoseRefused("at_hash")


def _check_auth_time(claims: Mapping[str, Any], expected: Expected, now: datetime) -> None:
    at = auth_time_of(claims)
    if at is None:
        if expected.max_age is not None:
            raise JoseRefused("missing:auth_time")
        return
    seconds = at.timestamp()
    if expected.max_age is not None and now.timestamp() - seconds > expected.max_age + SKEW_FOR:
        raise JoseRefused("max_age")
    if expected.prompt_login and seconds < expected.departed_at - SKEW_FOR:
        raise JoseRefused("prompt")
