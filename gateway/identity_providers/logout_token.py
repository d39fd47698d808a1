"""A logout token of an identity provider: the word that somebody's session there has ended (OpenID Connect
Back-Channel Logout 1.0 §2.6), verified as strictly as an ID token."""

from dataclasses import replace
from datetime import datetime

from gateway.identity_providers.contract import LogoutNotice, UpstreamAnswerInvalid
from gateway.identity_providers.discovery import Discovery
from gateway.identity_providers.signed import verify_published
from gateway.tokens.claim_rules import judge_logout_token
from gateway.tokens.jose import LOGOUT_TOKEN, JoseRefused


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
        claims = signed.claims
        judge_logout_token(claims)
    except JoseRefused as refusal:
        raise UpstreamAnswerInvalid(operator_detail=f"logout token: refused by rule `{refusal.rule}`") from None
    return LogoutNotice(issuer=issuer, subject=claims.get("sub"), session_id=claims.get("sid"), token_id=claims["jti"])
