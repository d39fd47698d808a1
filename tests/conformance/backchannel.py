"""oidcc-backchannel-rp-initiated-logout-certification-test-plan: a client is told of a sign-out, server to server."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwk, jws

from tests.conformance.basic_walks import tokens_of
from tests.conformance.client import Client
from tests.conformance.plan import Run, modules_of
from tests.conformance.running import GOODBYE, clients

NAME = "suite-told"
_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_DAY_S = 86_400
_HEARD: Queue[tuple[str, bytes]] = Queue()


class _Ear(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        _HEARD.put((self.headers["content-type"], body))
        self.send_response(200)
        self.send_header("cache-control", "no-store")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@contextmanager
def listening_client() -> Iterator[dict[str, Any]]:
    """Listen on loopback as a client's back channel; yield the client's table."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Ear)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/told"
        yield {**clients()[0], "client_id": NAME, "backchannel_logout_uri": address}
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)


def discovery(run: Run) -> None:
    """Back-Channel Logout §2.1."""
    assert run.gateway.metadata["backchannel_logout_supported"] is True
    assert run.gateway.metadata["backchannel_logout_session_supported"] is True
    run.note("GET openid-configuration", "200 backchannel_logout_supported, backchannel_logout_session_supported")


def told_of_logout(run: Run) -> None:
    """Back-Channel Logout §2.4 to §2.6: the logout token, claim by claim."""
    client = Client(run, NAME)
    id_token = tokens_of(run, client)["id_token"]
    signed_in = client.claims(id_token)
    address = run.gateway.metadata["end_session_endpoint"]
    query = urlencode({"id_token_hint": id_token, "post_logout_redirect_uri": GOODBYE, "state": "st-out"})
    landing = client.browser.open(f"{address}?{query}")
    assert (landing.arrived, landing.members) == (GOODBYE, {"state": "st-out"})
    run.note("GET end_session_endpoint with a good id_token_hint", "303 back to the client with state=st-out")
    kind, body = _HEARD.get(timeout=60)
    assert kind.partition(";")[0] == "application/x-www-form-urlencoded"
    form = parse_qs(body.decode("ascii"), strict_parsing=True)
    assert form.keys() == {"logout_token"}
    keys = jwk.KeySet.import_key_set(run.gateway.jwks)  # type: ignore[arg-type]
    token = jws.deserialize_compact(form["logout_token"][0], keys, algorithms=["RS256"])
    claims = json.loads(token.payload)
    now = run.gateway.time.seconds()
    assert claims["iss"] == run.gateway.issuer
    assert claims["aud"] == NAME
    assert now - _DAY_S < claims["iat"] <= now + 5
    assert claims["jti"]
    assert claims["events"] == {_EVENT: {}}
    assert "nonce" not in claims
    assert claims["sid"] == signed_in["sid"]
    assert claims.get("sub", signed_in["sub"]) == signed_in["sub"]
    said = "logout_token alone, signed RS256 with a published key: iss, aud, iat, jti, events, sid, no nonce"
    run.note("the client's backchannel_logout_uri", f"POST, {said}")
    silent, _ = client.ask(prompt="none")
    run.see(silent, silent.status, error="login_required")


BACKCHANNEL = modules_of(
    "oidcc-backchannel-",
    {
        "logout-discovery-endpoint-verification": ("Back-Channel Logout 1.0 §2.1", discovery),
        "rp-initiated-logout": ("Back-Channel Logout 1.0 §2.4–2.6", told_of_logout),
    },
)
