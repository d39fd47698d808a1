"""`grant_type=refresh_token` (RFC 6749 §6, RFC 9700 §4.14).

A confidential client keeps its refresh token, and so does a public one that bound it to a key (RFC 9449 §5); where
access tokens were bound to a key, refreshed ones are too. A public client without a key gets a successor at each use,
and only one: it is derived from its predecessor by HMAC, so a retry within the grace time gets the very same one and
nothing secret is stored. A used token that comes back later kills the grant.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from gateway.audit.event import TokensRefreshed
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import InvalidGrant, InvalidScope
from gateway.openid_provider.grant import Grant, grant_address, grant_of
from gateway.openid_provider.grants.issuing import check_details, id_token, issue_access_token
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.possession import InvalidDpopProof
from gateway.openid_provider.token import Decision, TokenRequest
from gateway.tokens.issue import key_of, mint, parse
from gateway.vocabulary.store import Change, Insert, Kind, Put, Record, RecordKey, Require, Spend

_UNKNOWN = "the refresh token is unknown, expired or revoked"


def refresh_record(token: str, grant: Grant, now: datetime, binding: Mapping[str, Any] | None = None) -> Record:
    """Return what is stored of a refresh token; `binding` as `binding_of` has it."""
    return Record(
        kind=Kind.REFRESH_TOKEN,
        key=key_of(token),
        group=grant.id,
        expires_at=grant.expires_at,
        body={"client_id": grant.client_id, "issued_at": now.timestamp(), **(binding or {})},
    )


def binding_of(asked: TokenRequest) -> dict[str, Any]:
    """Return how a refresh token is bound: a public client's to the key itself, a confidential client's to its
    authentication, and then to any key, for its access tokens (RFC 9449 §5)."""
    if asked.jkt is None:
        return {}
    return {"jkt": asked.jkt} if asked.portal.public else {"constrained": True}


def first_refresh_token(house: House, asked: TokenRequest, grant: Grant, now: datetime) -> tuple[Insert, str]:
    """Return the change that stores a grant's first refresh token, and the token."""
    token = mint("gr", grant.id, house.randomness)
    return Insert(refresh_record(token, grant, now, binding_of(asked))), token


def successor_of(token: str, grant_id: str, secret: bytes) -> str:
    """Return the one successor of a refresh token."""
    derived = hmac.digest(secret, token.encode("ascii"), sha256)
    return f"gr_{grant_id}_{urlsafe_b64encode(derived).rstrip(b'=').decode('ascii')}"


class RefreshToken:
    """Refreshes the tokens of a grant that still stands."""

    name = "refresh_token"

    def __init__(self, refresh_secret: bytes) -> None:
        self._secret = refresh_secret

    def addresses(self, parameters: Parameters) -> Sequence[RecordKey]:
        """The token, its grant and its successor (there, when this is a retry)."""
        token = parameters.required("refresh_token")
        named = parse(token)
        if named is None or named[0] != "gr":
            raise InvalidGrant(_UNKNOWN)
        successor = successor_of(token, named[1], self._secret)
        return (
            RecordKey(Kind.REFRESH_TOKEN, key_of(token)),
            grant_address(named[1]),
            RecordKey(Kind.REFRESH_TOKEN, key_of(successor)),
        )

    def decide(self, house: House, asked: TokenRequest, found: Sequence[Record | None], now: datetime) -> Decision:
        """Check the caller; rotate for public clients; issue within the scopes of the grant."""
        stored, stored_grant, successor = found
        portal, parameters = asked.portal, asked.parameters
        grant = grant_of(stored_grant, now)
        if stored is None or grant is None or stored.body["client_id"] != portal.client_id:
            raise InvalidGrant(_UNKNOWN)
        check_key(stored, asked.jkt)
        if stored.state == "used" and not self._within_grace(house, successor, now):
            # a stolen or stale token: the commit answers `replay` and kills the grant
            return Decision(changes=[Spend(stored.address)], grant=grant)
        if stored.state != "used" and not stored.alive(now):
            raise InvalidGrant(_UNKNOWN)
        check_details(parameters, grant)
        scopes = narrowed_scopes(parameters.get("scope"), grant)
        stored_token, answer = issue_access_token(house, asked, grant, scopes, now)
        token, rotating = parameters["refresh_token"], rotates(portal, stored)
        changes: list[Change] = [*self._rotation(token, stored, grant, now, rotating=rotating), *stored_token]
        answer["refresh_token"] = successor_of(token, grant.id, self._secret) if rotating else token
        claims = id_token(house, portal, grant, now, access_token=answer["access_token"], nonce=None)
        return Decision(changes=changes, event=TokensRefreshed, grant=grant, answer=answer, id_token=claims)

    def _within_grace(self, house: House, successor: Record | None, now: datetime) -> bool:
        # a successor that was used in its turn is the same successor still: another tab was quicker
        if successor is None:
            return False
        issued_at = datetime.fromtimestamp(successor.body["issued_at"], UTC)
        return now - issued_at <= house.lifetimes.refresh_grace_for

    def _rotation(self, token: str, stored: Record, grant: Grant, now: datetime, *, rotating: bool) -> list[Change]:
        if not rotating:
            return [Require(stored.address)]
        if stored.state == "used":
            return []
        successor = refresh_record(successor_of(token, grant.id, self._secret), grant, now)
        return [Spend(stored.address, revoke_on_replay=False), Put(successor)]


def rotates(portal: Portal, stored: Record) -> bool:
    """Public clients rotate, unless the token is bound to a key; a confidential client's token is bound to its
    authentication (RFC 9700 §4.14.2)."""
    return portal.public and "jkt" not in stored.body


def check_key(stored: Record, jkt: str | None) -> None:
    """A bound refresh token wants a proof of its key; bound access tokens are followed by bound ones.

    Raises InvalidGrant (another key, or none), InvalidDpopProof (no proof).
    """
    bound = stored.body.get("jkt")
    if bound is not None and bound != jkt:
        raise InvalidGrant("the refresh token is bound to a key: send a `DPoP` proof of that key")
    if stored.body.get("constrained") and jkt is None:
        raise InvalidDpopProof("the `DPoP` header is missing: the tokens of this grant are bound to a key")


def narrowed_scopes(scope: str | None, grant: Grant) -> tuple[str, ...]:
    """Return the scopes asked for, which may only shrink (RFC 6749 §6). Raises InvalidScope."""
    if scope is None:
        return grant.scopes
    asked = tuple(dict.fromkeys(scope.split()))
    if not asked or not set(asked).issubset(grant.scopes):
        raise InvalidScope("`scope` must name something of the grant and nothing beyond it")
    return asked
