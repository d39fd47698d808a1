"""What the grants of a citizen issue: an access token, perhaps a refresh token, perhaps an ID token."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.openid_provider.authorization_details import read_asked_form
from gateway.openid_provider.claims import claims_in_id_token
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import InvalidAuthorizationDetails, InvalidTarget
from gateway.openid_provider.grant import Grant, access_token_record
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.token import TokenRequest
from gateway.tokens.issue import IdTokenFacts, id_token_claims, key_of, mint
from gateway.vocabulary.store import Insert


def check_resource(parameters: Parameters) -> None:
    """A citizen's token is for our own API, for no other resource (RFC 8707 §2)."""
    if parameters.resources:
        raise InvalidTarget("`resource` goes with `client_credentials` only")


def check_details(parameters: Parameters, grant: Grant) -> None:
    """Details at the token endpoint must be those of the grant (RFC 9396 §6): one form cannot be narrowed."""
    asked = read_asked_form(parameters)
    if asked is not None and asked.detail() not in grant.details:
        raise InvalidAuthorizationDetails("`authorization_details` must be those that were granted, or left out")


def token_type(jkt: str | None) -> str:
    """Return how a token is presented: bound to a key or not (RFC 9449 §5)."""
    return "Bearer" if jkt is None else "DPoP"


def issue_access_token(
    house: House, asked: TokenRequest, grant: Grant, scopes: Sequence[str], now: datetime
) -> tuple[Insert, dict[str, Any]]:
    """Return the change that stores a new access token, and the members of the answer (RFC 6749 §5.1)."""
    token = mint("ga", grant.id, house.randomness)
    expires_at = min(now + house.lifetimes.access_token_for, grant.expires_at)
    record = access_token_record(
        key_of(token),
        client_id=asked.portal.client_id,
        scopes=tuple(scopes),
        expires_at=expires_at,
        group=grant.id,
        issued_at=now,
        jkt=asked.jkt,
    )
    answer: dict[str, Any] = {
        "access_token": token,
        "token_type": token_type(asked.jkt),
        "expires_in": int((expires_at - now).total_seconds()),
    }
    if scopes:
        answer["scope"] = " ".join(scopes)
    if details := grant.details:
        answer["authorization_details"] = details
    return Insert(record), answer


def id_token(
    house: House, portal: Portal, grant: Grant, now: datetime, *, access_token: str, nonce: str | None
) -> dict[str, Any] | None:
    """Return the claims of the ID token; None without scope `openid` (OpenID Connect Core §3.1.2.1)."""
    if "openid" not in grant.scopes:
        return None
    facts = IdTokenFacts(
        issuer=house.issuer,
        subject=grant.subject,
        client_id=portal.client_id,
        issued_at=now,
        lifetime_s=int(house.lifetimes.id_token_for.total_seconds()),
        auth_time=grant.auth_time,
        nonce=nonce,
        acr=grant.acr,
        amr=grant.amr,
        session_id=grant.session_id,
        access_token=access_token,
        extra=claims_in_id_token(grant, portal.id_token_claims),
    )
    return id_token_claims(facts, alg=portal.id_token_signed_response_alg)
