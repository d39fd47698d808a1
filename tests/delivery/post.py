"""A receiver over real HTTP that answers as the test says, and a queue with couriers over a real store."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson
from aiohttp import web

from gateway.audit.event import LogoutTold
from gateway.audit.record import Evidence
from gateway.connector_runtime.configuration import EgressSettings
from gateway.connector_runtime.outbound import ZoneClient
from gateway.delivery.channel import Outgoing
from gateway.delivery.courier import Courier, Desk
from gateway.delivery.delivery import EVERYTHING, Delivery, delivery_of, hand_in
from gateway.storage.open import Storage
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from gateway.vocabulary.store import Kind

START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


@dataclass
class Receiver:
    """What came in, and what is answered by path: statuses in turn, the last one for good; `None` answers nothing."""

    address: str = ""
    answers: dict[str, list[tuple[int, dict[str, str]] | None]] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        """Answer one request."""
        self.seen.append((request.path, (await request.read()).decode()))
        self.arrived.set()
        answers = self.answers.get(request.path, [(200, {})])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer is None:
            await self.over.wait()
            return web.Response(status=500)
        return web.Response(status=answer[0], headers=answer[1])


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Serve a receiver on a free port of this machine."""
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/{name}", receiver.take)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    receiver.address = f"http://{host}:{port}"
    yield receiver
    receiver.over.set()
    await runner.cleanup()


@dataclass
class Counting:
    """A meter to look at."""

    tries: Counter[str] = field(default_factory=Counter)
    waiting: Mapping[str, int] = field(default_factory=dict)

    def count_try(self, channel: str, outcome: str) -> None:
        """Count."""
        self.tries[outcome] += 1

    def tell_waiting(self, counts: Mapping[str, int]) -> None:
        """Keep."""
        self.waiting = counts


@dataclass
class Postcards:
    """A channel that sends the delivery's id to the receiver's path."""

    receiver: str
    outbound: ZoneClient
    gone: set[str] = field(default_factory=set)
    event = LogoutTold

    async def write(self, delivery: Delivery, now: datetime) -> Outgoing | None:
        """Write the id."""
        if delivery.receiver in self.gone:
            return None
        return Outgoing(f"{self.receiver}/{delivery.receiver}", {"content-type": "text/plain"}, delivery.id.encode())


@dataclass
class Post:
    """A queue, its clock, and what a test does with it."""

    storage: Storage
    receiver: Receiver
    clock: SettableClock = field(default_factory=lambda: SettableClock(START))
    meter: Counting = field(default_factory=Counting)
    lab: ZoneClient = field(default_factory=lambda: ZoneClient("lab", EgressSettings()))

    def courier(self, outbound: ZoneClient | None = None) -> Courier:
        """Return a courier, of a worker of its own."""
        self.channel = Postcards(self.receiver.address, outbound or self.lab)
        evidence = Evidence(self.clock, SystemRandomness(), self.storage.keys)
        desk = Desk(
            store=self.storage.store,
            agenda=self.storage.store,
            evidence=evidence,
            clock=self.clock,
            meter=self.meter,
        )
        return Courier(desk, {"postcard": self.channel})

    async def hand_in(self, name: str, *, receiver: str = "portal", citizen: str | None = None) -> None:
        """Put a delivery into the queue; with a citizen it is sealed for them."""
        now = self.clock.now()
        delivery = Delivery(
            id=name,
            channel="postcard",
            receiver=receiver,
            content={"client_id": receiver},
            citizen_id=citizen,
            sealed_for_citizen=citizen is not None,
            begun_at=now,
            give_up_at=now + timedelta(hours=24),
            due_at=now,
        )
        assert (await self.storage.store.commit([hand_in(delivery)], now=now)).done

    async def waiting(self) -> list[Delivery]:
        """Return what is in the queue, in its order."""
        return [delivery_of(one) for one in await self.storage.store.earliest(Kind.DELIVERY, before=EVERYTHING)]

    async def outcomes(self) -> list[str]:
        """Return the outcomes of the events stored so far."""
        return [orjson.loads(event.leaf)["outcome"] for event in await self.storage.journal.pending(1000)]
