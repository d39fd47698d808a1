"""What the browser brought back, before a code is redeemed: opened where signed, ours, and of the pinned issuer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from gateway.identity_providers.callback import check_binding
from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import Callback, UpstreamAnswerInvalid
from gateway.identity_providers.discovery import Discovery
from gateway.identity_providers.profiles import PROFILES
from gateway.identity_providers.signed import refused, verify_published
from gateway.tokens.jose import JoseRefused


async def read_answer(
    settings: IdentityProviderSettings, callback: Callback, discovery: Discovery, now: datetime
) -> Mapping[str, str]:
    """Return the parameters of an answer that is about this sign-in: state first, then who gives it.

    Raises UpstreamAnswerInvalid, ClocksDiffer, IdentityProviderUnavailable; nothing was sent to the upstream but
    requests for its document and keys.
    """
    if settings.response_mode == "jwt":
        callback = replace(callback, parameters=await _open(settings, callback.parameters, discovery, now))
    check_binding(callback)
    _check_issuer(settings, callback.parameters, announced=(await discovery.metadata()).answers_with_issuer)
    return callback.parameters


async def _open(
    settings: IdentityProviderSettings, parameters: Mapping[str, str], discovery: Discovery, now: datetime
) -> dict[str, str]:
    """Return what a signed answer says (JARM §2.4); what stands beside it counts for nothing."""
    token, policy = parameters.get("response", ""), PROFILES[settings.profile].authorization_answer
    if not token:
        raise UpstreamAnswerInvalid(operator_detail="callback: `response` missing")
    try:
        signed = await verify_published(
            token, policy, discovery, now, issuer=settings.issuer, audience=settings.client_id
        )
    except JoseRefused as refusal:
        raise refused("callback: `response`", refusal) from None
    return {name: value for name, value in signed.claims.items() if isinstance(value, str)}


def _check_issuer(settings: IdentityProviderSettings, parameters: Mapping[str, str], *, announced: bool) -> None:
    """RFC 9207 §2.4: compared whenever it is there, demanded when it was announced, before anything is sent."""
    issuer = parameters.get("iss")
    if issuer is None and (announced or PROFILES[settings.profile].demands_issuer):
        raise UpstreamAnswerInvalid(operator_detail="callback: `iss` missing")
    if issuer is not None and issuer != settings.issuer:
        raise UpstreamAnswerInvalid(operator_detail="callback: `iss` is not the pinned issuer")
