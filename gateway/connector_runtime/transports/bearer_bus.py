"""What every bus under Bearer tokens has in common: a token of the officer class, one message, one answer."""

from collections.abc import Callable, Mapping
from datetime import datetime

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import Health, OfficerClass, OutboundClient, OutboundReply, SourceTrouble
from gateway.connector_runtime.failure import TransportUnset
from gateway.connector_runtime.transports.access_token import AccessToken, Credentials, TokenKeeper, TokenProof
from gateway.connector_runtime.transports.reply import health_of, time_left
from gateway.vocabulary.clock import Clock

Write = Callable[[AccessToken, OfficerClass], bytes]
"""Writes the body of a message under a token."""


class BearerBus:
    """Posts messages to the service's address at a bus. Raises TransportUnset without a token endpoint."""

    def __init__(
        self,
        name: str,
        settings: ConnectorSettings,
        proofs: Mapping[OfficerClass, TokenProof],
        way: tuple[OutboundClient, Clock],
    ) -> None:
        if not settings.token_url:
            raise TransportUnset(f"transport `{name}` wants `token_url`, where its Bearer tokens come from")
        self._settings = settings
        self._client, self._clock = way
        self._tokens = TokenKeeper(settings.token_url, proofs, *way, timeout_for=min(settings.timeout_for, 10.0))

    async def post(self, write: Write, *, deadline_at: datetime, officer_class: OfficerClass) -> OutboundReply:
        """Post a message. Raises SourceTrouble.

        A token the bus refuses is fetched anew, once: it may have been withdrawn before its time.
        """
        token, reply = await self._post(write, deadline_at, officer_class)
        if reply.status == 401:
            self._tokens.drop(officer_class, token.text)
            _, reply = await self._post(write, deadline_at, officer_class)
        return reply

    async def check(self) -> Health:
        """Fetch a token and ask for the service's address without a message."""
        try:
            token = await self._tokens.token("system", wait_for=2.0)
            reply = await self._client.send("GET", self._settings.url, headers=_headers(token), timeout_for=2.0)
        except SourceTrouble as failed:
            return Health("down", failed.operator_detail)
        return health_of(reply)

    async def _post(
        self, write: Write, deadline_at: datetime, officer_class: OfficerClass
    ) -> tuple[AccessToken, OutboundReply]:
        wait_for = time_left(self._settings.timeout_for, deadline_at, self._clock.now())
        token = await self._tokens.token(officer_class, wait_for=wait_for)
        timeout_for = time_left(self._settings.timeout_for, deadline_at, self._clock.now())
        headers = _headers(token) | {"Content-Type": "application/json; charset=utf-8"}
        return token, await self._client.send(
            "POST", self._settings.url, headers=headers, body=write(token, officer_class), timeout_for=timeout_for
        )


def client_credentials(settings: ConnectorSettings) -> dict[OfficerClass, Credentials]:
    """Return whose tokens are used: desk officers have their own client where the operator names one."""
    system = Credentials(client_id=settings.user, client_secret=settings.read_secret())
    if not settings.desk_user:
        return {"system": system, "desk": system}
    desk = Credentials(client_id=settings.desk_user, client_secret=settings.read_desk_secret())
    return {"system": system, "desk": desk}


def _headers(token: AccessToken) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.text}", "Accept": "application/json"}
