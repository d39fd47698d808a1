"""Requests that are bent themselves: members twice, headers and addresses of a megabyte, ways out to other sites; and
clients that publish bad key sets.
"""

import itertools
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlencode, urlsplit

from gateway.application.openapi import PAGES
from gateway.openid_provider.client_assertion import ASSERTION_TYPE
from gateway.tokens.key_material import public_jwk
from tests.proofs.attack_ground import KEY, Answer, Ground, assertion, basic
from tests.proofs.attack_tokens import MEGABYTE, STRANGER
from tests.proofs.walking import Step, answer_of

Refuse = Callable[[str, str, Callable[[], Awaitable[Answer]], Callable[[Answer], bool]], Awaitable[bool]]
EVIL = "https://evil.example/"
_ONE = json.dumps(public_jwk(KEY))
DOCUMENTS: dict[str, bytes] = {
    "good": f'{{"keys":[{_ONE}]}}'.encode(),
    "member twice": f'{{"keys":[],"keys":[{_ONE}]}}'.encode(),
    "key member twice": f'{{"keys":[{_ONE[:-1]},"kty":"oct"}}]}}'.encode(),
    "101 keys": f'{{"keys":[{",".join([_ONE] * 101)}]}}'.encode(),
    "1 MB": f'{{"pad":"{"x" * MEGABYTE}","keys":[{_ONE}]}}'.encode(),
    "private": json.dumps({"keys": [KEY]}).encode(),
    "symmetric": b'{"keys":[{"kty":"oct","kid":"client-1","k":"c2VjcmV0"}]}',
    "another's": json.dumps({"keys": [{**public_jwk(STRANGER), "kid": KEY["kid"]}]}).encode(),
    "for encryption": json.dumps({"keys": [{**public_jwk(KEY), "use": "enc"}]}).encode(),
    "of another algorithm": json.dumps({"keys": [{**public_jwk(KEY), "alg": "ES384"}]}).encode(),
    "off the curve": json.dumps({"keys": [{**public_jwk(KEY), "y": public_jwk(KEY)["x"]}]}).encode(),
    "no JSON": b"<html>keys</html>",
    "NaN": f'{{"x":NaN,"keys":[{_ONE}]}}'.encode(),
    "deep": b"[" * 9000 + b"]" * 9000,
    "a list": f"[{_ONE}]".encode(),
    "elsewhere": b"",
}


class Published:
    """The addresses where clients publish their keys, one client for each document."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.outside = ""
        self.asked: list[str] = []

    def clients(self) -> list[dict[str, Any]]:
        """Return the clients' tables."""
        return [
            {
                "client_id": f"publishes-{number}",
                "token_endpoint_auth_method": "private_key_jwt",
                "grant_types": ["client_credentials"],
                "jwks_uri": f"http://127.0.0.1:{self.port}/{number}",
            }
            for number in range(len(DOCUMENTS))
        ]


@contextmanager
def published() -> Iterator[Published]:
    """Serve the documents on loopback; the one called `elsewhere` is a redirect to an address outside."""

    class Shelf(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = list(DOCUMENTS)[int(self.path.strip("/"))]
            self.send_response(302 if name == "elsewhere" else 200)
            if name == "elsewhere":
                self.send_header("location", f"{shelf.outside}/jwks.json")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(DOCUMENTS[name])))
            self.end_headers()
            self.wfile.write(DOCUMENTS[name])
            shelf.asked.append(name)

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    server.daemon_threads = True
    shelf = Published(server.server_port)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield shelf
    finally:
        server.shutdown()
        server.server_close()
        thread.join(20)


async def attack(ground: Ground, refuse: Refuse) -> None:
    """Send them all."""
    await _bad_keys(ground, refuse)
    await _twice(ground, refuse)
    await _megabytes(ground, refuse)
    await _ways_out(ground, refuse)


async def _bad_keys(ground: Ground, refuse: Refuse) -> None:
    for number, name in enumerate(DOCUMENTS):
        client = f"publishes-{number}"

        async def send(client: str = client) -> Answer:
            proof = assertion(ground).signed(iss=client, sub=client)
            form = {"grant_type": "client_credentials", "client_assertion": proof}
            return await ground.ask("POST", "/token", data={**form, "client_assertion_type": ASSERTION_TYPE})

        if name == "good":
            answer = await send()
            assert answer.status == 200, answer
        else:
            sent = await refuse("key set of a client", name, send, lambda answer: answer.error == "invalid_client")
            assert not sent or name in ground.asked_keys, f"nobody asked for `{name}`"


async def _twice(ground: Ground, refuse: Refuse) -> None:
    """RFC 6749 §3.1: a parameter twice is an error, wherever; and so is a member of JSON, and a header with a token."""
    sample = dict(ground.stack.basic)
    forms = {
        "/token": ("grant_type", sample),
        "/par": ("client_id", basic()),
        "/introspect": ("token", sample),
        "/revoke": ("token", sample),
        "/userinfo": ("access_token", {}),
        "/authorize": ("client_id", {}),
        "/logout": ("client_id", {}),
        "/device_authorization": ("client_id", {}),
        "/upstream/trial/backchannel-logout": ("logout_token", {}),
    }
    kind = {"content-type": "application/x-www-form-urlencoded"}
    for path, (name, headers) in forms.items():
        body = f"{name}=a&{name}=a"
        await refuse(
            f"form at {path}",
            "parameter twice",
            _asker(ground, "POST", path, data=body.encode(), headers={**headers, **kind}),
            lambda answer: answer.status == 400 and not answer.location,
        )
    bearer = {"Authorization": f"Bearer {ground.tokens['access_token']}", "content-type": "application/json"}
    for path in ("/v1/prefill", "/v1/prefill/verify"):
        body = '{"procedure":"1.004222","procedure":"9","manifest":"a","manifest":"b","values":{}}'
        told = _asker(ground, "POST", path, data=body.encode(), headers=bearer)
        await refuse(f"JSON at {path}", "member twice", told, lambda answer: answer.status in {400, 403, 422})
    token, proof = (
        ground.bound,
        ground.holder.prove("GET", f"{ground.issuer}/userinfo", time.time(), token=ground.bound),
    )
    pairs = {
        "two tokens": [("Authorization", f"Bearer {ground.tokens['access_token']}")] * 2,
        "two proofs": [("Authorization", f"DPoP {token}"), ("DPoP", proof), ("DPoP", proof)],
    }
    for name, lines in pairs.items():
        for path in ("/userinfo", f"/v1/prefill/{ground.form['id']}"):
            told = _asker(ground, "GET", path, headers=_lines(lines))
            shown = path.replace(ground.form["id"], "{form_id}")
            await refuse(f"headers at {shown}", name, told, lambda answer: answer.status in {400, 401})


def _lines(lines: list[tuple[str, str]]) -> Any:
    from multidict import CIMultiDict

    return CIMultiDict(lines)


def _asker(ground: Ground, method: str, path: str, **more: Any) -> Callable[[], Awaitable[Answer]]:
    return lambda: ground.ask(method, path, **more)


async def _megabytes(ground: Ground, refuse: Refuse) -> None:
    """A megabyte where a few hundred octets belong, in each header that is read, in the address, and as the body."""
    big = "x" * MEGABYTE
    headers = {
        "Authorization: Bearer": {"Authorization": f"Bearer {big}"},
        "Authorization: Basic": {"Authorization": f"Basic {big}"},
        "DPoP": {"DPoP": big},
        "Cookie": {"Cookie": f"gw_session={big}"},
        "Accept-Language": {"Accept-Language": big},
        "traceparent": {"traceparent": big},
        "X-Anything": {"X-Anything": big},
    }
    small = {"POST": b"grant_type=client_credentials", "GET": None}
    kind = {"content-type": "application/x-www-form-urlencoded"}
    for method, path in (("POST", "/token"), ("GET", "/userinfo"), ("GET", "/authorize"), ("POST", "/introspect")):
        for name, header in headers.items():
            told = _asker(ground, method, path, data=small[method], headers={**kind, **header})
            await refuse(f"1 MB at {path}", f"1 MB in {name}", told, _is_client_error)
        told = _asker(ground, method, f"{path}?state={big}", data=small[method], headers=kind)
        await refuse(f"1 MB at {path}", "1 MB in the address", told, _is_client_error)
    for path in ("/token", "/par", "/introspect", "/revoke", "/userinfo", "/logout", "/authorize"):
        told = _asker(ground, "POST", path, data=f"token={big}".encode(), headers=kind)
        await refuse(f"1 MB at {path}", "1 MB as the form", told, _is_client_error)
    bearer = {"Authorization": f"Bearer {ground.tokens['access_token']}", "content-type": "application/json"}
    for path in ("/v1/prefill", "/v1/prefill/verify"):
        told = _asker(ground, "POST", path, data=json.dumps({"procedure": big}).encode(), headers=bearer)
        await refuse(f"1 MB at {path}", "1 MB as JSON", told, _is_client_error)


def _is_client_error(answer: Answer) -> bool:
    return 400 <= answer.status < 500 and not answer.location


NAMES = (
    *("redirect_uri", "post_logout_redirect_uri", "return_to", "next", "url", "target", "continue", "state", "iss"),
    *("request_uri", "client_uri", "RelayState", "back", "told", "href"),
)
ADDRESSES = (
    EVIL,
    "//evil.example/",
    "https:evil.example",
    "/\\evil.example/",
    "https://127.0.0.1@evil.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://asker.example.evil.example/callback",
    "https://asker.example/callback/../../evil",
    "https://asker.example/callback#@evil.example",
    "https://asker.example/callback%0d%0aLocation:%20https://evil.example/",
)


async def _ways_out(ground: Ground, refuse: Refuse) -> None:
    """No address that somebody names leads a browser there, whatever the parameter is called."""
    clients = ({}, {"client_id": "sample-portal"}, {"client_id": "signs-what-it-asks", "response_type": "code"})
    pages = [path for path in sorted(PAGES) if "{path" not in path]
    leaving = ("/logout", "/logout/done", "/staff/sign-out", "/me/sign-out")
    for path in ("/authorize", "/upstream/trial/signed-out", *pages, *leaving):
        at = path.replace("{alias}", "trial").replace("{attempt_id}", "x").replace("{code}", "GW-1001")
        who = {"a stranger": {}, "who is signed in": {"session": ground.browser.session}}
        for address, (name, session) in itertools.product(ADDRESSES, who.items()):
            for client in clients:
                query = urlencode({**client, **dict.fromkeys(NAMES, address)})
                told = _asker(ground, "GET", f"{at}?{query}", **session)
                stays = partial(_stays, ground)
                await refuse(f"ways out of {path}", f"{name} is led to {address[:40]}", told, stays)
    for address in ADDRESSES:
        form = {**ground.asked(redirect_uri=address), "post_logout_redirect_uri": address}
        for path in ("/par", "/authorize", "/logout"):
            headers = basic() if path == "/par" else {}
            told = _asker(ground, "POST", path, data=form, headers=headers)
            await refuse(f"ways out of {path}", f"a post leads to {address[:40]}", told, partial(_stays, ground))
    for path in (
        "//evil.example/",
        "/%2f%2fevil.example/",
        "/\\evil.example",
        "/static//evil.example/",
        "/https://evil.example",
    ):
        told = _asker(ground, "GET", path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        await refuse("ways out of the path", path, told, partial(_stays, ground))


def _stays(ground: Ground, answer: Answer) -> bool:
    """Nothing but our own pages and addresses that are registered."""
    if not answer.location:
        return True
    parts = urlsplit(answer.location)
    home, portal = urlsplit(ground.issuer), urlsplit(ground.stack.plan.portal_url)
    known = {
        home.netloc,
        portal.netloc,
        urlsplit(ground.stack.plan.vneid_url).netloc,
        urlsplit(ground.upstream.url).netloc,
        "",
    }
    registered = answer.location.startswith("https://asker.example/callback?") and "error" in answer_of(
        Step(answer.location)
    )
    return (
        parts.netloc in known and parts.scheme in {"http", ""} and not answer.location.startswith("//")
    ) or registered
