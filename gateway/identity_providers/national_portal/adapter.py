"""The national portal's WSO2 dialect: POST userinfo, account types by number, levels as integers (domain.md §4.1).

The ID token comes straight from the token endpoint over TLS (OpenID Connect Core §3.1.3.7, 6); it has to be about the
same account, and serves the sign-out. The `logoutUri` that userinfo may tell is not followed: where a browser is sent
is a setting.
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway.identity_providers.callback import ACCOUNT_ERRORS, check_binding, refuse_error
from gateway.identity_providers.claims import read_account
from gateway.identity_providers.contract import (
    Authentication,
    Begin,
    Callback,
    ClocksDiffer,
    Departure,
    UpstreamAnswerInvalid,
    UpstreamReply,
)
from gateway.identity_providers.exchange import check_bearer, read_object, read_text
from gateway.identity_providers.hint import is_impersonal
from gateway.identity_providers.national_dialect import NationalDialect
from gateway.vocabulary.strict_json import JsonRefused, parse_json

_ASSURANCE = "LoA1"
_PERSONAL = "1"
_CLOCKS_DIFFER_BY = 60


class NationalPortal(NationalDialect):
    """One registration at the national portal."""

    async def begin(self, request: Begin) -> Departure:
        """Return the authorize address. Raises IdentityProviderUnavailable."""
        return await self.depart(request, acr_values=_ASSURANCE)

    async def complete(self, callback: Callback) -> Authentication:
        """Redeem the code, ask who it is. Raises a SignInFailure subclass."""
        check_binding(callback)
        refuse_error("callback", callback.parameters, ACCOUNT_ERRORS)
        code = read_text("callback", callback.parameters, "code", longest=2048)
        access_token, id_token = await self._redeem(code, callback.redirect_uri)
        signed_in = read_claims(id_token)
        self._check_id_token(signed_in, self._clock.now())
        told = await self._ask_who(access_token)
        if told.get("sub") != signed_in["sub"]:
            raise UpstreamAnswerInvalid(operator_detail="userinfo: `sub` is not that of the id token")
        return replace(read_account(self._settings, self._with_account_type(told)), id_token=id_token)

    def sign_out_url(self, *, id_token: str | None, return_to: str, state: str) -> str | None:
        """Return the address that ends the portal's browser session and comes back.

        The ID token goes along only when it says nothing about the person: addresses are logged on their way.
        """
        hint = {"id_token_hint": id_token} if id_token is not None and is_impersonal(id_token) else {}
        return self.leaving(return_to, state, **hint)

    async def _redeem(self, code: str, redirect_uri: str) -> tuple[str, str]:
        form = self.redemption(code, redirect_uri)
        answer = _read_body("token", await self._exchange.post_form("token", self._settings.endpoint("token"), form))
        check_bearer(answer)
        return read_text("token", answer, "access_token"), read_text("token", answer, "id_token", longest=65_536)

    async def _ask_who(self, access_token: str) -> dict[str, Any]:
        bearer = {"authorization": f"Bearer {access_token}"}
        reply = await self._exchange.post_form("userinfo", self._settings.endpoint("userinfo"), {}, headers=bearer)
        return _read_body("userinfo", reply)

    def _check_id_token(self, claims: Mapping[str, Any], now: datetime) -> None:
        """The ID token is this issuer's, for us, and still good (OpenID Connect Core §3.1.3.7: 2, 3, 9)."""
        audience, ends_at = claims.get("aud"), claims.get("exp")
        audiences = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != self._settings.issuer:
            raise _refused("iss")
        if self._settings.client_id not in audiences:
            raise _refused("aud")
        if isinstance(ends_at, bool) or not isinstance(ends_at, int):
            raise _refused("exp")
        late_by = now.timestamp() - ends_at
        if late_by >= _CLOCKS_DIFFER_BY:
            raise ClocksDiffer(operator_detail=f"id token: ended {late_by:.0f} s ago by our clock")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise _refused("sub")

    def _with_account_type(self, told: Mapping[str, Any]) -> Mapping[str, Any]:
        """Name the foreigner: the dialect has one number for every person, and tells a foreigner by the passport that
        stands in the number's place. An account without a type is nobody's."""
        names = self._settings.claims
        kind = told.get(names.account_type)
        if kind is None:
            raise UpstreamAnswerInvalid(operator_detail="claims: `account_type` missing or malformed")
        if str(kind) == _PERSONAL and told.get(names.passport_number) and not told.get(names.personal_number):
            return {**told, names.account_type: "foreigner"}
        return told


def read_claims(id_token: str) -> dict[str, Any]:
    """Return the claims of a compact JWS, unverified: the caller got it from the token endpoint itself.

    Raises UpstreamAnswerInvalid for anything that is none.
    """
    parts = id_token.split(".")
    try:
        claims = parse_json(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError, JsonRefused):
        claims = None
    if len(parts) != 3 or not isinstance(claims, dict):
        raise _refused("form")
    return claims


def _read_body(step: str, reply: UpstreamReply) -> dict[str, Any]:
    answer = read_object(step, reply)
    refuse_error(step, answer, ACCOUNT_ERRORS)
    if reply.status != 200:
        raise UpstreamAnswerInvalid(operator_detail=f"{step}: status {reply.status}")
    return answer


def _refused(rule: str) -> UpstreamAnswerInvalid:
    return UpstreamAnswerInvalid(operator_detail=f"id token: refused by rule `{rule}`")
