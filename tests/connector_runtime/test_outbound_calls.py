"""The way out: capped, quiet, alone, and with one kind of trouble only."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from gateway.connector_runtime.configuration import EgressSettings
from gateway.connector_runtime.contract import SourceTrouble
from gateway.connector_runtime.outbound import ZoneClient

pytestmark = pytest.mark.anyio

SEEN: list[dict[str, str]] = []


async def echo(request: web.Request) -> web.Response:
    SEEN.append({name.lower(): value for name, value in request.headers.items()})
    body = await request.read()
    return web.Response(body=body or b"ok", headers=[("X-One", "1"), ("X-One", "2"), ("Set-Cookie", "a=b")])


async def redirect(request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest"})


def packed(body: bytes, encoding: str):
    async def reply(request: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Encoding": encoding})

    return reply


async def sized(request: web.Request) -> web.Response:
    return web.Response(text="x" * int(request.match_info["count"]))


async def endless(request: web.Request) -> web.StreamResponse:
    reply = web.StreamResponse()
    await reply.prepare(request)
    while True:
        await reply.write(b"x" * 65536)


async def stall(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    return web.Response()


@pytest.fixture
async def address() -> AsyncIterator[str]:
    SEEN.clear()
    app = web.Application(client_max_size=4_000_000)
    app.router.add_route("*", "/echo", echo)
    app.router.add_get("/redirect", redirect)
    app.router.add_get("/endless", endless)
    app.router.add_get("/sized/{count}", sized)
    app.router.add_get("/stall", stall)
    app.router.add_get("/gzip", packed(gzip.compress(b"<a/>"), "gzip"))
    app.router.add_get("/deflate", packed(zlib.compress(b"<a/>"), "deflate"))
    app.router.add_get("/bomb", packed(gzip.compress(b"\0" * 200_000_000, 9), "gzip"))
    app.router.add_get("/brotli", packed(b"\x0b\x02\x80<a/>\x03", "br"))
    app.router.add_get("/broken", packed(b"not gzip at all", "gzip"))
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def client() -> AsyncIterator[ZoneClient]:
    made = ZoneClient("lab", EgressSettings())
    yield made
    await made.close()


async def trouble(client: ZoneClient, url: str, **more) -> str:
    with pytest.raises(SourceTrouble) as caught:
        await client.send("GET", url, **more)
    assert caught.value.__cause__ is None
    reason = getattr(caught.value.outcome, "reason", "")
    assert isinstance(reason, str)
    return reason


async def test_body_and_headers_go_out_and_come_back(address: str, client: ZoneClient) -> None:
    reply = await client.send("POST", f"{address}/echo", headers={"X-Own": "1"}, body=b"question")
    assert (reply.status, reply.body) == (200, b"question")
    assert reply.headers["x-one"] == "1, 2"
    assert SEEN[0]["x-own"] == "1"
    assert SEEN[0]["accept-encoding"] == "identity"


async def test_no_cookies_are_kept_and_no_environment_is_asked(
    address: str, client: ZoneClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    for _ in range(2):
        await client.send("GET", f"{address}/echo")
    assert "cookie" not in SEEN[1]


async def test_a_redirect_is_an_answer_not_an_order(address: str, client: ZoneClient) -> None:
    reply = await client.send("GET", f"{address}/redirect")
    assert reply.status == 302


@pytest.mark.parametrize("path", ["gzip", "deflate"])
async def test_compression_nobody_asked_for_is_read_anyway(address: str, client: ZoneClient, path: str) -> None:
    assert (await client.send("GET", f"{address}/{path}")).body == b"<a/>"


@pytest.mark.parametrize(
    ("path", "reason"),
    [("bomb", "oversize"), ("endless", "oversize"), ("brotli", "malformed"), ("broken", "malformed")],
)
async def test_bodies_that_harm_are_dropped(address: str, client: ZoneClient, path: str, reason: str) -> None:
    assert await trouble(client, f"{address}/{path}") == reason


async def test_the_cap_counts_to_the_byte(address: str, client: ZoneClient) -> None:
    whole = await client.send("GET", f"{address}/sized/1048576")
    assert whole.body == b"x" * 1_048_576
    assert await trouble(client, f"{address}/sized/1048577") == "oversize"
    assert await trouble(client, f"{address}/sized/11", limit=10) == "oversize"


async def test_silence_is_a_timeout(address: str, client: ZoneClient) -> None:
    assert await trouble(client, f"{address}/stall", timeout_for=0.1) == "timeout"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "//127.0.0.1/",
        "http://user:pass@127.0.0.1/",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://no-such-name.invalid/",
    ],
)
async def test_whatever_is_wrong_with_a_url_is_unreachable(client: ZoneClient, url: str) -> None:
    assert await trouble(client, url) == "unreachable"


async def test_plain_http_leaves_only_in_the_lab(address: str) -> None:
    for zone in ("internet", "gov-wan"):
        client = ZoneClient(zone, EgressSettings())
        assert await trouble(client, f"{address}/echo") == "unreachable"
        await client.close()
    assert SEEN == []


async def test_a_closed_client_opens_again(address: str, client: ZoneClient) -> None:
    await client.send("GET", f"{address}/echo")
    await client.close()
    assert (await client.send("GET", f"{address}/echo")).status == 200
