"""Portals that want to be told of sign-outs: a receiver over real HTTP, and the courier that goes there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import provider_house as world
from provider_house import Provider, open_provider

from gateway.application.deliveries import make_courier
from gateway.connector_runtime.configuration import EgressSettings
from gateway.connector_runtime.outbound import ZoneClient
from gateway.delivery.courier import Courier
from gateway.openid_provider.clients import Portal
from gateway.tokens.jose import LOGOUT_TOKEN, verify_signed
from tests.delivery.post import Receiver, receiving


@dataclass(frozen=True)
class Told:
    """One logout token as a portal reads it."""

    path: str
    header: dict[str, Any]
    claims: dict[str, Any]


@dataclass
class ToldHouse:
    """A provider, the receiver of its portals, and the courier."""

    provider: Provider
    receiver: Receiver
    courier: Courier

    async def told(self) -> list[Told]:
        """Let the courier go, and return what came in, verified as a portal would."""
        await self.courier.work()
        return [self._read(path, body) for path, body in self.receiver.seen]

    def _read(self, path: str, body: str) -> Told:
        form = parse_qs(body, strict_parsing=True)
        assert form.keys() == {"logout_token"}
        now = self.provider.clock.now()
        keys = self.provider.house.keys
        signed = verify_signed(form["logout_token"][0], LOGOUT_TOKEN, keys, now=now, issuer=world.ISSUER)
        return Told(path, signed.header, signed.claims)


def listening(portal: Portal, address: str, path: str, **changes: object) -> Portal:
    """Return a portal that is told of sign-outs at a path of the receiver."""
    return portal.model_copy(update={"backchannel_logout_uri": f"{address}/{path}", **changes})


@asynccontextmanager
async def open_told_house(folder: Path) -> AsyncIterator[ToldHouse]:
    """Yield a provider whose portals `portal` (at /first) and `app` (at /second) want to be told; `old` does not."""
    first, second, *others = world.PORTALS
    lab = ZoneClient("lab", EgressSettings())
    async with receiving() as receiver:
        apart = listening(second, receiver.address, "second", sector="app.example")
        portals = [listening(first, receiver.address, "first"), apart, *others]
        async with open_provider(folder, portals=portals) as provider:
            courier = make_courier(provider.house, provider.house.store, lab)  # type: ignore[arg-type]
            yield ToldHouse(provider, receiver, courier)
    await lab.close()
