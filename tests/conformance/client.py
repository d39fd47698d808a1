"""The certification suite's side: static clients that ask, redeem, refresh and look, one request at a time."""

import hashlib
import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx2
from joserfc import jwk, jws

from tests.conformance.browser import BUTTONS, Browser, Landing
from tests.conformance.plan import Run, Wire
from tests.conformance.running import CALLBACK, SECRET

VERIFIER = "w" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
BASE = {
    "client_id": "suite",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid",
    "state": "st-1",
    "nonce": "no-1",
}


class Client:
    """A relying party with one browser, sending what a run's plan wants."""

    def __init__(self, run: Run, client_id: str = "suite") -> None:
        self.run = run
        self.client_id = client_id
        self.browser = Browser(run.gateway)

    def ask(
        self, *, post: bool = False, buttons: tuple[str, ...] = BUTTONS, **changes: str | None
    ) -> tuple[Wire, Landing]:
        """Send an authorization request (None leaves a parameter out) and walk to its answer, pressing `buttons`."""
        parameters: dict[str, str | None] = {**BASE, "client_id": self.client_id, **changes}
        if self.run.mode != "query":
            parameters.setdefault("response_mode", self.run.mode)
        sent = {name: value for name, value in parameters.items() if value is not None}
        address = self.run.gateway.metadata["authorization_endpoint"]
        label = f"{'POST' if post else 'GET'} authorization endpoint{_told(changes)}"
        url, form = (address, sent) if post else (f"{address}?{urlencode(sent)}", None)
        landing = self.browser.open(url, form, buttons=buttons)
        if landing.arrived is not None:
            assert landing.method == ("POST" if self.run.mode == "form_post" else "GET")
        return Wire(sent=label, status=landing.status, members=landing.members, text=landing.text), landing

    def redeem(self, code: str, **changes: str | None) -> Wire:
        """Redeem a code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **changes}
        return self.post("token", form)

    def refresh(self, refresh_token: str) -> Wire:
        """Use a refresh token."""
        return self.post("token", {"grant_type": "refresh_token", "refresh_token": refresh_token})

    def post(self, endpoint: str, form: Mapping[str, str | None]) -> Wire:
        """Post a form to an endpoint as this client."""
        fields = {name: value for name, value in form.items() if value is not None}
        headers = {}
        if self.client_id == "suite-post":
            fields |= {"client_id": self.client_id, "client_secret": SECRET}
        else:
            headers = basic(self.client_id)
        with self.run.gateway.http() as http:
            answer = http.post(self.run.gateway.metadata[f"{endpoint}_endpoint"], data=fields, headers=headers)
        kind = fields.get("grant_type", "")
        return wire_of(f"POST {endpoint} endpoint" + (f" with grant_type={kind}" if kind else ""), answer)

    def userinfo(self, access_token: str, way: str = "get") -> Wire:
        """Look at userinfo: `get`, `post-header` or `post-body`."""
        address = self.run.gateway.metadata["userinfo_endpoint"]
        bearer = {"authorization": f"Bearer {access_token}"}
        with self.run.gateway.http() as http:
            if way == "get":
                answer = http.get(address, headers=bearer)
            elif way == "post-header":
                answer = http.post(address, headers=bearer)
            else:
                answer = http.post(address, data={"access_token": access_token})
        where = "in the form" if way == "post-body" else "in the header"
        return wire_of(f"{'GET' if way == 'get' else 'POST'} userinfo endpoint, the token {where}", answer)

    def claims(self, id_token: str, *, alg: str = "RS256") -> dict[str, Any]:
        """Verify an ID token of this client; return its claims."""
        return read_id_token(self.run, id_token, self.client_id, alg)


def read_id_token(run: Run, id_token: str, client_id: str, alg: str) -> dict[str, Any]:
    """Verify an ID token by the published keys, `kid` and algorithm first; return its claims."""
    header = json.loads(_octets(id_token.split(".", maxsplit=1)[0]))
    assert header["alg"] == alg, header
    keys = jwk.KeySet.import_key_set(run.gateway.jwks)  # type: ignore[arg-type]
    claims: dict[str, Any] = json.loads(jws.deserialize_compact(id_token, keys, algorithms=[alg]).payload)
    now = run.gateway.time.seconds()
    assert claims["iss"] == run.gateway.issuer
    assert claims["aud"] == client_id
    assert claims["iat"] <= now + 5 < claims["exp"] + 5
    return claims


def basic(client_id: str) -> dict[str, str]:
    """Return Basic credentials, both halves form-encoded first (RFC 6749 §2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(SECRET)}"
    return {"authorization": "Basic " + b64encode(pair.encode()).decode()}


def wire_of(sent: str, answer: httpx2.Response) -> Wire:
    """Return an HTTP answer with its JSON members."""
    kind = answer.headers.get("content-type", "")
    members = answer.json() if kind.startswith("application/json") else {}
    return Wire(sent=sent, status=answer.status_code, members=members, headers=answer.headers, text=answer.text)


def _told(changes: Mapping[str, str | None]) -> str:
    """Say what is different from a good request; a token is named and not shown, it differs from run to run."""
    given = [name if name == "id_token_hint" else f"{name}={value}" for name, value in changes.items() if value]
    left = [name for name, value in changes.items() if value is None]
    return (f" with {', '.join(given)}" if given else "") + (f" without {', '.join(left)}" if left else "")


def _octets(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
