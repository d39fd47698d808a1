"""Signing keys change while people sign in: nobody notices, and what a retired key signed opens nothing.

`It must show` 7 of the first half of certification. Portals go on signing people in on two workers while a key is
published, used and retired by `gate06 key`. Each keeps the key set as long as the gateway says and asks again for a
key it does not know, no more often: a key that signed before everybody could know it would be seen here.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from gateway.cli.demo_files import SAMPLE_CLIENT
from tests.proofs.stack import Stack, Wish, fresh, open_stack
from tests.proofs.walking import Walker, walker

COVERS = ("gateway/openid_provider", "gateway/tokens", "gateway/application", "gateway/cli")
ALGORITHM = "ES256"
PUBLISH_S, RETIRE_S = 6, 6
PEOPLE = (1, 2, 3, 6, 7, 8, 11, 12)
TURN_WITHIN_S = 300.0


async def prove(
    folder: Path,
    *,
    settings: Sequence[str] = ("sqlite", "postgresql+redis"),
    rotations: int = 3,
    people: Sequence[int] = PEOPLE,
    publish_s: int = PUBLISH_S,
    retire_s: int = RETIRE_S,
) -> dict[str, Any]:
    """Rotate on each setting while people sign in. Raises AssertionError."""
    toml = f"[keys]\npublish_seconds = {publish_s}\nretire_seconds = {retire_s}\n"
    seen = {}
    for setting in settings:
        where = folder / setting
        wish = Wish(folder=where, urls=fresh(setting, where), workers=2, toml=toml)
        async with open_stack(wish) as stack:
            assert len(stack.workers()) == 2
            seen[setting] = await _rotate(stack, rotations, people)
    return {"workers": 2, "portals": len(people), "rotations": rotations, "failed": 0, "settings": seen}


@dataclass
class Portal:
    """A portal that verifies ID tokens as RFC 7517 and OpenID Connect Core §10.1.1 ask."""

    browser: Walker
    keys: Mapping[str, Any] = field(default_factory=lambda: {"keys": []})
    until: float = 0.0
    fetched: int = 0

    async def read(self, token: str) -> str:
        """Return the id of the key that signed an ID token. Raises when it does not verify."""
        kid = str(extract_compact(token.encode()).headers()["kid"])
        if time.monotonic() >= self.until or kid not in self._kids():
            await self._fetch()
        claims = jwt.decode(token, KeySet.import_key_set(dict(self.keys)), algorithms=[ALGORITHM]).claims  # type: ignore[arg-type]
        assert (claims["iss"], claims["aud"]) == (self.browser.stack.issuer, SAMPLE_CLIENT)
        return kid

    def _kids(self) -> set[str]:
        return {key["kid"] for key in self.keys["keys"]}

    async def _fetch(self) -> None:
        async with self.browser.session.get(f"{self.browser.stack.issuer}/jwks") as answer:
            assert answer.status == 200
            self.keys = orjson.loads(await answer.read())
            self.until = time.monotonic() + int(answer.headers["Cache-Control"].partition("max-age=")[2].split(",")[0])
        self.fetched += 1


@dataclass
class Load:
    """What happened while keys changed."""

    people: Sequence[int]
    signed_by: Counter[str] = field(default_factory=Counter)
    fetched: int = 0
    over: bool = False

    async def sign_in(self, stack: Stack, persona: int) -> None:
        """Sign one person in again and again; whatever fails ends the proof."""
        async with walker(stack) as browser:
            portal = Portal(browser)
            while not self.over:
                answer = await browser.tokens(persona)
                kid = await portal.read(answer["id_token"])
                status, person = await browser.api("GET", "/userinfo", answer["access_token"])
                assert status == 200, person
                self.signed_by[kid] += 1
            self.fetched += portal.fetched


async def _rotate(stack: Stack, rotations: int, persons: Sequence[int]) -> dict[str, Any]:
    load = Load(persons)
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as people:
        for persona in persons:
            people.create_task(load.sign_in(stack, persona))
        try:
            for _ in range(rotations):
                await _one_rotation(stack, load)
        finally:
            load.over = True
    assert len(load.signed_by) == rotations + 1
    return {
        "sign_ins": sum(load.signed_by.values()),
        "by_key": list(load.signed_by.values()),
        "key_sets_fetched": load.fetched,
        "seconds": round(time.perf_counter() - begun, 1),
    }


async def _one_rotation(stack: Stack, load: Load) -> None:
    """Publish a key, see it sign, see the one before go; what that one signed last is worth nothing any more."""
    async with walker(stack) as browser:
        before = await _signing(load)
        token = await browser.sign_in(load.people[0])
        status, form = await browser.prefill(token)
        assert status == 200, form
        code, out, err = await stack.command("key", "rotate", "--alg", ALGORITHM, "--json")
        assert code == 0, err.decode()
        fresh_key = orjson.loads(out)
        assert (fresh_key["state"], fresh_key["kid"] in load.signed_by) == ("next", False)
        await _until(lambda: _has_signed(load, fresh_key["kid"]), "the new key signs")
        assert await _verdict(browser, form) == "valid", "what the key before signed counts while it retires"
        await _until(lambda: _is_gone(browser, before), "the key before leaves the key set")
        assert await _verdict(browser, form) == "invalid", "a manifest of a retired key still counts"


async def _has_signed(load: Load, kid: str) -> bool:
    return load.signed_by[kid] >= len(load.people)


async def _is_gone(browser: Walker, kid: str) -> bool:
    async with browser.session.get(f"{browser.stack.issuer}/jwks") as answer:
        return kid not in {key["kid"] for key in orjson.loads(await answer.read())["keys"]}


async def _verdict(browser: Walker, form: dict[str, Any]) -> str:
    status, answer = await browser.verify(await browser.client_token(), form["manifest"], {})
    assert status == 200, answer
    return str(answer["manifest"])


async def _signing(load: Load) -> str:
    """Return the key that signs now, once people sign in."""

    async def signed_in() -> bool:
        return load.signed_by.total() >= len(load.people)

    await _until(signed_in, "people sign in")
    return list(load.signed_by)[-1]


async def _until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    for _ in range(int(TURN_WITHIN_S * 10)):
        if await holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {TURN_WITHIN_S:.0f} s: {what}")
