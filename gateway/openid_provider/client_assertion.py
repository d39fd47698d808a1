"""Client authentication by a signed assertion: `private_key_jwt` (RFC 7523 §2.2 and §3, OpenID Connect Core §9)."""

import hashlib
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.openid_provider.client_keys import KeysUnreachable, verify_by_client
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.house import House
from gateway.openid_provider.profiles import PROFILES
from gateway.tokens.claim_rules import assertion_audiences, judge_client_assertion
from gateway.tokens.jose import JosePolicy, JoseRefused
from gateway.vocabulary.store import Insert, Kind, Record

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class AssertionRefused(Exception):
    """An assertion that proves nothing. `rule` is the rule of the reader, or `aud`, `iss`, `sub`, `jti`, `replay`,
    `restart`, `keys`."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


async def prove_by_assertion(house: House, portal: Portal, assertion: str, now: datetime) -> None:
    """Accept an assertion once. Raises AssertionRefused, StorageUnavailable.

    It is signed by one of the client's keys with the algorithm registered, says the client's id as `iss` and `sub`, is
    meant for us (`audiences_of`), lives an hour at most, and its `jti` was never seen before.
    """
    claims = await _verified(house, portal, assertion, now)
    policy = PROFILES[portal.profile].assertions
    until = datetime.fromtimestamp(claims["exp"], UTC) + timedelta(seconds=policy.leeway_for + 1)
    _require_remembered(house, claims, until, policy)
    verdict = await house.store.commit([Insert(_mark(portal, claims["jti"], until))], now=now)
    if not verdict.done:
        raise AssertionRefused("replay")


def audiences_of(issuer: str, portal: Portal) -> frozenset[str]:
    """Return what `aud` may name: the issuer; for profiles that say so an endpoint too (RFC 9126 §2)."""
    return assertion_audiences(issuer, endpoints=PROFILES[portal.profile].endpoints_as_audience)


async def _verified(house: House, portal: Portal, assertion: str, now: datetime) -> dict[str, Any]:
    policy = PROFILES[portal.profile].assertions_of(portal.token_endpoint_auth_signing_alg)
    try:
        claims = await verify_by_client(house.client_keys, portal, assertion, policy, now=now, issuer=portal.client_id)
        judge_client_assertion(claims, audiences_of(house.issuer, portal))
    except KeysUnreachable as trouble:
        raise AssertionRefused("keys") from trouble
    except JoseRefused as refused:
        raise AssertionRefused(refused.rule) from refused
    return claims


def _require_remembered(house: House, claims: dict[str, Any], until: datetime, policy: JosePolicy) -> None:
    """Refuse what was made before the memory of used ones began: it may have been used (design.md §11)."""
    since = house.replays.remembers_since
    if since is None:
        return
    issued = claims.get("iat")
    longest = timedelta(seconds=policy.lifetime_for or 0)
    made_at = datetime.fromtimestamp(issued, UTC) if isinstance(issued, int | float) else until - longest
    if made_at <= since:
        raise AssertionRefused("restart")


def _mark(portal: Portal, jti: str, until: datetime) -> Record:
    digest = hashlib.sha256(f"{portal.client_id}\0{jti}".encode("utf-8", "surrogatepass")).digest()
    key = urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
    return Record(kind=Kind.REPLAY_MARK, key=f"assertion.{key}", expires_at=until, body={})
