"""Debian's mod_oauth2 before a resource of its own: it asks our introspection who comes (RFC 7662), unmodified.

Three doors: `/files` for any good token of its audience, `/files/write` for one with just that right, `/bound` for
tokens that come with a proof of their key (RFC 9449).
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
import pytest

from tests.conformance.browser import Browser
from tests.conformance.client import BASE, CHALLENGE, VERIFIER, basic
from tests.conformance.running import CALLBACK, SECRET, Gateway, running_gateway
from tests.journeys.portal_developer.apache import apache2, lay_server
from tests.possession import Holder
from tests.services import end_with_parent, free_port, wait_until

FILES, REPORTS = "https://files.example/api", "https://reports.example"
SERVER_SECRET = "r" * 43
PORTAL = {
    "client_secret": SECRET,
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "scope": "openid profile offline_access file:read file:write report:read",
}
PORTALS = [
    PORTAL | {"client_id": "reader"},
    {"client_id": "files", "client_secret": SERVER_SECRET, "grant_types": ["client_credentials"], "scope": ""},
]
RESOURCES = [
    {"identifier": FILES, "scopes": ["file:read", "file:write"], "lifetime_s": 300, "introspection_client": "files"},
    {"identifier": REPORTS, "scopes": ["report:read"], "introspection_client": "somebody-else"},
]
SETTINGS = """
LoadModule alias_module {modules}/mod_alias.so
LoadModule oauth2_module {modules}/mod_oauth2.so
OAuth2CryptoPassphrase of-this-server-alone
<Directory {folder}/pages>
  Require all granted
</Directory>
<Location /files>
  AuthType oauth2
  OAuth2TokenVerify introspect {issuer}/introspect {options}
  Require oauth2_claim aud:{audience}
</Location>
<Location /files/write>
  <RequireAll>
    Require oauth2_claim aud:{audience}
    Require oauth2_claim scope:file:write
  </RequireAll>
</Location>
<Location /bound>
  AuthType oauth2
  OAuth2AcceptTokenIn header name=Authorization&type=DPoP
  OAuth2TokenVerify introspect {issuer}/introspect {options}&type=dpop
  Require oauth2_claim aud:{audience}
</Location>
"""


@dataclass
class Resource:
    """The server with its doors, the gateway behind it, and a portal that has tokens."""

    url: str
    gateway: Gateway

    def token(
        self, scope: str = "openid file:read", holder: Holder | None = None, **more: str | None
    ) -> dict[str, Any]:
        """Sign somebody in anew and return the answer of the token endpoint."""
        asked = BASE | {"client_id": "reader", "scope": scope, "resource": FILES, **more}
        asked |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        sent = {name: value for name, value in asked.items() if value is not None}
        landed = Browser(self.gateway).open(f"{self.gateway.issuer}/authorize?{urlencode(sent)}")
        form = {"grant_type": "authorization_code", "code": landed.members["code"], "redirect_uri": CALLBACK}
        headers = basic("reader")
        if holder is not None:
            at = self.gateway.time.seconds()
            headers["dpop"] = holder.prove("POST", f"{self.gateway.issuer}/token", at)
        answer = self.post("token", form | {"code_verifier": VERIFIER}, headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def post(self, endpoint: str, form: dict[str, str], headers: dict[str, str] | None = None) -> httpx2.Response:
        return self.gateway.http().post(
            f"{self.gateway.issuer}/{endpoint}", data=form, headers=headers or basic("reader")
        )

    def proof(self, holder: Holder, token: str, path: str) -> str:
        """Return a proof for the server, whose clock nobody moves."""
        return holder.prove("GET", f"{self.url}{path}", time.time(), token=token)

    def get(self, path: str, token: str | None = None, **headers: str) -> httpx2.Response:
        sent = headers if token is None else {"authorization": f"Bearer {token}"} | headers
        return httpx2.get(f"{self.url}{path}", headers=sent, trust_env=False)


@pytest.fixture(scope="module")
def resource(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Resource]:
    """The gateway and Apache, each a program of its own."""
    folder, url = tmp_path_factory.mktemp("resource"), f"http://127.0.0.1:{free_port()}"
    pages = {"files/index": "the files", "files/write/index": "written", "bound/index": "the files of one key"}
    with running_gateway(folder, portals=PORTALS, settings={"resource": RESOURCES}) as gateway:
        ours = f"introspect.auth=client_secret_basic&client_id=files&client_secret={quote(SERVER_SECRET)}"
        words = {"issuer": gateway.issuer, "options": f"{ours}&expiry=0", "audience": FILES}
        where = lay_server(url, pages, SETTINGS, **words)
        program = subprocess.Popen(
            [apache2("oauth2"), "-d", str(where), "-f", str(where / "apache.conf"), "-DFOREGROUND"],
            preexec_fn=end_with_parent,  # noqa: PLW1509  forks from a thread that holds no lock
        )
        try:
            wait_until(lambda: _answers(url), program, f"apache2 ({where})")
            yield Resource(url, gateway)
        finally:
            program.terminate()
            program.wait(20)
            gateway.close()
            shutil.rmtree(where)


def _answers(url: str) -> bool:
    try:
        httpx2.get(url, trust_env=False)
    except httpx2.TransportError:
        return False
    return True


def test_a_good_token_opens_the_door(resource: Resource) -> None:
    answer = resource.get("/files/index", resource.token()["access_token"])
    assert (answer.status_code, answer.text) == (200, "the files")


def test_nobody_comes_in_without_one(resource: Resource) -> None:
    for token in (None, "ga_" + "x" * 22 + "_" + "y" * 43, "rubbish"):
        answer = resource.get("/files/index", token)
        assert answer.status_code == 401, answer.text
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_right_that_was_not_granted_opens_nothing(resource: Resource) -> None:
    """The module compares `scope` as a whole."""
    reading, writing = resource.token()["access_token"], resource.token("openid file:write")["access_token"]
    assert resource.get("/files/write/index", writing).text == "written"
    assert resource.get("/files/write/index", reading).status_code in {401, 403}
    assert resource.get("/files/index", reading).status_code == 200


@pytest.mark.parametrize(
    ("scope", "target"),
    [("openid profile", None), ("openid report:read", REPORTS)],
    ids=["our own API", "another resource"],
)
def test_a_token_for_somebody_else_opens_nothing(resource: Resource, scope: str, target: str | None) -> None:
    token = resource.token(scope, resource=target)["access_token"]
    assert resource.get("/files/index", token).status_code == 401


def test_a_token_that_was_revoked_opens_nothing(resource: Resource) -> None:
    token = resource.token()["access_token"]
    assert resource.get("/files/index", token).status_code == 200
    assert resource.post("revoke", {"token": token}).status_code == 200
    assert resource.get("/files/index", token).status_code == 401


def test_a_grant_that_ended_takes_its_tokens_along(resource: Resource) -> None:
    tokens = resource.token("openid offline_access file:read", prompt="consent")
    assert resource.get("/files/index", tokens["access_token"]).status_code == 200
    resource.post("revoke", {"token": tokens["refresh_token"]})
    assert resource.get("/files/index", tokens["access_token"]).status_code == 401


def test_a_bound_token_wants_a_proof_of_its_key(resource: Resource) -> None:
    holder = Holder()
    token = resource.token(holder=holder)["access_token"]

    def come(by: Holder | None, path: str = "/bound/index") -> int:
        proof = {} if by is None else {"dpop": resource.proof(by, token, path)}
        return resource.get("/bound/index", authorization=f"DPoP {token}", **proof).status_code

    assert come(holder) == 200
    assert {come(None), come(Holder()), come(holder, "/files/index")} == {401}
    plain = resource.token()["access_token"]
    proof = resource.proof(holder, plain, "/bound/index")
    assert resource.get("/bound/index", authorization=f"DPoP {plain}", dpop=proof).status_code == 401
    assert resource.get("/bound/index", token).status_code == 401


def test_a_token_that_is_over_opens_nothing(resource: Resource) -> None:
    token = resource.token()["access_token"]
    assert resource.get("/files/index", token).status_code == 200
    resource.gateway.time.move(301)
    assert resource.get("/files/index", token).status_code == 401
