"""A population simulator over real HTTP, and a registry that talks to it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import uvicorn
from pydantic import SecretStr

from connectors.population.simulator import DEMO_SECRET, DEMO_USER, PATH, create_application
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings
from gateway.connector_runtime.contract import Question
from gateway.connector_runtime.registry import ConnectorRegistry
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona, persona


@dataclass
class Source:
    """The simulator and what a test needs around it."""

    url: str
    registries: list[ConnectorRegistry] = field(default_factory=list)

    def settings(self, **changes: Any) -> ConnectorSettings:
        known: dict[str, Any] = {
            "url": f"{self.url}{PATH}",
            "zone": "lab",
            "user": DEMO_USER,
            "secret": SecretStr(DEMO_SECRET),
            "officer": "999080000200",
            "agency_code": "H55.19",
            "road_client": "VN/GOV/H55/gate06",
        }
        return ConnectorSettings(**known | changes)

    def registry(self, **changes: Any) -> ConnectorRegistry:
        made = ConnectorRegistry.load(
            {"population": self.settings(**changes)}, egress=EgressSettings(), clock=SystemClock()
        )
        self.registries.append(made)
        return made

    async def order(self, **fault: Any) -> None:
        async with aiohttp.ClientSession() as session, session.put(f"{self.url}/_faults", json=fault) as reply:
            assert reply.status == 200, await reply.text()

    async def calls(self) -> dict[str, Any]:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/_calls") as reply:
            answer: dict[str, Any] = await reply.json()
            return answer


@pytest.fixture
async def source() -> AsyncIterator[Source]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # callers queue here until the server takes over
    server = uvicorn.Server(
        uvicorn.Config(create_application(count=140), log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    )
    running = asyncio.create_task(server.serve(sockets=[listening]))
    made = Source(f"http://127.0.0.1:{listening.getsockname()[1]}")
    yield made
    for registry in made.registries:
        await registry.close()
    server.should_exit = True
    server.force_exit = True
    await running
    listening.close()


@pytest.fixture
def question_about() -> Callable[..., Question]:
    return make_question


def make_question(one: Persona | int, *, wait_for: float = 5.0, **changes: Any) -> Question:
    """Return a question for every attribute about a persona (or another person of that shape)."""
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
