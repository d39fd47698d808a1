"""Manifests of the sample kinds, changed at will, and connectors of them that talk to the toy library."""

import asyncio
import socket
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn

from connectors.sample.simulator import create_application
from gateway.connector_runtime.addresses import AddressPolicy
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings
from gateway.connector_runtime.contract import Answer, Question, SourceTrouble
from gateway.connector_runtime.kinds.build import Ways, build_connector
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.outbound import ZoneClient
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import persona
from tests.connector_kinds.pem_files import PemFiles

SAMPLE = Path(__file__).resolve().parents[2] / "connectors/sample"
CANARY = "canary-6d1f"


def text_of(kind: str) -> str:
    return (SAMPLE / kind / "manifest.toml").read_text("utf-8")


def manifest_of(kind: str, change: Callable[[dict[str, Any]], object] = lambda tree: None) -> Manifest:
    """Return the sample's manifest of a kind after `change` has changed its tree."""
    tree = tomllib.loads(text_of(kind))
    change(tree)
    return Manifest.model_validate(tree)


def ask_about(index: int, *, wait_for: float = 5.0, **changes: Any) -> Question:
    one = persona(index)
    known: dict[str, Any] = {
        "attributes": frozenset({"the_sample_card_number", "the_sample_card_issued", "the_sample_branch"}),
        "personal_number": one.personal_number,
        "old_number": one.old_number,
        "full_name": one.full_name,
        "birth_date": PartialDate.parse(one.birth_date),
        "procedure": "9.990001",
        "purpose": "prefill",
        "request_id": "01JABCDEFGHJKMNPQRSTVWXYZ0",
        "deadline_at": SystemClock().now() + timedelta(seconds=wait_for),
    }
    return Question(**known | changes)


@dataclass
class Toy:
    """A service on this machine and connectors that ask it."""

    url: str
    closing: list[Any] = field(default_factory=list)

    def connector(
        self, kind: str, change: Callable[[dict[str, Any]], object] = lambda tree: None, **members: Any
    ) -> Any:
        def at_toy(tree: dict[str, Any]) -> None:
            tree["endpoint"]["url"] = self.url
            change(tree)

        secrets = {"toy-key": SAMPLE / "shared/toy.key"}
        known = {"zone": "lab", "secret_files": secrets, "officer": "999080000200", "timeout_for": 3.0}
        settings = ConnectorSettings(**known | members)
        client = ZoneClient("lab", EgressSettings(), tls=settings.read_tls())
        self.closing.append(client)
        ways = Ways(client=client, policy=AddressPolicy("lab", EgressSettings()), clock=SystemClock())
        made, opened = build_connector("the_sample", manifest_of(kind, at_toy), settings, ways)
        if opened is not None:
            self.closing.append(opened)
        return made

    async def order(self, **fault: Any) -> None:
        async with aiohttp.ClientSession() as session, session.put(f"{self.url}/_faults", json=fault) as reply:
            assert reply.status == 200, await reply.text()


async def outcome_of(connector: Any, question: Question) -> Any:
    """Return the answer, or the one outcome every attribute gets when the call as a whole failed."""
    try:
        answer: Answer = await connector.answer(question)
    except SourceTrouble as trouble:
        return trouble.outcome
    return answer


@asynccontextmanager
async def serving(application: Any, tls: PemFiles | None = None) -> AsyncIterator[Toy]:
    listening = socket.create_server(("127.0.0.1", 0))
    own = {} if tls is None else {"ssl_certfile": tls.certificate, "ssl_keyfile": tls.key}
    server = uvicorn.Server(
        uvicorn.Config(application, log_level="critical", lifespan="off", timeout_graceful_shutdown=1, **own)
    )
    running = asyncio.create_task(server.serve(sockets=[listening]))
    made = Toy(f"{'http' if tls is None else 'https'}://127.0.0.1:{listening.getsockname()[1]}")
    yield made
    for one in made.closing:
        await one.close()
    server.should_exit = True
    server.force_exit = True
    await running
    listening.close()


@pytest.fixture
async def toy() -> AsyncIterator[Toy]:
    async with serving(create_application()) as made:
        yield made
