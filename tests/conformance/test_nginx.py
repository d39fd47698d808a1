"""docker/nginx before a running gateway: TLS, what of a request reaches the gateway, what stays in a log."""

import http.client
import json
import socket
import ssl
import warnings
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.conformance import basic_walks
from tests.conformance.client import Client
from tests.conformance.nginx import Nginx
from tests.conformance.plan import Run
from tests.conformance.running import Gateway, running_gateway

FORGED = (
    *("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix"),
    *("X-Forwarded-Proto", "X-Forwarded-Scheme", "X-Forwarded-Server", "X-Forwarded-Ssl", "X-Forwarded-User"),
    *("X-Forwarded-Client-Cert", "X-Real-IP", "X-Client-IP", "X-Original-URL", "X-Original-Host", "X-Rewrite-URL"),
    *("X-Http-Method-Override", "True-Client-IP", "Via", "Proxy", "Client-Cert", "Client-Cert-Chain", "X-Client-Cert"),
    *("X-SSL-Cert", "X-SSL-Client-Cert", "X-SSL-Client-Verify", "X-SSL-Client-S-DN", "SSL-Client-Cert"),
    *("Remote-User", "X-Remote-User", "X-Auth-Request-User", "x-forwarded-HOST", "X_Forwarded_For", "Client_Cert"),
)


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Nginx:
    """The proxy in front of the gateway."""
    return Nginx(tmp_path_factory.mktemp("nginx"))


@pytest.fixture(scope="module")
def gateway(nginx: Nginx, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that is reached through nginx alone, by https."""
    with running_gateway(tmp_path_factory.mktemp("behind"), proxy=nginx) as running:
        yield running


def print_nothing(handler: object, *words: object) -> None:
    """Take the place of a handler's talk on stderr."""


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers that reached it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps(self.headers.items()).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    log_message = print_nothing


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """The same nginx before a program that tells what reached it."""
    proxy = Nginx(tmp_path_factory.mktemp("echo"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with proxy.in_front_of(server.server_port):
        yield proxy
    server.shutdown()
    server.server_close()
    thread.join(10)


def arrived(echo: Nginx, *sent: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the headers that reached the program behind, names in lower case."""
    connection = http.client.HTTPSConnection("localhost", echo.port, context=echo.trust, timeout=30)
    connection.putrequest("GET", "/")
    for name, value in sent:
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 200
    headers = [(name.lower(), value) for name, value in json.loads(answer.read())]
    connection.close()
    return headers


def handshake(nginx: Nginx, context: ssl.SSLContext, name: str = "localhost") -> tuple[str | None, str]:
    """Return version and cipher that were agreed on."""
    with socket.create_connection(("127.0.0.1", nginx.port), timeout=30) as plain:
        with context.wrap_socket(plain, server_hostname=name) as secured:
            return secured.version(), (secured.cipher() or ("",))[0]


def lenient(nginx: Nginx, version: ssl.TLSVersion, ciphers: str) -> ssl.SSLContext:
    """Return a client that would take anything, but only this version and these ciphers."""
    context = ssl.create_default_context(cafile=str(nginx.folder / "tls/certificate.pem"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of TLS 1.1: that it is refused is the test
        context.minimum_version = context.maximum_version = version
    context.set_ciphers(ciphers + ":@SECLEVEL=0")
    return context


def test_a_sign_in_goes_through(gateway: Gateway) -> None:
    basic_walks.server(Run(gateway))
    assert all(address.startswith("https://") for name, address in gateway.metadata.items() if "_endpoint" in name[-9:])


def test_cookies_are_bound_to_the_host(gateway: Gateway) -> None:
    client = Client(Run(gateway))
    client.ask()
    ours = [cookie for cookie in client.browser.http.cookies.jar if "gw_" in cookie.name]
    assert ours
    assert all(cookie.name.startswith("__Host-gw_") and cookie.secure for cookie in ours)


def test_every_answer_asks_for_https_from_now_on(gateway: Gateway) -> None:
    with gateway.http() as http:
        for path in ("/", "/jwks", "/nowhere", "/authorize", "/livez"):
            assert http.get(gateway.issuer + path).headers["strict-transport-security"].startswith("max-age=63072000")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=lambda one: one.name)
def test_an_old_version_is_refused_by_the_server(gateway: Gateway, nginx: Nginx, version: ssl.TLSVersion) -> None:
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        handshake(nginx, lenient(nginx, version, "ALL"))


@pytest.mark.parametrize(
    "cipher", ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256", "AES128-SHA", "aNULL"]
)
def test_a_weak_cipher_is_refused_by_the_server(gateway: Gateway, nginx: Nginx, cipher: str) -> None:
    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
        handshake(nginx, lenient(nginx, ssl.TLSVersion.TLSv1_2, cipher))


def test_the_good_ones_are_taken(gateway: Gateway, nginx: Nginx) -> None:
    good = "ECDHE-ECDSA-AES256-GCM-SHA384"
    assert handshake(nginx, lenient(nginx, ssl.TLSVersion.TLSv1_2, good)) == ("TLSv1.2", good)
    assert handshake(nginx, nginx.trust)[0] == "TLSv1.3"


def test_another_name_gets_no_certificate(gateway: Gateway, nginx: Nginx) -> None:
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        handshake(nginx, nginx.trust, "evil.example")


def test_another_host_gets_no_answer(gateway: Gateway) -> None:
    with gateway.http() as http:
        answer = http.get(f"{gateway.issuer}/.well-known/openid-configuration", headers={"host": "evil.example"})
    assert answer.status_code == 421


def test_forged_headers_change_nothing(gateway: Gateway) -> None:
    forged = dict.fromkeys(FORGED, "evil.example")
    with gateway.http() as http:
        answer = http.get(f"{gateway.issuer}/.well-known/openid-configuration", headers=forged)
        page = http.get(f"{gateway.issuer}/authorize", headers=forged)
    assert answer.json() == gateway.metadata
    assert page.status_code == 400
    assert "evil.example" not in page.text + str(page.headers)


def test_forged_headers_do_not_even_arrive(echo: Nginx) -> None:
    names = {name for name, value in arrived(echo, *((name, "forged") for name in FORGED)) if value == "forged"}
    assert names == set()


def test_what_a_client_may_say_arrives_as_it_was_sent(echo: Nginx) -> None:
    sent: Mapping[str, str] = {
        "authorization": "DPoP token",
        "accept-language": "vi",
        "cookie": "__Host-gw_session=1",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    headers = arrived(echo, *sent.items(), ("DPoP", "one"), ("DPoP", "two"))
    assert sent.items() <= dict(headers).items()
    assert [value for name, value in headers if name == "dpop"] == ["one", "two"]
    assert dict(headers)["host"] == "localhost"


def test_what_is_too_large_never_reaches_the_gateway(gateway: Gateway) -> None:
    with gateway.http() as http:
        header = http.get(f"{gateway.issuer}/jwks", headers={"x-large": "a" * 40_000})
        query = http.get(f"{gateway.issuer}/authorize?state=" + "a" * 40_000)
        body = http.post(f"{gateway.issuer}/token", content=b"a" * 1_100_000)
    assert header.status_code in {400, 431}
    assert (query.status_code, body.status_code) == (414, 413)


def test_logs_hold_the_path_and_nothing_a_caller_said(gateway: Gateway, nginx: Nginx) -> None:
    secrets = {"code": "gc_do-not-keep", "state": "st-do-not-keep", "id_token_hint": "ey.do-not-keep.x"}
    headers = {"authorization": "Bearer at-do-not-keep", "cookie": "a=do-not-keep", "referer": "https://x/?do-not-keep"}
    with gateway.http() as http:
        http.get(f"{gateway.issuer}/authorize", params=secrets, headers={**headers, "user-agent": "do-not-keep"})
        http.post(f"{gateway.issuer}/token", data=secrets, headers=headers)
        http.get(f"{gateway.issuer}/authorize?state=do-not-keep" + "a" * 40_000)
        http.get(f"{gateway.issuer}/livez?do-not-keep")
    assert {"/authorize", "/token"} <= nginx.paths_logged(until="/livez")
    assert "do-not-keep" not in nginx.access_log() + nginx.error_log()


def test_a_gateway_that_is_away_is_said_in_words_and_leaves_no_query(tmp_path) -> None:
    nginx = Nginx(tmp_path / "alone")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with nginx.in_front_of(port):
        connection = http.client.HTTPSConnection("localhost", nginx.port, context=nginx.trust, timeout=30)
        connection.request("GET", "/upstream/vneid/callback?code=do-not-keep")
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
    assert answer.status == 503
    assert answer.headers["retry-after"] == "30"
    assert text.startswith("Cổng đăng nhập")
    assert nginx.paths_logged(until="/upstream/vneid/callback")
    assert "do-not-keep" not in nginx.access_log() + nginx.error_log()
