"""Modules of the basic plan that take more than one request: sessions, repeated codes, second clients, time."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from json import loads
from typing import Any

from tests.conformance.client import Client
from tests.conformance.plan import ANY, NONE, Check, Run, Wire

_VSCHAR = re.compile(r"[\x20-\x7e]+")
PROFILE: dict[str, object] = {
    "name": "Trần Thị Bưởi",
    "family_name": "Trần",
    "middle_name": "Thị",
    "given_name": "Bưởi",
    "birthdate": "1975-05-12",
    "gender": NONE,  # VNeID does not tell it
    "updated_at": ANY,
}


def tokens_of(run: Run, client: Client, **changes: str | None) -> dict[str, Any]:
    """Walk to the tokens; the steps are kept."""
    wire, _ = client.ask(**changes)
    state = NONE if "state" in changes and changes["state"] is None else "st-1"
    told = run.see(wire, wire.status, code=ANY, state=state, iss=run.gateway.issuer, error=NONE)
    answer = client.redeem(told["code"])
    assert answer.headers["cache-control"] == "no-store"
    return dict(run.see(answer, 200, access_token=ANY, id_token=ANY, token_type="Bearer", expires_in=ANY))


def happy(run: Run, expected: Mapping[str, object] | None = None, **changes: str | None) -> Wire:
    """Walk to userinfo, whose subject must be the ID token's and whose claims the expected ones; return it."""
    client = Client(run)
    tokens = tokens_of(run, client, **changes)
    claims = client.claims(tokens["id_token"])
    assert claims.get("nonce") == changes.get("nonce", "no-1")
    person = client.userinfo(tokens["access_token"])
    run.see(person, 200, **{"sub": ANY, **(expected or {})})
    assert person.members["sub"] == claims["sub"]
    return person


def server(run: Run) -> None:
    happy(run)
    keys = run.gateway.jwks["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) > 0
    assert all(not {"d", "p", "q", "k"} & key.keys() for key in keys)
    run.note("GET jwks_uri", "200 keys, each kid once, no private member")


def idtoken_signature(run: Run) -> None:
    client = Client(run)
    tokens = tokens_of(run, client)
    head = tokens["id_token"].partition(".")[0]
    header = loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    assert header["alg"] == "RS256"
    assert header["kid"] in {key["kid"] for key in run.gateway.jwks["keys"]}
    client.claims(tokens["id_token"])
    run.note("ID token", "alg=RS256, kid published, signature good")


def without_nonce(run: Run) -> None:
    client = Client(run)
    claims = client.claims(tokens_of(run, client, nonce=None)["id_token"])
    assert "nonce" not in claims
    run.note("ID token", "no nonce")


def userinfo(way: str) -> Check:
    """Return a check of one way to show the token at userinfo."""

    def check(run: Run) -> None:
        client = Client(run)
        tokens = tokens_of(run, client)
        answer = client.userinfo(tokens["access_token"], way)
        assert answer.headers["content-type"] == "application/json"
        run.see(answer, 200, sub=ANY)

    return check


def again(**changes: str) -> Check:
    """Return a check of a request that makes a person who is signed in sign in once more."""

    def check(run: Run) -> None:
        client = Client(run)
        first = client.claims(tokens_of(run, client)["id_token"])
        run.gateway.time.move(2)
        wire, landing = client.ask(**changes)
        assert landing.signed_in
        told = run.see(wire, wire.status, code=ANY, error=NONE)
        second = client.claims(run.see(client.redeem(told["code"]), 200, id_token=ANY)["id_token"])
        assert second["sub"] == first["sub"]
        assert second["auth_time"] > first.get("auth_time", 0)
        run.note("ID tokens", "signed in twice: same sub, auth_time later")

    return check


def silently(**changes: str) -> Check:
    """Return a check of a request that a person who is signed in does not even see."""

    def check(run: Run) -> None:
        client = Client(run)
        first = client.claims(tokens_of(run, client)["id_token"])
        run.gateway.time.move(2)
        wire, landing = client.ask(**changes)
        assert not landing.signed_in
        assert not landing.pressed
        told = run.see(wire, wire.status, code=ANY, error=NONE)
        second = client.claims(run.see(client.redeem(told["code"]), 200, id_token=ANY)["id_token"])
        assert (second["sub"], second["auth_time"]) == (first["sub"], first["auth_time"])
        run.note("ID tokens", "no page: same sub, same auth_time")

    return check


def id_token_hint(run: Run) -> None:
    client = Client(run)
    tokens = tokens_of(run, client)
    run.gateway.time.move(1200)  # the ID token has expired, and is still a hint
    wire, landing = client.ask(prompt="none", id_token_hint=tokens["id_token"])
    assert not landing.pressed
    told = run.see(wire, wire.status, code=ANY)
    run.see(client.redeem(told["code"]), 200, id_token=ANY)


def codereuse(after_s: int) -> Check:
    """Return a check of a code that is redeemed again, some seconds later."""

    def check(run: Run) -> None:
        client = Client(run)
        wire, _ = client.ask()
        code = run.see(wire, wire.status, code=ANY)["code"]
        token = run.see(client.redeem(code), 200, access_token=ANY)["access_token"]
        run.gateway.time.move(after_s)
        run.see(client.redeem(code), 400, error="invalid_grant", error_uri=ANY, access_token=NONE)
        dead = client.userinfo(token)
        run.see(dead, 401, error="invalid_token")
        assert dead.headers["www-authenticate"].startswith("Bearer ")

    return check


def post_request(run: Run) -> None:
    client = Client(run)
    wire, _ = client.ask(post=True)
    told = run.see(wire, wire.status, code=ANY, state="st-1", iss=run.gateway.issuer)
    run.see(client.redeem(told["code"]), 200, access_token=ANY, id_token=ANY)


def client_secret_post(run: Run) -> None:
    """The second static client of a run: credentials in the form, and in no other place."""
    client = Client(run, "suite-post")
    wire, _ = client.ask()
    code = run.see(wire, wire.status, code=ANY)["code"]
    wrong = Client(run, "suite-post")
    wrong.client_id = "suite"
    run.see(_renamed(wrong.redeem(code), "POST token endpoint as another client"), 400, error="invalid_grant")
    answer = _renamed(client.redeem(code), "POST token endpoint with client_secret in the form")
    client.claims(run.see(answer, 200, access_token=ANY, id_token=ANY)["id_token"])


def refresh_token(run: Run) -> None:
    client = Client(run)
    tokens = tokens_of(run, client, scope="openid offline_access", prompt="consent")
    assert _VSCHAR.fullmatch(tokens["refresh_token"])
    run.gateway.time.move(2)
    answer = run.see(client.refresh(tokens["refresh_token"]), 200, access_token=ANY, id_token=ANY, token_type="Bearer")
    old, new = client.claims(tokens["id_token"]), client.claims(answer["id_token"])
    assert all(old[name] == new[name] for name in ("iss", "sub", "aud", "auth_time"))
    assert new["iat"] > old["iat"]
    assert "nonce" not in new or new["nonce"] == old["nonce"]
    run.see(client.userinfo(answer["access_token"]), 200, sub=ANY)
    newest = answer.get("refresh_token", tokens["refresh_token"])
    foreign = _renamed(Client(run, "suite-second").refresh(newest), "POST token endpoint, refresh as another client")
    run.see(foreign, 400, error="invalid_grant", access_token=NONE)


def _renamed(wire: Wire, sent: str) -> Wire:
    return Wire(sent=sent, status=wire.status, members=wire.members, headers=wire.headers, text=wire.text)
