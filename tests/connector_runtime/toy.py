"""A toy register on loopback, and a connector that asks it through the real outbound client."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from aiohttp import web

from gateway.connector_runtime.call import SourceCaller
from gateway.connector_runtime.configuration import EgressSettings
from gateway.connector_runtime.contract import (
    Absent,
    Answer,
    Found,
    Health,
    OutboundClient,
    Provenance,
    Question,
    Refused,
    SourceTrouble,
    Unavailable,
)
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.means import Means
from gateway.connector_runtime.outbound import ZoneClient
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.connector_runtime.transports.reply import refuse_status
from gateway.vocabulary.clock import SystemClock

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]
NAMES = ("full_name", "home", "tax_code")


@dataclass
class Toy:
    """What the register does; `seen` are the requests it got, `inside` how many it works on, `most` at once."""

    behave: Behaviour | None = None
    url: str = ""
    seen: list[web.Request] = field(default_factory=list)
    arrived: "asyncio.Queue[None]" = field(default_factory=asyncio.Queue)
    inside: int = 0
    most: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        self.arrived.put_nowait(None)
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            return await (self.behave or well)(request)
        finally:
            self.inside -= 1


def record_of(request: web.Request) -> dict[str, str]:
    number = request.match_info["number"]
    return {"number": number} | {name: f"{name} of {number[-3:]}" for name in NAMES}


async def well(request: web.Request) -> web.StreamResponse:
    return web.json_response(record_of(request))


async def stall(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def down(request: web.Request) -> web.StreamResponse:
    return web.Response(status=503)


class ToyConnector:
    """Asks `GET /people/{number}` and believes only answers about the person it asked for."""

    def __init__(self, url: str, client: OutboundClient, source: str = "toy") -> None:
        self._url = url
        self._client = client
        self._source = source

    async def answer(self, question: Question) -> Answer:
        reply = await self._client.send("GET", f"{self._url}/people/{question.personal_number}", timeout_for=20)
        refuse_status(reply)
        try:
            record: Any = json.loads(reply.body)
        except ValueError:
            raise SourceTrouble(Unavailable(reason="malformed")) from None
        if record["number"] != question.personal_number:
            return dict.fromkeys(question.attributes, Refused("other_person"))
        now = SystemClock().now()
        provenance = Provenance(source=self._source, as_of=date(2026, 11, 22), retrieved_at=now)
        return {
            name: Found(record[name], provenance) if record.get(name) else Absent("empty")
            for name in question.attributes
        }

    async def check(self) -> Health:
        return Health("up")


@asynccontextmanager
async def running(behave: Behaviour | None = None) -> AsyncIterator[Toy]:
    """Serve a toy register."""
    toy = Toy(behave)
    app = web.Application()
    app.router.add_get("/people/{number}", toy.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    toy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield toy
    finally:
        await runner.cleanup()


@asynccontextmanager
async def asking(
    toys: dict[str, Toy], *, means: Means | None = None, **limits: Any
) -> AsyncIterator[ConnectorRegistry]:
    """Join a registry to running toys; all have the same limits."""
    client = ZoneClient("lab", EgressSettings())
    callers = [
        SourceCaller(
            source,
            ToyConnector(toy.url, client, source),
            means or Means(SystemClock()),
            provides=frozenset(NAMES),
            limits=Limits(**limits),
        )
        for source, toy in toys.items()
    ]
    registry = ConnectorRegistry(callers, {}, [client])
    try:
        yield registry
    finally:
        await registry.close()
