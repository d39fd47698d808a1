"""The load: the same journeys against both servers, over kept-alive connections, from a process of its own."""

import asyncio
import hashlib
import html
import re
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import aiohttp

from benchmarks.stack import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, RESOURCE, Subject

VERIFIER = "v" * 64
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
BASIC = "Basic " + b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
FORM = {"content-type": "application/x-www-form-urlencoded", "authorization": BASIC}


@dataclass(frozen=True, slots=True)
class Paths:
    """Where a server has its endpoints."""

    authorize: str
    token: str
    userinfo: str
    push: str


OURS = Paths("/authorize", "/token", "/userinfo", "/par")
THEIRS = Paths("/auth", "/token", "/me", "/request")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """CPU milliseconds and wall milliseconds per unit of work, and the latencies."""

    name: str
    unit_count: int
    cpu_ms: float
    per_second: float
    p50_ms: float
    p99_ms: float

    @property
    def per_core_second(self) -> float:
        """Units one core does in a second."""
        return 1000 / self.cpu_ms


def authorization(scope: str, **more: str) -> str:
    """Return the query of an authorization request."""
    return urlencode(
        {
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": scope,
            "state": "state-state-state",
            "nonce": "nonce-nonce-nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **more,
        }
    )


class Browser:
    """Follows redirects and presses buttons until it lands at the portal's callback."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def walk(self, url: str) -> str:
        """Return the callback URL with its answer."""
        method, form = "GET", None
        for _ in range(20):
            async with self.session.request(method, url, data=form, allow_redirects=False) as answer:
                location = answer.headers.get("location")
                page = await answer.text()
            if location:
                url, method, form = urljoin(url, location), "GET", None
                if url.startswith(REDIRECT_URI):
                    return url
                continue
            url, form = _press(page, url)
            method = "POST"
        raise RuntimeError("the sign-in did not arrive")


def _press(page: str, url: str) -> tuple[str, dict[str, str]]:
    """Return action and fields of the first form, with the first submit button's own name and value."""
    found = re.search(r'<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>', page, re.DOTALL)
    if not found:
        words = re.sub("<[^>]*>", " ", page).split()
        raise RuntimeError(f"no form on {urlsplit(url).path}: {' '.join(words[-120:])}")
    fields = {}
    pressed = False
    for tag in re.findall(r"<(?:input|button)[^>]*>", found[2]):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if "name" not in attributes:
            continue
        if tag.startswith("<button"):
            if pressed:
                continue
            pressed = True
        fields[attributes["name"]] = html.unescape(attributes.get("value", "") or "persona-3")
    return urljoin(url, html.unescape(found[1])), fields


async def sign_in(session: aiohttp.ClientSession, subject: Subject, paths: Paths, scope: str) -> None:
    """Get a live browser session whose notice was seen."""
    hint = {"login_hint": "persona:3", "idp_hint": "vneid"} if subject.plan else {}
    await Browser(session).walk(f"{subject.origin}{paths.authorize}?{authorization(scope, **hint)}")


async def journey(session: aiohttp.ClientSession, subject: Subject, paths: Paths, scope: str) -> str:
    """Authorize, redeem, ask who it is; return the access token."""
    url = f"{subject.origin}{paths.authorize}?{authorization(scope)}"
    async with session.get(url, allow_redirects=False) as answer:
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    token = await redeem(session, subject, paths, code)
    headers = {"authorization": f"Bearer {token}"}
    async with session.get(f"{subject.origin}{paths.userinfo}", headers=headers) as answer:
        if (await answer.json())["name"] is None or answer.status != 200:
            raise RuntimeError("userinfo did not answer")
    return token


async def redeem(session: aiohttp.ClientSession, subject: Subject, paths: Paths, code: str) -> str:
    """Return the access token of a code."""
    form = urlencode(
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        }
    )
    async with session.post(f"{subject.origin}{paths.token}", data=form, headers=FORM) as answer:
        tokens = await answer.json()
        if answer.status != 200 or "id_token" not in tokens:
            raise RuntimeError(f"token endpoint answered {answer.status} {tokens.get('error')}")
        return str(tokens["access_token"])


async def machine_token(session: aiohttp.ClientSession, subject: Subject, paths: Paths) -> None:
    """Get a JWT access token by client_credentials."""
    form = urlencode({"grant_type": "client_credentials", "scope": "report:read", "resource": RESOURCE})
    async with session.post(f"{subject.origin}{paths.token}", data=form, headers=FORM) as answer:
        token = (await answer.json()).get("access_token", "")
        if answer.status != 200 or token.count(".") != 2:
            raise RuntimeError(f"token endpoint answered {answer.status}")


async def prefill(
    session: aiohttp.ClientSession, subject: Subject, token: str, procedure: str = "1.004222"
) -> dict[str, Any]:
    """Ask for the filled form."""
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    body = f'{{"procedure":"{procedure}"}}'.encode()
    async with session.post(f"{subject.origin}/v1/prefill", data=body, headers=headers) as answer:
        form: dict[str, Any] = await answer.json()
        if answer.status != 200:
            raise RuntimeError(f"prefill answered {answer.status} {form.get('code')}")
        return form


async def measure(
    name: str, subject: Subject, work: Callable[[int], Awaitable[object]], *, count: int, in_flight: int
) -> Measured:
    """Do `count` units with `in_flight` at a time and return what they cost the server."""
    numbers = iter(range(count))
    latencies: list[float] = []

    async def worker() -> None:
        for number in numbers:
            begun = time.perf_counter()
            await work(number)
            latencies.append((time.perf_counter() - begun) * 1000)

    before, started = subject.cpu_seconds(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(worker())
    spent, wall = subject.cpu_seconds() - before, time.perf_counter() - started
    latencies.sort()
    return Measured(
        name=name,
        unit_count=count,
        cpu_ms=spent * 1000 / count,
        per_second=count / wall,
        p50_ms=latencies[len(latencies) // 2],
        p99_ms=latencies[int(len(latencies) * 0.99)],
    )


def open_session() -> aiohttp.ClientSession:
    """Return a browser with its own cookies and many connections."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.CookieJar(unsafe=True), connector=aiohttp.TCPConnector(limit=64), auto_decompress=False
    )
