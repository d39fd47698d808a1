"""The certification plans of protocol.md §1.2 and §1.3, module by module, each on the wire."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import provider_house as world
import pytest
from journey import (
    VERIFIER,
    agree,
    authorize_url,
    basic,
    hidden,
    members,
    obtain_tokens,
    reach_sign_in,
    redeem,
    sign_in,
    told,
)
from plan_rows import ANY, BASIC, FORM_POST, LOGOUT, NONE, LogoutRow, Row

from gateway.tokens.jose import ID_TOKEN, verify

pytestmark = pytest.mark.anyio
VSCHAR = re.compile(r"[\x20-\x7e]+")


def require(found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Compare members: a value, `ANY` or `NONE`."""
    for name, value in expected.items():
        if value is NONE:
            assert name not in found, name
        else:
            assert name in found, name
            assert value is ANY or found[name] == value, name


async def walk(provider: world.Provider, row: Row) -> httpx2.Response:
    """Ask, sign in and read the notice where they come; return the answer to the portal, or the page."""
    answer = await provider.get(authorize_url(**row.ask))
    location = answer.headers.get("location", "")
    signs_in = "/interaction/" in location
    assert row.again in {None, signs_in}
    if not signs_in:
        return answer
    if row.known:
        attempt, callback = await reach_sign_in(provider, **row.ask)
        await provider.get(callback)
        page = await provider.get(attempt)
    else:
        page = await sign_in(provider, **row.ask)
    return page if page.status_code == 303 else await agree(provider, page)


def read_id_token(provider: world.Provider, tokens: Mapping[str, str]) -> dict[str, Any]:
    return verify(
        tokens["id_token"],
        ID_TOKEN,
        provider.house.keys,
        now=provider.clock.now(),
        issuer=world.ISSUER,
        audience="portal",
    )


@pytest.mark.parametrize("row", [*BASIC, *FORM_POST], ids=lambda row: "oidcc-" + row.module)
async def test_module(provider: world.Provider, row: Row) -> None:
    require((await provider.get("/.well-known/openid-configuration")).json(), row.announced)
    former = read_id_token(provider, await obtain_tokens(provider)) if row.known else None
    provider.clock.move(timedelta(seconds=row.later_s))
    answer = await walk(provider, row)
    if row.page is not None:
        assert answer.status_code == row.page
        assert "location" not in answer.headers
        return
    answered = told(answer)
    require(answered, row.members)
    if "code" not in answered:
        return
    tokens = await redeem(provider, answered["code"])
    assert tokens.status_code == 200
    assert tokens.json()["token_type"] == "Bearer"
    claims = read_id_token(provider, tokens.json())
    require(claims, row.id_token)
    if former is not None:
        assert claims["sub"] == former["sub"]
        assert (claims["auth_time"] > former["auth_time"]) is bool(row.again)
    person = await provider.get("/userinfo", headers={"authorization": f"Bearer {tokens.json()['access_token']}"})
    assert person.headers["content-type"] == "application/json"
    require(person.json(), {"sub": claims["sub"], **row.person})


@pytest.mark.parametrize("module", ["userinfo-get", "userinfo-post-header", "userinfo-post-body"])
async def test_oidcc(provider: world.Provider, module: str) -> None:
    token = (await obtain_tokens(provider))["access_token"]
    bearer = {"authorization": f"Bearer {token}"}
    asked = {
        "userinfo-get": provider.get("/userinfo", headers=bearer),
        "userinfo-post-header": provider.http.post("/userinfo", headers=bearer),
        "userinfo-post-body": provider.http.post("/userinfo", data={"access_token": token}),
    }
    for name, answering in asked.items():
        if name != module:
            answering.close()
    answer = await asked[module]
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json()["sub"]


async def test_oidcc_idtoken_unsigned(provider: world.Provider) -> None:
    """Skipped by the suite where `none` is not announced; we announce what we sign with, and no more."""
    metadata = (await provider.get("/.well-known/openid-configuration")).json()
    assert "none" not in metadata["id_token_signing_alg_values_supported"]


async def test_oidcc_id_token_hint(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider)
    provider.clock.move(timedelta(hours=1))
    answer = await provider.get(authorize_url(prompt="none", id_token_hint=tokens["id_token"]))
    assert "code" in members(answer.headers["location"])


@pytest.mark.parametrize("after_s", [0, 30], ids=["oidcc-codereuse", "oidcc-codereuse-30seconds"])
async def test_codereuse(provider: world.Provider, after_s: int) -> None:
    page = await sign_in(provider)
    code = members((await agree(provider, page)).headers["location"])["code"]
    token = (await redeem(provider, code)).json()["access_token"]
    provider.clock.move(timedelta(seconds=after_s))
    again = await redeem(provider, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    dead = await provider.get("/userinfo", headers={"authorization": f"Bearer {token}"})
    assert dead.status_code == 401


async def test_oidcc_ensure_post_request_succeeds(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    form = {"content-type": "application/x-www-form-urlencoded"}
    posted = await provider.http.post("/authorize", content=urlsplit(authorize_url()).query, headers=form)
    assert posted.status_code == 303
    assert "code" in members((await provider.get(posted.headers["location"])).headers["location"])


async def test_oidcc_server_client_secret_post(provider: world.Provider) -> None:
    first = world.PORTALS[0].model_copy(update={"token_endpoint_auth_method": "client_secret_post"})
    provider.house.clients.replace_seeds([first])
    page = await sign_in(provider)
    code = members((await agree(provider, page)).headers["location"])["code"]
    in_header = await redeem(provider, code)
    assert (in_header.status_code, in_header.json()["error"]) == (401, "invalid_client")
    answer = await redeem(provider, code, authorization=None, client_id="portal", client_secret=world.SECRET)
    assert answer.status_code == 200


async def test_oidcc_refresh_token(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, scope="openid offline_access", prompt="consent")
    assert VSCHAR.fullmatch(tokens["refresh_token"])
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    provider.clock.move(timedelta(seconds=2))
    answer = (await provider.http.post("/token", data=form, headers=basic())).json()
    old, new = read_id_token(provider, tokens), read_id_token(provider, answer)
    require(new, {name: old[name] for name in ("iss", "sub", "aud", "auth_time")} | {"nonce": NONE})
    assert new["iat"] > old["iat"]
    second = {**form, "client_id": "old", "client_secret": "old-secret"}
    foreign = await provider.http.post("/token", data=second)
    assert (foreign.status_code, foreign.json()["error"]) == (400, "unauthorized_client")
    without = await obtain_tokens_without_consent(provider)
    assert "refresh_token" not in without


async def obtain_tokens_without_consent(provider: world.Provider) -> dict[str, str]:
    answer = await provider.get(authorize_url(scope="openid offline_access"))
    page = await provider.get(answer.headers["location"])
    code = members((await agree(provider, page)).headers["location"])["code"]
    tokens: dict[str, str] = (await redeem(provider, code, code_verifier=VERIFIER)).json()
    return tokens


@pytest.mark.parametrize(
    "module",
    [
        "oidcc-discovery-endpoint-verification",
        "oidcc-rp-initiated-logout-discovery-endpoint-verification",
    ],
)
async def test_discovery(provider: world.Provider, module: str) -> None:
    document = (await provider.get("/.well-known/openid-configuration")).json()
    assert document["issuer"] == world.ISSUER
    assert document["response_types_supported"] == ["code"]
    assert set(document["subject_types_supported"]) == {"pairwise", "public"}
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert {"authorization_code", "refresh_token"} <= set(document["grant_types_supported"])
    addresses = [document[name] for name in document if name.endswith(("_endpoint", "_uri"))]
    assert all(address.startswith(world.ISSUER + "/") for address in addresses)
    assert document["end_session_endpoint"] == f"{world.ISSUER}/logout"
    keys = (await provider.get(document["jwks_uri"])).json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys)
    assert all(key["use"] == "sig" for key in keys)


@pytest.mark.parametrize("row", LOGOUT, ids=lambda row: "oidcc-rp-initiated-logout" + row.module)
async def test_logout(provider: world.Provider, row: LogoutRow) -> None:
    good = (await obtain_tokens(provider))["id_token"]
    hints = {
        "good": good,
        "modified": "eyJhbGciOiJub25lIn0." + good.split(".")[1] + ".",
        "foreign": good.rpartition(".")[0] + "." + "A" * 86,
    }
    asked = {**row.ask, **({"id_token_hint": hints[row.hint]} if row.hint else {})}
    answer = await provider.get("/logout", params=asked)
    assert ('id="logout-yes"' in answer.text) is row.asks
    if row.asks:
        assert answer.status_code == 200
        action = answer.text.partition('action="')[2].partition('"')[0].replace("&amp;", "&")
        answer = await provider.http.post(action, data={"csrf": hidden(answer.text, "csrf"), "logout": "yes"})
    assert answer.headers.get("location") == row.to
    assert answer.status_code == (303 if row.to else 200)
    silent = members((await provider.get(authorize_url(prompt="none"))).headers["location"])
    require(silent, {"error": "login_required", "code": NONE})


def test_every_module_has_its_row() -> None:
    walks = 3 + 1 + 1 + 2 + 1 + 1 + 1  # the tests above that are no table
    assert len(BASIC) + walks == 38
    assert len(LOGOUT) + 1 == 11
