"""Every way to make the gateway call itself or its neighbours, tried against the real outbound client.

Nothing listens where a refused address points to but a witness that counts connections: a refusal means that nobody
connected, and the operator reads what was tried. Source: technology.md §3.3.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_network

import aiohttp
import pytest
import structlog
from aiohttp import web

from gateway.connector_runtime.configuration import EgressSettings
from gateway.connector_runtime.contract import SourceTrouble
from gateway.connector_runtime.outbound import ZoneClient
from gateway.connector_runtime.transports.reply import refuse_status

pytestmark = pytest.mark.anyio

METADATA = "169.254.169.254"
ZONES = EgressSettings(gov_wan=(ip_network("10.20.0.0/16"),))


@dataclass
class Witness:
    """Something on this machine that nobody may reach; it listens for both families where the machine has both."""

    port: int
    connections: int = 0


@pytest.fixture
async def witness() -> AsyncIterator[Witness]:
    seen = Witness(0)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    seen.port = server.sockets[0].getsockname()[1]
    yield seen
    server.close()
    await server.wait_closed()


async def refusal(url: str, zone="internet") -> str:
    """Send, and return what the operator reads of the refusal."""
    client = ZoneClient(zone, ZONES)
    try:
        with pytest.raises(SourceTrouble) as caught:
            await client.send("GET", url, timeout_for=5)
    finally:
        await client.close()
    assert getattr(caught.value.outcome, "reason", "") == "unreachable"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return caught.value.operator_detail


# host as written → the address that was judged; "" where no address ever came of it
SPELLINGS = {
    "127.0.0.1": "127.0.0.1",
    "[::1]": "::1",
    "[::ffff:127.0.0.1]": "::ffff:127.0.0.1",
    "[::ffff:7f00:1]": "::ffff:127.0.0.1",
    "[::127.0.0.1]": "::127.0.0.1",
    "[2002:7f00:1::]": "2002:7f00:1::",
    "[64:ff9b::7f00:1]": "64:ff9b::7f00:1",
    "[64:ff9b:1::7f00:1]": "64:ff9b:1::7f00:1",
    "localhost": "127.0.0.1",
    "0x7f.1": "127.0.0.1",
    "0x7f000001": "127.0.0.1",
    "2130706433": "",
    "127.1": "",
    "0177.0.0.1": "",
    "0": "",
    METADATA: METADATA,
    f"[::ffff:{METADATA}]": f"::ffff:{METADATA}",
    "[2002:a9fe:a9fe::]": "2002:a9fe:a9fe::",
    "[64:ff9b::a9fe:a9fe]": "64:ff9b::a9fe:a9fe",
    "10.0.0.1": "10.0.0.1",
    "100.64.0.1": "100.64.0.1",
    "[fd00::1]": "fd00::1",
    "[fe80::1]": "fe80::1",
    "0.0.0.0": "0.0.0.0",
}


@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_gets_through_and_the_operator_reads_what_was_tried(host: str, witness: Witness) -> None:
    told = await refusal(f"https://{host}:{witness.port}/")
    assert told.startswith(f"host `{host}:{witness.port}`: ")
    if SPELLINGS[host]:
        judged = told.partition(": address `")[2].partition("`")[0]
        assert socket.gethostbyname(judged) == SPELLINGS[host] if ":" not in judged else _same(judged, SPELLINGS[host])
        assert told.endswith("outside the egress zone `internet`")
    assert witness.connections == 0


def _same(one: str, other: str) -> bool:
    return one == "::1" or socket.inet_pton(socket.AF_INET6, one) == socket.inet_pton(socket.AF_INET6, other)


@pytest.mark.parametrize("host", [METADATA, "8.8.8.8", "192.168.1.1", "10.21.0.1", "127.0.0.1", "[::ffff:10.21.0.1]"])
async def test_the_government_zone_is_its_ranges_and_nothing_else(host: str, witness: Witness) -> None:
    told = await refusal(f"https://{host}:{witness.port}/", zone="gov-wan")
    assert "outside the egress zone `gov-wan`" in told
    assert witness.connections == 0


@pytest.mark.parametrize("address", [METADATA, f"::ffff:{METADATA}", "10.0.0.1", "8.8.8.8"])
async def test_the_lab_is_this_machine_and_nothing_else(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    assert "outside the egress zone `lab`" in await refusal(f"http://{host}:9/", zone="lab")


class Rebinding(aiohttp.abc.AbstractResolver):
    """Says one thing at first and another afterwards, as a name server with a lifetime of no seconds does."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list:
        address = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [{"hostname": host, "host": address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        return None


async def test_a_name_that_changes_its_mind_is_judged_at_every_connection(witness: Witness) -> None:
    client = ZoneClient("internet", ZONES)
    connector = client._open().connector
    assert isinstance(connector, aiohttp.TCPConnector)
    await connector._resolver.close()
    resolver = connector._resolver = Rebinding("10.0.0.1", "127.0.0.1", METADATA)
    seen = []
    for _ in range(3):
        with pytest.raises(SourceTrouble) as caught:
            await client.send("GET", f"https://register.example.vn:{witness.port}/", timeout_for=5)
        seen.append(caught.value.operator_detail)
    await client.close()
    assert [told.split("`")[3] for told in seen] == ["10.0.0.1", "127.0.0.1", METADATA]
    assert (resolver.asked, witness.connections) == (3, 0)


async def test_a_good_and_a_bad_address_behind_one_name_do_not_help_each_other(witness: Witness) -> None:
    class Both(Rebinding):
        async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list:
            return [*(await super().resolve(host, port)), *(await super().resolve(host, port))]

    client = ZoneClient("internet", ZONES)
    connector = client._open().connector
    assert isinstance(connector, aiohttp.TCPConnector)
    await connector._resolver.close()
    connector._resolver = Both("127.0.0.1", METADATA)
    with pytest.raises(SourceTrouble) as caught:
        await client.send("GET", f"https://register.example.vn:{witness.port}/", timeout_for=5)
    await client.close()
    assert "outside the egress zone `internet`" in caught.value.operator_detail
    assert witness.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("target", "named"),
    [
        (f"http://{METADATA}/latest/meta-data/999175000003", f"`{METADATA}`"),
        (f"http://[::ffff:{METADATA}]/", f"`::ffff:{METADATA}`"),
        ("//localhost/", "`localhost`"),
        ("/people/999175000003", "another path"),
    ],
)
async def test_a_redirect_is_told_and_not_followed(status: int, target: str, named: str, witness: Witness) -> None:
    reached = 0

    async def redirect(request: web.Request) -> web.Response:
        nonlocal reached
        reached += 1
        return web.Response(status=status, headers={"Location": target})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", redirect)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    client = ZoneClient("lab", ZONES)
    reply = await client.send("GET", f"http://127.0.0.1:{runner.addresses[0][1]}/")
    with pytest.raises(SourceTrouble) as caught:
        refuse_status(reply)
    await client.close()
    await runner.cleanup()
    assert caught.value.operator_detail == f"redirect to {named} not followed"
    assert "999175000003" not in caught.value.operator_detail
    assert reached == 1


@pytest.mark.parametrize("scheme", ["http", "ftp", "file", "gopher", "unix", "data"])
async def test_only_https_leaves_for_the_internet(scheme: str, witness: Witness) -> None:
    told = await refusal(f"{scheme}://127.0.0.1:{witness.port}/")
    assert told == f"host `127.0.0.1:{witness.port}`: url must be https, http only in the zone `lab`"
    assert witness.connections == 0


async def test_an_account_in_an_address_is_refused_and_not_repeated(witness: Witness) -> None:
    told = await refusal(f"https://user:word@127.0.0.1:{witness.port}/")
    assert "word" not in told


async def test_no_proxy_of_the_environment_is_asked(witness: Witness, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{witness.port}")
    assert METADATA in await refusal(f"https://{METADATA}/")
    assert witness.connections == 0


async def test_one_refused_address_is_one_line_of_the_log_however_often_it_is_tried(witness: Witness) -> None:
    client = ZoneClient("internet", ZONES)
    with structlog.testing.capture_logs() as logged:
        for host in ("127.0.0.1", "127.0.0.1", METADATA):
            with pytest.raises(SourceTrouble):
                await client.send("GET", f"https://{host}:{witness.port}/", timeout_for=5)
    await client.close()
    assert [one["event"] for one in logged] == ["egress_refused"] * 2
    assert METADATA in logged[1]["reason"]
