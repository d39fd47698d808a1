"""What the gateway tells others, from running programs: a portal of a sign-out, the message hub of a sign-in.

Two workers and the simulator hub as programs of their own; the portal's endpoint listens here.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
import tomlkit

from gateway.tokens.jose import LOGOUT_TOKEN, FixedKeys, verify
from gateway.tokens.key_material import generate_private_jwk
from gateway.vocabulary.clock import SystemClock, SystemRandomness
from tests.docs.walk import walk
from tests.journeys.clerk import VERIFIER, Clerk
from tests.journeys.stack import Stack
from tests.services import end_with_parent, free_port

BACK = "http://127.0.0.1:9/back"
SECRET = "t" * 43
AUDIENCE = "https://hub.example.gov.vn"


class Listening(ThreadingHTTPServer):
    """A portal's endpoint for logout tokens."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.took: Queue[str] = Queue()


class _Take(BaseHTTPRequestHandler):
    server: Listening

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.took.put(parse_qs(body)["logout_token"][0])
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def listening() -> Iterator[Listening]:
    with Listening() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def hub() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def stack(listening: Listening, hub: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("demo")
    demo = Stack(folder, arguments=("--config", "told.toml", "--workers", "2"))
    private = generate_private_jwk("ES256", "hub-1", SystemRandomness())
    key = {name: private[name] for name in ("kty", "crv", "x", "y")}
    (folder / "hub.jwk").write_text(json.dumps(key), "utf-8")
    portal = {
        "client_id": "told",
        "client_secret": SECRET,
        "redirect_uris": [BACK],
        "backchannel_logout_uri": f"http://127.0.0.1:{listening.server_port}/out",
    }
    settings = {
        "portal": [portal],
        "message_hub": {"url": f"{hub}/events", "audience": AUDIENCE, "key_file": str(folder / "hub.jwk")},
        "egress": {"message_hub": "lab"},
    }
    (folder / "told.toml").write_text(tomlkit.dumps(settings), "utf-8")
    options = {"issuer": demo.issuer, "private_jwk": {**key, "d": private["d"]}, "audience": AUDIENCE}
    (folder / "hub.json").write_text(json.dumps({"message_hub": options}), "utf-8")
    command = [sys.executable, "-m", "gateway.cli.simulate", "message_hub", hub.rpartition(":")[2], "hub.json"]
    program = subprocess.Popen(command, cwd=folder, preexec_fn=end_with_parent)  # noqa: PLW1509  no lock is held
    with demo:
        yield demo
    program.terminate()
    program.wait(120)


def until(look: Callable[[], Any]) -> Any:
    """Look until something is there."""
    while not (found := look()):
        time.sleep(0.1)
    return found


def test_a_sign_in_is_told_to_the_hub_and_a_sign_out_to_the_portal(
    stack: Stack, hub: str, listening: Listening
) -> None:
    with httpx2.Client(trust_env=False) as browser:
        clerk = Clerk(stack, browser)
        clerk.basic = ("told", SECRET)
        asked = clerk.authorize_url(client_id="told", redirect_uri=BACK, scope="openid profile")
        code = parse_qs(walk(browser, asked, BACK).partition("?")[2])["code"][0]
        tokens = clerk.ask_token(grant_type="authorization_code", code=code, redirect_uri=BACK, code_verifier=VERIFIER)
        (alert,) = until(lambda: httpx2.get(f"{hub}/_calls").json()["last"])
        assert alert["to"]["number_ends"] == "003"
        assert alert["service"]["client_id"] == "told"
        browser.get(f"{stack.issuer}/logout", params={"id_token_hint": tokens["id_token"]})
    keys = FixedKeys.of_jwks(httpx2.get(f"{stack.issuer}/jwks").json())
    token = listening.took.get()
    claims = verify(token, LOGOUT_TOKEN, keys, now=SystemClock().now(), issuer=stack.issuer, audience="told")
    assert {"sub", "sid", "jti", "events"} <= claims.keys()
    assert listening.took.empty(), "of two workers one went"


def test_the_doctor_finds_the_hub_and_nobody_who_does_not_answer(stack: Stack, hub: str) -> None:
    done = stack.command("doctor", "--json", "--config", "told.toml")
    rows = {row["check"]: row for row in json.loads(done.stdout)["checks"]}
    assert rows["deliveries"]["in_order"] is True
    assert rows["deliveries"]["detail"].endswith(" waiting")
    assert rows["message hub"]["in_order"] is True
