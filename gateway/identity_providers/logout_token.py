"""A logout token of an identity provider: the word that somebody's session there has ended (OpenID Connect
Back-Channel Logout 1.0 §2.6), verified as strictly as an ID token."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from gateway.identity_providers.contract import LogoutNotice, UpstreamAnswerInvalid
from gateway.identity_providers.discovery import Discovery
from gateway.identity_providers.signed import verify_published
from gateway.tokens.jose import LOGOUT_TOKEN, JoseRefused

EVENT = "http://schemas.openid.net/event/backchannel-logout"


async def read_logout_token(
    token: str, discovery: Discovery, now: datetime, *, issuer: str, client_id: str, algorithms: frozenset[str]
) -> LogoutNotice:
    """Return whose session ended; `algorithms` are those of the provider's profile. Whether the token came before is
    for the caller to find out, by `jti`.

    Raises UpstreamAnswerInvalid naming the rule, IdentityProviderUnavailable when its keys cannot be had; the token is
    never part of the text.
    """
    policy = replace(LOGOUT_TOKEN, algorithms=LOGOUT_TOKEN.algorithms & algorithms)
    try:
        signed = await verify_published(token, policy, discovery, now, issuer=issuer, audience=client_id)
    except JoseRefused as refusal:
        raise _refused(refusal.rule) from None
    claims = signed.claims
    events = claims["events"]
    if not isinstance(events, Mapping) or not isinstance(events.get(EVENT), Mapping):
        raise _refused("events")
    subject, session_id = claims.get("sub"), claims.get("sid")
    if session_id is not None and not (isinstance(session_id, str) and 0 < len(session_id) <= 2048):
        raise _refused("sid")
    if subject is None and session_id is None:
        raise _refused("missing:sub")
    return LogoutNotice(issuer=issuer, subject=subject, session_id=session_id, token_id=claims["jti"])


def _refused(rule: str) -> UpstreamAnswerInvalid:
    return UpstreamAnswerInvalid(operator_detail=f"logout token: refused by rule `{rule}`")
