"""NDXP: the national exchange platform's X-Road security server in front of a SOAP service.

The caller proves itself with a secret bound to the time: Basic(user : hex(SHA-256(auth_url + user + timestamp +
secret))). Newer members count the timestamp in milliseconds, older ones in seconds. Source: domain.md §5.3.
"""

from base64 import b64encode
from datetime import datetime
from hashlib import sha256

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import (
    Health,
    OfficerClass,
    OutboundClient,
    OutboundReply,
    SourceTrouble,
    Speech,
)
from gateway.connector_runtime.transports.reply import health_of, refuse_status, time_left
from gateway.vocabulary.clock import Clock


class NdxpTransport:
    """Carries SOAP messages through the security server. Reads its secret once, when it is made (OSError)."""

    speech: Speech = "soap"

    def __init__(self, settings: ConnectorSettings, client: OutboundClient, clock: Clock) -> None:
        self._settings = settings
        self._client = client
        self._clock = clock
        self._secret = settings.read_secret()
        self._api_key = settings.read_api_key()

    async def send(self, message: bytes, *, deadline_at: datetime, officer_class: OfficerClass = "system") -> bytes:
        """Post a SOAP message and return the answer's bytes; one secret serves all officers. Raises SourceTrouble."""
        now = self._clock.now()
        timeout_for = time_left(self._settings.timeout_for, deadline_at, now)
        headers = self._headers(now) | {"Content-Type": "application/xml; charset=utf-8"}
        reply = await self._client.send(
            "POST", self._settings.url, headers=headers, body=message, timeout_for=timeout_for
        )
        return _accept(reply)

    async def check(self) -> Health:
        """Ask the bus for the service's address without a message; any answer of a working server counts as up."""
        try:
            reply = await self._client.send(
                "GET", self._settings.url, headers=self._headers(self._clock.now()), timeout_for=2.0
            )
        except SourceTrouble as trouble:
            return Health("down", trouble.operator_detail)
        return health_of(reply)

    def _headers(self, now: datetime) -> dict[str, str]:
        settings = self._settings
        stamp = timestamp(now, settings.timestamp)
        proof = time_bound_secret(settings.auth_url or settings.url, settings.user, stamp, self._secret)
        basic = b64encode(f"{settings.user}:{proof}".encode()).decode("ascii")
        headers = {"Timestamp": stamp, "Authorization": f"Basic {basic}", "SOAPAction": '""'}
        if settings.road_client:
            headers["X-Road-Client"] = settings.road_client
        if self._api_key:
            headers["ApiKey"] = self._api_key
        return headers


def timestamp(now: datetime, unit: str) -> str:
    """Return the instant as NDXP counts it: `milliseconds` or (older members) `seconds` since 1970."""
    milliseconds = round(now.timestamp() * 1000)
    return str(milliseconds if unit == "milliseconds" else milliseconds // 1000)


def time_bound_secret(auth_url: str, user: str, stamp: str, secret: str) -> str:
    """Return the password of the moment, lower-case hex."""
    return sha256(f"{auth_url}{user}{stamp}{secret}".encode()).hexdigest()


def _accept(reply: OutboundReply) -> bytes:
    """Return the body of an answer a SOAP client may read; a SOAP fault comes with status 500 (SOAP 1.1 §6.2)."""
    fault = reply.status == 500 and "xml" in reply.headers.get("content-type", "").lower()
    if not fault:
        refuse_status(reply)
    return reply.body
