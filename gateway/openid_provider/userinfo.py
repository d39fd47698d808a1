"""The UserInfo endpoint (OpenID Connect Core §5.3): GET, POST with header, POST with body."""

from collections.abc import Sequence

from gateway.openid_provider.access import check_possession, client_of, load_access, token_of
from gateway.openid_provider.claims import claims_of
from gateway.openid_provider.failure import InsufficientScope
from gateway.openid_provider.house import House
from gateway.openid_provider.possession import fresh_nonce
from gateway.openid_provider.refusals import leave_receipt
from gateway.openid_provider.reply import Reply, json_reply
from gateway.openid_provider.staff_realm.grant import is_staff_token, officer_claims, read_officer
from gateway.vocabulary.presented import Presented

_TOO_SMALL = {"WWW-Authenticate": 'Bearer realm="gate06", error="insufficient_scope", scope="openid"'}


async def answer_userinfo(house: House, presented: Presented, body_token: str | None, trace_id: str) -> Reply:
    """Return `sub` and what the token's scopes cover. Raises InvalidToken, InsufficientScope, InvalidRequest,
    AccessProofRefused, AccessNonceWanted."""
    now = house.clock.now()
    shown = token_of(presented.authorization, body_token)
    if is_staff_token(shown.token):
        return await _answer_about_officer(house, presented.authorization, body_token)
    access = await load_access(house.store, shown.token, now)
    portal = client_of(access, house.clients, now)
    await check_possession(house, presented, shown, access, portal=portal, now=now)
    if access.grant is None or "openid" not in access.scopes:
        refused = InsufficientScope("the token does not carry `openid`", headers=_TOO_SMALL)
        raise await leave_receipt(house, refused, portal, trace_id=trace_id)
    told = {"sub": access.grant.subject, **claims_of(access.grant, access.scopes)}
    return json_reply(told, headers=fresh_nonce(house, portal, now) if access.jkt else ())


async def _answer_about_officer(house: House, authorization: Sequence[str], body_token: str | None) -> Reply:
    access = await read_officer(house, authorization, body_token)
    if "openid" not in access.scopes:
        raise InsufficientScope("the token does not carry `openid`", headers=_TOO_SMALL)
    return json_reply({"sub": access.grant.subject, **officer_claims(access.grant)})
