"""Roles over HTTP: what an officer holds opens no page of a citizen, what a citizen holds no door and no verb of staff,
nobody agrees to what they asked for, and nobody decides twice.

`It must show` 4 of the full road. Routes come from the running application's own table and verbs from the table of
duties, so that a new one is walked without being listed here. Officers try with the value that the citizen's own pages
put into their forms; the citizen herself is an officer, too. Verbs run as in production, where nobody stands in.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from starlette.routing import Route

from gateway.application.assembly import assemble, make_pages
from gateway.settings import read_settings
from gateway.staff.people import StaffPersona, staff_personas
from gateway.vocabulary.clock import SystemClock, SystemRandomness
from gateway.vocabulary.persona import persona
from tests.journeys.clerk import CHALLENGE, VERIFIER, Clerk
from tests.journeys.staff.desk import Desk
from tests.proofs.role_verbs import Verbs
from tests.proofs.stack import Stack, Wish, fresh, open_stack

COVERS = (
    "gateway/openid_provider",
    "gateway/staff",
    "gateway/cli",
    "gateway/pages",
    "gateway/prefill/endpoints.py",
    "tests/proofs/role_verbs.py",
)
SETTINGS = ("sqlite", "postgresql+redis")
CITIZEN = 3  # tran.buoi of the staff is the same woman
OF_CITIZENS = ("/me", "/consents", "/interaction")
OF_STAFF = ("/device", "/staff/", "/v1/connectors", "/v1/quarantines")
WITH_TOKENS = (
    *("/authorize", "/par", "/token", "/userinfo", "/introspect", "/revoke", "/register", "/logout"),
    *("/upstream/", "/v1/prefill", "/v1/dossiers", "/v1/receipts", "/v1/log"),
)
"""Where whoever holds a token or a sign-in under way is answered by it, and told nothing of the citizen. Every other
route answers all alike but those whose page it is; one that nobody listed is walked by both realms as by strangers."""
SECRET = "d" * 43
DESK = f"""
[[portal]]
client_id = "desk"
client_secret = "{SECRET}"
redirect_uris = ["http://127.0.0.1:9/desk"]
procedures = ["1.004222"]
realm = "staff"
"""


async def prove(
    folder: Path,
    *,
    settings: Sequence[str] = SETTINGS,
    officers: Sequence[int] = tuple(range(1, 9)),
    two_people: bool = True,
) -> dict[str, Any]:
    """Walk every route and every verb on every setting. Raises AssertionError."""
    return {setting: await _on(folder / setting, setting, officers, two_people) for setting in settings}


async def _on(folder: Path, setting: str, officers: Sequence[int], two_people: bool) -> dict[str, Any]:
    await asyncio.to_thread(_lay, folder)
    routes = await _routes(folder)
    wish = Wish(
        folder=folder / "stack",
        urls=fresh(setting, folder / "stack"),
        toml=DESK,
        environment={
            "GATE06_STORE__MASTER_KEY_FILE": str(folder / "own.key"),
            "GATE06_LIMITS__ENABLED": "false",
        },
    )
    async with open_stack(wish) as stack:
        beside = Beside(stack, folder)
        people = [one for one in staff_personas() if one.index in officers]
        walk = Walk(beside, routes)
        told = await asyncio.to_thread(walk.pages, people)
        before = _acts_of_citizens(await stack.events())
        told |= await asyncio.to_thread(walk.intruders)
        after = _acts_of_citizens(await stack.events())
        assert after == before, after - before
        acted = _acts_of_operators(await stack.events())
        verbs = Verbs(beside, folder / "homes")
        try:
            told |= await asyncio.to_thread(verbs.refuse_tokens, walk.tokens)
            assert _acts_of_operators(await stack.events()) == acted
            if two_people:
                told |= await asyncio.to_thread(verbs.two_people)
        finally:
            await asyncio.to_thread(verbs.close)
        operated = [event for event in await stack.events() if event["event"] == "OperatorActed"]
        for event in operated:
            assert event["actor"]["ref"].startswith("staff:"), event
            assert event.get("second") != event["actor"]["ref"], event
        return told | {"acts_of_operators": len(operated)}


def _lay(folder: Path) -> None:
    """Put a house key into the folder that production would take: the demo's own is known to everybody."""
    folder.mkdir(parents=True)
    (folder / "own.key").write_text("cd" * 32)


async def _routes(folder: Path) -> list[tuple[str, str]]:
    """Return (method, path) of every route of the application as it is put together now."""
    environ = {
        "GATE06_PROFILE": "dev",
        "GATE06_ISSUER": "http://127.0.0.1:8000",
        "GATE06_STORE__URL": f"sqlite:///{folder}/routes.db",
        "GATE06_STORE__MASTER_KEY": "11" * 32,
    }
    chosen = read_settings(files=[], environ=environ)
    running = await assemble(chosen, make_pages(chosen), SystemClock(), SystemRandomness())
    try:
        listed = [route for route in running.application.router.routes if isinstance(route, Route)]
        assert len(listed) == len(running.application.router.routes)
        return [(method, route.path) for route in listed for method in sorted((route.methods or set()) - {"HEAD"})]
    finally:
        await running.close()


def _acts_of_citizens(events: list[dict[str, Any]]) -> Counter[str]:
    return Counter(event["event"] for event in events if event["actor"]["kind"] == "citizen")


def _acts_of_operators(events: list[dict[str, Any]]) -> int:
    return sum(event["event"] in {"OperatorActed", "ApprovalAsked", "ApprovalGiven"} for event in events)


@dataclass
class Beside:
    """A stack of this folder as the people of the journeys know one."""

    stack: Stack
    folder: Path

    @property
    def issuer(self) -> str:
        return self.stack.issuer

    @property
    def vneid_url(self) -> str:
        return self.stack.plan.vneid_url

    @property
    def portal_url(self) -> str:
        return self.stack.plan.portal_url

    def secret(self, name: str) -> str:
        return self.stack.plan.secret(name)

    def environment(self) -> dict[str, str]:
        return self.stack.environment

    def _store_flags(self) -> list[str]:
        return []


@dataclass
class Walk:
    """Everybody's way over every route. `names` are what stands in the paths: things that really are the citizen's."""

    beside: Any
    routes: list[tuple[str, str]]
    names: dict[str, str] = field(default_factory=dict)
    citizen: httpx2.Client = field(default_factory=lambda: httpx2.Client(trust_env=False, timeout=60))
    tokens: dict[str, str] = field(default_factory=dict)
    officers: dict[str, httpx2.Client] = field(default_factory=dict)
    csrf: str = ""

    def pages(self, people: Sequence[StaffPersona]) -> dict[str, Any]:
        """Sign everybody in; the citizen's own browser opens the citizen's pages, so that there is something to see."""
        clerk = Clerk(self.beside, self.citizen)
        tokens: Any = clerk.sign_in(scope="openid profile procedure:1.000894")
        status, marriage = clerk.prefill(tokens, procedure="1.000894")
        assert status == 200, marriage
        consent: Any = marriage["consent"]
        self.names = {
            "{consent_id}": consent["id"],
            "{receipt}": str(marriage["receipt"]),
            "{form_id}": str(marriage["id"]),
            "{alias}": "vneid",
            "{code}": "GW-1201",
            "{path:path}": "style.css",
            "{attempt_id}": "none",
            "{number}": "BC-2026-AAAA-AAAA",
        }
        self.tokens = {"citizen access": tokens["access_token"], "citizen ID": tokens["id_token"]}
        self.tokens["citizen session"] = str(self.citizen.cookies["gw_session"])
        own: Any = clerk.ask_token(grant_type="client_credentials")
        self.tokens["portal"] = own["access_token"]
        opened = self._opened_by_the_citizen()
        for one in people:
            desk = Desk(self.beside, one.accounts[0])
            self.tokens[f"officer {one.index}"] = officer_token(self.beside, desk)
            self.officers[one.accounts[0]] = desk.http
        return {"routes": len(self.routes), "opened_by_the_citizen": opened, "officers": len(people)}

    def _opened_by_the_citizen(self) -> int:
        opened = 0
        for method, path in self.routes:
            if method == "GET" and path.startswith(("/me", "/consents")) and "{number}" not in path:
                answer = self.citizen.get(self._url(path))
                for _ in range(600):  # a proof waits for its checkpoint
                    if answer.status_code == 200:
                        break
                    time.sleep(0.1)
                    answer = self.citizen.get(self._url(path))
                assert answer.status_code == 200, (path, answer.status_code, answer.text[:400])
                found = re.search(r'name="csrf" value="([^"]+)"', answer.text)
                self.csrf = found[1] if found else self.csrf
                opened += 1
        assert opened
        assert self.csrf
        return opened

    def intruders(self) -> dict[str, Any]:
        """Let officers try the citizens' routes and the citizen those of staff; each is answered as nobody is."""
        tried: Counter[str] = Counter()
        for method, path in self.routes:
            nobody = self._ask(method, path, {}, {})
            for account, browser in self.officers.items():
                held = str(browser.cookies["gw_staff_session"])
                token = next(v for k, v in self.tokens.items() if k == f"officer {_index_of(account)}")
                for cookies, headers in _ways(held, token, ("gw_staff_session", "gw_session")):
                    answer = self._ask(method, path, cookies, headers)
                    strict = not path.startswith((*OF_STAFF, *WITH_TOKENS))
                    self._as_nobody(answer, nobody, (method, path, account), strict=strict)
                    tried["officers at citizens' pages" if path.startswith(OF_CITIZENS) else "officers elsewhere"] += 1
            if path.startswith((*OF_CITIZENS, *WITH_TOKENS)):
                continue
            held, token = self.tokens["citizen session"], self.tokens["citizen access"]
            for cookies, headers in _ways(held, token, ("gw_session", "gw_staff_session")):
                answer = self._ask(method, path, cookies, headers)
                self._as_nobody(answer, nobody, (method, path, "citizen"), strict=True)
                tried["citizen at staff's pages" if path.startswith(OF_STAFF) else "citizen elsewhere"] += 1
        assert tried["citizen at staff's pages"]
        return {"tried": dict(sorted(tried.items())), "opened": 0}

    def _ask(self, method: str, path: str, cookies: dict[str, str], headers: dict[str, str]) -> httpx2.Response:
        with httpx2.Client(trust_env=False, timeout=60, cookies=cookies) as browser:
            fields = (
                {"csrf": self.csrf, "action": "withdraw", "client_id": "sample-portal"} if method == "POST" else None
            )
            return browser.request(method, self._url(path), headers=headers, data=fields)

    def _as_nobody(self, answer: httpx2.Response, nobody: httpx2.Response, where: Any, *, strict: bool) -> None:
        one = persona(CITIZEN)
        known = f"{answer.text}{answer.headers}"
        for value in (one.personal_number, one.old_number, one.birth_date, "12/05/1975", self.names["{consent_id}"]):
            assert value not in known or value in str(answer.request.url), where
        same = _face(answer) == _face(nobody)
        assert same or (not strict and answer.status_code < 500), (where, _face(answer), _face(nobody))
        if not strict and where[1].startswith("/v1/"):
            assert same or answer.status_code in {400, 401, 403, 404, 415}, (where, answer.status_code)

    def _url(self, path: str) -> str:
        for name, real in self.names.items():
            path = path.replace(name, real)
        return self.beside.issuer + re.sub(r"\{[^}]*\}", "none", path)


def officer_token(beside: Any, desk: Desk) -> str:
    """Sign an officer in at the software of a desk; return the access token."""
    asked = {
        "client_id": "desk",
        "redirect_uri": "http://127.0.0.1:9/desk",
        "response_type": "code",
        "scope": "openid profile procedure:1.004222",
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    answer = desk.sign_in(desk.go("GET", f"{beside.issuer}/authorize?{urlencode(asked)}"))
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
    redeemed = httpx2.post(
        f"{beside.issuer}/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": asked["redirect_uri"],
            "code_verifier": VERIFIER,
        },
        auth=("desk", SECRET),
    )
    return str(redeemed.raise_for_status().json()["access_token"])


def _ways(held: str, token: str, cookies: tuple[str, ...]) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Yield the ways to show a session and a token: in one's own cookie, in the other realm's, in all, as a bearer."""
    bearer = {"authorization": f"Bearer {token}"}
    yield {cookies[0]: held}, {}
    yield {cookies[1]: held}, {}
    yield dict.fromkeys(cookies, held), bearer
    yield dict.fromkeys(cookies, token), bearer


def _face(answer: httpx2.Response) -> tuple[int, str]:
    """Return what a browser sees of an answer, without what is random in it."""
    return answer.status_code, re.sub(r"[^/]{20,}$", "…", urlsplit(answer.headers.get("location", "")).path)


def _index_of(account: str) -> int:
    return next(one.index for one in staff_personas() if account in one.accounts)
