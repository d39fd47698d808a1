"""Signing keys change while people sign in: nobody notices, and what a retired key signed opens nothing.

`It must show` 7 of the first half of certification. Portals go on signing people in on two workers while a key is
published, used and retired by `gate06 key`. Each keeps the key set as long as the gateway says and asks again for a
key it does not know, no more often: a key that signed before everybody could know it would be seen here. Every second
portal signs who it is and gets its answer, its ID token and its userinfo signed; all show their last ID token as a
hint. A sign-in that was begun is one that ended well, or is counted as failed.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import tomlkit
from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jws import extract_compact

from gateway.cli.demo_files import SAMPLE_CLIENT
from gateway.openid_provider.client_assertion import ASSERTION_TYPE
from gateway.tokens.jose import sign
from gateway.tokens.key_material import generate_private_jwk, import_signing_key, public_jwk
from tests.possession import CHANCE, b64
from tests.proofs.stack import Stack, Wish, fresh, open_stack
from tests.proofs.walking import VERIFIER, Page, Step, Walker, answer_of, walker

STRONG, CALLBACK = "portal-that-verifies", "https://strong.example/callback"
_KEY = generate_private_jwk("ES256", "s1", CHANCE)
COVERS = ("gateway/openid_provider", "gateway/tokens", "gateway/application", "gateway/cli")
ALGORITHM = "ES256"
PUBLISH_S, RETIRE_S = 6, 6
PEOPLE = (1, 2, 3, 6, 7, 8, 11, 12)
TURN_WITHIN_S = 300.0
HINT_KEPT_S = 3.0
_GIVE_UP = 50


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
    times = {"publish_seconds": publish_s, "retire_seconds": retire_s}
    toml = tomlkit.dumps({"keys": times, "portal": [strong_portal()]})
    seen = {}
    for setting in settings:
        where = folder / setting
        wish = Wish(folder=where, urls=fresh(setting, where), workers=2, toml=toml)
        async with open_stack(wish) as stack:
            assert len(stack.workers()) == 2
            seen[setting] = await _rotate(stack, rotations, people)
    return {"workers": 2, "portals": len(people), "rotations": rotations, "settings": seen}


def strong_portal() -> dict[str, Any]:
    """Return the table of the portal that signs who it is and gets everything signed."""
    return {
        "client_id": STRONG,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": {"keys": [public_jwk(_KEY)]},
        "redirect_uris": [CALLBACK],
        "userinfo_signed_response_alg": ALGORITHM,
        "authorization_signed_response_alg": ALGORITHM,
    }


@dataclass
class Portal:
    """A portal that verifies what it gets as RFC 7517 and OpenID Connect Core §10.1.1 ask."""

    browser: Walker
    client_id: str = SAMPLE_CLIENT
    keys: Mapping[str, Any] = field(default_factory=lambda: {"keys": []})
    until: float = 0.0
    fetched: int = 0

    async def read(self, token: str) -> tuple[str, dict[str, Any]]:
        """Return the id of the key that signed a token, and its claims. Raises when it does not verify."""
        kid = str(extract_compact(token.encode()).headers()["kid"])
        if time.monotonic() >= self.until or kid not in self._kids():
            await self._fetch()
        claims = jwt.decode(token, KeySet.import_key_set(dict(self.keys)), algorithms=[ALGORITHM]).claims  # type: ignore[arg-type]
        assert (claims["iss"], claims["aud"]) == (self.browser.stack.issuer, self.client_id)
        return kid, claims

    def _kids(self) -> set[str]:
        return {key["kid"] for key in self.keys["keys"]}

    async def _fetch(self) -> None:
        async with self.browser.session.get(f"{self.browser.stack.issuer}/jwks") as answer:
            assert answer.status == 200
            self.keys = orjson.loads(await answer.read())
            self.until = time.monotonic() + int(answer.headers["Cache-Control"].partition("max-age=")[2].split(",")[0])
        self.fetched += 1

    async def sign_in(self, persona: int, hint: str | None) -> tuple[str, str]:
        """Sign one person in, silently with a hint; return the key that signed the ID token, and the token."""
        asked = {} if hint is None else {"id_token_hint": hint, "prompt": "none"}
        if self.client_id == SAMPLE_CLIENT:
            answer = await self.browser.tokens(persona, **asked)
            status, person = await self.browser.api("GET", "/userinfo", answer["access_token"])
            assert status == 200, person
        else:
            answer = await self._strongly(persona, asked)
        kid, claims = await self.read(answer["id_token"])
        assert claims["nonce"] == "nonce-of-a-proof"
        return kid, answer["id_token"]

    async def _strongly(self, persona: int, asked: dict[str, str]) -> dict[str, Any]:
        more = {"client_id": self.client_id, "redirect_uri": CALLBACK, "response_mode": "jwt", **asked}
        step = self.browser.authorization(persona, "openid profile", **more)
        back = answer_of(await self.browser.go(step, lambda one: one.url.startswith(CALLBACK)))
        _, told = await self.read(back["response"])
        status, answer = await self._redeem(told["code"])
        assert status == 200, answer
        headers = {"Authorization": f"Bearer {answer['access_token']}"}
        async with self.browser.session.get(f"{self.browser.stack.issuer}/userinfo", headers=headers) as person:
            assert person.status == 200
            _, claims = await self.read(await person.text())
        assert claims["sub"] == (await self.read(answer["id_token"]))[1]["sub"]
        return answer

    async def _redeem(self, code: str) -> tuple[int, dict[str, Any]]:
        issuer, at = self.browser.stack.issuer, int(time.time())
        claims = {"iss": STRONG, "sub": STRONG, "aud": issuer, "iat": at, "exp": at + 60, "jti": b64(CHANCE.octets(12))}
        assertion = sign(claims, import_signing_key(_KEY), typ="JWT")
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        form |= {"client_assertion": assertion, "client_assertion_type": ASSERTION_TYPE}
        async with self.browser.session.post(f"{issuer}/token", data=form) as answer:
            return answer.status, orjson.loads(await answer.read())


@dataclass
class Load:
    """What happened while keys changed."""

    people: Sequence[int]
    signed_by: Counter[str] = field(default_factory=Counter)
    begun: int = 0
    failed: list[str] = field(default_factory=list)
    fetched: int = 0
    over: bool = False

    async def sign_in(self, stack: Stack, persona: int, client_id: str) -> None:
        """Sign one person in again and again, every second time silently with the last ID token as hint."""
        async with walker(stack) as browser:
            portal, hint, kept_until = Portal(browser, client_id), None, 0.0
            while not self.over:
                self.begun += 1
                # no portal would keep a hint for longer than its key may count
                hint = hint if time.monotonic() < kept_until else None
                try:
                    kid, id_token = await portal.sign_in(persona, hint)
                except Exception as trouble:
                    self.failed.append(f"{client_id}: {type(trouble).__name__}: {trouble}"[:500])
                    hint = None
                    if len(self.failed) > _GIVE_UP:
                        raise
                else:
                    hint = id_token if hint is None else None
                    kept_until = time.monotonic() + HINT_KEPT_S
                    self.signed_by[kid] += 1
            self.fetched += portal.fetched


async def _rotate(stack: Stack, rotations: int, persons: Sequence[int]) -> dict[str, Any]:
    load = Load(persons)
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as people:
        for place, persona in enumerate(persons):
            people.create_task(load.sign_in(stack, persona, STRONG if place % 2 else SAMPLE_CLIENT))
        try:
            for _ in range(rotations):
                await _one_rotation(stack, load)
        finally:
            load.over = True
    assert len(load.signed_by) == rotations + 1
    assert not load.failed, load.failed[:3]
    assert load.begun == load.signed_by.total()
    return {
        "begun": load.begun,
        "sign_ins": load.signed_by.total(),
        "failed": len(load.failed),
        "by_key": list(load.signed_by.values()),
        "key_sets_fetched": load.fetched,
        "seconds": round(time.perf_counter() - begun, 1),
    }


async def _one_rotation(stack: Stack, load: Load) -> None:
    """Publish a key, see it sign, see the one before go; what that one signed last is worth nothing any more."""
    async with walker(stack) as browser:
        before = await _signing(load)
        tokens = await browser.tokens(load.people[0])
        status, form = await browser.prefill(tokens["access_token"])
        assert status == 200, form
        code, out, err = await stack.command("key", "rotate", "--alg", ALGORITHM, "--json")
        assert code == 0, err.decode()
        fresh_key = orjson.loads(out)
        assert (fresh_key["state"], fresh_key["kid"] in load.signed_by) == ("next", False)
        await _until(lambda: _has_signed(load, fresh_key["kid"]), "the new key signs")
        assert await _verdict(browser, form) == "valid", "what the key before signed counts while it retires"
        assert "code" in await _hinted(browser, load, tokens), "a hint of a key that retires is a hint"
        await _until(lambda: _is_gone(browser, before), "the key before leaves the key set")
        assert await _verdict(browser, form) == "invalid", "a manifest of a retired key still counts"
        told = await _hinted(browser, load, tokens)
        assert told.get("error") == "login_required", f"a hint of a retired key still counts: {told}"
        assert "logout-yes" in await _leaving(browser, tokens), "a hint of a retired key signs somebody out unasked"


async def _hinted(browser: Walker, load: Load, tokens: Mapping[str, Any]) -> dict[str, str]:
    """Ask silently with an ID token as hint; return what the portal is told."""
    step = browser.authorization(load.people[0], prompt="none", id_token_hint=tokens["id_token"])
    return answer_of(await browser.go(step))


async def _leaving(browser: Walker, tokens: Mapping[str, Any]) -> str:
    """Ask to sign out with an ID token as hint; return the page."""
    page = await browser.ask(Step(f"{browser.stack.issuer}/logout?{urlencode({'id_token_hint': tokens['id_token']})}"))
    assert isinstance(page, Page), page
    assert page.status == 200, page
    return page.text


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
