"""VNeID's direct dialect: encrypted code and bodies, thin claims, no nonce, no PKCE (domain.md §4.1, path 2)."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import orjson

from gateway.identity_providers.callback import ACCOUNT_ERRORS, check_binding, refuse_error
from gateway.identity_providers.claims import read_account
from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import (
    Authentication,
    Begin,
    Callback,
    Departure,
    UpstreamAnswerInvalid,
    UpstreamClient,
    UpstreamReply,
)
from gateway.identity_providers.credentials import private_key_of
from gateway.identity_providers.exchange import check_bearer, read_object, read_text
from gateway.identity_providers.national_dialect import NationalDialect
from gateway.identity_providers.vneid.envelope import Envelope, EnvelopeRefused
from gateway.vocabulary.clock import Clock

_CODE = re.compile(r"[A-Za-z0-9._~+/=-]{8,2048}")
_QUERY_LIMIT = 8192
_REFUSED = "envelope: encrypted answer refused"


class VNeID(NationalDialect):
    """One registration at VNeID."""

    def __init__(self, settings: IdentityProviderSettings, outbound: UpstreamClient, clock: Clock) -> None:
        super().__init__(settings, outbound, clock)
        self._envelope = Envelope(private_key_of(settings))

    async def begin(self, request: Begin) -> Departure:
        """Return the authorize address. Raises IdentityProviderUnavailable."""
        return await self.depart(request)

    async def complete(self, callback: Callback) -> Authentication:
        """Open the code, redeem it, ask who it is. Raises a SignInFailure subclass."""
        check_binding(callback)
        refuse_error("callback", callback.parameters, ACCOUNT_ERRORS)
        returned = read_raw_query(callback.raw_query)
        code, encrypt_key = self._read_code(returned)
        access_token = await self._redeem(code, encrypt_key, callback.redirect_uri)
        reply = await self._exchange.get("userinfo", self._settings.endpoint("userinfo"), bearer=access_token)
        return read_account(self._settings, self._read_body("userinfo", reply))

    def sign_out_url(self, *, id_token: str | None, return_to: str, state: str) -> str | None:
        """Return the address that ends VNeID's browser session; the dialect has no ID token to send along."""
        return self.leaving(return_to, state)

    def _read_code(self, returned: Mapping[str, str]) -> tuple[str, str]:
        """Return the plain code and the `encrypt_key` that the token endpoint wants to see again."""
        code, encrypt_key = returned.get("code", ""), returned.get("encrypt_key", "")
        if not code or not encrypt_key:
            raise UpstreamAnswerInvalid(operator_detail="callback: `code` or `encrypt_key` missing")
        if self._settings.encrypted_code:
            code = self._open(code, encrypt_key).decode("latin-1")
        if not _CODE.fullmatch(code):
            raise UpstreamAnswerInvalid(operator_detail=_REFUSED)
        return code, encrypt_key

    async def _redeem(self, code: str, encrypt_key: str, redirect_uri: str) -> str:
        form = {**self.redemption(code, redirect_uri), "encrypt_key": encrypt_key}
        reply = await self._exchange.post_form("token", self._settings.endpoint("token"), form)
        answer = self._read_body("token", reply)
        check_bearer(answer)
        return read_text("token", answer, "access_token")

    def _read_body(self, step: str, reply: UpstreamReply) -> dict[str, Any]:
        """Return the object of a body, opened when it is `{data, key}`; errors arrive in either dress."""
        answer = read_object(step, reply)
        if answer.keys() == {"data", "key"}:
            answer = self._open_object(answer)
        refuse_error(step, answer, ACCOUNT_ERRORS)
        if reply.status != 200:
            raise UpstreamAnswerInvalid(operator_detail=f"{step}: status {reply.status}")
        return answer

    def _open_object(self, sealed: Mapping[str, Any]) -> dict[str, Any]:
        data, key = sealed["data"], sealed["key"]
        plain = self._open(data if isinstance(data, str) else "", key if isinstance(key, str) else "")
        try:
            opened = orjson.loads(plain)
        except ValueError:
            opened = None
        if not isinstance(opened, dict):
            raise UpstreamAnswerInvalid(operator_detail=_REFUSED)
        return opened

    def _open(self, data: str, key: str) -> bytes:
        try:
            return self._envelope.open(data, key)
        except EnvelopeRefused:
            raise UpstreamAnswerInvalid(operator_detail=_REFUSED) from None


def read_raw_query(raw_query: str) -> dict[str, str]:
    """Read a query without a form decoder: base64 stands there with raw `+`, which a form would read as a space.

    Raises UpstreamAnswerInvalid for a parameter that is there twice, and for a query that is too long.
    """
    if len(raw_query) > _QUERY_LIMIT:
        raise UpstreamAnswerInvalid(operator_detail="callback: query too long")
    read: dict[str, str] = {}
    for pair in raw_query.split("&"):
        name, _, value = pair.partition("=")
        name = unquote(name)
        if name in read:
            raise UpstreamAnswerInvalid(operator_detail="callback: a parameter is there twice")
        read[name] = unquote(value)
    return read
