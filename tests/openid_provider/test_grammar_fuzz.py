"""Requests made of the grammar's own words in wrong places: no bug, only documented statuses and registered errors."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import provider_house as world
from grammar import ERRORS, Grammar, requests_of
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as some
from journey import CHALLENGE, VERIFIER, basic, hidden, members, obtain_tokens, reach_sign_in

MANY = 900
SOME = settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
GOOD_ASK = {
    "client_id": "portal",
    "redirect_uri": world.CALLBACK,
    "response_type": "code",
    "scope": "openid profile",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}
GRAMMAR = Grammar(
    bases={
        "/authorize": [{}, GOOD_ASK, {"client_id": "app", "redirect_uri": "http://127.0.0.1:8005/callback"}],
        "/par": [{}, GOOD_ASK],
        "/token": [{}, {"grant_type": "authorization_code"}, {"grant_type": "refresh_token"}, {"client_id": "app"}],
        "/userinfo": [{}],
        "/introspect": [{}],
        "/revoke": [{}, {"client_id": "app"}],
        "/logout": [{}, {"client_id": "portal", "post_logout_redirect_uri": "http://127.0.0.1:8003/bye"}],
        "/logout/confirm": [{}],
        "/upstream/fake/callback": [{}],
        "/upstream/fake/signed-out": [{}],
        "/upstream/fake/backchannel-logout": [{}, {"logout_token": "a.b.c"}],
        "/interaction/x": [{}],
    },
    words=[
        *("portal", "app", "old", "old-secret", world.SECRET, world.CALLBACK, world.CALLBACK + "#x", "fake"),
        *(CHALLENGE, VERIFIER, "http://127.0.0.1:8003/bye"),
    ],
    authorizations=[basic(one)["authorization"] for one in ("portal", "old", "é")],
)


def in_a_house(work: Callable[[world.Provider], Coroutine[Any, Any, None]]) -> None:
    """Run one walk after another through one provider."""

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with world.open_provider(Path(folder)) as provider:
                await work(provider)

    asyncio.run(run())


def judge(answer: httpx2.Response, path: str) -> None:
    """Hold an answer to what is documented."""
    assert answer.status_code in {200, 201, 303, 400, 401, 403, 405, 409}, (path, answer.status_code)
    location = answer.headers.get("location")
    if location is not None:
        to = urlsplit(location)
        ours, theirs = location.startswith(world.ISSUER + "/"), to.netloc in {"idp.example", "127.0.0.1:8005"}
        assert ours or theirs or location.startswith((world.CALLBACK, "http://127.0.0.1:8003/bye")), location
        if not ours and "error=" in to.query:
            told = members(location)
            assert told["error"] in ERRORS, told
            assert told["iss"] == world.ISSUER
            assert "?receipt=rf_" in told["error_uri"]
    if answer.status_code >= 400 and answer.headers.get("content-type") == "application/json" and answer.content:
        told = answer.json()
        assert told["error"] in ERRORS, told
        assert "?receipt=rf_" in told["error_uri"]
        assert (answer.status_code == 401) == ("www-authenticate" in answer.headers) or told["error"] not in {
            "invalid_client",
            "invalid_token",
        }


def test_every_endpoint_speaks_the_protocol_whatever_it_is_asked() -> None:
    async def work(provider: world.Provider) -> None:
        await obtain_tokens(provider)
        for one in requests_of(GRAMMAR, 20261123, MANY):
            octets = str(httpx2.QueryParams(one.pairs))
            if one.method == "POST":
                sent = [*one.headers, *([("content-type", one.kind)] if one.kind else [])]
                answer = await provider.http.post(one.path, content=octets, headers=sent)
            else:
                answer = await provider.http.request(one.method, f"{one.path}?{octets}", headers=one.headers)
            judge(answer, one.path)

    in_a_house(work)


STEPS = some.lists(
    some.sampled_from(
        [
            *("look", "look", "choose", "choose elsewhere", "return", "return again", "return cancelled", "allow"),
            *(
                "allow",
                "allow unread",
                "deny",
                "cancel",
                "no csrf",
                "other tab",
                "sign out",
                "ask silently",
                "language",
            ),
            *("other person", "wait", "choose nobody"),
        ]
    ),
    min_size=1,
    max_size=12,
)


KNOWN_WALKS = [
    ["look", "return", "look", "allow"],
    ["look", "return", "allow unread", "allow", "look", "language", "allow", "look", "other tab"],
    ["look", "choose", "return", "look", "other person", "return again", "allow", "look", "allow", "ask silently"],
    ["look", "return", "look", "sign out", "allow", "look"],
]


class Walk:
    """A person and their browser in one attempt, pressing whatever a page or the history offers."""

    def __init__(self, provider: world.Provider) -> None:
        self.provider = provider
        self.attempt = ""
        self.page: httpx2.Response | None = None
        self.states: list[str] = []
        self.person = ""
        self.read: set[str] = set()
        self.agreed: set[str] = set()

    async def begin(self) -> None:
        self.provider.http.cookies.clear()
        self.attempt, callback = await reach_sign_in(self.provider)
        self.states = [callback]

    async def step(self, name: str) -> httpx2.Response:
        http, csrf = self.provider.http, self._csrf()
        match name:
            case "choose" | "choose elsewhere" | "choose nobody":
                alias = {"choose": "fake", "choose elsewhere": "forgetful"}.get(name, "é")
                return await http.post(self.attempt, data={"csrf": csrf, "provider": alias})
            case "return" | "return again" | "return cancelled":
                url = self.states[0 if name == "return again" else -1]
                return await http.get(url + "&error=access_denied" * (name == "return cancelled"))
            case "allow":
                return await http.post(self.attempt, data={"csrf": csrf, "decision": "allow"})
            case "allow unread":
                return await http.post(self.attempt, data={"csrf": csrf.partition(".")[0], "decision": "allow"})
            case "deny":
                return await http.post(self.attempt, data={"csrf": csrf, "decision": "deny"})
            case "cancel":
                return await http.post(self.attempt, data={"csrf": csrf, "cancel": "1"})
            case "no csrf":
                return await http.post(self.attempt, data={"decision": "allow", "provider": "fake"})
            case "other tab":
                return await http.get(_ask())
            case "ask silently":
                return await http.get(_ask(prompt="none"))
            case "sign out":
                return await http.post("/logout/confirm", data={"csrf": csrf, "logout": "yes"})
            case "language":
                return await http.get(self.attempt + "?ui_locales=en")
            case "wait":
                self.provider.clock.move(timedelta(minutes=20))
                return await http.get(self.attempt)
            case _:
                return await http.get(self.attempt)

    def _csrf(self) -> str:
        text = "" if self.page is None else self.page.text
        return hidden(text, "csrf") if 'name="csrf"' in text else "none"

    def note(self, name: str, answer: httpx2.Response) -> None:
        """Remember what the step led to, and hold it to the one rule: no code before the notice was read."""
        judge(answer, name)
        location = answer.headers.get("location", "")
        if location.startswith("https://idp.example/authorize"):
            self.states.append(f"/upstream/fake/callback?code=x&state={members(location)['state']}")
        if location.startswith(world.CALLBACK) and "code" in members(location):
            assert self.person in (self.read if name == "allow" else self.agreed), name
            self.agreed.add(self.person)
        if "gw_session=" in answer.headers.get("set-cookie", "") and name.startswith("return"):
            self.person = self.provider.upstream.answer.subject  # type: ignore[union-attr]
        if answer.status_code == 200 and str(answer.url).startswith(self.attempt):
            self.page = answer
            if 'id="consent-allow"' in answer.text:
                self.read.add(self.person)


def _ask(**changes: str) -> str:
    return "/authorize?" + str(httpx2.QueryParams({**GOOD_ASK, **changes}))


def test_no_order_of_steps_leads_to_a_code_without_a_notice() -> None:
    walks: list[list[str]] = []

    @seed(20261123)
    @SOME
    @given(STEPS)
    def collect(steps: list[str]) -> None:
        walks.append(steps)

    collect()

    async def work(provider: world.Provider) -> None:
        codes = 0
        for index, steps in enumerate([*KNOWN_WALKS, *walks]):
            subject = f"person-{index}"
            provider.upstream.answer = world.person(subject=subject, personal_number=None, vouches_for_number=False)
            walk = Walk(provider)
            await walk.begin()
            for name in steps:
                if name == "other person":
                    other = world.person(subject=subject + "-b", personal_number=None, vouches_for_number=False)
                    provider.upstream.answer = other
                walk.note(name, await walk.step(name))
            codes += len(walk.agreed)
        assert codes > 0

    in_a_house(work)
