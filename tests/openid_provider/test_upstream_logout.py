"""An identity provider says that a session there ended: what is believed, what ends here, and who is told in turn."""

import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import orjson
import provider_house as world
import pytest
from journey import authorize_url, members, obtain_tokens
from own_visitor import OTHER
from portals_told import ToldHouse, open_told_house

from gateway.identity_providers.configuration import IdentityProviderSettings
from gateway.identity_providers.contract import LogoutNotice
from gateway.identity_providers.openid_connect import OpenIdConnect
from gateway.tokens import jose
from gateway.tokens.key_material import import_signing_key
from gateway.vocabulary.clock import SystemRandomness
from tests.identity_providers.issuer import Issuer, hmac_signed, private_jwk, with_header
from tests.identity_providers.wire import outbound, serving

pytestmark = pytest.mark.anyio
EVENT = "http://schemas.openid.net/event/backchannel-logout"
PATH = "/upstream/fake/backchannel-logout"


@dataclass
class HearingProvider(world.ScriptedProvider):
    """The scripted provider, whose logout tokens the real adapter reads."""

    adapter: Any = field(default=None)

    async def read_logout(self, logout_token: str) -> LogoutNotice:
        """Read it."""
        notice: LogoutNotice = await self.adapter.read_logout(logout_token)
        return notice


@dataclass
class Ground:
    """A told house, and the issuer behind its provider."""

    house: ToldHouse
    issuer: Issuer

    @property
    def provider(self) -> world.Provider:
        """The provider."""
        return self.house.provider

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return good claims, with changes (None leaves one out)."""
        now = int(self.provider.clock.now().timestamp())
        good = {"iss": self.issuer.url, "aud": "gate06", "iat": now, "exp": now + 120, "jti": f"j-{now}"}
        good |= {"sub": "person-3", "sid": "up-1", "events": {EVENT: {}}, **changes}
        return {name: value for name, value in good.items() if value is not None}

    def token(self, typ: str | None = "logout+jwt", **changes: Any) -> str:
        """Return a token signed with the issuer's key."""
        return jose.sign(self.claims(**changes), import_signing_key(self.issuer.signing), typ=typ)

    async def post(self, token: str, path: str = PATH) -> httpx2.Response:
        """Post it as the issuer does, without any cookie."""
        async with self.provider.another_browser() as elsewhere:
            return await elsewhere.http.post(path, data={"logout_token": token})

    async def signed_in(self, browser: world.Provider | None = None) -> bool:
        """Tell whether a browser still has a session."""
        answer = await (browser or self.provider).get(authorize_url(prompt="none"))
        return members(answer.headers["location"]).get("error") != "login_required"

    async def sign_in(self, browser: world.Provider | None = None, **changes: object) -> dict[str, str]:
        """Sign in with an upstream session."""
        self.provider.upstream.answer = world.person(issuer=self.issuer.url, **{"session_id": "up-1", **changes})
        return await obtain_tokens(browser or self.provider)


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    """The issuer over real HTTP, the house in the process."""
    async with AsyncExitStack() as leaving:
        house = await leaving.enter_async_context(open_told_house(tmp_path))
        door = socket.create_server(("127.0.0.1", 0))
        leaving.callback(door.close)
        clock = house.provider.clock
        issuer = Issuer(f"http://127.0.0.1:{door.getsockname()[1]}", clock)
        await leaving.enter_async_context(serving(issuer.application(), door))
        client = await leaving.enter_async_context(outbound())
        settings = IdentityProviderSettings.model_validate(
            {"alias": "fake", "kind": "openid_connect", "label": "x", "issuer": issuer.url, "client_id": "gate06"}
            | {"client_secret": "between-both"}
        )
        hearing = HearingProvider()
        hearing.adapter = OpenIdConnect(settings, client, None, clock, SystemRandomness())  # type: ignore[arg-type]
        providers = {**house.provider.house.identity_providers, "fake": hearing}
        object.__setattr__(house.provider.house, "identity_providers", providers)
        house.provider.upstream = hearing
        yield Ground(house, issuer)


@pytest.mark.parametrize("changes", [{}, {"sub": None}, {"sid": None}], ids=["sub and sid", "sid alone", "sub alone"])
async def test_our_session_ends_and_its_portals_are_told(ground: Ground, changes: dict[str, None]) -> None:
    tokens = await ground.sign_in()
    answer = await ground.post(ground.token(**changes))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert not await ground.signed_in()
    dead = await ground.provider.get("/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert dead.status_code == 401
    assert [one.path for one in await ground.house.told()] == ["/first"]
    ended = [
        leaf
        for event in await ground.provider.journal.pending(1000)
        if (leaf := orjson.loads(event.leaf))["event"] == "SessionEnded"
    ]
    assert [(one["outcome"], one["actor"]["kind"], one["connector"]) for one in ended] == [
        ("signed_out_upstream", "gateway", "fake")
    ]


@pytest.mark.parametrize(
    "changes",
    [{"sid": "up-2"}, {"sub": "person-4"}, {"sub": None, "sid": "up-2"}, {"sid": None, "sub": "person-4"}],
    ids=["another session", "another person", "sid of nobody", "sub of nobody"],
)
async def test_a_token_about_something_else_ends_nothing_and_is_taken(ground: Ground, changes: dict[str, Any]) -> None:
    await ground.sign_in()
    assert (await ground.post(ground.token(**changes))).status_code == 200
    assert await ground.signed_in()
    assert await ground.house.told() == []


async def test_by_person_every_browser_ends_and_by_session_one(ground: Ground) -> None:
    await ground.sign_in()
    async with ground.provider.another_browser() as second:
        await ground.sign_in(second, session_id="up-2")
        assert (await ground.post(ground.token(jti="a"))).status_code == 200
        assert (await ground.signed_in(), await ground.signed_in(second)) == (False, True)
        assert (await ground.post(ground.token(jti="b", sid=None))).status_code == 200
        assert not await ground.signed_in(second)


async def test_a_session_whose_provider_told_no_sid_is_known_by_its_person(ground: Ground) -> None:
    await ground.sign_in(session_id=None)
    assert (await ground.post(ground.token(sub=None))).status_code == 200
    assert await ground.signed_in()
    assert (await ground.post(ground.token(jti="b"))).status_code == 200
    assert not await ground.signed_in()


async def test_somebody_elses_session_stays(ground: Ground) -> None:
    await ground.sign_in()
    async with ground.provider.another_browser() as second:
        await ground.sign_in(second, **OTHER, session_id="up-9")
        assert (await ground.post(ground.token(sid=None))).status_code == 200
        assert (await ground.signed_in(), await ground.signed_in(second)) == (False, True)


@pytest.mark.parametrize("typ", ["logout+jwt", "JWT", None])
async def test_what_others_call_the_token_is_accepted(ground: Ground, typ: str | None) -> None:
    await ground.sign_in()
    assert (await ground.post(ground.token(typ))).status_code == 200
    assert not await ground.signed_in()


Twist = Callable[[Ground], str]
BAD: dict[str, Twist] = {
    "iss": lambda ground: ground.token(iss="https://elsewhere.example"),
    "missing iss": lambda ground: ground.token(iss=None),
    "aud": lambda ground: ground.token(aud="somebody-else"),
    "aud is a list without us": lambda ground: ground.token(aud=["a", "b"]),
    "missing aud": lambda ground: ground.token(aud=None),
    "iat in the future": lambda ground: ground.token(iat=int(ground.provider.clock.now().timestamp()) + 120),
    "iat long ago": lambda ground: ground.token(iat=int(ground.provider.clock.now().timestamp()) - 400),
    "iat is a text": lambda ground: ground.token(iat="now"),
    "missing iat": lambda ground: ground.token(iat=None),
    "expired": lambda ground: ground.token(exp=int(ground.provider.clock.now().timestamp()) - 1),
    "missing jti": lambda ground: ground.token(jti=None),
    "nonce": lambda ground: ground.token(nonce="n-1"),
    "missing events": lambda ground: ground.token(events=None),
    "events is a list": lambda ground: ground.token(events=[EVENT]),
    "events is a text": lambda ground: ground.token(events=json.dumps({EVENT: {}})),
    "another event": lambda ground: ground.token(events={"https://schemas.example/event/other": {}}),
    "event is no object": lambda ground: ground.token(events={EVENT: True}),
    "neither sub nor sid": lambda ground: ground.token(sub=None, sid=None),
    "sid is a number": lambda ground: ground.token(sid=7),
    "typ of an access token": lambda ground: ground.token("at+jwt"),
    "an ID token": lambda ground: ground.issuer.id_token(),
    "alg none": lambda ground: with_header(ground.token(), {"alg": "none"}, "e30"),
    "alg HS256": lambda ground: hmac_signed(ground.token(), b"between-both"),
    "wrong signature": lambda ground: ground.token().rpartition(".")[0] + "." + "A" * 86,
    "a foreign key": lambda ground: jose.sign(
        ground.claims(), import_signing_key(private_jwk("ES256", "key-1x")), typ="logout+jwt"
    ),
    "no token": lambda ground: "not.a.token",
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_token_is_refused_and_ends_nothing(ground: Ground, name: str) -> None:
    await ground.sign_in()
    answer = await ground.post(BAD[name](ground))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.json()["error_uri"].startswith(f"{world.ISSUER}/errors/GW-1421")
    assert answer.headers["cache-control"] == "no-store"
    assert await ground.signed_in()


async def test_a_token_is_good_once(ground: Ground) -> None:
    await ground.sign_in()
    token = ground.token()
    assert (await ground.post(token)).status_code == 200
    await ground.sign_in()
    again = await ground.post(token)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")
    assert await ground.signed_in()


async def test_keys_that_were_rotated_just_before_are_fetched_once_more(ground: Ground) -> None:
    await ground.sign_in()
    assert (await ground.post(ground.token(sid="other", sub=None))).status_code == 200
    ground.provider.clock.move(timedelta(minutes=1))
    ground.issuer.signing = private_jwk("ES256", "key-2")
    ground.issuer.published.append(ground.issuer.signing)
    assert (await ground.post(ground.token())).status_code == 200
    assert not await ground.signed_in()


async def test_without_its_keys_the_provider_is_asked_to_come_again(ground: Ground) -> None:
    await ground.sign_in()
    ground.issuer.statuses["keys"] = 503
    answer = await ground.post(ground.token())
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert await ground.signed_in()


@pytest.mark.parametrize("alias", ["nobody", "forgetful", "staff"])
async def test_who_tells_nothing_is_not_heard(ground: Ground, alias: str) -> None:
    answer = await ground.post(ground.token(), f"/upstream/{alias}/backchannel-logout")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_it_is_a_post_with_a_form(ground: Ground) -> None:
    assert (await ground.provider.get(PATH)).status_code == 405
    answer = await ground.provider.http.post(PATH, json={"logout_token": ground.token()})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
