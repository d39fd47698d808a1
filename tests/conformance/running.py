"""The gateway the rows talk to: two programs of their own (gateway, VNeID simulator), started once for all rows."""

import asyncio
import os
import ssl
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx2
import tomlkit

from gateway.cli.demo import FACES, free_ports, plan_of
from gateway.cli.demo_files import DemoPlan, write_files
from gateway.cli.programs import Program, start, stop, wait_until_ready
from gateway.vocabulary.clock import SystemClock
from tests.conformance.moved_clock import MovedTime

ROOT = Path(__file__).parents[2]
SUITE = "https://suite.example"
CALLBACK = f"{SUITE}/callback"
GOODBYE = f"{SUITE}/goodbye"
SECRET = "s3cr:t%+ /ü-that-only-the-suite-and-the-gateway-know"


class Proxy(Protocol):
    """What may stand in front of the gateway: the issuer it is reached at, and who vouches for its certificate."""

    issuer: str
    trust: ssl.SSLContext

    def in_front_of(self, port: int) -> AbstractContextManager[None]:
        """Run it as long as the block lasts."""
        ...


def clients() -> list[dict[str, Any]]:
    """Return the static clients of the plans: what a certification run registers by hand."""
    until = (SystemClock().now() + timedelta(days=300)).date()
    plain = {
        "client_secret": SECRET,
        "profile": "legacy",
        "legacy_until": until,
        "redirect_uris": [CALLBACK, f"{CALLBACK}?dummy1=lorem&dummy2=ipsum"],
        "post_logout_redirect_uris": [GOODBYE],
        "grant_types": ["authorization_code", "refresh_token"],
        "id_token_signed_response_alg": "RS256",
        "sector": "suite.example",
    }
    return [
        {**plain, "client_id": "suite", "client_name": "Suite"},
        {**plain, "client_id": "suite-second", "client_name": "Suite, second client"},
        {**plain, "client_id": "suite-post", "token_endpoint_auth_method": "client_secret_post"},
    ]


class Gateway:
    """A running gateway as its clients see it: addresses, time, and whose certificates to trust (None: plain HTTP)."""

    def __init__(self, plan: DemoPlan, time: MovedTime, log: Path, trust: ssl.SSLContext | None = None) -> None:
        self.issuer = plan.issuer
        self.idp = plan.vneid_url
        self.time = time
        self._log = log
        self._opened: list[httpx2.Client] = []
        self._trust = trust or False
        with self.http() as http:
            self.metadata: Mapping[str, Any] = http.get(f"{self.issuer}/.well-known/openid-configuration").json()
            self.jwks: Mapping[str, Any] = http.get(self.metadata["jwks_uri"]).json()

    def http(self) -> httpx2.Client:
        """Return a new client, with cookies of its own."""
        client = httpx2.Client(verify=self._trust, timeout=30)
        self._opened.append(client)
        return client

    def close(self) -> None:
        """Close what was opened; a row is over."""
        while self._opened:
            self._opened.pop().close()

    def said(self) -> str:
        """Return what it told its operators so far."""
        return self._log.read_text("utf-8")


@contextmanager
def running_gateway(
    folder: Path,
    *,
    providers: Sequence[Mapping[str, Any]] = (),
    portals: Sequence[Mapping[str, Any]] = (),
    settings: Mapping[str, Any] | None = None,
    proxy: Proxy | None = None,
    ports: dict[str, int] | None = None,
) -> Iterator[Gateway]:
    """Start gateway and simulator on free ports; stop both. `providers` are
    further identity providers; with them VNeID is not started. `settings`
    are further tables. `proxy` stands in front
    where there is one, and is started with the gateway's port. `ports` are
    those of `free_ports` where somebody has to know them before."""
    plan = plan_of(
        folder / "run", ports or free_ports(), issuer=proxy.issuer if proxy else None, store=None, redis=None, workers=1
    )
    write_files(plan)
    more = folder / "more.toml"
    told: dict[str, Any] = {"portal": [*clients(), *portals], **(settings or {})}
    more.write_text(tomlkit.dumps(told | ({"identity_provider": list(providers)} if providers else {})), "utf-8")
    clock = folder / "clock"
    time = MovedTime(clock)
    known = {name: value for name, value in os.environ.items() if not name.startswith("GATE06_")}
    environment = known | {
        "GATE06_CONFIG": os.pathsep.join([str(plan.settings_file), str(more)]),
        "GATE06_PROFILE": "dev",
        "GATE06_LIMITS__ENABLED": "false",
        "PYTHONPATH": str(ROOT),
    }

    def program(name: str, ready_url: str, *arguments: str) -> Program:
        line = [sys.executable, "-m", "tests.conformance.moved_clock", str(clock), *arguments]
        return Program(
            name=name, arguments=line, environment=environment, log=folder / f"{name}.log", ready_url=ready_url
        )

    options = str(plan.folder / "simulators.json")
    simulate = ("gateway.cli.simulate", FACES, str(plan.vneid_port), options)
    programs = [program("gateway", f"http://127.0.0.1:{plan.gateway_port}/readyz", "gateway", "serve")]
    if not providers:
        programs.append(program("vneid", f"{plan.vneid_url}/_calls", *simulate))
    with asyncio.Runner() as runner:
        running = [runner.run(start(one)) for one in programs]
        try:
            runner.run(wait_until_ready(running, 90))
            with proxy.in_front_of(plan.gateway_port) if proxy else nullcontext():
                yield Gateway(plan, time, folder / "gateway.log", proxy.trust if proxy else None)
        finally:
            runner.run(stop(running))
