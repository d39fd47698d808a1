"""The UserInfo endpoint (OpenID Connect Core §5.3): GET, POST with header, POST with body."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.openid_provider.access import REFUSED, check_possession, client_of, load_access, token_of
from gateway.openid_provider.claims import claims_of
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import InsufficientScope, InvalidToken
from gateway.openid_provider.house import House
from gateway.openid_provider.possession import fresh_nonce
from gateway.openid_provider.refusals import leave_receipt
from gateway.openid_provider.reply import Reply, json_reply, token_reply
from gateway.openid_provider.sealing import seal_for
from gateway.openid_provider.staff_realm.grant import is_staff_token, officer_claims, read_officer
from gateway.vocabulary.presented import Presented

_TOO_SMALL = {"WWW-Authenticate": 'Bearer realm="gate06", error="insufficient_scope", scope="openid"'}


async def answer_userinfo(house: House, presented: Presented, body_token: str | None, trace_id: str) -> Reply:
    """Return `sub` and what the token's scopes cover. Raises InvalidToken, InsufficientScope, InvalidRequest,
    AccessProofRefused, AccessNonceWanted, NoEncryptionKey."""
    now = house.clock.now()
    shown = token_of(presented.authorization, body_token)
    if is_staff_token(shown.token):
        return await _answer_about_officer(house, presented.authorization, body_token)
    access = await load_access(house.store, shown.token, now)
    portal = client_of(access, house.clients, now)
    if access.resource is not None:
        # a token for somebody else's resource is not for us (RFC 9700 §2.3)
        raise InvalidToken("the access token is not for userinfo", headers=REFUSED)
    await check_possession(house, presented, shown, access, portal=portal, now=now)
    if access.grant is None or "openid" not in access.scopes:
        refused = InsufficientScope("the token does not carry `openid`", headers=_TOO_SMALL)
        raise await leave_receipt(house, refused, portal, trace_id=trace_id)
    told = {"sub": access.grant.subject, **claims_of(access.grant, access.scopes)}
    return await _tell(house, portal, told, headers=fresh_nonce(house, portal, now) if access.jkt else ())


async def _answer_about_officer(house: House, authorization: Sequence[str], body_token: str | None) -> Reply:
    access = await read_officer(house, authorization, body_token)
    if "openid" not in access.scopes:
        raise InsufficientScope("the token does not carry `openid`", headers=_TOO_SMALL)
    portal = house.clients.get(access.grant.client_id)
    assert portal is not None, "`read_officer` has looked"
    told = officer_claims(access.grant, access.grant.claims_userinfo)
    return await _tell(house, portal, {"sub": access.grant.subject, **told})


async def _tell(
    house: House, portal: Portal, claims: Mapping[str, Any], *, headers: Sequence[tuple[str, str]] = ()
) -> Reply:
    """Return the claims as the client registered to get them: plain, signed, or signed and encrypted (§5.3.2).

    A signed answer has neither `exp` nor `iat`, so that nobody takes it for an ID token. Raises NoEncryptionKey.
    """
    alg = portal.userinfo_signed_response_alg
    if alg is None:
        return json_reply(claims, headers=headers)
    seal = await seal_for(house, portal, "userinfo")
    about = {"iss": house.issuer, "aud": portal.client_id}
    token = house.keys.sign({**claims, **about}, typ="JWT", alg=alg)
    return token_reply(token if seal is None else seal.close(token), headers)
