"""The province's own bus (LGSP) as Thái Nguyên runs it: JSON by POST under a Bearer token, an envelope around it.

The envelope is {code, status, correlationId, response}: `code` repeats the HTTP status, `status` how processing went,
`response` is the register's own answer, or {error_code, message}. Source: domain.md §5.3 (pages of
lgsp.thainguyen.gov.vn); how a lookup is laid inside is an assumption, said so in the connector's manifest.
"""

import json
from datetime import datetime
from typing import Any

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import Health, OfficerClass, OutboundClient, OutboundReply, Speech
from gateway.connector_runtime.transports.bearer_bus import BearerBus, client_credentials
from gateway.connector_runtime.transports.reply import refuse_status, trouble
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.provenance import UnavailableReason


class LgspTransport:
    """Carries JSON messages. Reads its secrets once, when it is made (OSError); raises TransportUnset without a
    token endpoint."""

    speech: Speech = "json"

    def __init__(self, settings: ConnectorSettings, client: OutboundClient, clock: Clock) -> None:
        self._bus = BearerBus("lgsp", settings, client_credentials(settings), (client, clock))

    async def send(self, message: bytes, *, deadline_at: datetime, officer_class: OfficerClass = "system") -> bytes:
        """Post a message and return what stands inside the envelope. Raises SourceTrouble."""
        reply = await self._bus.post(lambda *_: message, deadline_at=deadline_at, officer_class=officer_class)
        return open_envelope(reply)

    async def check(self) -> Health:
        """Fetch a token and ask for the service's address without a message."""
        return await self._bus.check()


def open_envelope(reply: OutboundReply) -> bytes:
    """Return what stands inside the envelope, as JSON. Raises SourceTrouble when there is no such envelope."""
    refuse_status(reply)
    try:
        envelope: Any = json.loads(reply.body, object_pairs_hook=_single)
    except (ValueError, RecursionError):
        raise trouble("malformed", "the envelope is not well-formed") from None
    if not isinstance(envelope, dict) or "code" not in envelope:
        raise trouble("malformed", "the answer is not the bus's envelope")
    code, response = str(envelope["code"]), envelope.get("response")
    told_why = isinstance(response, dict) and "error_code" in response  # the register's own words say more than `code`
    if code != "200" and not told_why:
        raise trouble(_REASONS.get(code[:1] if code != "429" else code, "fault"), "the envelope tells of a failed call")
    if not isinstance(response, dict):
        raise trouble("malformed", "the envelope holds no `response`")
    return json.dumps(response, ensure_ascii=False).encode("utf-8", "surrogatepass")


_REASONS: dict[str, UnavailableReason] = {"429": "closed", "5": "unreachable"}


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) != len(pairs):
        raise ValueError("a member stands twice")
    return known
