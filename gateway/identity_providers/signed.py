"""What an upstream signed, verified by the keys it publishes now."""

from datetime import datetime

from gateway.identity_providers.contract import ClocksDiffer, SignInFailure, UpstreamAnswerInvalid
from gateway.identity_providers.discovery import Discovery
from gateway.tokens.jose import JosePolicy, JoseRefused, SignedToken, verify_signed


async def verify_published(
    token: str,
    policy: JosePolicy,
    discovery: Discovery,
    now: datetime,
    *,
    issuer: str,
    audience: str,
    nonce: str | None = None,
) -> SignedToken:
    """Return a token that is good. Keys may have been rotated just before signing, so they are fetched once more, and
    not for every made-up key id.

    Raises JoseRefused; IdentityProviderUnavailable or UpstreamAnswerInvalid when the keys cannot be had.
    """
    while True:
        keys = await discovery.keys()
        try:
            return verify_signed(token, policy, keys, now=now, issuer=issuer, audience=audience, nonce=nonce)
        except JoseRefused as refusal:
            if refusal.rule not in ("kid", "signature") or not await discovery.refetch_keys():
                raise


def refused(what: str, refusal: JoseRefused) -> SignInFailure:
    """Return the failure of a token that is not good: it names what it was and the rule, never a part of it."""
    detail = f"{what}: refused by rule `{refusal.rule}`"
    if refusal.off_by is not None:
        return ClocksDiffer(operator_detail=f"{detail}, {refusal.off_by:.0f} s outside by our clock")
    return UpstreamAnswerInvalid(operator_detail=detail)
