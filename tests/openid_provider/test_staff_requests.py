"""What the software of a desk may ask of an officer's sign-in: prompt, max_age, hints, claims, ways of an answer."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import provider_house as world
import pytest
import staff_journey as staff
from journey import authorize_url, basic, members, obtain_tokens, told, visit

from gateway.openid_provider.clients import Portal
from gateway.tokens.jose import ID_TOKEN, verify
from gateway.tokens.jose_policy import JosePolicy

pytestmark = pytest.mark.anyio

DESK = {"client_id": "desk", "redirect_uri": staff.DESK_CALLBACK}
JARM = JosePolicy(name="answer", required=frozenset({"iss", "aud", "exp"}), audience_is_text=True)
HOUR = timedelta(hours=1)


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[world.Provider]:
    """A provider whose officer has signed in already."""
    async with world.open_provider(tmp_path) as opened:
        await staff.desk_code(opened)
        yield opened


async def silently(provider: world.Provider, **changes: str | None) -> dict[str, str]:
    """Ask with `prompt=none` and return what comes back."""
    answer = await provider.get(authorize_url(**(DESK | {"prompt": "none"} | changes)))
    return members(answer.headers["location"])


async def claims_of(provider: world.Provider, **changes: str | None) -> dict[str, Any]:
    """Sign in and return the claims of the ID token."""
    tokens = (await staff.redeem_desk(provider, await staff.desk_code(provider, **changes))).json()
    now = provider.clock.now()
    return verify(
        tokens["id_token"], ID_TOKEN, provider.house.keys, now=now, issuer=world.ISSUER, audience="desk", nonce="no-1"
    )


@pytest.mark.parametrize("prompt", ["login", "select_account"])
async def test_a_new_sign_in_is_asked_for_and_upstream_too(provider: world.Provider, prompt: str) -> None:
    before = (await claims_of(provider))["auth_time"]
    provider.clock.move(HOUR)
    after = (await claims_of(provider, prompt=prompt))["auth_time"]
    assert provider.staff.begun[-1].prompt_login
    assert after - before == HOUR.total_seconds()


async def test_there_is_nothing_to_consent_to(provider: world.Provider) -> None:
    begun = len(provider.staff.begun)
    assert await staff.desk_code(provider, prompt="consent")
    assert len(provider.staff.begun) == begun


@pytest.mark.parametrize(
    ("age", "passes"), [("0", False), ("1", False), ("3599", False), ("3600", True), ("99999", True)]
)
async def test_max_age_counts_from_the_officers_sign_in(provider: world.Provider, age: str, passes: bool) -> None:
    provider.clock.move(HOUR)
    answer = await silently(provider, max_age=age)
    assert ("code" in answer, answer.get("error")) == ((True, None) if passes else (False, "login_required"))
    begun = len(provider.staff.begun)
    now = provider.clock.now().timestamp()
    claims = await claims_of(provider, max_age=age)
    assert claims["auth_time"] == now - (HOUR.total_seconds() if passes else 0)
    assert [one.max_age for one in provider.staff.begun[begun:]] == ([] if passes else [int(age)])


async def test_max_age_of_the_registration_counts_too(provider: world.Provider) -> None:
    desk = provider.house.clients.get("desk")
    assert desk is not None
    provider.house.clients.replace_seeds([desk.model_copy(update={"default_max_age": 600})])
    assert "code" in await silently(provider)
    provider.clock.move(HOUR)
    assert (await silently(provider))["error"] == "login_required"
    assert "code" in await silently(provider, max_age="7200")


async def test_a_provider_that_asked_nobody_anew_ends_the_sign_in(provider: world.Provider) -> None:
    provider.clock.move(HOUR)
    provider.staff.answer = world.officer(auth_time=world.START)
    begun = await provider.get(authorize_url(**DESK, max_age="60"))
    page = await staff.pass_sign_in(provider, begun.headers["location"])
    assert (page.status_code, 'data-code="GW-1201"' in page.text) == (403, True)


@pytest.mark.parametrize("prompt", ["none login", "register"])
async def test_what_no_prompt_is_is_refused(provider: world.Provider, prompt: str) -> None:
    assert (await silently(provider, prompt=prompt))["error"] == "invalid_request"


async def person_of(provider: world.Provider, **changes: str | None) -> dict[str, Any]:
    """Sign in and return what userinfo tells."""
    tokens = (await staff.redeem_desk(provider, await staff.desk_code(provider, **changes))).json()
    answer = await provider.get("/userinfo", headers={"authorization": f"Bearer {tokens['access_token']}"})
    return dict(answer.json())


async def test_claims_are_told_where_they_were_asked_for(provider: world.Provider) -> None:
    bare: dict[str, str | None] = {"scope": "openid", "prompt": "none"}
    own = await claims_of(provider, **bare)
    assert set(await person_of(provider, **bare)) == {"sub"}
    wanted = {"id_token": {"sub": {"value": own["sub"]}, "name": {"essential": True}}}
    claims = await claims_of(provider, claims=json.dumps(wanted), **bare)
    assert (set(claims) - set(own), claims["name"], claims["sub"]) == ({"name"}, "Đinh Thị Hoà", own["sub"])
    assert set(await person_of(provider, claims=json.dumps(wanted), **bare)) == {"sub"}
    wanted = {"userinfo": {"name": {"essential": True}}}
    assert "name" not in await claims_of(provider, claims=json.dumps(wanted), **bare)
    assert set(await person_of(provider, claims=json.dumps(wanted), **bare)) == {"sub", "name"}
    told = [event["attributes"] for event in await world.events_of(provider) if event["event"] == "PortalAnswered"]
    assert told[-1] == ["openid", "claim:name"]


async def test_claims_go_no_further_than_the_registration(provider: world.Provider) -> None:
    desk = provider.house.clients.get("desk")
    assert desk is not None
    provider.house.clients.replace_seeds([Portal.model_validate(desk.model_dump() | {"scope": "openid"})])
    asked = json.dumps({"userinfo": {"name": None, "roles": None}, "id_token": {"name": None}})
    assert set(await person_of(provider, scope="openid", prompt="none", claims=asked)) == {"sub"}
    assert "name" not in await claims_of(provider, scope="openid", prompt="none", claims=asked)


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"id_token": {"sub": {"value": "officer-somebody"}}}, "login_required"),
        (
            {"id_token": {"acr": {"essential": True, "value": "urn:gate06:vneid:2"}}},
            "unmet_authentication_requirements",
        ),
        ({"id_token": []}, "invalid_request"),
        ([], "invalid_request"),
    ],
    ids=["another officer", "a level that officers do not have", "no object within", "no object"],
)
async def test_claims_that_cannot_be_met_are_refused(provider: world.Provider, claims: object, error: str) -> None:
    assert (await silently(provider, claims=json.dumps(claims)))["error"] == error


async def test_a_level_that_is_only_wished_for_refuses_nobody(provider: world.Provider) -> None:
    for wish in (
        {"acr_values": "urn:gate06:vneid:2"},
        {"claims": '{"id_token": {"acr": {"value": "urn:gate06:vneid:2"}}}'},
    ):
        assert "code" in await silently(provider, **wish)


@pytest.mark.parametrize("mode", ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"])
@pytest.mark.parametrize("refused", [False, True], ids=["code", "error"])
async def test_an_answer_takes_the_way_that_was_asked_for(provider: world.Provider, mode: str, refused: bool) -> None:
    changes = {"scope": "openid procedure:9.999999"} if refused else {}
    answer = await provider.get(authorize_url(**(DESK | {"prompt": "none", "response_mode": mode} | changes)))
    assert answer.status_code == (200 if "form_post" in mode else 303)
    answered: dict[str, Any] = told(answer)
    if "jwt" in mode:
        assert set(answered) == {"response"}
        now, keys = provider.clock.now(), provider.house.keys
        answered = verify(answered["response"], JARM, keys, now=now, issuer=world.ISSUER, audience="desk")
    assert (answered["state"], answered["iss"]) == ("st-1", world.ISSUER)
    assert answered.get("error") == ("invalid_scope" if refused else None)
    if not refused:
        assert (await staff.redeem_desk(provider, answered["code"])).status_code == 200


@pytest.mark.parametrize("mode", ["fragment", "fragment.jwt", "web_message", "form_post.JWT"])
async def test_another_way_is_refused(provider: world.Provider, mode: str) -> None:
    assert (await silently(provider, response_mode=mode))["error"] == "invalid_request"


async def test_a_desk_pushes_its_request_like_anybody(provider: world.Provider) -> None:
    form = members(authorize_url(**DESK, prompt="none", response_mode="jwt", max_age="10"))
    answer = await provider.http.post("/par", data=form, headers=basic("desk"))
    assert answer.status_code == 201, answer.text
    answered = told(await provider.get(visit(answer.json()["request_uri"], "desk")))
    assert set(answered) == {"response"}
    abroad = form | {"resource": "https://reports.example"}
    answer = await provider.http.post("/par", data=abroad, headers=basic("desk"))
    assert answer.json()["error"] == "invalid_target"


async def test_a_hint_of_another_officer_or_of_a_citizen_is_nobody(provider: world.Provider) -> None:
    tokens = (await staff.redeem_desk(provider, await staff.desk_code(provider))).json()
    assert "code" in await silently(provider, id_token_hint=tokens["id_token"])
    async with provider.another_browser() as citizen:
        strange = (await obtain_tokens(citizen))["id_token"]
    assert (await silently(provider, id_token_hint=strange))["error"] == "login_required"
