"""The exam of a connector whose service wants a token: it is asked as it is, and its token endpoint is told."""

import asyncio
from pathlib import Path

import pytest
from starlette.routing import Route

from connectors.sample.simulator import create_application
from gateway.connector_exam.candidate import read_candidate
from gateway.connector_exam.running import ServiceAddress, running_source
from gateway.connector_runtime.contract.simulator_credentials import Statements, TokenDoor
from gateway.connector_runtime.failure import TransportUnset
from gateway.vocabulary.clock import SystemClock, SystemRandomness
from tests.connector_kinds.conftest import serving
from tests.connector_kinds.pem_files import pem_files
from tests.connector_kinds.test_statements import AUDIENCE, jwks

pytestmark = pytest.mark.anyio


async def test_the_running_service_is_asked_under_a_token(folder: Path, tmp_path: Path) -> None:
    text = (folder / "manifest.toml").read_text("utf-8")
    auth = f'kind = "oauth2_jwt"\nuser = "gate06"\naudience = "{AUDIENCE}"\n'
    text = text.replace('kind = "apikey"\nheader = "X-Api-Key"\n', auth)
    (folder / "manifest.toml").write_text(text, "utf-8")
    key = pem_files(tmp_path, "own").key
    candidate = await asyncio.to_thread(read_candidate, folder, [], None)
    door = TokenDoor(Statements.of("gate06", AUDIENCE, jwks(key), SystemClock()), SystemClock(), SystemRandomness())
    application = create_application(door=door)
    application.router.routes.append(Route("/token", door.issue, methods=["POST"]))
    async with serving(application) as toy:
        known = ServiceAddress(url=toy.url, secret_files={"toy-key": key}, token_url=f"{toy.url}/token")
        async with running_source(candidate, known) as source:
            assert (await source.check()).state == "up"
        assert door.token_count == 1
        with pytest.raises(TransportUnset, match="token_url"):
            async with running_source(candidate, ServiceAddress(url=toy.url, secret_files={"toy-key": key})):
                pass
