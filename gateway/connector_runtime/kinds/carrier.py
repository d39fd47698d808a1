"""How a written question reaches its source: at the source's own endpoint, or over a bus that carries messages."""

from datetime import datetime
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import (
    Health,
    OfficerClass,
    OutboundClient,
    OutboundReply,
    SourceTrouble,
    Transport,
)
from gateway.connector_runtime.kinds.credential import Credential, RenewsProof
from gateway.connector_runtime.kinds.writing import Written
from gateway.connector_runtime.manifest_failure import HostNotAllowed
from gateway.connector_runtime.manifest_parts import Endpoint, Probe
from gateway.connector_runtime.transports.reply import time_left
from gateway.vocabulary.clock import Clock


class Carried(NamedTuple):
    """A source's answer, unread, and the question's body as it went out: what proves it may bind the answer to it."""

    reply: OutboundReply
    sent: bytes | None = None


class Carrier(Protocol):
    """Takes questions to one source."""

    async def send(self, written: Written, *, deadline_at: datetime, officer_class: OfficerClass) -> Carried:
        """Return the source's answer, unread. Raises SourceTrouble when none came by `deadline_at` (UTC)."""
        ...

    async def check(self) -> Health:
        """Probe the source; nobody is asked about."""
        ...


class EndpointCarrier:
    """A source's own endpoint."""

    def __init__(
        self,
        settings: ConnectorSettings,
        endpoint: Endpoint,
        probe: Probe,
        credential: Credential,
        way: tuple[OutboundClient, Clock],
    ) -> None:
        self.url = choose_url(settings, endpoint)
        self._probe = probe
        self._credential = credential
        self._client, self._clock = way
        self._timeout_for = settings.timeout_for

    async def send(self, written: Written, *, deadline_at: datetime, officer_class: OfficerClass) -> Carried:
        """Send the question under the credential. Raises SourceTrouble.

        A token that the source refuses is fetched anew, once: it may have been withdrawn before its time.
        """
        proven, reply = await self._send_proven(written, deadline_at, officer_class)
        if reply.status == 401 and isinstance(self._credential, RenewsProof):
            self._credential.renew(officer_class, proven)
            proven, reply = await self._send_proven(written, deadline_at, officer_class)
        return Carried(reply, proven.body)

    async def _send_proven(
        self, written: Written, deadline_at: datetime, officer_class: OfficerClass
    ) -> tuple[Written, OutboundReply]:
        wait_for = time_left(self._timeout_for, deadline_at, self._clock.now())
        proven = await self._credential.prove(written, officer_class, wait_for=wait_for)
        reply = await self._client.send(
            proven.method,
            self.url + proven.path,
            headers=proven.headers,
            body=proven.body,
            timeout_for=time_left(self._timeout_for, deadline_at, self._clock.now()),
        )
        return proven, reply

    async def check(self) -> Health:
        """Ask the probe's path and judge the status alone."""
        try:
            probe = await self._credential.prove(Written("GET", self._probe.path, {}, None), "system", wait_for=2.0)
            reply = await self._client.send("GET", self.url + probe.path, headers=probe.headers, timeout_for=2.0)
        except SourceTrouble as failed:
            return Health("down", failed.operator_detail)
        if reply.status in {401, 403}:
            return Health("down", "the source refused the credentials")
        if reply.status in self._probe.accept:
            return Health("up")
        return Health("down" if reply.status >= 500 else "degraded", f"the probe was answered with {reply.status}")


class BusCarrier:
    """A bus: it knows its own address, headers and credentials, and carries the body alone."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def send(self, written: Written, *, deadline_at: datetime, officer_class: OfficerClass) -> Carried:
        """Carry the body. Raises SourceTrouble."""
        message = written.body or b""
        body = await self._transport.send(message, deadline_at=deadline_at, officer_class=officer_class)
        return Carried(OutboundReply(200, {}, body), message)

    async def check(self) -> Health:
        """Probe the bus."""
        return await self._transport.check()


def choose_url(settings: ConnectorSettings, endpoint: Endpoint) -> str:
    """Return the operator's address, else the manifest's, without a slash at its end. Raises HostNotAllowed."""
    url = settings.url or endpoint.url
    host = urlsplit(url).hostname or ""
    if host not in endpoint.allowed_hosts:
        allowed = ", ".join(f"`{one}`" for one in endpoint.allowed_hosts)
        raise HostNotAllowed(f"`{host}` is not in `endpoint.allowed_hosts` ({allowed})")
    return url.rstrip("/")
