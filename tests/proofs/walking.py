"""A browser without scripts that stops where a proof wants to break something, and remembers every address it asked."""

import hashlib
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import aiohttp
import orjson

from gateway.cli.citizen import Form, PageReader
from gateway.cli.demo_files import SAMPLE_CLIENT
from tests.proofs.stack import PROCEDURE, Stack

VERIFIER = "proof-" * 8
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
_BUTTONS = ("login", "consent-allow", "continue", "logout-yes")


@dataclass(frozen=True, slots=True)
class Page:
    """Where a walk stopped: a page that was shown, with how long it took."""

    url: str
    status: int
    text: str
    seconds: float

    def read(self) -> PageReader:
        """Return its forms and links."""
        return PageReader(self.text)


@dataclass(slots=True)
class Step:
    """The next thing to ask for."""

    url: str
    method: str = "GET"
    form: dict[str, str] | None = None


@dataclass
class Walker:
    """One browser and the portal behind it."""

    stack: Stack
    session: aiohttp.ClientSession
    asked: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    @property
    def callback(self) -> str:
        """Return the portal's redirect URI."""
        return f"{self.stack.plan.portal_url}/callback"

    def authorization(self, persona: int, scope: str = f"openid profile procedure:{PROCEDURE}", **more: str) -> Step:
        """Return the first step of a sign-in."""
        parameters = {
            "response_type": "code",
            "client_id": SAMPLE_CLIENT,
            "redirect_uri": self.callback,
            "scope": scope,
            "state": "state-of-a-proof",
            "nonce": "nonce-of-a-proof",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "login_hint": f"persona:{persona}",
            "ui_locales": "vi",
            **more,
        }
        return Step(f"{self.stack.issuer}/authorize?{urlencode(parameters)}")

    async def go(self, step: Step, until: Callable[[Step], bool] = lambda step: False) -> Step:
        """Follow redirects and press buttons until `until` holds or the portal is reached; return what comes next."""
        for _ in range(25):
            if until(step) or step.url.startswith(self.stack.plan.portal_url):
                if step.url.startswith(self.stack.plan.portal_url):
                    self.asked.append(step.url)
                return step
            answer = await self.ask(step)
            step = answer if isinstance(answer, Step) else press(answer)
        raise AssertionError("the way leads in circles")

    async def ask(self, step: Step) -> Step | Page:
        """Ask once: a redirect is the next step, anything else a page."""
        self.asked.append(step.url)
        begun = time.perf_counter()
        async with self.session.request(step.method, step.url, data=step.form, allow_redirects=False) as answer:
            text = await answer.text()
            self.statuses.append(answer.status)
            location = answer.headers.get("Location")
        if location is not None:
            return Step(urljoin(step.url, location))
        return Page(step.url, answer.status, text, time.perf_counter() - begun)

    async def sign_in(self, persona: int, **more: str) -> str:
        """Walk to the portal and return the access token."""
        return str((await self.tokens(persona, **more))["access_token"])

    async def tokens(self, persona: int, **more: str) -> dict[str, Any]:
        """Walk to the portal and return what the token endpoint answers."""
        code = await self.code(persona, **more)
        status, answer = await self.redeem(code)
        assert status == 200, answer
        return answer

    async def code(self, persona: int, **more: str) -> str:
        """Walk to the portal and return the code."""
        back = answer_of(await self.go(self.authorization(persona, **more)))
        assert "code" in back, back
        return back["code"]

    async def redeem(self, code: str, **headers: str) -> tuple[int, dict[str, Any]]:
        """Redeem a code."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
            "code_verifier": VERIFIER,
        }
        return await self.post_form("/token", fields, **headers)

    async def post_form(self, path: str, fields: dict[str, str], **headers: str) -> tuple[int, dict[str, Any]]:
        """Post a form as the sample portal."""
        self.asked.append(f"{self.stack.issuer}{path}")
        async with self.session.post(
            f"{self.stack.issuer}{path}", data=fields, headers=self.stack.basic | headers
        ) as answer:
            body = await answer.read()
            self.statuses.append(answer.status)
            return answer.status, orjson.loads(body) if body else {}

    async def api(self, method: str, path: str, token: str, **more: Any) -> tuple[int, dict[str, Any]]:
        """Call the gateway's own API with a token."""
        self.asked.append(f"{self.stack.issuer}{path}")
        headers = {"Authorization": f"Bearer {token}"}
        async with self.session.request(
            method, f"{self.stack.issuer}{path}", headers=headers, allow_redirects=False, **more
        ) as answer:
            body = await answer.read()
            self.statuses.append(answer.status)
            return answer.status, orjson.loads(body) if body else {}

    async def prefill(self, token: str) -> tuple[int, dict[str, Any]]:
        """Ask for the form."""
        return await self.api("POST", "/v1/prefill", token, json={"procedure": PROCEDURE})

    async def verify(self, token: str, manifest: str, values: Any, **expected: str) -> tuple[int, dict[str, Any]]:
        """Compare a submitted form with its manifest."""
        body = {"manifest": manifest, "values": values, **expected}
        return await self.api("POST", "/v1/prefill/verify", token, json=body)

    async def client_token(self) -> str:
        """Return a token of the portal itself."""
        status, answer = await self.post_form("/token", {"grant_type": "client_credentials"})
        assert status == 200, answer
        return str(answer["access_token"])


@asynccontextmanager
async def walker(stack: Stack) -> AsyncIterator[Walker]:
    """Open a browser with its own cookies."""
    session = aiohttp.ClientSession(
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        timeout=aiohttp.ClientTimeout(total=60),
        connector=aiohttp.TCPConnector(limit=100),
        headers={"Accept-Language": "vi"},
    )
    async with session:
        yield Walker(stack, session)


def answer_of(step: Step) -> dict[str, str]:
    """Return what came back to the portal."""
    return dict(parse_qsl(urlsplit(step.url).query))


def press(page: Page) -> Step:
    """Do what a person would do on this page: press the first known button, or go back to the portal."""
    read = page.read()
    for form in read.forms:
        for name in _BUTTONS:
            if name in form.buttons:
                return _submit(page.url, form, name)
    if read.links.get("return"):
        return Step(urljoin(page.url, read.links["return"]))
    raise AssertionError(f"no way on from {urlsplit(page.url).path}: {page.status} {read.codes}")


def _submit(here: str, form: Form, button: str) -> Step:
    name, value = form.buttons[button]
    fields = form.fields | ({name: value} if name else {})
    action = urljoin(here, form.action)
    if form.method == "get":
        return Step(f"{action}?{urlencode(fields)}")
    return Step(action, "POST", fields)
