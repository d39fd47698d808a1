"""A form asked for by `authorization_details` (RFC 9396): what is taken, what is refused, and where it comes back."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import provider_house as world
import pytest
from journey import agree, authorize_url, basic, members, obtain_code, obtain_tokens, redeem, shown_by, sign_in

from gateway.application.joints import TokenBearers
from gateway.openid_provider.clients import Portal
from gateway.prefill.fill import may_read
from gateway.prefill.house import Figures

pytestmark = pytest.mark.anyio
FORM = {"type": "prefill", "procedure": "1.004222", "dossier": "H56.26-000123:a_b"}
AHEAD = Portal.model_validate(
    {
        "client_id": "ahead",
        "client_secret": "ahead-secret",
        "redirect_uris": [world.CALLBACK],
        "procedures": ["1.004222", "9.999999"],
    }
)


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[world.Provider]:
    async with world.open_provider(tmp_path, portals=(*world.PORTALS, AHEAD)) as opened:
        yield opened


def details(*forms: object) -> str:
    return json.dumps(forms)


async def introspected(provider: world.Provider, token: str) -> dict[str, object]:
    told: dict[str, object] = (await provider.http.post("/introspect", data={"token": token}, headers=basic())).json()
    return told


async def bearer(provider: world.Provider, token: str):
    return await TokenBearers(provider.house).read(shown_by(token))


async def test_a_named_form_comes_back_with_the_tokens_and_stays(provider: world.Provider) -> None:
    asked = {"scope": "openid offline_access", "prompt": "consent", "authorization_details": details(FORM)}
    tokens = await obtain_tokens(provider, **asked)
    assert tokens["authorization_details"] == [FORM]
    assert tokens["scope"] == "openid offline_access"
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert (await introspected(provider, token))["authorization_details"] == [FORM]
    narrowed = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "scope": "openid"}
    answer = (await provider.http.post("/token", data=narrowed, headers=basic())).json()
    assert (answer["scope"], answer["authorization_details"]) == ("openid", [FORM])
    read = await bearer(provider, answer["access_token"])
    assert (read.procedures, read.dossier) == ({"1.004222"}, FORM["dossier"])


async def test_a_procedure_named_by_details_counts_like_one_of_the_scope(provider: world.Provider) -> None:
    without = {name: FORM[name] for name in ("type", "procedure")}
    page = await sign_in(provider, scope="openid", authorization_details=details(without))
    assert "Đăng ký thường trú" in page.text
    code = members((await agree(provider, page)).headers["location"])["code"]
    tokens = (await redeem(provider, code)).json()
    assert tokens["authorization_details"] == [without]
    assert (await bearer(provider, tokens["access_token"])).dossier is None
    # the notice of that form was seen today, whichever way it is asked for again; the bare sign-in's was not
    again = await provider.get(authorize_url(scope="openid procedure:1.004222", prompt="none"))
    assert "code" in members(again.headers["location"])
    bare = await provider.get(authorize_url(scope="openid", prompt="none"))
    assert members(bare.headers["location"])["error"] == "consent_required"


async def test_each_dossier_has_its_own_notice_for_thirty_days(provider: world.Provider) -> None:
    await obtain_tokens(provider, scope="openid", authorization_details=details(FORM))
    known = authorize_url(scope="openid", prompt="none", authorization_details=details(FORM))
    other = authorize_url(scope="openid", prompt="none", authorization_details=details({**FORM, "dossier": "other"}))
    assert "code" in members((await provider.get(known)).headers["location"])
    assert members((await provider.get(other)).headers["location"])["error"] == "consent_required"
    provider.clock.move(timedelta(days=29))
    assert "code" in members(
        (await sign_in(provider, scope="openid", authorization_details=details(FORM))).headers["location"]
    )


async def test_details_may_stand_without_a_scope(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, scope=None, authorization_details=details(FORM))
    assert {"scope", "id_token", "refresh_token"}.isdisjoint(tokens)
    assert tokens["authorization_details"] == [FORM]
    assert "scope" not in await introspected(provider, tokens["access_token"])
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await provider.get("/userinfo", headers=headers)).status_code == 403
    assert (await bearer(provider, tokens["access_token"])).procedures == {"1.004222"}


async def test_scope_and_details_may_name_the_same_form(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, scope="openid procedure:1.004222", authorization_details=details(FORM))
    assert tokens["scope"] == "openid procedure:1.004222"
    assert tokens["authorization_details"] == [FORM]


async def test_without_details_none_are_told(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, scope="openid procedure:1.004222")
    assert "authorization_details" not in tokens
    assert "authorization_details" not in await introspected(provider, tokens["access_token"])


@pytest.mark.parametrize(
    "sent",
    [
        "{",
        "prefill",
        "null",
        "[]",
        "{}",
        '["prefill"]',
        "[[]]",
        details(FORM, FORM),
        details(FORM, {**FORM, "dossier": "other"}),
        json.dumps(FORM),
        details({**FORM, "type": "payment"}),
        details({**FORM, "type": ["prefill"]}),
        details({"procedure": "1.004222"}),
        details({"type": "prefill"}),
        details({**FORM, "procedure": 1.004222}),
        details({**FORM, "procedure": "1.4222"}),
        details({**FORM, "procedure": "1.004222\n"}),
        details({**FORM, "procedure": "procedure:1.004222"}),
        details({**FORM, "procedure": "3.000333"}),
        details({**FORM, "locations": ["https://x.example"]}),
        details({**FORM, "999175000003": 1}),
        details({**FORM, "dossier": ""}),
        details({**FORM, "dossier": "a" * 65}),
        details({**FORM, "dossier": "hồ sơ"}),
        details({**FORM, "dossier": "a/b"}),
        details({**FORM, "dossier": "a\n"}),
        details({**FORM, "dossier": 12}),
        details({**FORM, "dossier": None}),
        '[{"type":"prefill","procedure":"1.004222","procedure":"1.004222"}]',
        '[{"type":"prefill","procedure":"1.004222","dossier":NaN}]',
        '[{"type":"prefill","procedure":"1.004222","dossier":"\\ud800"}]',
        "[" * 5000,
    ],
)
async def test_anything_else_is_refused_to_the_portal(provider: world.Provider, sent: str) -> None:
    answered = await provider.get(authorize_url(authorization_details=sent))
    told = members(answered.headers["location"])
    assert told["error"] == "invalid_authorization_details"
    assert told["error_uri"].startswith(f"{world.ISSUER}/errors/GW-1009?receipt=rf_")
    assert (told["state"], told["iss"]) == ("st-1", world.ISSUER)
    assert not any(word in told["error_description"] for word in ("999175000003", "payment", "x.example"))


async def test_scope_and_details_may_not_name_two_forms(provider: world.Provider) -> None:
    url = authorize_url(client_id="ahead", scope="openid procedure:9.999999", authorization_details=details(FORM))
    told = members((await provider.get(url)).headers["location"])
    assert (told["error"], told["error_uri"].partition("?")[0][-7:]) == ("invalid_authorization_details", "GW-1009")


async def test_a_procedure_must_exist_too(provider: world.Provider) -> None:
    sent = details({**FORM, "procedure": "9.999999"})
    told = members(
        (await provider.get(authorize_url(client_id="ahead", authorization_details=sent))).headers["location"]
    )
    assert told["error"] == "invalid_authorization_details"


async def test_the_longest_dossier_is_taken(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, authorization_details=details({**FORM, "dossier": "Z" * 64}))
    assert tokens["authorization_details"] == [{**FORM, "dossier": "Z" * 64}]


async def test_the_token_endpoint_takes_the_granted_details_only(provider: world.Provider) -> None:
    code = await obtain_code(provider, authorization_details=details(FORM))
    for other in (details({**FORM, "dossier": "other"}), "[]"):
        refused = await redeem(provider, code, authorization_details=other)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_authorization_details")
    assert (await redeem(provider, code, authorization_details=details(FORM))).status_code == 200
    plain = await obtain_code(provider, prompt="login")
    beyond = await redeem(provider, plain, authorization_details=details(FORM))
    assert beyond.json()["error"] == "invalid_authorization_details"
    machine = {"grant_type": "client_credentials", "authorization_details": details(FORM)}
    alone = await provider.http.post("/token", data=machine, headers=basic())
    assert (alone.status_code, alone.json()["error"]) == (400, "invalid_authorization_details")


@pytest.mark.parametrize("document", ["openid-configuration", "oauth-authorization-server"])
async def test_metadata_names_the_one_type(provider: world.Provider, document: str) -> None:
    told = (await provider.get(f"/.well-known/{document}")).json()
    assert told["authorization_details_types_supported"] == ["prefill"]


async def test_a_named_dossier_may_be_read_for_thirty_days_after_the_session(provider: world.Provider) -> None:
    asked = {"scope": "openid offline_access", "prompt": "consent", "authorization_details": details(FORM)}
    tokens = await obtain_tokens(provider, **asked)
    provider.clock.move(timedelta(days=30) - timedelta(seconds=1))
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    late = (await provider.http.post("/token", data=form, headers=basic())).json()
    read = await bearer(provider, late["access_token"])
    assert not read.session_alive
    assert may_read(read, provider.clock.now(), Figures(issuer=world.ISSUER))
    assert not may_read(read, provider.clock.now() + timedelta(seconds=2), Figures(issuer=world.ISSUER))
    provider.clock.move(timedelta(seconds=2))
    gone = await provider.http.post("/token", data=form, headers=basic())
    assert gone.json()["error"] == "invalid_grant"
