"""What every dialect does on the way there, and checks of a callback before it believes a word of it."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

from gateway.identity_providers.contract import (
    AccountClosed,
    AccountLevelTooLow,
    AccountLocked,
    AccountNotActivated,
    AccountOnOtherPhone,
    Begin,
    Callback,
    IdentityProviderUnavailable,
    NoOwnAccount,
    SignInCancelled,
    SignInFailure,
    SignInNotConfirmed,
    UpstreamAnswerInvalid,
)

# RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, Unmet Authentication Requirements 1.0. Every other code is the
# consequence of something we sent, so it ends as an answer that operators must look at.
ERRORS: Mapping[str, type[SignInFailure]] = {
    "access_denied": SignInCancelled,
    "temporarily_unavailable": SignInNotConfirmed,
    "login_required": SignInNotConfirmed,
    "interaction_required": SignInNotConfirmed,
    "account_selection_required": SignInNotConfirmed,
    "consent_required": SignInNotConfirmed,
    "server_error": IdentityProviderUnavailable,
    "unmet_authentication_requirements": AccountLevelTooLow,
}

# The national dialects tell the state of an account by error codes; nothing public says their names.
ACCOUNT_ERRORS: Mapping[str, type[SignInFailure]] = {
    **ERRORS,
    "account_locked": AccountLocked,
    "account_closed": AccountClosed,
    "account_not_activated": AccountNotActivated,
    "account_on_another_device": AccountOnOtherPhone,
    "account_not_found": NoOwnAccount,
    "account_level_insufficient": AccountLevelTooLow,
    "authentication_timeout": SignInNotConfirmed,
}

_OUR_FAULT = frozenset(
    {
        "invalid_request",
        "unauthorized_client",
        "unsupported_response_type",
        "invalid_scope",
        "invalid_client",
        "invalid_grant",
        "unsupported_grant_type",
        "request_not_supported",
        "request_uri_not_supported",
        "registration_not_supported",
    }
)


def remember(request: Begin) -> dict[str, Any]:
    """Return what ties the memory of a departure to its state and redirect URI."""
    return {"state": _digest(request.state), "redirect_uri": request.redirect_uri}


def with_query(address: str, parameters: Mapping[str, str]) -> str:
    """Return an address with a query, which may have one already."""
    return address + ("&" if urlsplit(address).query else "?") + urlencode(parameters)


def check_binding(callback: Callback) -> None:
    """Refuse a callback whose state is not the one this sign-in left with (RFC 6749 §10.12, RFC 9700 §4.7).

    The memory is compared too: a caller that mixes up two attempts must not sign one person in as another.
    """
    returned = callback.parameters.get("state", "")
    if not returned:
        raise UpstreamAnswerInvalid(operator_detail="callback: `state` missing")
    if not hmac.compare_digest(returned.encode(), callback.state.encode()):
        raise UpstreamAnswerInvalid(operator_detail="callback: `state` is not ours")
    remembered = str(callback.memory.get("state", ""))
    if not hmac.compare_digest(remembered.encode(), _digest(callback.state).encode()):
        raise UpstreamAnswerInvalid(operator_detail="callback: memory belongs to another `state`")
    if callback.memory.get("redirect_uri") != callback.redirect_uri:
        raise UpstreamAnswerInvalid(operator_detail="callback: arrived at another redirect URI")


def refuse_error(step: str, answer: Mapping[str, Any], errors: Mapping[str, type[SignInFailure]]) -> None:
    """Raise the failure that an `error` member stands for; do nothing when there is none.

    The upstream's words are not repeated: an `error_description` may name the person.
    """
    if "error" not in answer:
        return
    error = answer["error"]
    if not isinstance(error, str):
        raise UpstreamAnswerInvalid(operator_detail=f"{step}: malformed error")
    if found := errors.get(error):
        raise found(operator_detail=f"{step}: error `{error}`")
    shown = f"error `{error}`" if error in _OUR_FAULT else "unknown error code"
    raise UpstreamAnswerInvalid(operator_detail=f"{step}: {shown}")


def _digest(state: str) -> str:
    return sha256(state.encode()).hexdigest()
