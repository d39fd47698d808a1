"""The province's own bus (LGSP) as Thái Nguyên runs it: JSON by POST under a Bearer token, an envelope around it.

The envelope is {code, status, correlationId, response}: `code` repeats the HTTP status, `status` how processing went,
`response` is the register's own answer, or {error_code, message}. Source: domain.md §5.3 (pages of
lgsp.thainguyen.gov.vn); how a lookup is laid inside is an assumption, said so in the connector's manifest.
"""

import json
from datetime import datetime
from typing import Any

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import (
    Health,
    OfficerClass,
    OutboundClient,
    OutboundReply,
    SourceTrouble,
    Speech,
)
from gateway.connector_runtime.failure import TransportUnset
from gateway.connector_runtime.transports.access_token import AccessToken, Credentials, TokenKeeper
from gateway.connector_runtime.transports.reply import health_of, refuse_status, time_left, trouble
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.provenance import UnavailableReason


class LgspTransport:
    """Carries JSON messages. Reads its secrets once, when it is made (OSError); raises TransportUnset without a
    token endpoint."""

    speech: Speech = "json"

    def __init__(self, settings: ConnectorSettings, client: OutboundClient, clock: Clock) -> None:
        if not settings.token_url:
            raise TransportUnset("transport `lgsp` wants `token_url`, where its Bearer tokens come from")
        self._settings = settings
        self._client = client
        self._clock = clock
        credentials = _credentials(settings)
        self._tokens = TokenKeeper(
            settings.token_url, credentials, client, clock, timeout_for=min(settings.timeout_for, 10.0)
        )

    async def send(self, message: bytes, *, deadline_at: datetime, officer_class: OfficerClass = "system") -> bytes:
        """Post a message and return what stands inside the envelope. Raises SourceTrouble.

        A token the bus refuses is fetched anew, once: it may have been withdrawn before its time.
        """
        token, reply = await self._post(message, deadline_at, officer_class)
        if reply.status == 401:
            self._tokens.drop(officer_class, token.text)
            _, reply = await self._post(message, deadline_at, officer_class)
        return open_envelope(reply)

    async def check(self) -> Health:
        """Fetch a token and ask for the service's address without a message."""
        try:
            token = await self._tokens.token("system", wait_for=2.0)
            reply = await self._client.send("GET", self._settings.url, headers=_headers(token), timeout_for=2.0)
        except SourceTrouble as failed:
            return Health("down", failed.operator_detail)
        return health_of(reply)

    async def _post(
        self, message: bytes, deadline_at: datetime, officer_class: OfficerClass
    ) -> tuple[AccessToken, OutboundReply]:
        wait_for = time_left(self._settings.timeout_for, deadline_at, self._clock.now())
        token = await self._tokens.token(officer_class, wait_for=wait_for)
        timeout_for = time_left(self._settings.timeout_for, deadline_at, self._clock.now())
        headers = _headers(token) | {"Content-Type": "application/json; charset=utf-8"}
        return token, await self._client.send(
            "POST", self._settings.url, headers=headers, body=message, timeout_for=timeout_for
        )


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


def _credentials(settings: ConnectorSettings) -> dict[OfficerClass, Credentials]:
    """Return whose tokens are used: desk officers have their own client where the operator names one."""
    system = Credentials(client_id=settings.user, client_secret=settings.read_secret())
    if not settings.desk_user:
        return {"system": system, "desk": system}
    desk = Credentials(client_id=settings.desk_user, client_secret=settings.read_desk_secret())
    return {"system": system, "desk": desk}


def _headers(token: AccessToken) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.text}", "Accept": "application/json"}
