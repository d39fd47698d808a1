"""A citizen without a browser: walks the whole journey over real HTTP as a browser without scripts would.

Starts at a portal (authorization code with PKCE and `nonce`), follows redirects, fills the forms it meets by their
ids, and returns to the portal, which redeems the code and asks for the form. Which portal is played stands in
`Played`: the sample portal of a demo, or a developer's own.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote_plus, urlencode, urljoin, urlsplit

import aiohttp
import orjson
import typer

from gateway.cli.demo_files import SAMPLE_CLIENT, DemoPlan, Road
from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, say_table, talk
from gateway.vocabulary.clock import SystemRandomness, text_token
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.persona import persona

_LONGEST_WAY = 25
_BUTTONS = ("login", "consent-allow", "continue")


class JourneyLost(Failure):
    """The journey met something it does not know."""

    code = "GW-9106"
    title = "journey lost"
    http_status = 502
    vi = "Hành trình gặp một trang không mong đợi."
    en = "The journey met a page it did not expect."
    fix = "Walk the same journey in a browser with `gate06 demo`."


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes and what it holds; a button's own name and value go in when it is pressed."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)


class PageReader(HTMLParser):
    """Reads forms and the links with an id from a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.codes: list[str] = []
        self._open: Form | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of forms, inputs, buttons and links."""
        known = {name: value or "" for name, value in attrs}
        if "data-code" in known:
            self.codes.append(known["data-code"])
        if tag == "a" and "id" in known:
            self.links[known["id"]] = known.get("href", "")
        elif tag == "form":
            self._open = Form(known.get("action", ""), known.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is not None and tag == "input" and known.get("type") == "hidden":
            self._open.fields[known.get("name", "")] = known.get("value", "")
        elif self._open is not None and tag == "button":
            self._open.buttons[known.get("id", "")] = (known.get("name", ""), known.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        """Close a form."""
        if tag == "form":
            self._open = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """The portal a journey plays: the issuer it trusts, who it is there, where codes go; `scope` without a form."""

    issuer: str
    client_id: str
    redirect_uri: str
    client_secret: str | None = field(default=None, repr=False)
    method: str = "client_secret_basic"
    scope: str = "openid profile"

    @classmethod
    def sample(cls, plan: DemoPlan) -> "Played":
        """Return the sample portal of a demo."""
        return cls(
            issuer=plan.issuer,
            client_id=SAMPLE_CLIENT,
            redirect_uri=f"{plan.portal_url}/callback",
            client_secret=plan.secret("portal.secret"),
        )

    def authorization(self, number: int, road: Road, *, verifier: str, state: str) -> str:
        """Return the address that a sign-in of a persona starts at."""
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": f"{self.scope} procedure:{road.procedure}",
            "state": state,
            "nonce": text_token(SystemRandomness(), 128),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "login_hint": f"persona:{number}",
            "ui_locales": "vi",
        }
        if road.identity_provider is not None:
            parameters["idp_hint"] = road.identity_provider
        return f"{self.issuer}/authorize?{urlencode(parameters)}"

    def authenticated(self, fields: Mapping[str, str]) -> dict[str, Any]:
        """Return what a token request carries: its form, and a header where the method is Basic (RFC 6749 §2.3.1)."""
        if self.method == "client_secret_basic":
            # both are form-encoded first: a secret may hold any letter
            pair = (quote_plus(self.client_id), quote_plus(self.client_secret or ""))
            return {"data": fields, "headers": {"Authorization": aiohttp.encode_basic_auth(*pair)}}
        secret = {} if self.client_secret is None else {"client_secret": self.client_secret}
        return {"data": {**fields, "client_id": self.client_id, **secret}}


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a way ended: an address of the portal with what was posted there, or a page on the way to it."""

    url: str
    fields: Mapping[str, str]
    page: str = ""


@dataclass(frozen=True, slots=True)
class Journey:
    """How a journey ended: the filled form, or the refusal as problem JSON."""

    exit_code: Exit
    answer: Mapping[str, Any]


async def say_journeys(plan: DemoPlan, people: Sequence[int], road: Road, *, as_json: bool) -> int:
    """Walk the journey of every persona, print how each ended, return the exit code of the command."""
    codes: list[Exit] = []
    for number in people:
        try:
            journey = await walk(Played.sample(plan), number, road)
        except (aiohttp.ClientError, TimeoutError) as trouble:
            raise JourneyLost(f"no answer on the way: {type(trouble).__name__}") from trouble
        codes.append(journey.exit_code)
        if len(people) > 1:
            line = {"persona": number, "exit": int(journey.exit_code), **journey.answer}
            say_json(line, one_line=True)
        elif as_json:
            say_json(journey.answer)
        else:
            say_in_words(journey)
    if len(codes) == 1:
        return codes[0]
    # of several people each line says how it ended; a refusal is an ending like another
    return Exit.PARTLY_DONE if Exit.REMOTE in codes else Exit.OK


@asynccontextmanager
async def open_browser() -> AsyncIterator[aiohttp.ClientSession]:
    """Open a browser that nobody is signed in with."""
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address without a name, as on this machine
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=timeout, headers={"Accept-Language": "vi"}) as browser:
        yield browser


async def walk(portal: Played, number: int, road: Road) -> Journey:
    """Walk one journey. Raises JourneyLost, aiohttp.ClientError."""
    async with open_browser() as browser:
        return await Traveller(browser, portal).journey(number, road)


async def wander(browser: aiohttp.ClientSession, url: str, home: str, *, button: str | None = None) -> Arrival:
    """Go from page to page until the way leads to `home`, or to a page with a `button`. Raises JourneyLost."""
    method, fields = "get", dict[str, str]()
    for _ in range(_LONGEST_WAY):
        if url.startswith(home):
            return Arrival(url, fields)
        here = url
        async with browser.request(
            method, url, data=fields if method == "post" else None, allow_redirects=False
        ) as answer:
            location, page = answer.headers.get("Location"), await answer.text()
        method, fields = "get", {}
        if location is not None:
            url = urljoin(here, location)
            continue
        if button is not None and any(button in form.buttons for form in PageReader(page).forms):
            return Arrival(here, {}, page)
        method, url, fields = _next_step(here, page)
    raise JourneyLost("the way leads in circles")


class Traveller:
    """A browser and the portal behind it."""

    def __init__(self, browser: aiohttp.ClientSession, portal: Played) -> None:
        self._browser = browser
        self._portal = portal

    async def journey(self, number: int, road: Road) -> Journey:
        """Sign a persona in and ask for the form."""
        verifier, state = text_token(SystemRandomness()), text_token(SystemRandomness(), 128)
        address = self._portal.authorization(number, road, verifier=verifier, state=state)
        end = await wander(self._browser, address, self._portal.redirect_uri)
        back = dict(parse_qsl(urlsplit(end.url).query)) | dict(end.fields)
        if back.get("state") != state or back.get("iss") != self._portal.issuer:
            raise JourneyLost("`state` or `iss` of the answer is not ours")
        if "code" not in back:
            return Journey(Exit.NOT_ALLOWED, await self.read_refusal(back))
        status, tokens = await self.redeem(back["code"], verifier)
        if status != 200:
            return Journey(Exit.NOT_ALLOWED, await self.read_refusal(tokens))
        status, form = await self.prefill(tokens["access_token"], road)
        if status != 200:
            return Journey(Exit.REMOTE if status == 503 else Exit.NOT_ALLOWED, form)
        return Journey(Exit.PARTLY_DONE if form.get("late") else Exit.OK, form)

    async def redeem(self, code: str, verifier: str) -> tuple[int, dict[str, Any]]:
        """Redeem the code at the token endpoint."""
        return await self._ask_token(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._portal.redirect_uri,
                "code_verifier": verifier,
            }
        )

    async def prefill(self, access_token: str, road: Road) -> tuple[int, dict[str, Any]]:
        """Ask for the filled form."""
        return await self._ask("post", "/v1/prefill", access_token, json=_wanted(road))

    async def verify(self, question: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Ask, with a token of the portal's own, whether submitted values are those of a manifest."""
        status, tokens = await self._ask_token({"grant_type": "client_credentials"})
        if status != 200:
            return status, tokens
        return await self._ask("post", "/v1/prefill/verify", tokens["access_token"], json=question)

    async def read_refusal(self, answer: Mapping[str, str]) -> dict[str, Any]:
        """Return the problem JSON behind an OAuth error: its `error_uri` names the receipt."""
        receipt = parse_qs(urlsplit(answer.get("error_uri", "")).query).get("receipt", [""])[0]
        if receipt:
            _, tokens = await self._ask_token({"grant_type": "client_credentials"})
            status, problem = await self._ask("get", f"/v1/receipts/{receipt}", tokens.get("access_token", ""))
            if status == 200:
                return problem
        errors = {name: value for name, value in answer.items() if name.startswith("error")}
        return errors | {"receipt": receipt}

    async def _ask_token(self, fields: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        url = f"{self._portal.issuer}/token"
        async with self._browser.post(url, **self._portal.authenticated(fields)) as answer:
            return answer.status, orjson.loads(await answer.read())

    async def _ask(self, method: str, path: str, access_token: str, **more: Any) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {access_token}"}
        url = f"{self._portal.issuer}{path}"
        async with self._browser.request(method, url, headers=headers, **more) as answer:
            return answer.status, orjson.loads(await answer.read())


def _wanted(road: Road) -> dict[str, Any]:
    """Return the body of the prefill request: about the person, or about the persona they act for."""
    if road.represented is None:
        return {"procedure": road.procedure}
    one = persona(road.represented)
    named = {"personal_number": one.personal_number, "full_name": one.full_name, "birth_date": one.birth_date}
    return {"procedure": road.procedure, "represented": named}


def _next_step(here: str, page: str) -> tuple[str, str, dict[str, str]]:
    """Say what a person would do on this page: press the first known button, or go back to the portal."""
    read = PageReader(page)
    for form in read.forms:
        for name in _BUTTONS:
            if name in form.buttons:
                pressed, value = form.buttons[name]
                fields = form.fields | ({pressed: value} if pressed else {})
                action = urljoin(here, form.action)
                if form.method == "get":
                    return "get", f"{action}?{urlencode(fields)}", {}
                return "post", action, fields
    if read.links.get("return"):
        return "get", urljoin(here, read.links["return"]), {}
    raise JourneyLost(f"no way on from {urlsplit(here).path} {' '.join(read.codes)}".strip())


def say_in_words(journey: Journey) -> None:
    """Print a journey's end for people: the form as a table, or the refusal's sentence and code."""
    fields = journey.answer.get("fields")
    if not isinstance(fields, Mapping):
        talk(str(journey.answer.get("detail") or journey.answer.get("error_description") or "refused"))
        typer.echo(str(journey.answer.get("code") or journey.answer.get("error")))
        return
    rows = [(name, one["status"], _shown(one), one.get("source") or "-") for name, one in fields.items()]
    say_table(("field", "status", "value", "source"), rows)


def _shown(one: Mapping[str, Any]) -> str:
    display = (one.get("display") or {}).get("vi")
    if display:
        return str(display)
    why = (one.get("why") or {}).get("code")
    return f"({why})" if why else str(one.get("value") or "-")
