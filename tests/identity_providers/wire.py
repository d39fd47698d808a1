"""Real HTTP for the tests of this folder: serving an application on a free port and calling it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import uvicorn


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class SomeTrouble(Exception):
    """Stands for the exception of the outbound client, which identity providers cannot name."""


class Outbound:
    """An outbound client as strict as the house's: no redirects, a time limit, a size limit."""

    def __init__(self) -> None:
        self.session = aiohttp.ClientSession()
        self.sent: list[tuple[str, str]] = []

    async def send(self, method, url, *, headers=None, body=None, timeout_for=2.0, limit=1_048_576) -> Reply:
        self.sent.append((method, url))
        try:
            async with asyncio.timeout(timeout_for):
                async with self.session.request(
                    method, url, headers=headers, data=body, allow_redirects=False
                ) as response:
                    octets = await response.content.read(limit + 1)
                    named = {name.lower(): value for name, value in response.headers.items()}
        except (aiohttp.ClientError, TimeoutError, OSError) as trouble:
            raise SomeTrouble(f"calling {url}") from trouble
        if len(octets) > limit:
            raise SomeTrouble("oversize")
        return Reply(response.status, named, octets)


@asynccontextmanager
async def outbound() -> AsyncIterator[Outbound]:
    client = Outbound()
    try:
        yield client
    finally:
        await client.session.close()


@asynccontextmanager
async def serving(application: Any, sock: Any) -> AsyncIterator[None]:
    """Serve on an already bound socket until the block is left; started and stopped without uvicorn's ticking loop."""
    config = uvicorn.Config(application, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[sock])
    try:
        yield
    finally:
        for listening in server.servers:
            listening.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        # callers that have hung up are seen a turn of the loop later; uvicorn itself would wait 100 ms for them
        async with asyncio.timeout(60):
            while server.server_state.connections or server.server_state.tasks:  # noqa: ASYNC110  it has no event
                await asyncio.sleep(0)
