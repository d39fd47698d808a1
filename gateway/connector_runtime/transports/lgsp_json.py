"""LGSP type 2: flat JSON with members in camel case, under a Bearer token by client credentials.

{maYeuCau, maDVC, maCanBo, soDinhDanh, soCMND, hoVaTen, ngayThangNam, userNameService}: the last one is ours to add, the
account of the service that asks. Source: domain.md §5.3. That the answer has the members of the SOAP answer in the same
spelling, without an envelope, is an assumption.
"""

import json
from datetime import datetime
from typing import Any

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import Health, OfficerClass, OutboundClient, Speech
from gateway.connector_runtime.transports.bearer_bus import BearerBus, client_credentials
from gateway.connector_runtime.transports.reply import refuse_status
from gateway.vocabulary.clock import Clock


class LgspJsonTransport:
    """Carries flat JSON messages. Reads its secrets once, when it is made (OSError); raises TransportUnset."""

    speech: Speech = "camel"

    def __init__(self, settings: ConnectorSettings, client: OutboundClient, clock: Clock) -> None:
        self._account = settings.key_user
        self._bus = BearerBus("lgsp_json", settings, client_credentials(settings), (client, clock))

    async def send(self, message: bytes, *, deadline_at: datetime, officer_class: OfficerClass = "system") -> bytes:
        """Post a message with the account of the service and return the answer. Raises SourceTrouble."""
        body = self._with_account(message)
        reply = await self._bus.post(lambda *_: body, deadline_at=deadline_at, officer_class=officer_class)
        refuse_status(reply)
        return reply.body

    async def check(self) -> Health:
        """Fetch a token and ask for the service's address without a message."""
        return await self._bus.check()

    def _with_account(self, message: bytes) -> bytes:
        if not self._account:
            return message
        told: dict[str, Any] = json.loads(message)  # written by us
        return json.dumps(told | {"userNameService": self._account}, ensure_ascii=False).encode()
