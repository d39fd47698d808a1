"""A citizen without a browser: walks the whole journey over real HTTP as a browser without scripts would.

Starts at the portal (authorization code with PKCE and `nonce`), follows redirects, fills the forms it meets by
their ids, and returns to the portal, which redeems the code and asks for the form.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import aiohttp
import orjson
import typer

from gateway.cli.demo_files import SAMPLE_CLIENT, DemoPlan, Road
from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, say_table, talk
from gateway.vocabulary.clock import SystemRandomness, text_token
from gateway.vocabulary.failure import Failure

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
            journey = await walk(plan, number, road)
        except (aiohttp.ClientError, TimeoutError) as trouble:
            raise JourneyLost(f"no answer on the way: {type(trouble).__name__}") from trouble
        codes.append(journey.exit_code)
        if len(people) > 1:
            line = {"persona": number, "exit": int(journey.exit_code), **journey.answer}
            say_json(line, one_line=True)
        elif as_json:
            say_json(journey.answer)
        else:
            _say_in_words(journey)
    if len(codes) == 1:
        return codes[0]
    # of several people each line says how it ended; a refusal is an ending like another
    return Exit.PARTLY_DONE if Exit.REMOTE in codes else Exit.OK


async def walk(plan: DemoPlan, number: int, road: Road) -> Journey:
    """Walk one journey. Raises JourneyLost, aiohttp.ClientError."""
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address without a name, as on this machine
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=timeout, headers={"Accept-Language": "vi"}) as browser:
        traveller = Traveller(browser, plan)
        verifier, state = text_token(SystemRandomness()), text_token(SystemRandomness(), 128)
        back = await traveller.sign_in(_authorization(plan, number, road, verifier, state))
        if back.get("state") != state or back.get("iss") != plan.issuer:
            raise JourneyLost("`state` or `iss` of the answer is not ours")
        if "code" not in back:
            return Journey(Exit.NOT_ALLOWED, await traveller.read_refusal(back))
        status, tokens = await traveller.redeem(back["code"], verifier)
        if status != 200:
            return Journey(Exit.NOT_ALLOWED, await traveller.read_refusal(tokens))
        status, form = await traveller.prefill(tokens["access_token"], road.procedure)
    if status != 200:
        return Journey(Exit.REMOTE if status == 503 else Exit.NOT_ALLOWED, form)
    return Journey(Exit.PARTLY_DONE if form.get("late") else Exit.OK, form)


class Traveller:
    """A browser and the portal behind it."""

    def __init__(self, browser: aiohttp.ClientSession, plan: DemoPlan) -> None:
        self._browser = browser
        self._plan = plan
        basic = aiohttp.encode_basic_auth(SAMPLE_CLIENT, plan.secret("portal.secret"))
        self._basic = {"Authorization": basic}

    async def sign_in(self, url: str) -> dict[str, str]:
        """Go from page to page until the way leads back to the portal; return what came back."""
        method, fields = "get", dict[str, str]()
        for _ in range(_LONGEST_WAY):
            if url.startswith(_redirect_uri(self._plan)):
                return dict(parse_qsl(urlsplit(url).query)) | fields
            here = url
            async with self._browser.request(
                method, url, data=fields if method == "post" else None, allow_redirects=False
            ) as answer:
                location, page = answer.headers.get("Location"), await answer.text()
            method, fields = "get", {}
            if location is not None:
                url = urljoin(here, location)
                continue
            method, url, fields = _next_step(here, page)
        raise JourneyLost("the way leads in circles")

    async def redeem(self, code: str, verifier: str) -> tuple[int, dict[str, Any]]:
        """Redeem the code at the token endpoint."""
        return await self._ask_token(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": _redirect_uri(self._plan),
                "code_verifier": verifier,
            }
        )

    async def prefill(self, access_token: str, procedure: str) -> tuple[int, dict[str, Any]]:
        """Ask for the filled form."""
        return await self._ask("post", "/v1/prefill", access_token, json={"procedure": procedure})

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
        async with self._browser.post(f"{self._plan.issuer}/token", data=fields, headers=self._basic) as answer:
            return answer.status, orjson.loads(await answer.read())

    async def _ask(self, method: str, path: str, access_token: str, **more: Any) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {access_token}"}
        url = f"{self._plan.issuer}{path}"
        async with self._browser.request(method, url, headers=headers, **more) as answer:
            return answer.status, orjson.loads(await answer.read())


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


def _authorization(plan: DemoPlan, number: int, road: Road, verifier: str, state: str) -> str:
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()
    parameters = {
        "response_type": "code",
        "client_id": SAMPLE_CLIENT,
        "redirect_uri": _redirect_uri(plan),
        "scope": f"openid profile procedure:{road.procedure}",
        "state": state,
        "nonce": text_token(SystemRandomness(), 128),
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "login_hint": f"persona:{number}",
        "ui_locales": "vi",
    }
    if road.identity_provider is not None:
        parameters["idp_hint"] = road.identity_provider
    return f"{plan.issuer}/authorize?{urlencode(parameters)}"


def _redirect_uri(plan: DemoPlan) -> str:
    return f"{plan.portal_url}/callback"


def _say_in_words(journey: Journey) -> None:
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
