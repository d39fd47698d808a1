"""The UserInfo endpoint (OpenID Connect Core §5.3): GET, POST with header, POST with body."""

from collections.abc import Sequence

from gateway.openid_provider.access import bearer_of, load_access
from gateway.openid_provider.claims import claims_of
from gateway.openid_provider.failure import InsufficientScope
from gateway.openid_provider.house import House
from gateway.openid_provider.reply import Reply, json_reply

_TOO_SMALL = {"WWW-Authenticate": 'Bearer realm="gate06", error="insufficient_scope", scope="openid"'}


async def answer_userinfo(house: House, authorization: Sequence[str], body_token: str | None) -> Reply:
    """Return `sub` and what the token's scopes cover. Raises InvalidToken, InsufficientScope, InvalidRequest."""
    access = await load_access(house.store, bearer_of(authorization, body_token), house.clock.now())
    if access.grant is None or "openid" not in access.scopes:
        raise InsufficientScope("the token does not carry `openid`", headers=_TOO_SMALL)
    return json_reply({"sub": access.grant.subject, **claims_of(access.grant, access.scopes)})
