"""Token introspection (RFC 7662): `active: false` to everyone but the token's client and its resource's client.

An officer's token is told of to the software of the desk that it was issued to, with what the sign-in told that client
of the officer: the server behind a desk serves by role. The command's client is public and asks nothing here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.openid_provider.access import Access, client_of, load_access, standing_client
from gateway.openid_provider.authorization_details import REPRESENTED_ORGANISATION
from gateway.openid_provider.client_authentication import CHALLENGE, authenticate_client
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import InvalidClient, InvalidToken
from gateway.openid_provider.grant import Grant, grant_address, grant_of
from gateway.openid_provider.grants.issuing import token_type
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.refusals import required_of
from gateway.openid_provider.reply import Reply, json_reply
from gateway.openid_provider.staff_realm.grant import find_staff_access, officer_claims
from gateway.tokens.issue import key_of, parse
from gateway.tokens.jose import ACCESS_TOKEN, JoseRefused, verify
from gateway.vocabulary.store import Kind, RecordKey

INACTIVE = {"active": False}


async def answer_introspection(
    house: House, authorization: Sequence[str], parameters: Parameters, trace_id: str
) -> Reply:
    """Say whether a token is good now, to those it concerns. Raises InvalidClient, InvalidRequest."""
    now = house.clock.now()
    portal = await authenticate_client(house, authorization, parameters, now)
    if portal.public:
        raise InvalidClient("a public client cannot introspect", headers=CHALLENGE)
    token = await required_of(house, portal, parameters, "token", trace_id=trace_id)
    named = parse(token)
    if named is None:
        return json_reply(await _signed_token(house, token, portal, now))
    if named[0] == "sa":
        return json_reply(await _staff_token(house, token, portal, now))
    if named[0] == "gr":
        return json_reply(await _refresh_token(house, token, named[1], portal, now))
    try:
        access = await load_access(house.store, token, now)
        client_of(access, house.clients, now)
    except InvalidToken:
        return json_reply(INACTIVE)
    return json_reply(_describe(house, access) if _concerns(house, access, portal) else INACTIVE)


async def _signed_token(house: House, token: str, portal: Portal, now: datetime) -> dict[str, Any]:
    """Describe a JWT of ours for a resource that there is, of a client that there is (RFC 9068); anything else is
    inactive, a citizen's with its grant."""
    try:
        claims = verify(token, ACCESS_TOKEN, house.keys, now=now, issuer=house.issuer)
        standing_client(str(claims["client_id"]), house.clients, now)
    except (JoseRefused, InvalidToken):
        return dict(INACTIVE)
    audience = claims["aud"]
    resource = house.resources.get(audience) if isinstance(audience, str) else None
    if resource is None or portal.client_id not in {claims["client_id"], resource.introspection_client}:
        return dict(INACTIVE)
    if "gid" in claims:
        (stored,) = await house.store.load(grant_address(str(claims["gid"])))
        if grant_of(stored, now) is None:
            return dict(INACTIVE)
    return {"active": True, "token_type": "DPoP" if "cnf" in claims else "Bearer", **claims}


def _concerns(house: House, access: Access, portal: Portal) -> bool:
    if access.client_id == portal.client_id:
        return True
    resource = None if access.resource is None else house.resources.get(access.resource)
    return resource is not None and resource.introspection_client == portal.client_id


def _describe(house: House, access: Access) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "active": True,
        "iss": house.issuer,
        "client_id": access.client_id,
        "token_type": token_type(access.jkt),
        "iat": int(access.record.body["issued_at"]),
        "sub": access.client_id if access.grant is None else access.grant.subject,
        "aud": access.resource or house.issuer,
    }
    if access.jkt is not None:
        answer["cnf"] = {"jkt": access.jkt}  # whom the resource has to ask for a proof (RFC 9449 §6.2)
    if scopes := access.record.body["scopes"]:
        answer["scope"] = " ".join(scopes)
    if access.record.expires_at is not None:
        answer["exp"] = int(access.record.expires_at.timestamp())
    members = _sign_in_members(access.grant)
    if access.resource is not None and "authorization_details" in members:
        # which form was asked for is no other resource's business; for whom the person acts is
        told = [one for one in members.pop("authorization_details") if one["type"] == REPRESENTED_ORGANISATION]
        members |= {"authorization_details": told} if told else {}
    return answer | members


def _sign_in_members(grant: Grant | None) -> dict[str, Any]:
    """Return `acr` and `auth_time` of the sign-in behind a token (RFC 9470 §6.2)."""
    if grant is None:
        return {}
    members: dict[str, Any] = {"auth_time": int(grant.auth_time.timestamp())}
    if grant.acr is not None:
        members["acr"] = grant.acr
    return members | _details(grant)


def _details(grant: Grant) -> dict[str, Any]:
    """Return `authorization_details` where some were granted (RFC 9396 §9.2)."""
    details = grant.details
    return {"authorization_details": details} if details else {}


async def _staff_token(house: House, token: str, portal: Portal, now: datetime) -> dict[str, Any]:
    access = await find_staff_access(house.store, token, now)
    if access is None or access.grant.client_id != portal.client_id or portal.realm != "staff":
        return dict(INACTIVE)
    grant = access.grant
    return {
        "active": True,
        "iss": house.issuer,
        "client_id": grant.client_id,
        "token_type": "Bearer",
        "scope": " ".join(grant.scopes),
        "sub": grant.subject,
        "aud": house.issuer,
        "iat": int(access.record.body["issued_at"]),
        "exp": int(grant.expires_at.timestamp()),
        "auth_time": int(grant.auth_time.timestamp()),
        **officer_claims(grant),
    }


async def _refresh_token(house: House, token: str, grant_id: str, portal: Portal, now: datetime) -> dict[str, Any]:
    record, stored = await house.store.load(RecordKey(Kind.REFRESH_TOKEN, key_of(token)), grant_address(grant_id))
    grant = grant_of(stored, now)
    if record is None or grant is None or not record.alive(now) or grant.client_id != portal.client_id:
        return dict(INACTIVE)
    answer: dict[str, Any] = {
        "active": True,
        "iss": house.issuer,
        "client_id": grant.client_id,
        "scope": " ".join(grant.scopes),
        "sub": grant.subject,
        "iat": int(record.body["issued_at"]),
        "exp": int(grant.expires_at.timestamp()),
    }
    return answer | _details(grant)
