"""Nothing of a person comes out in clear, anywhere, at log level debug, however the gateway is used or broken.

`It must show` 7 of the road: all personas walk, sources fail, forms are verified with wrong values, every route breaks
in three ways with an exception that quotes everything. Then all that was written is searched: every file of the working
folder, stdout and stderr, the metrics page, Redis (keys, values, append-only file), the database (file and log, or
dump and server log), every address asked of anybody. In the end something is planted in each place and must be found.
"""

import asyncio
import contextlib
import re
import subprocess
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson

from gateway.vocabulary.persona import persona, personas
from tests.prefill.lab import values_of as submitted
from tests.proofs.needles import Find, Needles, notations, persona_needles
from tests.proofs.sql import run_sql
from tests.proofs.stack import Stack, Wish, fresh, open_stack
from tests.proofs.walking import Page, Step, Walker, answer_of, press, walker
from tests.services import RedisServer, Urls, binary, postgresql_server

COVERS = ("gateway", "connectors")
SETTINGS = ("sqlite", "postgresql+redis")
FAULTS = ("down", "malformed", "html200", "oversize", "other_person", "denied_officer")
WAYS = ("before", "after", "midway")
HOMES = (
    "master.key",
    "portal.secret",
    "conformance.secret",
    "vneid.secret",
    "vneid.pem",
    "national_portal.secret",
    "population.secret",
    "civil_status.secret",
    "staff.secret",
)
LEFT_OUT = {
    "simulators.json": "the simulators' own settings: they play other organisations and hold their halves of secrets",
    "logs/vneid.log, logs/sources.log": "output of the simulators, which play other organisations",
    "*.secret, master.key, vneid.pem": "the home of each secret; personas are searched for in them all the same",
    "authorization codes in requested URLs": "RFC 6749 §4.1.2 carries the code in the portal's callback URL",
    "pages and API answers to the person and the portal": "they are who the values are for",
    "the sample portal": "the walker stands in its place; what a portal keeps is the portal's to answer for",
    "bare years, sex, codes of registers": "too short or too common to tell who somebody is",
}


async def prove(
    folder: Path, *, people: int = 14, faults: tuple[str, ...] = FAULTS, ways: tuple[str, ...] = WAYS
) -> dict[str, Any]:
    """Search on both store settings. Raises AssertionError that names place, owner and notation, never the value."""
    return {setting: await _on(folder / setting, setting, people, faults, ways) for setting in SETTINGS}


async def _on(
    folder: Path, setting: str, people: int, faults: tuple[str, ...], ways: tuple[str, ...]
) -> dict[str, Any]:
    front = RedisServer() if "redis" in setting else None
    (folder / "tmp").mkdir(parents=True)
    wish = Wish(
        folder=folder,
        urls=Urls(fresh(setting.partition("+")[0], folder).store, front.url if front else None),
        toml='[log]\nlevel = "debug"\n',
        environment={"TMPDIR": str(folder / "tmp"), "GATE06_PREFILL__DEADLINE_MS": "800"},
        modules={
            "gateway": ["tests.proofs.breaking_gateway"],
            "vneid": ["tests.proofs.recorded_simulator"],
            "sources": ["tests.proofs.recorded_simulator"],
        },
    )
    begun = time.perf_counter()
    needles = persona_needles()
    try:
        async with open_stack(wish) as stack:
            use = Use(stack, needles)
            await use.everything(people, faults, ways)
            places = dict(await everything_written(stack, front, use.asked))
            finds = [find for place, content in places.items() for find in needles.search(place, content)]
            assert not finds, _report(finds)
            await _secrets_nowhere(use, places)
            planted = await prove_it_can_find(stack, front, use.asked)
    finally:
        if front:
            front.stop()
    return {
        "needles": len(needles),
        "secrets": len(use.secrets),
        "journeys": use.journeys,
        "forced_500": use.broken,
        "routes": use.routes,
        "places": len(places),
        "octets": sum(map(len, places.values())),
        "found": 0,
        "planted_and_found": planted,
        "left_out": LEFT_OUT | {"short": needles.left_out},
        "seconds": round(time.perf_counter() - begun, 1),
    }


class Use:
    """Uses the gateway in every way there is, and remembers addresses and secrets that were handed out."""

    def __init__(self, stack: Stack, needles: Needles) -> None:
        self.stack = stack
        self.needles = needles
        self.asked: list[str] = []
        self.secrets: dict[str, str] = {name: stack.plan.secret(name) for name in HOMES}
        self.journeys: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        self.routes = 0

    async def everything(self, people: int, faults: tuple[str, ...], ways: tuple[str, ...]) -> None:
        """Walk, fail, verify, sign out, break."""
        for one in personas()[:people]:
            await self._journey(one.index)
        for fault in faults:
            await self.stack.fault("sources", target="*", fault=fault)
            await self._journey(3, prompt="consent")
        await self.stack.fault("sources")
        for fault in ("cancelled", "level1", "locked", "not_activated"):
            await self._journey(3, login_hint=f"persona:3;{fault}", prompt="login")
        await self._break_every_route(ways)

    async def _journey(self, index: int, **more: str) -> None:
        async with walker(self.stack) as browser:
            back = answer_of(await browser.go(browser.authorization(index, **more)))
            self._keep("code", back.get("code"))
            if "code" in back:
                await self._as_portal(browser, back["code"], index)
            self.journeys["signed in" if "code" in back else "refused"] += 1
            self.asked += browser.asked

    async def _as_portal(self, browser: Walker, code: str, index: int) -> None:
        status, tokens = await browser.redeem(code)
        assert status == 200, tokens
        token = tokens["access_token"]
        self._keep("access_token", token)
        self._keep("id_token", tokens["id_token"])
        await browser.api("GET", "/userinfo", token)
        status, form = await browser.prefill(token)
        assert status == 200, form
        await browser.api("GET", f"/v1/prefill/{form['id']}", token)
        client = await browser.client_token()
        self._keep("client token", client)
        wrong = dict.fromkeys(submitted(form), persona(1 + index % 14).full_name)
        for values in (submitted(form), wrong, {persona(3).full_name: "x", "applicant.birth_date": "12/05/1975"}):
            await browser.verify(client, form["manifest"], values)
        await browser.verify(client, f"{form['manifest']}x", wrong)
        await browser.post_form("/introspect", {"token": token})
        await browser.redeem(code)  # a replay
        page = await browser.ask(_logout(self.stack, tokens["id_token"]))
        if isinstance(page, Page):
            await browser.go(press(page))

    def _keep(self, kind: str, value: str | None) -> None:
        if value:
            self.secrets[f"{kind} {len(self.secrets)}"] = value

    async def _break_every_route(self, ways: tuple[str, ...]) -> None:
        """Break each route in each way, with a person's values in path, query, headers, cookies and body."""
        listed = orjson.loads((self.stack.plan.folder / "routes.json").read_bytes())
        self.routes = len(listed)
        one = persona(3)
        async with walker(self.stack) as browser:
            token = await browser.sign_in(3)
            self._keep("access_token", token)
            self.asked += browser.asked
            for method, template in listed:
                for way in ways:
                    for body in _bodies(one.full_name, str(one.personal_number)) if method == "POST" else [("", b"")]:
                        await self._break(browser, method, template, way, token, body)

    async def _break(
        self, browser: Walker, method: str, template: str, way: str, token: str, body: tuple[str, bytes]
    ) -> None:
        one = persona(3)
        path = "/".join(quote(str(one.personal_number)) if part[:1] == "{" else part for part in template.split("/"))
        query = f"state={quote(one.full_name)}&login_hint={one.personal_number}&client_id=sample-portal"
        headers = {
            "x-break": way,
            "authorization": f"Bearer {token}",
            "user-agent": quote(one.full_name),
            "referer": f"http://127.0.0.1/{one.personal_number}",
            "cookie": f"gw_session={one.personal_number}; other={quote(one.full_name)}",
        } | ({"content-type": body[0]} if body[0] else {})
        url = f"{self.stack.issuer}{path}?{query}"
        async with browser.session.request(
            method, url, headers=headers, data=body[1] or None, allow_redirects=False
        ) as answer:
            raw = await answer.read() + repr(dict(answer.headers)).encode()
        assert answer.status == 500, (method, template, way, answer.status)
        # also an answer broken in the middle: its head leaves with the first part of its body
        assert answer.headers["x-trace-id"]
        finds = list(self.needles.search(f"answer of {method} {template}", raw))
        assert not finds, _report(finds)
        self.broken[way] += 1


def _logout(stack: Stack, id_token: str) -> Step:
    url = f"{stack.issuer}/logout"
    return Step(url, "POST", {"id_token_hint": id_token, "state": "bye"})


def _bodies(name: str, number: str) -> Iterator[tuple[str, bytes]]:
    yield "application/x-www-form-urlencoded", f"token={quote(name)}&code={number}&grant_type=x".encode()
    yield "application/json", orjson.dumps({"procedure": name, "values": {number: name}, "manifest": number})


def _report(finds: list[Find]) -> str:
    counted = Counter(f"{find.place}: {find.owner} as {find.notation}" for find in finds)
    return "; ".join(f"{what} ({count}×)" for what, count in counted.most_common(20))


async def everything_written(stack: Stack, front: RedisServer | None, asked: list[str]) -> list[tuple[str, bytes]]:
    """Return (place, content) of all that the gateway wrote, kept, counted or asked for."""
    folder = stack.plan.folder
    places = [("addresses asked by browser and portal", "\n".join(asked).encode())]
    for file in sorted(folder.rglob("*")):
        name = str(file.relative_to(folder))
        if file.is_file() and name not in {"simulators.json", "logs/vneid.log", "logs/sources.log"}:
            places.append((name, file.read_bytes()))
    assert "logs/gateway.log" in dict(places)
    places.append(("metrics page", await _metrics(stack)))
    if stack.wish.urls.store.startswith("postgresql"):
        places.append(("database dump", await asyncio.to_thread(_dump, stack.wish.urls.store)))
        places.append(("database server's log", (postgresql_server().directory / "log").read_bytes()))
    else:
        assert {"gate06.db", "gate06.db-wal"} <= dict(places).keys()
    if front:
        places.append(("redis keys and values", await asyncio.to_thread(_redis, front)))
        for file in sorted(front.directory.rglob("*")):
            if file.is_file():
                places.append((f"redis {file.name}", file.read_bytes()))
    return places


async def _metrics(stack: Stack) -> bytes:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{stack.plan.metrics_port}/metrics") as answer:
            page = await answer.read()
    assert b"gate06_http_requests_total" in page
    return page


def _dump(url: str) -> bytes:
    superuser = url.replace("gate06@", "postgres@", 1)
    tool = binary("pg_dump", "postgresql")
    text = subprocess.run([tool, "--no-owner", superuser], check=True, capture_output=True).stdout
    # `bytea` leaves a dump as hexadecimal: what it holds is searched as it is, too
    return text + b"\n" + b"\n".join(_octets(text))


def _octets(text: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"\\\\x([0-9a-f]+)", text):
        with contextlib.suppress(ValueError):
            yield bytes.fromhex(found[1].decode())


def _redis(front: RedisServer) -> bytes:
    readers = {b"string": "get", b"hash": "hgetall", b"set": "smembers", b"list": "lrange", b"zset": "zrange"}
    said = []
    with front.client() as client:
        for key in client.scan_iter(count=1000):
            kind = client.type(key)
            bounds = (0, -1) if kind in {b"list", b"zset"} else ()
            value = getattr(client, readers[kind])(key, *bounds)
            parts = [value] if isinstance(value, bytes) else value.items() if isinstance(value, dict) else value
            said.append(key + b" " + b" ".join(part if isinstance(part, bytes) else b" ".join(part) for part in parts))
    return b"\n".join(said)


async def _secrets_nowhere(use: Use, places: dict[str, bytes]) -> None:
    """Tokens, codes, client secrets and keys stand in their homes and nowhere else."""
    for name, secret in use.secrets.items():
        for place, content in places.items():
            at_home = place in HOMES and name in HOMES
            carried = name.startswith("code ") and (place.startswith("addresses") or place.endswith(".urls"))
            for spelt in (
                secret.encode(),
                quote(secret, safe="").encode(),
                b64encode(secret.encode()).rstrip(b"=")[:-1],
            ):
                assert at_home or carried or spelt not in content, f"{place}: {name}"


async def prove_it_can_find(stack: Stack, front: RedisServer | None, asked: list[str]) -> list[str]:
    """Plant a value in every place, each in another notation, and find every one of them."""
    name, number = persona(7).full_name, str(persona(9).personal_number)
    nfd = dict(_by_notation(name))
    planted = {"a file": "tmp/planted.bin", "stdout, stderr": "logs/gateway.log", "metrics": "metrics page"}
    (stack.plan.folder / "tmp" / "planted.bin").write_bytes(b"??" + nfd["base64 nfc at 1"] + b"??")
    async with walker(stack) as browser:
        headers = {"x-break": "leak", "x-leak": quote(name)}
        async with browser.session.get(f"{stack.issuer}/jwks", headers=headers) as answer:
            assert answer.status == 200
        for url in (
            f"{stack.plan.vneid_url}/logout?x={quote(name.upper())}",
            f"{stack.plan.sources_url}/_calls?number={number}",
        ):
            async with browser.session.get(url, allow_redirects=False) as answer:
                assert answer.status < 500
    asked.append(f"{stack.plan.portal_url}/callback?x={nfd['percent plain capitals'].decode()}")
    planted |= {"VNeID": "vneid.urls", "sources": "sources.urls", "portal": "addresses asked by browser and portal"}
    if stack.wish.urls.store.startswith("postgresql"):
        hexadecimal = nfd["text nfd"].hex()
        await run_sql(
            stack.wish.urls, "CREATE TABLE planted (x bytea)", f"INSERT INTO planted VALUES ('\\x{hexadecimal}')"
        )
        await run_sql(stack.wish.urls, f"DO $$ BEGIN RAISE WARNING '{number}'; END $$")
        planted |= {"database": "database dump", "server's log": "database server's log"}
    else:
        escaped = nfd["json nfc"].decode()
        await run_sql(stack.wish.urls, "CREATE TABLE planted (x)", f"INSERT INTO planted VALUES ('{escaped}')")
        planted |= {"database": "gate06.db"}  # the file or its log: a checkpoint may come in between
    if front:
        with front.client() as client:
            client.set("planted", nfd["base64 nfd at 2"])
            client.hset(f"planted:{number}", "x", "y")
        planted |= {"redis": "redis keys and values", "append-only file": "redis appendonly"}
    needles = persona_needles()
    places = dict(await everything_written(stack, front, asked))
    for what, place in planted.items():
        searched = [content for name, content in places.items() if name.startswith(place)]
        finds = {find.notation for content in searched for find in needles.search(place, content)}
        assert finds, f"what was planted in {what} was not found"
        # said on stdout as it is, on stderr in capitals
        assert place != "logs/gateway.log" or {"text nfc", "text capitals"} <= finds
    return sorted(planted)


def _by_notation(value: str) -> Iterator[tuple[str, bytes]]:
    seen = set()
    for notation, octets in notations(value):
        if notation not in seen:
            seen.add(notation)
            yield notation, octets
