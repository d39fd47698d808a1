"""The gateway the rows talk to: two programs of their own (gateway, VNeID simulator), started once for all rows."""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import tomlkit

from gateway.cli.demo import FACES, free_ports, plan_of
from gateway.cli.demo_files import write_files
from gateway.cli.programs import Program, start, stop, wait_until_ready
from gateway.vocabulary.clock import SystemClock
from tests.conformance.moved_clock import MovedTime

ROOT = Path(__file__).parents[2]
SUITE = "https://suite.example"
CALLBACK = f"{SUITE}/callback"
GOODBYE = f"{SUITE}/goodbye"
SECRET = "s3cr:t%+ /ü-that-only-the-suite-and-the-gateway-know"


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
    """A running gateway as its clients see it: addresses and time."""

    def __init__(self, issuer: str, idp: str, time: MovedTime) -> None:
        self.issuer = issuer
        self.idp = idp
        self.time = time
        with httpx2.Client() as http:
            self.metadata: Mapping[str, Any] = http.get(f"{issuer}/.well-known/openid-configuration").json()
            self.jwks: Mapping[str, Any] = http.get(self.metadata["jwks_uri"]).json()


@contextmanager
def running_gateway(
    folder: Path, *, providers: Sequence[Mapping[str, Any]] = (), portals: Sequence[Mapping[str, Any]] = ()
) -> Iterator[Gateway]:
    """Start gateway and simulator on free ports; stop both. `providers` are
    further identity providers; with them VNeID is not started."""
    ports = free_ports()
    plan = plan_of(folder / "run", ports, issuer=None, store=None, redis=None, workers=1)
    write_files(plan)
    more = folder / "more.toml"
    told: dict[str, Any] = {"portal": [*clients(), *portals]}
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
    programs = [program("gateway", f"{plan.issuer}/readyz", "gateway", "serve")]
    if not providers:
        programs.append(program("vneid", f"{plan.vneid_url}/_calls", *simulate))
    with asyncio.Runner() as runner:
        running = [runner.run(start(one)) for one in programs]
        try:
            runner.run(wait_until_ready(running, 90))
            yield Gateway(plan.issuer, plan.vneid_url, time)
        finally:
            runner.run(stop(running))
