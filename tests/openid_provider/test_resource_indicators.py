"""Resource indicators with a citizen's token (RFC 8707): what is asked, granted, issued, told and refused."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import orjson
import provider_house as world
import pytest
from consent_house import PORTAL, answer, asked, consents, open_consent_house
from journey import agree, authorize_url, basic, hidden, members, obtain_code, obtain_tokens, redeem, shown_by, sign_in
from test_organisations import company

from gateway.application.joints import TokenBearers
from gateway.dossiers.sender import WRITE_SCOPE
from gateway.openid_provider.clients import Portal, Resource, ResourceRegistry
from gateway.openid_provider.failure import InvalidToken
from gateway.openid_provider.introspection import answer_introspection
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.profiles import CLIENT_SCOPES
from gateway.tokens.jose import ACCESS_TOKEN, verify
from tests.possession import Holder

pytestmark = pytest.mark.anyio

SIGNED, OPAQUE, BARE = "https://reports.example", "https://files.example/api", "urn:example:bare"
RESOURCES = [
    Resource(identifier=SIGNED, token_format="jwt", scopes=("report:read", "report:write"), lifetime_s=120),
    Resource(
        identifier=OPAQUE,
        scopes=("file:read", "file:write"),
        lifetime_s=900,
        introspection_client="files",
        label={"vi": "Kho hồ sơ số", "en": "Digital records"},
    ),
    Resource(identifier=BARE),
    Resource(identifier="https://closed.example", scopes=("closed:read",)),
]
ASKED_ABOUT = RESOURCES[0].model_copy(update={"introspection_client": "files"})
BASE: dict[str, Any] = {
    "client_secret": world.SECRET,
    "redirect_uris": [world.CALLBACK],
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "scope": "openid profile offline_access report:read file:read file:write",
    "procedures": ["1.004222"],
}
PORTALS = [
    Portal.model_validate(BASE | {"client_id": "portal"}),
    Portal.model_validate(BASE | {"client_id": "other"}),
    Portal.model_validate(BASE | {"client_id": "files", "grant_types": ["client_credentials"], "redirect_uris": []}),
    *(one for one in world.PORTALS if one.client_id == "desk"),
]
EACH = pytest.mark.parametrize(
    ("resource", "scope"), [(SIGNED, "report:read"), (OPAQUE, "file:read")], ids=["signed", "opaque"]
)
PERSONAL = ("999175000003", "BƯỞI", "Bưởi", "1975")


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[world.Provider]:
    """A provider with resources of every kind."""
    async with world.open_provider(tmp_path, portals=PORTALS) as opened:
        object.__setattr__(opened.house, "resources", ResourceRegistry(RESOURCES))
        yield opened


def claims_of(provider: world.Provider, token: str, audience: str = SIGNED) -> dict[str, Any]:
    """Read a signed access token as its resource does."""
    now = provider.clock.now()
    return verify(token, ACCESS_TOKEN, provider.house.keys, now=now, issuer=world.ISSUER, audience=audience)


async def introspect(provider: world.Provider, token: str, client_id: str = "files") -> dict[str, Any]:
    answer = await provider.http.post("/introspect", data={"token": token}, headers=basic(client_id))
    return dict(answer.json())


async def refused_at_once(provider: world.Provider, resource: str, **changes: str | None) -> str:
    """Ask for a resource and return the error that comes back."""
    return members((await provider.get(authorize_url(resource=resource, **changes))).headers["location"])["error"]


async def test_a_signed_token_has_one_audience_its_scopes_and_nobody_s_name(provider: world.Provider) -> None:
    asked = {"scope": "openid profile report:read file:read", "resource": SIGNED}
    tokens = await obtain_tokens(provider, **asked)
    claims = claims_of(provider, tokens["access_token"])
    assert claims.keys() == {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "auth_time", "acr", "gid"}
    assert (claims["aud"], claims["client_id"], claims["scope"]) == (SIGNED, "portal", "report:read")
    assert (claims["exp"] - claims["iat"], int(tokens["expires_in"])) == (120, 120)
    assert (claims["auth_time"], claims["acr"]) == (int(world.START.timestamp()), "urn:gate06:vneid:2")
    assert len(claims["sub"]) == 52
    assert (tokens["scope"], tokens["token_type"]) == ("report:read", "Bearer")
    written = orjson.dumps(claims).decode()
    assert not [one for one in PERSONAL if one in written]


async def test_an_opaque_token_is_introspected_by_its_resource(provider: world.Provider) -> None:
    asked = {"scope": "openid file:read procedure:1.004222", "resource": OPAQUE}
    tokens = await obtain_tokens(provider, **asked)
    assert tokens["access_token"].startswith("ga_")
    told = await introspect(provider, tokens["access_token"])
    assert (told["active"], told["aud"], told["scope"], told["client_id"]) == (True, OPAQUE, "file:read", "portal")
    assert (told["auth_time"], told["acr"]) == (int(world.START.timestamp()), "urn:gate06:vneid:2")
    assert told["exp"] - told["iat"] == 900
    assert "authorization_details" not in told
    assert await introspect(provider, tokens["access_token"], "portal") == told
    assert await introspect(provider, tokens["access_token"], "other") == {"active": False}


@EACH
async def test_a_token_for_a_resource_opens_nothing_of_ours(
    provider: world.Provider, resource: str, scope: str
) -> None:
    tokens = await obtain_tokens(provider, scope=f"openid profile {scope}", resource=resource)
    answer = await provider.get("/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    with pytest.raises(InvalidToken):
        await TokenBearers(provider.house).read(shown_by(tokens["access_token"]))


async def test_our_own_api_is_named_by_the_issuer(provider: world.Provider) -> None:
    code = await obtain_code(provider, scope="openid profile report:read", resource=SIGNED)
    answer = await redeem(provider, code, resource=world.ISSUER)
    tokens = answer.json()
    assert tokens["scope"] == "openid profile"
    person = await provider.get("/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert person.json()["name"] == "TRẦN THỊ BƯỞI"


async def test_the_issuer_may_be_named_where_no_resource_was(provider: world.Provider) -> None:
    plain = await redeem(provider, await obtain_code(provider), resource=world.ISSUER)
    assert (plain.status_code, plain.json()["scope"]) == (200, "openid profile")


async def several(provider: world.Provider) -> str:
    """Sign in for two resources and return the code."""
    more = authorize_url(scope="openid profile offline_access report:read file:read file:write", prompt="consent")
    address = f"{more}&resource={SIGNED}&resource={OPAQUE}"
    begun = (await provider.get(address)).headers["location"]
    page = await provider.get(begun)
    form = {"csrf": hidden(page.text, "csrf"), "provider": "fake"}
    state = members((await provider.http.post(begun, data=form)).headers["location"])["state"]
    await provider.get(f"/upstream/fake/callback?code=x&state={state}")
    page = await provider.get(begun)
    assert "Sử dụng Kho hồ sơ số thay ông/bà (file:read, file:write, report:read)" in page.text
    assert f"Sử dụng {SIGNED} thay ông/bà" in page.text
    return members((await agree(provider, page)).headers["location"])["code"]


async def test_several_are_granted_and_each_token_is_for_one(provider: world.Provider) -> None:
    code = await several(provider)
    unnamed = await redeem(provider, code)
    assert (unnamed.status_code, unnamed.json()["error"]) == (400, "invalid_target")
    tokens = (await redeem(provider, code, resource=SIGNED)).json()
    assert claims_of(provider, tokens["access_token"])["scope"] == "report:read"
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}

    async def refresh(**more: str) -> httpx2.Response:
        return await provider.http.post("/token", data=form | more, headers=basic())

    files = (await refresh(resource=OPAQUE)).json()
    assert (files["scope"], (await introspect(provider, files["access_token"]))["aud"]) == (
        "file:read file:write",
        OPAQUE,
    )
    fewer = (await refresh(resource=OPAQUE, scope="openid file:read report:read")).json()
    assert fewer["scope"] == "file:read"
    own = (await refresh(resource=world.ISSUER)).json()
    assert own["scope"] == "openid profile offline_access"
    for bad in ({}, {"resource": BARE}, {"resource": "https://strange.example"}):
        assert (await refresh(**bad)).json()["error"] == "invalid_target"
    assert (await refresh(resource=OPAQUE, scope="report:read")).json()["error"] == "invalid_scope"
    assert (await refresh(resource=OPAQUE, scope="file:delete")).json()["error"] == "invalid_scope"
    assert (await refresh(resource=SIGNED)).status_code == 200, "no refusal has spent anything"


async def test_our_own_api_counts_among_several(provider: world.Provider) -> None:
    """Named beside another it is one of two, so that a token says which it is for; the notice is that of the other."""
    asked = authorize_url(scope="openid profile offline_access report:read", prompt="consent")
    begun = (await provider.get(f"{asked}&resource={SIGNED}&resource={world.ISSUER}")).headers["location"]
    page = await provider.get(begun)
    form = {"csrf": hidden(page.text, "csrf"), "provider": "fake"}
    state = members((await provider.http.post(begun, data=form)).headers["location"])["state"]
    await provider.get(f"/upstream/fake/callback?code=x&state={state}")
    page = await provider.get(begun)
    assert re.findall(r"Sử dụng (\S+) thay ông/bà", page.text) == [SIGNED]
    code = members((await agree(provider, page)).headers["location"])["code"]
    for bad in ({}, {"resource": "own"}, {"resource": OPAQUE}):
        answer = await redeem(provider, code, **bad)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target"), bad
    own = (await redeem(provider, code, resource=world.ISSUER)).json()
    assert own["scope"] == "openid profile offline_access"
    refresh = {"grant_type": "refresh_token", "refresh_token": own["refresh_token"]}
    unnamed = await provider.http.post("/token", data=refresh, headers=basic())
    assert (unnamed.status_code, unnamed.json()["error"]) == (400, "invalid_target")
    other = await provider.http.post("/token", data=refresh | {"resource": SIGNED}, headers=basic())
    assert claims_of(provider, other.json()["access_token"])["scope"] == "report:read"
    told = [one["attributes"] for one in await world.events_of(provider) if one["event"] == "CodeRedeemed"]
    assert told == [["openid", "profile", "offline_access", "report:read", f"resource:{SIGNED}"]]


async def test_our_own_api_alone_at_sign_in_is_as_no_resource(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, resource=world.ISSUER)
    assert tokens["scope"] == "openid profile"
    assert await refused_at_once(provider, "own") == "invalid_target"


async def test_a_pushed_request_counts_our_own_api_too(provider: world.Provider) -> None:
    pairs = [*httpx2.URL(authorize_url(scope="openid report:read")).params.multi_items()]
    pairs += [("resource", world.ISSUER), ("resource", SIGNED)]
    headers = basic() | {"content-type": "application/x-www-form-urlencoded"}
    pushed = await provider.http.post("/par", content=str(httpx2.QueryParams(pairs)), headers=headers)
    code = await obtain_code(provider, request_uri=pushed.json()["request_uri"])
    assert (await redeem(provider, code)).json()["error"] == "invalid_target"
    assert claims_of(provider, (await redeem(provider, code, resource=SIGNED)).json()["access_token"])["aud"] == SIGNED


async def test_two_at_the_token_endpoint_are_refused_and_burn_no_code(provider: world.Provider) -> None:
    code = await several(provider)
    pairs = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", world.CALLBACK)]
    pairs += [("code_verifier", "v" * 43), ("resource", SIGNED), ("resource", OPAQUE)]
    body = "&".join(f"{name}={value}" for name, value in pairs)
    headers = basic() | {"content-type": "application/x-www-form-urlencoded"}
    answer = await provider.http.post("/token", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")
    assert (await redeem(provider, code, resource=OPAQUE)).status_code == 200


async def test_a_resource_that_was_not_granted_is_no_target(provider: world.Provider) -> None:
    code = await obtain_code(provider)
    answer = await redeem(provider, code, resource=SIGNED)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")
    assert (await redeem(provider, code)).status_code == 200, "the code was not spent"


@pytest.mark.parametrize(
    "resource",
    [
        "https://strange.example",
        f"{SIGNED}/",
        f"{SIGNED}#part",
        "/relative",
        "reports",
        "",
        "https://[bad",
        "HTTPS://reports.example",
    ],
)
@pytest.mark.parametrize("pushed", [False, True], ids=["in the browser", "pushed"])
async def test_what_names_no_resource_is_an_invalid_target(
    provider: world.Provider, resource: str, pushed: bool
) -> None:
    if not pushed:
        assert await refused_at_once(provider, resource) == "invalid_target"
        return
    form = dict(httpx2.URL(authorize_url(resource=resource)).params)
    answer = await provider.http.post("/par", data=form, headers=basic())
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")


async def test_a_client_gets_only_what_it_registered(provider: world.Provider) -> None:
    asked = "openid report:read report:write"
    assert await refused_at_once(provider, SIGNED, scope=asked) == "invalid_scope"
    assert await refused_at_once(provider, "https://closed.example") == "invalid_target"
    assert await refused_at_once(provider, SIGNED, client_id="desk", redirect_uri="http://127.0.0.1:8009/callback") == (
        "invalid_target"
    )


async def test_a_resource_without_scopes_gets_an_audience_alone(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, resource=BARE)
    assert "scope" not in tokens
    told = await introspect(provider, tokens["access_token"], "portal")
    assert (told["aud"], "scope" in told) == (BARE, False)


@EACH
async def test_a_bound_token_names_its_key(provider: world.Provider, resource: str, scope: str) -> None:
    holder = Holder()
    code = await obtain_code(provider, scope=f"openid {scope}", resource=resource)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": world.CALLBACK}
    proof = holder.prove("POST", f"{world.ISSUER}/token", provider.clock.now().timestamp())
    headers = basic() | {"dpop": proof}
    tokens = (await provider.http.post("/token", data=form | {"code_verifier": "v" * 43}, headers=headers)).json()
    assert tokens["token_type"] == "DPoP"
    told = await introspect(provider, tokens["access_token"], "portal")
    assert (told["cnf"], told["token_type"], told["aud"]) == ({"jkt": holder.jkt}, "DPoP", resource)


@EACH
async def test_both_kinds_end_with_the_grant_where_introspection_is_asked(
    provider: world.Provider, resource: str, scope: str
) -> None:
    asked = {"scope": f"openid offline_access {scope}", "prompt": "consent", "resource": resource}
    tokens = await obtain_tokens(provider, **asked)
    assert (await introspect(provider, tokens["access_token"], "portal"))["active"] is True
    await provider.http.post("/revoke", data={"token": tokens["refresh_token"]}, headers=basic())
    assert await introspect(provider, tokens["access_token"], "portal") == {"active": False}


@EACH
@pytest.mark.parametrize("ending", ["removed", "legacy"])
async def test_both_kinds_end_with_their_client(
    provider: world.Provider, resource: str, scope: str, ending: str
) -> None:
    own = replace(provider.house, resources=ResourceRegistry([*RESOURCES[1:], ASKED_ABOUT]))
    form = {"grant_type": "client_credentials", "resource": resource, "scope": scope}
    token = (await provider.http.post("/token", data=form, headers=basic())).json()["access_token"]

    async def told() -> dict[str, Any]:
        asked = Parameters({"token": token})
        return dict(orjson.loads((await answer_introspection(own, [basic("files")["authorization"]], asked, "t")).body))

    assert (await told())["active"] is True
    last = {"profile": "legacy", "legacy_until": (provider.clock.now() - timedelta(days=1)).date()}
    ended = [Portal.model_validate(BASE | {"client_id": "portal"} | last)] if ending == "legacy" else []
    provider.house.clients.replace_seeds([*ended, *PORTALS[1:]])
    assert await told() == {"active": False}


async def test_a_token_ends_when_its_resource_says(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, scope="openid file:read", resource=OPAQUE)
    provider.clock.move(timedelta(seconds=899))
    assert (await introspect(provider, tokens["access_token"]))["active"] is True
    provider.clock.move(timedelta(seconds=2))
    assert await introspect(provider, tokens["access_token"]) == {"active": False}


async def test_the_notice_is_shown_again_for_another_resource(provider: world.Provider) -> None:
    """What was read about one system, or one right there, covers no other."""
    await obtain_tokens(provider, scope="openid file:read", resource=OPAQUE)
    silent = {"prompt": "none"}

    async def answer(**asked: str | None) -> dict[str, str]:
        return members((await provider.get(authorize_url(**silent, **asked))).headers["location"])

    assert "code" in await answer(scope="openid file:read", resource=OPAQUE)
    for scope, resource in (("file:write", OPAQUE), ("file:read file:write", OPAQUE), ("report:read", SIGNED)):
        assert (await answer(scope=f"openid {scope}", resource=resource))["error"] == "consent_required"


async def test_a_consent_names_the_system_and_the_rights_there(tmp_path: Path) -> None:
    """Where consent is the basis the record keeps both, and covers no other right."""
    scope = "openid profile offline_access file:read file:write"
    async with open_consent_house(tmp_path) as provider:
        provider.house.clients.replace_seeds([Portal.model_validate(PORTAL.model_dump() | {"scope": scope})])
        object.__setattr__(provider.house, "resources", ResourceRegistry(RESOURCES))
        reading = asked(scope="openid file:read", resource=OPAQUE)
        page = await sign_in(provider, **reading)
        assert "Sử dụng Kho hồ sơ số thay ông/bà (file:read)" in page.text
        ticked = re.findall(r'name="share\.([^"]+)"', page.text)
        assert "code" in members((await answer(provider, page, *ticked)).headers["location"])
        (consent,) = await consents(provider)
        claim = consent.content["claims"][-1]
        assert (claim["names"], claim["en"]) == (
            [f"resource:{OPAQUE}", "file:read"],
            "Use of Digital records on your behalf (file:read)",
        )
        for scopes, told in (("file:read", "code"), ("file:read file:write", "error"), ("file:write", "error")):
            silent = authorize_url(**{**reading, "scope": f"openid {scopes}", "prompt": "none"})
            assert told in members((await provider.get(silent)).headers["location"])


@EACH
async def test_who_acts_for_an_organisation_gets_no_signed_token(
    provider: world.Provider, resource: str, scope: str
) -> None:
    """Whom a person acts for cannot stand in it: a household's tax code may be somebody's personal number."""
    provider.upstream.answer = company()
    answer = await redeem(provider, await obtain_code(provider, scope=f"openid {scope}", resource=resource))
    if resource == SIGNED:
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_target")
        return
    told = await introspect(provider, answer.json()["access_token"])
    assert [one["type"] for one in told["authorization_details"]] == ["represented_organisation"]


async def test_a_client_for_itself_names_one_of_them_or_us(provider: world.Provider) -> None:
    form = {"grant_type": "client_credentials"}
    own = await provider.http.post("/token", data=form | {"resource": world.ISSUER}, headers=basic())
    assert own.json()["access_token"].startswith("ga_")
    signed = await provider.http.post("/token", data=form | {"resource": SIGNED}, headers=basic())
    claims = claims_of(provider, signed.json()["access_token"])
    assert (claims["sub"], "gid" in claims) == ("portal", False)


@pytest.mark.parametrize("resource", [None, world.ISSUER])
async def test_a_client_for_itself_gets_scopes_of_ours_alone_without_a_resource(
    provider: world.Provider, resource: str | None
) -> None:
    wide = BASE | {"client_id": "portal", "scope": BASE["scope"] + " dossier:write strange:read"}
    provider.house.clients.replace_seeds([Portal.model_validate(wide), *PORTALS[1:]])
    form = {"grant_type": "client_credentials"} | ({} if resource is None else {"resource": resource})

    async def ask(**more: str) -> dict[str, Any]:
        return dict((await provider.http.post("/token", data=form | more, headers=basic())).json())

    own = await ask()
    assert own["scope"] == "dossier:write"
    told = await introspect(provider, own["access_token"], "portal")
    assert (told["aud"], told["scope"]) == (world.ISSUER, "dossier:write")
    assert (await ask(scope="dossier:write"))["scope"] == "dossier:write"
    for theirs in ("report:read", "report:read dossier:write", "strange:read"):
        assert (await ask(scope=theirs))["error"] == "invalid_scope", theirs
    assert (await ask(scope="dossier:write", resource=OPAQUE))["error"] == "invalid_scope"
    assert (await ask(resource=OPAQUE))["scope"] == "file:read file:write"


def test_what_the_dossiers_ask_for_is_a_scope_of_ours() -> None:
    assert WRITE_SCOPE in CLIENT_SCOPES


async def test_the_sign_in_in_the_history_names_the_system(provider: world.Provider) -> None:
    await obtain_tokens(provider, scope="openid file:read", resource=OPAQUE)
    told = [event["attributes"] for event in await world.events_of(provider) if event["event"] == "CodeRedeemed"]
    assert told == [["openid", "file:read", f"resource:{OPAQUE}"]]


def test_no_resource_takes_scopes_of_our_own() -> None:
    for scope in ("openid", "profile", "offline_access", "procedure:1.004222"):
        with pytest.raises(ValueError, match="hold none"):
            Resource(identifier="https://x.example", scopes=(scope,))
