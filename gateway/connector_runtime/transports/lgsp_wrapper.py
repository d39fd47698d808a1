"""LGSP type 1 (as VNPT and Ho Chi Minh City run it): a SOAP message as text inside a JSON wrapper.

The partner proves itself at the token endpoint by the header `lgspaccesstoken`, base64 of {AccessKey, SecretKey,
AppName, PartnerCode, PartnerCodeCus}. Every message travels as {accessToken, lgspAccessToken, AuthHash, data}:
`AuthHash` is base64(name:key) of the officer's account. Source: domain.md §5.3. How the answer is wrapped was not seen:
{data} with the SOAP text, as the question has it, is an assumption, and anything else is malformed.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import Health, OfficerClass, OutboundClient, OutboundReply, Speech
from gateway.connector_runtime.contract.document import Malformed, read_json
from gateway.connector_runtime.failure import TransportUnset
from gateway.connector_runtime.transports.access_token import AccessToken, TokenProof, TokenRequest
from gateway.connector_runtime.transports.bearer_bus import BearerBus
from gateway.connector_runtime.transports.reply import refuse_status, trouble
from gateway.vocabulary.clock import Clock


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner of the bus, as its header says it. The header is not shown: it holds the secret."""

    header: str

    def __repr__(self) -> str:
        """Return nothing of it."""
        return "Partner(***)"

    @classmethod
    def of(cls, settings: ConnectorSettings) -> "Partner":
        """Read the partner of the settings. Raises OSError."""
        told = {
            "AccessKey": settings.user,
            "SecretKey": settings.read_secret(),
            "AppName": settings.application,
            "PartnerCode": settings.partner_code,
            "PartnerCodeCus": settings.customer_code,
        }
        return cls(_base64(json.dumps(told, ensure_ascii=False)))

    def request(self, now: datetime) -> TokenRequest:
        """Return the request for a token; it is the same at every instant."""
        return TokenRequest({"lgspaccesstoken": self.header, "Accept": "application/json"}, b"")


class LgspWrapperTransport:
    """Carries SOAP messages. Reads its secrets once, when it is made (OSError); raises TransportUnset."""

    speech: Speech = "soap"

    def __init__(self, settings: ConnectorSettings, client: OutboundClient, clock: Clock) -> None:
        for name in ("user", "application", "partner_code", "key_user"):
            if not getattr(settings, name):
                raise TransportUnset(f"transport `lgsp_wrapper` wants `{name}`")
        self._partner = Partner.of(settings)
        self._hashes = _officer_hashes(settings)
        proofs: dict[OfficerClass, TokenProof] = {"system": self._partner, "desk": self._partner}
        self._bus = BearerBus("lgsp_wrapper", settings, proofs, (client, clock))

    async def send(self, message: bytes, *, deadline_at: datetime, officer_class: OfficerClass = "system") -> bytes:
        """Wrap a SOAP message and return the one that came back. Raises SourceTrouble."""

        def wrap(token: AccessToken, officer: OfficerClass) -> bytes:
            told = {
                "accessToken": f"Bearer {token.text}",
                "lgspAccessToken": self._partner.header,
                "AuthHash": self._hashes[officer],
                "data": message.decode("utf-8"),
            }
            return json.dumps(told, ensure_ascii=False).encode()

        return open_wrapper(await self._bus.post(wrap, deadline_at=deadline_at, officer_class=officer_class))

    async def check(self) -> Health:
        """Fetch a token and ask for the service's address without a message."""
        return await self._bus.check()


def open_wrapper(reply: OutboundReply) -> bytes:
    """Return the SOAP text of an answer. Raises SourceTrouble."""
    refuse_status(reply)
    try:
        wrapper: Any = read_json(reply.body)
    except Malformed as error:
        raise trouble("malformed", f"the wrapper: {error}") from None
    told = wrapper.get("data") if isinstance(wrapper, dict) else None
    if not isinstance(told, str) or not told.strip():
        raise trouble("malformed", "the wrapper holds no `data`")
    return told.encode("utf-8", "surrogatepass")


def _officer_hashes(settings: ConnectorSettings) -> dict[OfficerClass, str]:
    system = _base64(f"{settings.key_user}:{settings.read_key_secret()}")
    if not settings.desk_user:
        return {"system": system, "desk": system}
    return {"system": system, "desk": _base64(f"{settings.desk_user}:{settings.read_desk_secret()}")}


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")
