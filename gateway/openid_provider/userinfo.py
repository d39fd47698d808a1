"""The UserInfo endpoint (OpenID Connect Core §5.3): GET, POST with header, POST with body."""

from collections.abc import Sequence

from gateway.openid_provider.access import bearer_of, client_of, load_access
from gateway.openid_provider.claims import claims_of
from gateway.openid_provider.failure import InsufficientScope
from gateway.openid_provider.house import House
from gateway.openid_provider.refusals import leave_receipt
from gateway.openid_provider.reply import Reply, json_reply
from gateway.openid_provider.staff_realm.grant import is_staff_token, officer_claims, read_officer

_TOO_SMALL = {"WWW-Authenticate": 'Bearer realm="gate06", error="insufficient_scope", scope="openid"'}


async def answer_userinfo(house: House, authorization: Sequence[str], body_token: str | None, trace_id: str) -> Reply:
    """Return `sub` and what the token's scopes cover. Raises InvalidToken, InsufficientScope, InvalidRequest."""
    now = house.clock.now()
    token = bearer_of(authorization, body_token)
    if is_staff_token(token):
        return await _answer_about_officer(house, token)
    access = await load_access(house.store, token, now)
    portal = client_of(access, house.clients, now)
    if access.grant is None or "openid" not in access.scopes:
        refused = InsufficientScope("the token does not carry `openid`", headers=_TOO_SMALL)
        raise await leave_receipt(house, refused, portal, trace_id=trace_id)
    return json_reply({"sub": access.grant.subject, **claims_of(access.grant, access.scopes)})


async def _answer_about_officer(house: House, token: str) -> Reply:
    access = await read_officer(house, [f"Bearer {token}"])
    if "openid" not in access.scopes:
        raise InsufficientScope("the token does not carry `openid`", headers=_TOO_SMALL)
    return json_reply({"sub": access.grant.subject, **officer_claims(access.grant)})
