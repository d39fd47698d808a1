"""What the grants of a citizen issue: an access token, perhaps a refresh token, perhaps an ID token."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway.openid_provider.authorization_details import read_asked_form
from gateway.openid_provider.claims import claims_in_id_token
from gateway.openid_provider.clients import Portal, Resource
from gateway.openid_provider.failure import InvalidAuthorizationDetails, InvalidScope
from gateway.openid_provider.grant import Grant, access_token_record
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.target import granted_target, scopes_for
from gateway.openid_provider.token import TokenRequest
from gateway.tokens.issue import (
    AccessTokenFacts,
    IdTokenFacts,
    access_token_claims,
    id_token_claims,
    key_of,
    mint,
)
from gateway.vocabulary.clock import text_token
from gateway.vocabulary.store import Insert


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
) -> tuple[Sequence[Insert], dict[str, Any]]:
    """Return the changes that store a new access token, none for a signed one, and the members of the answer (RFC 6749
    §5.1). `scopes` are those wanted of the grant's. Raises InvalidTarget, InvalidScope (none is the resource's)."""
    resource = granted_target(house, asked.parameters, grant) if grant.resources or asked.parameters.resources else None
    if grant.resources:
        scopes = scopes_for(resource, scopes)
        if not scopes and "scope" in asked.parameters:
            raise InvalidScope("`scope` names nothing that the resource knows")
    lifetime = house.lifetimes.access_token_for if resource is None else timedelta(seconds=resource.lifetime_s)
    expires_at = min(now + lifetime, grant.expires_at)
    if resource is not None and resource.signed:
        token, stored = _signed(house, asked, grant, resource, scopes, now=now, expires_at=expires_at), []
    else:
        token = mint("ga", grant.id, house.randomness)
        record = access_token_record(
            key_of(token),
            client_id=asked.portal.client_id,
            scopes=tuple(scopes),
            expires_at=expires_at,
            group=grant.id,
            issued_at=now,
            jkt=asked.jkt,
            resource=None if resource is None else resource.identifier,
        )
        stored = [Insert(record)]
    answer: dict[str, Any] = {
        "access_token": token,
        "token_type": token_type(asked.jkt),
        "expires_in": int((expires_at - now).total_seconds()),
    }
    if scopes:
        answer["scope"] = " ".join(scopes)
    if details := grant.details:
        answer["authorization_details"] = details
    return stored, answer


def _signed(
    house: House,
    asked: TokenRequest,
    grant: Grant,
    resource: Resource,
    scopes: Sequence[str],
    *,
    now: datetime,
    expires_at: datetime,
) -> str:
    """Return a JWT access token (RFC 9068): who it is about stands in it as the client's pairwise subject alone, and
    `gid` lets introspection see that the grant has ended."""
    facts = AccessTokenFacts(
        issuer=house.issuer,
        subject=grant.subject,
        client_id=asked.portal.client_id,
        audience=resource.identifier,
        issued_at=now,
        lifetime_s=int((expires_at - now).total_seconds()),
        token_id=text_token(house.randomness, 128),
        scope=" ".join(scopes),
        auth_time=grant.auth_time,
        acr=grant.acr,
        extra={"gid": grant.id} if asked.jkt is None else {"gid": grant.id, "cnf": {"jkt": asked.jkt}},
    )
    return house.keys.sign(access_token_claims(facts), typ="at+jwt")


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
