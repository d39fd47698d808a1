"""Simulators of registers over real HTTP, and registries that talk to them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import uvicorn
from pydantic import SecretStr

from connectors.civil_status import simulator as civil_status
from connectors.population import simulator as population
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings
from gateway.connector_runtime.contract import Question
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.vocabulary.clock import Clock, SystemClock
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona, persona

_PLACES = {"ndxp": "ndxp", "lgsp": "lgsp/ngsp", "lgsp_wrapper": "lgsp1", "lgsp_json": "lgsp2"}
SECRETS = {"population": population.DEMO_SECRET, "civil_status": civil_status.DEMO_SECRET}


@dataclass
class Source:
    """A simulator and what a test needs around it; `transport` is the bus its registries use."""

    url: str
    name: str = "population"
    transport: str = "ndxp"
    registries: list[ConnectorRegistry] = field(default_factory=list)

    def settings(self, **changes: Any) -> ConnectorSettings:
        known: dict[str, Any] = {
            "transport": self.transport,
            "url": f"{self.url}/{_PLACES[self.transport]}/{self.name}",
            "token_url": f"{self.url}/{_PLACES[self.transport].partition('/')[0]}/token",
            "zone": "lab",
            "user": "gate06-demo",
            "secret": SecretStr(SECRETS[self.name]),
            "officer": "999080000200",
            "agency_code": "H55.19",
            "road_client": "VN/GOV/H55/gate06",
            "application": population.PARTNER["AppName"],
            "partner_code": population.PARTNER["PartnerCode"],
            "customer_code": population.PARTNER["PartnerCodeCus"],
            "key_user": "gate06-demo",
            "key_secret": SecretStr(SECRETS[self.name]),
        }
        return ConnectorSettings(**known | changes)

    def registry(self, clock: Clock | None = None, **changes: Any) -> ConnectorRegistry:
        made = ConnectorRegistry.load(
            {self.name: self.settings(**changes)}, egress=EgressSettings(), clock=clock or SystemClock()
        )
        self.registries.append(made)
        return made

    async def order(self, **fault: Any) -> None:
        async with aiohttp.ClientSession() as session, session.put(f"{self.url}/_faults", json=fault) as reply:
            assert reply.status == 200, await reply.text()

    async def calls(self) -> dict[str, Any]:
        return await self.told("_calls")

    async def told(self, path: str) -> dict[str, Any]:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/{path}") as reply:
            answer: dict[str, Any] = await reply.json()
            return answer


@asynccontextmanager
async def serving(application: Any, name: str, transport: str = "ndxp") -> AsyncIterator[Source]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # callers queue here until the server takes over
    server = uvicorn.Server(
        uvicorn.Config(application, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    )
    running = asyncio.create_task(server.serve(sockets=[listening]))
    made = Source(f"http://127.0.0.1:{listening.getsockname()[1]}", name, transport)
    yield made
    for registry in made.registries:
        await registry.close()
    server.should_exit = True
    server.force_exit = True
    await running
    listening.close()


@pytest.fixture(params=["ndxp", "lgsp"])
async def source(request: pytest.FixtureRequest) -> AsyncIterator[Source]:
    """The population register, once behind each bus."""
    async with serving(population.create_application(count=140), "population", request.param) as made:
        yield made


@pytest.fixture
async def civil() -> AsyncIterator[Source]:
    """The civil status register."""
    async with serving(civil_status.create_application(count=140), "civil_status") as made:
        yield made


@pytest.fixture
def question_about() -> Callable[..., Question]:
    return make_question


def make_question(one: Persona | int, *, wait_for: float = 5.0, **changes: Any) -> Question:
    """Return a question for every attribute of the population register about a persona (or somebody made alike)."""
    from connectors.population.fields import READERS

    person = persona(one) if isinstance(one, int) else one
    known: dict[str, Any] = {
        "attributes": frozenset(READERS),
        "personal_number": person.personal_number,
        "old_number": person.old_number,
        "full_name": person.full_name,
        "birth_date": PartialDate.parse(person.birth_date),
        "procedure": "1.004222",
        "purpose": "prefill",
        "request_id": "01JABCDEFGHJKMNPQRSTVWXYZ0",
        "deadline_at": SystemClock().now() + timedelta(seconds=wait_for),
    }
    return Question(**known | changes)
