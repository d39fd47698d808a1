"""What happens to tokens after they were issued: refresh, introspection, revocation, logout, discovery."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import provider_house as world
import pytest
from journey import authorize_url, basic, hidden, members, obtain_code, obtain_tokens, redeem

from gateway.openid_provider.clients import ResourceRegistry
from gateway.openid_provider.introspection import answer_introspection
from gateway.openid_provider.parameters import Parameters
from gateway.tokens.jose import ACCESS_TOKEN, verify

pytestmark = pytest.mark.anyio
OFFLINE = {"scope": "openid profile offline_access", "prompt": "consent"}
APP = {"client_id": "app", "redirect_uri": "http://127.0.0.1:8005/callback"}


async def refresh(provider: world.Provider, token: str, **form: str) -> tuple[int, dict[str, str]]:
    headers = {} if "client_id" in form else basic()
    answer = await provider.http.post(
        "/token", data={"grant_type": "refresh_token", "refresh_token": token, **form}, headers=headers
    )
    return answer.status_code, answer.json()


async def introspect(provider: world.Provider, token: str, headers: dict[str, str] | None = None) -> dict[str, object]:
    answer = await provider.http.post("/introspect", data={"token": token}, headers=headers or basic())
    assert answer.status_code == 200
    told: dict[str, object] = answer.json()
    return told


async def test_offline_access_wants_prompt_consent(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, scope="openid offline_access")
    assert "refresh_token" not in tokens


async def test_a_confidential_client_keeps_its_refresh_token(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, **OFFLINE)
    status, again = await refresh(provider, tokens["refresh_token"])
    assert status == 200
    assert again["refresh_token"] == tokens["refresh_token"]
    assert again["access_token"] != tokens["access_token"]
    _, narrowed = await refresh(provider, tokens["refresh_token"], scope="openid")
    assert narrowed["scope"] == "openid"
    status, wide = await refresh(provider, tokens["refresh_token"], scope="openid procedure:1.004222")
    assert wide["error"] == "invalid_scope"
    _, other = await refresh(provider, tokens["refresh_token"], client_id="old", client_secret="old-secret")
    assert other["error"] == "unauthorized_client"


async def public_tokens(provider: world.Provider) -> dict[str, str]:
    code = await obtain_code(provider, **OFFLINE, **APP)
    answer = await redeem(provider, code, authorization=None, **APP)
    tokens: dict[str, str] = answer.json()
    return tokens


async def test_a_public_client_rotates_with_one_successor(provider: world.Provider) -> None:
    tokens = await public_tokens(provider)
    first = tokens["refresh_token"]
    answers = await asyncio.gather(*(refresh(provider, first, client_id="app") for _ in range(8)))
    assert {status for status, _ in answers} == {200}
    successors = {answer["refresh_token"] for _, answer in answers}
    assert len(successors) == 1
    assert successors != {first}


async def test_a_late_retry_within_the_grace_gets_the_same_successor_though_it_was_used(
    provider: world.Provider,
) -> None:
    """Two tabs: one has gone on with the successor when the other retries (protocol.md §7.3 refresh.use)."""
    first = (await public_tokens(provider))["refresh_token"]
    _, one = await refresh(provider, first, client_id="app")
    _, two = await refresh(provider, one["refresh_token"], client_id="app")
    provider.clock.move(timedelta(seconds=30))
    status, retried = await refresh(provider, first, client_id="app")
    assert (status, retried["refresh_token"]) == (200, one["refresh_token"])
    status, again = await refresh(provider, one["refresh_token"], client_id="app")
    assert (status, again["refresh_token"]) == (200, two["refresh_token"])
    assert (await refresh(provider, two["refresh_token"], client_id="app"))[0] == 200


async def test_a_refresh_token_used_long_ago_kills_the_grant(provider: world.Provider) -> None:
    tokens = await public_tokens(provider)
    _, answer = await refresh(provider, tokens["refresh_token"], client_id="app")
    provider.clock.move(timedelta(seconds=31))
    status, stale = await refresh(provider, tokens["refresh_token"], client_id="app")
    assert (status, stale["error"]) == (400, "invalid_grant")
    status, dead = await refresh(provider, answer["refresh_token"], client_id="app")
    assert (status, dead["error"]) == (400, "invalid_grant")


async def test_a_signed_token_of_a_resource_that_is_no_more_is_inactive(provider: world.Provider) -> None:
    form = {"grant_type": "client_credentials", "resource": "https://reports.example"}
    token = (await provider.http.post("/token", data=form, headers=basic())).json()["access_token"]
    assert (await introspect(provider, token))["active"] is True
    away = replace(provider.house, resources=ResourceRegistry([]))
    answer = await answer_introspection(away, [basic()["authorization"]], Parameters({"token": token}), "t")
    assert json.loads(answer.body) == {"active": False}


async def test_client_credentials_for_our_api_and_for_a_resource(provider: world.Provider) -> None:
    opaque = await provider.http.post("/token", data={"grant_type": "client_credentials"}, headers=basic())
    assert opaque.json()["access_token"].startswith("ga_")
    assert "scope" not in opaque.json(), "it is the resource's and not ours"
    form = {"grant_type": "client_credentials", "resource": "https://reports.example"}
    signed = await provider.http.post("/token", data=form, headers=basic())
    claims = verify(
        signed.json()["access_token"],
        ACCESS_TOKEN,
        provider.house.keys,
        now=provider.clock.now(),
        issuer=world.ISSUER,
        audience="https://reports.example",
    )
    assert claims["sub"] == claims["client_id"] == "portal"
    assert claims["exp"] - claims["iat"] == 120
    unknown = await provider.http.post("/token", data={**form, "resource": "https://x.example"}, headers=basic())
    assert unknown.json()["error"] == "invalid_target"
    wide = await provider.http.post("/token", data={**form, "scope": "report:write"}, headers=basic())
    assert wide.json()["error"] == "invalid_scope"


async def test_a_machine_token_opens_no_userinfo(provider: world.Provider) -> None:
    opaque = await provider.http.post("/token", data={"grant_type": "client_credentials"}, headers=basic())
    bearer = {"authorization": f"Bearer {opaque.json()['access_token']}"}
    assert (await provider.get("/userinfo", headers=bearer)).status_code == 403


async def test_introspection_tells_only_those_concerned(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, **OFFLINE)
    told = await introspect(provider, tokens["access_token"])
    assert told["active"] is True
    assert told["client_id"] == "portal"
    assert told["acr"] == "urn:gate06:vneid:2"
    assert (await introspect(provider, tokens["refresh_token"]))["active"] is True
    post = {"token": tokens["access_token"], "client_id": "old", "client_secret": "old-secret"}
    assert (await provider.http.post("/introspect", data=post)).json() == {"active": False}
    assert await introspect(provider, "nonsense") == {"active": False}
    public = await provider.http.post("/introspect", data={"token": tokens["access_token"], "client_id": "app"})
    assert public.status_code == 401
    provider.clock.move(timedelta(minutes=11))
    assert await introspect(provider, tokens["access_token"]) == {"active": False}


async def test_revoking(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, **OFFLINE)
    for token in ("nonsense", tokens["access_token"]):
        assert (await provider.http.post("/revoke", data={"token": token}, headers=basic())).status_code == 200
    assert await introspect(provider, tokens["access_token"]) == {"active": False}
    _, again = await refresh(provider, tokens["refresh_token"])
    foreign = {"token": tokens["refresh_token"], "client_id": "old", "client_secret": "old-secret"}
    assert (await provider.http.post("/revoke", data=foreign)).status_code == 200
    assert (await introspect(provider, again["access_token"]))["active"] is True
    await provider.http.post("/revoke", data={"token": tokens["refresh_token"]}, headers=basic())
    assert await introspect(provider, again["access_token"]) == {"active": False}
    status, dead = await refresh(provider, tokens["refresh_token"])
    assert (status, dead["error"]) == (400, "invalid_grant")


async def test_logout_with_a_hint_ends_everything_and_returns(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider)
    url = (
        "/logout?"
        + authorize_url(
            id_token_hint=tokens["id_token"], post_logout_redirect_uri="http://127.0.0.1:8003/bye", state="s9"
        ).partition("?")[2]
    )
    ended = await provider.get(url)
    assert ended.headers["location"] == "http://127.0.0.1:8003/bye?state=s9"
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await provider.get("/userinfo", headers=bearer)).status_code == 401
    silent = await provider.get(authorize_url(prompt="none"))
    assert members(silent.headers["location"])["error"] == "login_required"


@pytest.mark.parametrize("hint", ["none", "foreign", "unsigned"])
async def test_logout_without_a_good_hint_asks_first(provider: world.Provider, hint: str) -> None:
    tokens = await obtain_tokens(provider)
    hints = {
        "none": "",
        "foreign": tokens["id_token"][:-6] + "AAAAAA",
        "unsigned": "eyJhbGciOiJub25lIn0." + tokens["id_token"].split(".")[1] + ".",
    }
    page = await provider.get(
        "/logout", params={"id_token_hint": hints[hint], "post_logout_redirect_uri": "http://127.0.0.1:8003/bye"}
    )
    assert page.status_code == 200
    assert 'id="logout-yes"' in page.text
    action = page.text.partition('action="')[2].partition('"')[0].replace("&amp;", "&")
    stayed = await provider.http.post(action, data={"csrf": hidden(page.text, "csrf"), "logout": "no"})
    assert stayed.status_code == 200
    assert "code" in members((await provider.get(authorize_url(prompt="none"))).headers["location"])
    gone = await provider.http.post(action, data={"csrf": hidden(page.text, "csrf"), "logout": "yes"})
    assert gone.status_code == 200
    assert members((await provider.get(authorize_url(prompt="none"))).headers["location"])["error"] == "login_required"


@pytest.mark.parametrize(
    "uri", ["https://evil.example/", "http://127.0.0.1:8003/bye?x=1", "http://127.0.0.1:8003/bye/"]
)
async def test_logout_never_redirects_to_an_unregistered_address(provider: world.Provider, uri: str) -> None:
    tokens = await obtain_tokens(provider)
    ended = await provider.get("/logout", params={"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": uri})
    assert ended.status_code == 200
    assert "location" not in ended.headers


async def test_the_metadata_names_what_is_there(provider: world.Provider) -> None:
    document = (await provider.get("/.well-known/openid-configuration")).json()
    assert document["issuer"] == world.ISSUER
    for name, address in document.items():
        if name.endswith("_endpoint"):
            path = address.removeprefix(world.ISSUER)
            assert (await provider.get(path)).status_code in {200, 303, 400, 401, 405}, name
    keys = (await provider.get("/jwks")).json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys)
    assert {key["alg"] for key in keys} == set(document["id_token_signing_alg_values_supported"])
    assert not {"d", "p", "q", "k"}.intersection(*keys)
    oauth = (await provider.get("/.well-known/oauth-authorization-server")).json()
    assert oauth["token_endpoint"] == document["token_endpoint"]


async def test_oversized_and_foreign_bodies_are_oauth_errors(provider: world.Provider) -> None:
    big = await provider.http.post("/token", data={"grant_type": "x" * 40_000}, headers=basic())
    assert big.json()["error"] == "invalid_request"
    json = await provider.http.post("/token", json={"grant_type": "client_credentials"}, headers=basic())
    assert json.json()["error"] == "invalid_request"
    twice = await provider.http.post(
        "/token",
        content="grant_type=client_credentials&grant_type=password",
        headers={**basic(), "content-type": "application/x-www-form-urlencoded"},
    )
    assert twice.json()["error"] == "invalid_request"


async def test_a_signed_token_is_described_to_its_client_only(provider: world.Provider) -> None:
    form = {"grant_type": "client_credentials", "resource": "https://reports.example"}
    token = (await provider.http.post("/token", data=form, headers=basic())).json()["access_token"]
    told = await introspect(provider, token)
    assert (told["active"], told["aud"]) == (True, "https://reports.example")
    post = {"token": token, "client_id": "old", "client_secret": "old-secret"}
    assert (await provider.http.post("/introspect", data=post)).json() == {"active": False}
    assert await introspect(provider, token[:-4] + "AAAA") == {"active": False}
    provider.clock.move(timedelta(minutes=5))
    assert await introspect(provider, token) == {"active": False}


async def test_a_signed_token_cannot_be_revoked_and_that_is_said(provider: world.Provider) -> None:
    """RFC 7009 §2.2.1: 200 would promise that a token is dead which lives on at its resource."""
    form = {"grant_type": "client_credentials", "resource": "https://reports.example"}
    token = (await provider.http.post("/token", data=form, headers=basic())).json()["access_token"]
    refused = await provider.http.post("/revoke", data={"token": token}, headers=basic())
    assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_token_type")
    foreign = {"token": token, "client_id": "old", "client_secret": "old-secret"}
    assert (await provider.http.post("/revoke", data=foreign)).status_code == 200


async def test_subjects_follow_sector_and_subject_type(provider: world.Provider) -> None:
    subjects = {}
    changes: dict[str, dict[str, object]] = {
        "alone": {},
        "in the sector": {"sector": "province.example"},
        "beside it": {"sector": "province.example", "client_name": "other"},
        "public": {"subject_type": "public"},
    }
    for name, changed in changes.items():
        provider.house.clients.replace_seeds([world.PORTALS[0].model_validate(world.PORTALS[0].model_dump() | changed)])
        provider.http.cookies.clear()
        tokens = await obtain_tokens(provider)
        subjects[name] = (await introspect(provider, tokens["access_token"]))["sub"]
    assert subjects["in the sector"] == subjects["beside it"]
    assert len(set(subjects.values())) == 3
