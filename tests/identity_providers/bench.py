"""A national dialect on the bench: a played provider over real HTTP, our adapter, and a browser between them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import orjson

from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import Authentication, Begin, Callback, Departure
from gateway.identity_providers.registry import build
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from tests.identity_providers.wire import Outbound, outbound, serving

REDIRECT = "http://127.0.0.1:8000/upstream/vneid/callback"


class Browser:
    """Follows nothing by itself; keeps the simulator's cookies."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def get(self, url: str) -> tuple[int, str | None, str]:
        async with self.session.get(url, allow_redirects=False) as reply:
            return reply.status, reply.headers.get("location"), await reply.text()

    async def post(self, url: str, form: dict[str, str]) -> tuple[int, str | None, str]:
        async with self.session.post(url, data=form, allow_redirects=False) as reply:
            return reply.status, reply.headers.get("location"), await reply.text()


class Bench:
    """`base` is the issuer of the played provider."""

    def __init__(self, base: str, provider: Any, browser: Browser, clock: SettableClock, client: Outbound) -> None:
        self.base, self.provider, self.browser, self.clock, self.client = base, provider, browser, clock, client

    async def put_fault(self, **order: object) -> int:
        async with self.browser.session.put(f"{self.base}/_faults", data=orjson.dumps(order)) as reply:
            return reply.status

    async def depart(self, hint: str | None = None, state: str = "state-1") -> Departure:
        return await self.provider.begin(Begin(state=state, redirect_uri=REDIRECT, login_hint=hint))

    def callback(self, departure: Departure, location: str, state: str = "state-1") -> Callback:
        raw = urlsplit(location).query
        decoded = {name: values[-1] for name, values in parse_qs(raw).items()}
        return Callback(parameters=decoded, raw_query=raw, redirect_uri=REDIRECT, state=state, memory=departure.memory)

    async def come_back(self, hint: str) -> tuple[Departure, str]:
        departure = await self.depart(hint)
        status, location, _ = await self.browser.get(departure.url)
        assert status == 303
        assert location.startswith(REDIRECT + "?")
        return departure, location

    async def sign_in(self, hint: str) -> Authentication:
        departure, location = await self.come_back(hint)
        return await self.provider.complete(self.callback(departure, location))


@asynccontextmanager
async def opened(
    application: Any, sock: Any, settings: IdentityProviderSettings, clock: SettableClock
) -> AsyncIterator[Bench]:
    """Serve the played provider and put our adapter for it up."""
    async with serving(application, sock), outbound() as client:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar, requote_redirect_url=False) as session:
            provider = build([settings], client, None, clock, SystemRandomness())[settings.alias]
            yield Bench(settings.issuer, provider, Browser(session), clock, client)
