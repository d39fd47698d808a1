"""npm oidc-provider as identity provider of the gateway: a stranger's program judges what the gateway asks for."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.conformance.plan import ANY, Check, Run, modules_of
from tests.conformance.relying_party import UpstreamRun
from tests.conformance.running import ROOT
from tests.services import binary, end_with_parent, free_port, wait_until

SECRET = "a secret of/100% that npm and the gateway share"
METHODS = {"npm-basic": "client_secret_basic", "npm-post": "client_secret_post", "npm-key": "private_key_jwt"}
STRICT = {"npm-strict": "", "npm-strict-nonce": ", with a nonce", "npm-strict-signed": ", requests and answers signed"}
"""The tables of the profile fapi2, and what is told of them."""
ALGORITHMS = {"npm-basic": "ES256", "npm-post": "RS256", "npm-key": "ES256"}
_SIGNED = {"require_signed_request_object": True, "response_mode": "jwt"}


class ForeignProvider:
    """The program and the tables by which the gateway knows it, one for each way to authenticate there."""

    def __init__(self) -> None:
        self.issuer = f"http://127.0.0.1:{free_port()}"

    def settings(self) -> list[dict[str, object]]:
        """Return the gateway's tables."""
        return [self._table(alias, method) for alias, method in METHODS.items()] + [
            self._known(alias) | {"profile": "fapi2"} | (_SIGNED if alias.endswith("-signed") else {})
            for alias in STRICT
        ]

    @contextmanager
    def serving(self, gateway: str, clock: Path, log: Path) -> Iterator[None]:
        """Run it for a gateway's address until the block ends."""
        clients = [self._client(alias, method, gateway) for alias, method in METHODS.items()]
        clients += [self._strict_client(alias, gateway) for alias in STRICT]
        program = binary("node", "nodejs")
        with log.open("wb") as said:
            process = subprocess.Popen(
                [program, "provider.mjs", self.issuer, str(clock), json.dumps(clients)],
                cwd=ROOT / "tests/npm",
                stdout=said,
                stderr=said,
                preexec_fn=end_with_parent,  # noqa: PLW1509  forks from a thread that holds no lock
            )
        try:
            wait_until(self._answers, process, "oidc-provider")
            yield
        finally:
            process.terminate()
            process.wait(20)

    def _known(self, alias: str) -> dict[str, object]:
        return {
            "alias": alias,
            "kind": "openid_connect",
            "label": {"vi": "npm", "en": "npm"},
            "issuer": self.issuer,
            "client_id": alias,
            "scope": "openid profile",
        }

    def _table(self, alias: str, method: str) -> dict[str, object]:
        table = self._known(alias) | {"token_endpoint_auth_method": method}
        return table | ({} if method == "private_key_jwt" else {"client_secret": SECRET})

    def _strict_client(self, alias: str, gateway: str) -> dict[str, object]:
        signed = {"request_object_signing_alg": "ES256", "authorization_signed_response_alg": "ES256"}
        return {
            "client_id": alias,
            "redirect_uris": [f"{gateway}/upstream/{alias}/callback"],
            "jwks_uri": f"{gateway}/jwks",
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES256",
            "id_token_signed_response_alg": "ES256",
            "require_pushed_authorization_requests": True,
            "dpop_bound_access_tokens": True,
            **(signed | {"require_signed_request_object": True} if alias.endswith("-signed") else {}),
        }

    def _client(self, alias: str, method: str, gateway: str) -> dict[str, object]:
        keys = {"jwks_uri": f"{gateway}/jwks", "token_endpoint_auth_signing_alg": "ES256"}
        return {
            "client_id": alias,
            "redirect_uris": [f"{gateway}/upstream/{alias}/callback"],
            "token_endpoint_auth_method": method,
            "id_token_signed_response_alg": ALGORITHMS[alias],
            **(keys if method == "private_key_jwt" else {"client_secret": SECRET}),
        }

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.issuer}/.well-known/openid-configuration").status_code == 200
        except httpx2.TransportError:
            return False


def signs_in(alias: str) -> Check:
    """Return a check of one way to authenticate there."""

    def check(run: Run) -> None:
        assert isinstance(run, UpstreamRun)
        client, refused = run.signs_in(idp_hint=alias, scope="openid profile")
        assert refused is None, refused
        wire, _ = client.ask(scope="openid profile", prompt="none")
        answer = client.redeem(run.see(wire, wire.status, code=ANY)["code"])
        run.see(client.userinfo(answer.members["access_token"]), 200, name="Trần Thị Bưởi", birthdate="1975-05-12")
        run.note(_told(alias), "signed in")

    return check


def _told(alias: str) -> str:
    if alias in STRICT:
        return f"private_key_jwt, pushed request, PKCE, DPoP{STRICT[alias]}; ID token ES256"
    return f"{METHODS[alias]}, PKCE, nonce; ID token {ALGORITHMS[alias]}"


def asks_anew(run: Run) -> None:
    """`prompt=login` reaches the other provider, which says when the person was there again."""
    assert isinstance(run, UpstreamRun)
    client, refused = run.signs_in(idp_hint="npm-basic")
    assert refused is None
    wire, _ = client.ask(prompt="none")
    first = client.claims(client.redeem(wire.members["code"]).members["id_token"])
    run.gateway.time.move(5)
    wire, landing = client.ask(prompt="login", idp_hint="npm-basic")
    told = run.see(wire, wire.status, code=ANY)
    second = client.claims(client.redeem(told["code"]).members["id_token"])
    assert landing.pressed == ()
    assert second["sub"] == first["sub"]
    assert second["auth_time"] > first["auth_time"]
    run.note("ID tokens", "same sub, auth_time later")


FOREIGN = modules_of(
    "gate06-client-npm-",
    {
        "client-secret-basic": ("RFC 6749 §2.3.1", signs_in("npm-basic")),
        "client-secret-post": ("RFC 6749 §2.3.1", signs_in("npm-post")),
        "private-key-jwt": ("RFC 7523 §2.2", signs_in("npm-key")),
        "fapi2": ("FAPI 2.0 SP §5.3.3", signs_in("npm-strict")),
        "fapi2-with-nonce": ("RFC 9449 §8", signs_in("npm-strict-nonce")),
        "fapi2-signed": ("FAPI 2.0 MS §5.3.2, §5.4.2", signs_in("npm-strict-signed")),
        "prompt-login": ("OpenID Connect Core §3.1.2.1", asks_anew),
    },
)
