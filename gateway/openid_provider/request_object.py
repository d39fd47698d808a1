"""Signed authorization requests (RFC 9101, OpenID Connect Core §6): what the client signed counts, and nothing else.

A request object comes by value. One at an address is fetched for nobody: only what was pushed here has a
`request_uri` (RFC 9126). What could not be verified is not read, an address for the answer neither.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from gateway.openid_provider.client_keys import KeysUnreachable, verify_by_client
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import InvalidRequest, RequestNotSupported
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import MAX_VALUE, Parameters
from gateway.openid_provider.profiles import PROFILES
from gateway.tokens.claim_rules import JSON_MEMBERS, NUMBER_MEMBERS, TEXT_MEMBERS, judge_request_object
from gateway.tokens.jose import JoseRefused
from gateway.vocabulary.failure import Failure, RefusedBy

_PARAMETERS = TEXT_MEMBERS | JSON_MEMBERS | NUMBER_MEMBERS


class InvalidRequestObject(Failure):
    """A request object that is not this client's, not for us, not in its time, or not signed as registered."""

    code = "GW-1016"
    title = "request object refused"
    oauth_error = "invalid_request_object"
    refused_by: RefusedBy = "gateway"
    vi = "Đường dẫn đăng nhập bị lỗi. Quay lại trang dịch vụ và thử lại."
    en = "The sign-in link is broken. Go back to the service and try again."
    fix = (
        "Sign it with a registered key and algorithm: `iss` and `client_id` are the client's id, `aud` is the issuer, "
        "`nbf` is at most an hour ago, `exp` at most an hour after it (after `iat` where there is none), and there is "
        "no `request` or `request_uri` in it. The description names the rule that failed."
    )


async def unfold(house: House, portal: Portal, parameters: Parameters, now: datetime) -> Parameters:
    """Return the parameters that count: those within the request object, where there is one (RFC 9101 §6.3).

    Raises InvalidRequestObject, RequestNotSupported (the client has no keys), InvalidRequest (a client that signs
    its requests sent a plain one).
    """
    token = parameters.get("request")
    if token is None:
        if portal.require_signed_request_object:
            raise InvalidRequest("this client signs its requests: send them as `request`")
        return parameters
    if "request_uri" in parameters:
        raise InvalidRequest("`request` and `request_uri` exclude each other")
    if not portal.has_keys:
        raise RequestNotSupported()
    return read_claims(await _verified(house, portal, token, now))


async def _verified(house: House, portal: Portal, token: str, now: datetime) -> dict[str, Any]:
    policy = PROFILES[portal.profile].request_objects_of(portal.request_object_signing_alg)
    try:
        claims = await verify_by_client(
            house.client_keys, portal, token, policy, now=now, issuer=portal.client_id, audience=house.issuer
        )
        judge_request_object(claims)
    except KeysUnreachable as trouble:
        refused = InvalidRequestObject("the client's keys cannot be had now", operator_detail=trouble.reason)
        raise refused from trouble
    except JoseRefused as trouble:
        raise InvalidRequestObject(f"the request object was refused by rule `{trouble.rule}`") from trouble
    return claims


def read_claims(claims: Mapping[str, Any]) -> Parameters:
    """Return the claims of a good request object as parameters. Raises InvalidRequestObject."""
    values: dict[str, str] = {}
    for name in _PARAMETERS.intersection(claims):
        value = claims[name]
        text = orjson.dumps(value).decode() if isinstance(value, dict | list) else str(value)
        if len(text) > MAX_VALUE:
            raise InvalidRequestObject(f"`{name}` in the request object is too long")
        if text:
            values[name] = text
    return Parameters(values, _resources(claims.get("resource")))


def _resources(value: Any) -> tuple[str, ...]:
    """Return `resource`, which may stand as one text or as a list of them (RFC 8707 §2.1)."""
    return () if value is None else tuple(value) if isinstance(value, list) else (value,)
