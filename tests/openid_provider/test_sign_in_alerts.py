"""Alerts of sign-ins at the province's message hub: the simulator hub over real HTTP opens and verifies them."""

import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import orjson
import provider_house as world
import pytest
from own_visitor import enter
from provider_house import Provider, open_provider

from gateway.application.deliveries import make_courier, make_outbox
from gateway.connector_runtime.configuration import EgressSettings
from gateway.connector_runtime.outbound import ZoneClient
from gateway.delivery.courier import Courier
from gateway.delivery.delivery import EVERYTHING
from gateway.delivery.simulator import create_application
from gateway.openid_provider.own_client import OWN_PAGES
from gateway.openid_provider.sign_in_alert import CHANNEL, AlertChannel
from gateway.settings import ConfigurationRefused, Settings
from gateway.settings.message_hub import read_hub
from gateway.settings.tree import MessageHubSettings
from gateway.tokens.event_token import open_event, read_receiver_key, seal_event
from gateway.tokens.key_material import KeyRefused, generate_private_jwk, public_jwk
from gateway.vocabulary.clock import SystemRandomness
from gateway.vocabulary.store import Kind, Put
from tests.identity_providers.wire import serving

pytestmark = pytest.mark.anyio
NUMBER = "999175000003"
PRIVATE = {**generate_private_jwk("ES256", "hub-1", SystemRandomness())}
PRIVATE = {name: value for name, value in PRIVATE.items() if name not in {"use", "alg"}}
AUDIENCE = "https://hub.example.gov.vn"
BEARER = "what-the-hub-wants"


@dataclass
class Ground:
    """A provider whose keys are served over HTTP, the hub, and the courier between them."""

    provider: Provider
    hub: str
    courier: Courier
    http: httpx2.AsyncClient

    async def calls(self) -> dict[str, Any]:
        """Return what came to the hub."""
        answer: dict[str, Any] = (await self.http.get(f"{self.hub}/_calls")).json()
        return answer

    async def fail(self, fault: str, times: int = 1) -> None:
        """Make the hub fail."""
        assert (await self.http.put(f"{self.hub}/_faults", json={"fault": fault, "times": times})).status_code == 200

    async def waiting(self) -> int:
        """Return how many alerts wait."""
        return len(await self.provider.house.store.earliest(Kind.DELIVERY, before=EVERYTHING))  # type: ignore[attr-defined]

    async def outcomes(self) -> list[str]:
        """Return how alerts ended."""
        leaves = [orjson.loads(event.leaf) for event in await self.provider.journal.pending(1000)]
        return [leaf["outcome"] for leaf in leaves if leaf["event"] == "SignInAlertSent"]


def settings_of(folder: Path, url: str, **changes: object) -> Settings:
    """Return settings with a hub."""
    (folder / "hub.jwk").write_text(json.dumps(public_jwk(PRIVATE)), "utf-8")
    (folder / "hub.bearer").write_text(BEARER + "\n", "utf-8")
    members = {"url": url, "audience": AUDIENCE, "key_file": folder / "hub.jwk", "bearer_file": folder / "hub.bearer"}
    return Settings.model_validate({"profile": "dev", "message_hub": {**members, **changes}})


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    """Serve both ends on this machine."""
    async with AsyncExitStack() as leaving:
        doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        for door in doors:
            leaving.callback(door.close)
        issuer, hub = (f"http://127.0.0.1:{door.getsockname()[1]}" for door in doors)
        provider = await leaving.enter_async_context(open_provider(tmp_path, issuer=issuer))
        await leaving.enter_async_context(serving(provider.application, doors[0]))
        played = create_application(issuer, PRIVATE, AUDIENCE, BEARER, provider.clock)
        await leaving.enter_async_context(serving(played, doors[1]))
        settings = settings_of(tmp_path, f"{hub}/events")
        lab = ZoneClient("lab", EgressSettings())
        leaving.push_async_callback(lab.close)
        told = read_hub(settings)
        assert told is not None
        object.__setattr__(provider.house, "outbox", make_outbox(settings, SystemRandomness()))
        channel = (CHANNEL, AlertChannel(provider.house, told, lab))
        courier = make_courier(provider.house, provider.house.store, lab, channel)  # type: ignore[arg-type]
        http = await leaving.enter_async_context(httpx2.AsyncClient())
        yield Ground(provider, hub, courier, http)


async def sign_in(ground: Ground) -> None:
    """Sign in at the portal."""
    begun = await enter(ground.provider, "/me/notices")
    assert begun.status_code == 200


async def test_the_hub_is_told_who_and_where_and_nobody_on_the_way(
    ground: Ground, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[bytes] = []
    channel = ground.courier._channels[CHANNEL]
    send = channel.outbound.send

    async def watched(method: str, url: str, **members: Any) -> Any:
        seen.append(url.encode() + bytes(members["body"]) + str(members["headers"]).encode())
        return await send(method, url, **members)

    channel.outbound.send = watched  # type: ignore[method-assign]
    await sign_in(ground)
    assert (await ground.calls())["count"] == 0, "nobody waits for the hub"
    assert await ground.waiting() == 1
    await ground.courier.work()
    told = await ground.calls()
    (alert,) = told["last"]
    assert alert["to"]["number_ends"] == "003"
    assert len(alert["to"]["sub"]) == 52
    assert alert["service"]["client_id"] == OWN_PAGES
    assert set(alert["service"]["name"]) == {"vi", "en"}
    assert alert["identity_provider"] == {"vi": "Thử", "en": "Trial"}
    assert (alert["suspicious"], alert["at"]) == (False, int(world.START.timestamp()))
    assert alert["notices_uri"].endswith("/me/notices")
    assert (await ground.waiting(), await ground.outcomes()) == (0, ["delivered"])
    sent = b"".join(seen) + (tmp_path / "store.db").read_bytes() + (tmp_path / "store.db-wal").read_bytes()
    assert NUMBER.encode() not in sent
    assert "TRẦN THỊ BƯỞI".encode() not in sent
    written = capsys.readouterr()
    assert NUMBER not in caplog.text + written.out + written.err


async def test_the_page_says_that_alerts_are_sent(ground: Ground) -> None:
    page = await enter(ground.provider, "/me/notices")
    assert "kênh nhắn tin của tỉnh" in page.text
    assert "hiện chưa gửi tin nhắn" not in page.text


async def test_without_a_hub_nothing_waits_and_the_page_says_so(provider: Provider) -> None:
    page = await enter(provider, "/me/notices")
    assert await provider.house.listing.select(Kind.DELIVERY) == []
    assert "hiện chưa gửi tin nhắn" in page.text


@pytest.mark.parametrize(("fault", "wait_s"), [("down", 60), ("slow_down", 60)])
async def test_a_hub_that_is_down_is_told_later_and_once(ground: Ground, fault: str, wait_s: int) -> None:
    await ground.fail(fault)
    await sign_in(ground)
    await ground.courier.work()
    assert ((await ground.calls())["last"], await ground.waiting()) == ([], 1)
    ground.provider.clock.move(timedelta(seconds=wait_s))
    await ground.courier.work()
    assert (len((await ground.calls())["last"]), await ground.waiting()) == (1, 0)


async def test_an_alert_that_came_twice_is_one_message(ground: Ground) -> None:
    await sign_in(ground)
    (stored,) = await ground.provider.house.listing.select(Kind.DELIVERY)
    await ground.courier.work()
    await ground.provider.house.store.commit([Put(stored)], now=ground.provider.clock.now())
    await ground.courier.work()
    calls = await ground.calls()
    assert (calls["count"], len(calls["last"])) == (2, 1)


async def test_nobody_is_told_of_somebody_who_was_erased(ground: Ground) -> None:
    await sign_in(ground)
    (citizen,) = await ground.provider.house.listing.select(Kind.CITIZEN)
    await ground.provider.house.evidence._keys.erase(citizen.key)
    await ground.courier.work()
    assert (await ground.calls())["count"] == 0


async def post(ground: Ground, body: str, bearer: str = BEARER, kind: str = "application/secevent+jwt") -> Any:
    headers = {"content-type": kind, "authorization": f"Bearer {bearer}"}
    answer = await ground.http.post(f"{ground.hub}/events", content=body, headers=headers)
    return answer.status_code, answer.json().get("err") if answer.content else None


async def test_the_hub_takes_nothing_that_is_not_for_it_from_us(ground: Ground) -> None:
    house, now = ground.provider.house, int(ground.provider.clock.now().timestamp())
    key = read_receiver_key(json.dumps(public_jwk(PRIVATE)).encode())
    good: dict[str, Any] = {
        "iss": house.issuer,
        "aud": AUDIENCE,
        "iat": now,
        "jti": "j",
        "toe": now,
        "sub_id": {"format": "aliases", "identifiers": [{"format": "iss_sub", "iss": house.issuer, "sub": "s"}]},
        "events": {"urn:gate06:event:sign-in": {"suspicious": False}},
    }

    def sealed(typ: str = "secevent+jwt", **changes: Any) -> str:
        claims = {name: value for name, value in {**good, **changes}.items() if value is not None}
        return seal_event(house.keys.sign(claims, typ=typ), key)

    assert await post(ground, sealed()) == (202, None)
    assert await post(ground, sealed(), "another") == (401, "authentication_failed")
    assert await post(ground, sealed(), kind="application/json") == (400, "invalid_request")
    assert await post(ground, house.keys.sign(good, typ="secevent+jwt")) == (400, "invalid_key")
    assert await post(ground, sealed("JWT")) == (400, "invalid_request")
    assert await post(ground, sealed(aud="https://elsewhere.example")) == (400, "invalid_audience")
    assert await post(ground, sealed(iss="https://elsewhere.example")) == (400, "invalid_issuer")
    assert await post(ground, sealed(events={"urn:other": {}})) == (400, "invalid_request")
    assert await post(ground, sealed(exp=now + 60)) == (400, "invalid_request")
    assert await post(ground, sealed(iat=now - 400)) == (400, "invalid_request")
    foreign = generate_private_jwk("ES256", "x", SystemRandomness())
    other = read_receiver_key(json.dumps({n: foreign[n] for n in ("kty", "crv", "x", "y")}).encode())
    assert await post(ground, seal_event(house.keys.sign(good, typ="secevent+jwt"), other)) == (400, "invalid_key")
    assert (await ground.calls())["count"] == 11


async def test_a_hub_with_another_key_declines_and_is_not_asked_again(ground: Ground) -> None:
    foreign = generate_private_jwk("ES256", "x", SystemRandomness())
    channel = ground.courier._channels[CHANNEL]
    hub = channel._hub  # type: ignore[attr-defined]
    other = read_receiver_key(json.dumps({n: foreign[n] for n in ("kty", "crv", "x", "y")}).encode())
    object.__setattr__(hub, "key", other)
    await sign_in(ground)
    await ground.courier.work()
    assert (await ground.waiting(), await ground.outcomes()) == (0, ["declined"])


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (b"no json", "form"),
        (b'{"kty":"RSA"}', "kty"),
        (b'{"kty":"EC","crv":"P-384"}', "crv"),
        (b'{"kty":"EC","crv":"P-256","use":"sig"}', "use"),
        (b'{"kty":"EC","crv":"P-256","d":"AA"}', "private"),
        (b'{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}', "form"),
    ],
)
def test_a_key_that_is_not_the_hubs_public_one_is_refused_at_start(tmp_path: Path, document: bytes, rule: str) -> None:
    settings = settings_of(tmp_path, "http://127.0.0.1:9/events")
    (tmp_path / "hub.jwk").write_bytes(document)
    with pytest.raises(ConfigurationRefused, match=f"`{rule}`"):
        read_hub(settings)


def test_a_hub_wants_its_whole_table_and_https_in_production(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`url`, `audience` and `key_file`"):
        MessageHubSettings(url="https://hub.example/events")
    settings = settings_of(tmp_path, "http://127.0.0.1:9/events")
    production = settings.model_copy(update={"profile": "production"})
    with pytest.raises(ConfigurationRefused, match="must be https"):
        read_hub(production)
    gone = settings_of(tmp_path, "http://127.0.0.1:9/events", key_file=tmp_path / "nowhere")
    with pytest.raises(ConfigurationRefused, match="cannot be read"):
        read_hub(gone)


def test_only_a_sealed_event_opens() -> None:
    private = read_receiver_key(json.dumps(PRIVATE).encode(), private=True)
    public = read_receiver_key(json.dumps(public_jwk(PRIVATE)).encode())
    assert open_event(seal_event("a.b.c", public), private) == "a.b.c"
    for bad in ("", "a.b.c", "a.b.c.d.e", "x" * 20_000):
        with pytest.raises(KeyRefused):
            open_event(bad, private)
