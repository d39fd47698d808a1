"""One call to an identity provider: what may go wrong on the way, and how an answer is read."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import structlog

from gateway.identity_providers.contract import (
    IdentityProviderUnavailable,
    UpstreamAnswerInvalid,
    UpstreamClient,
    UpstreamReply,
)
from gateway.vocabulary.strict_json import JsonRefused, parse_json

_log = structlog.get_logger()


class Exchange:
    """Calls one upstream under its alias, with its time limit (`timeout_for`, seconds). `logged`: trouble is logged;
    a command that shows the failure itself has nobody else to tell."""

    def __init__(self, outbound: UpstreamClient, *, alias: str, timeout_for: float, logged: bool = True) -> None:
        self._outbound = outbound
        self._alias = alias
        self._timeout_for = timeout_for
        self._logged = logged

    async def call(
        self,
        step: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limit: int = 262_144,
    ) -> UpstreamReply:
        """Send one request; `step` names it for operators. Raises IdentityProviderUnavailable.

        No answer, 429 and 5xx are the upstream's trouble; everything else comes back to be judged.
        """
        try:
            reply = await self._outbound.send(
                method, url, headers=headers, body=body, timeout_for=self._timeout_for, limit=limit
            )
        except Exception as trouble:
            # The client's own exception lives on this floor too and cannot be named here; its text may quote an
            # address with a code in it, so only its class is told.
            reason = type(trouble).__name__
            self._warn(reason=reason)
            raise IdentityProviderUnavailable(operator_detail=f"{step}: no answer ({reason})") from None
        if reply.status >= 500 or reply.status == 429:
            self._warn(status=reply.status)
            raise IdentityProviderUnavailable(operator_detail=f"{step}: status {reply.status}")
        return reply

    def _warn(self, **seen: object) -> None:
        if self._logged:
            _log.warning("identity_provider_call_failed", provider=self._alias, **seen)

    async def get(self, step: str, url: str, *, bearer: str | None = None) -> UpstreamReply:
        """Send a GET that wants JSON, with an access token in the header when there is one."""
        headers = {"accept": "application/json"}
        if bearer is not None:
            headers["authorization"] = f"Bearer {bearer}"
        return await self.call(step, "GET", url, headers=headers)

    async def post_form(
        self, step: str, url: str, form: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> UpstreamReply:
        """Send a form and want JSON back."""
        sent = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json", **(headers or {})}
        return await self.call(step, "POST", url, headers=sent, body=urlencode(form).encode("ascii"))


def read_object(step: str, reply: UpstreamReply) -> dict[str, Any]:
    """Return the JSON object of an answer. Raises UpstreamAnswerInvalid for anything else, and for one that says
    something twice: whoever reads it next must not see another one."""
    try:
        answer = parse_json(reply.body)
    except JsonRefused:
        answer = None
    if not isinstance(answer, dict):
        raise UpstreamAnswerInvalid(operator_detail=f"{step}: not a JSON object (status {reply.status})")
    return answer


def check_bearer(answer: Mapping[str, Any], *, unsaid: str = "bearer") -> None:
    """The token is one to show as it is (RFC 6749 §7.1). `unsaid` is what an answer without a type means."""
    check_token_type(answer, "bearer", unsaid=unsaid)


def check_token_type(answer: Mapping[str, Any], wanted: str, *, unsaid: str = "") -> None:
    """The token is of the type that was asked for, in letters of either size (RFC 6749 §5.1)."""
    if str(answer.get("token_type", unsaid)).lower() != wanted.lower():
        raise UpstreamAnswerInvalid(operator_detail=f"token: `token_type` is not {wanted}")


def read_text(step: str, answer: Mapping[str, Any], member: str, *, longest: int = 16_384) -> str:
    """Return a member that must be a text of printable ASCII. Raises UpstreamAnswerInvalid."""
    value = answer.get(member)
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isascii() or not value.isprintable():
        raise UpstreamAnswerInvalid(operator_detail=f"{step}: `{member}` missing or malformed")
    return value
