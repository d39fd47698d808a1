"""Asking a person to authenticate anew: prompt, max_age, hints, and providers that cannot be told to ask."""

import asyncio
from datetime import timedelta

import httpx2
import provider_house as world
import pytest
from journey import agree, authorize_url, hidden, members, obtain_code, obtain_tokens, reach_sign_in, redeem, sign_in

from gateway.openid_provider.clients import Portal
from gateway.tokens.jose import ID_TOKEN, verify

pytestmark = pytest.mark.anyio


async def choose(provider: world.Provider, attempt: str, alias: str) -> httpx2.Response:
    page = await provider.get(attempt)
    return await provider.http.post(attempt, data={"csrf": hidden(page.text, "csrf"), "provider": alias})


@pytest.mark.parametrize("prompt", ["login", "select_account"])
async def test_a_first_sign_in_is_asked_for_upstream_too(provider: world.Provider, prompt: str) -> None:
    """The provider may have a session of somebody else although we have none."""
    await reach_sign_in(provider, prompt=prompt)
    assert provider.upstream.begun[-1].prompt_login


@pytest.mark.parametrize("changes", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "600"}])
@pytest.mark.parametrize("session", [False, True])
async def test_a_provider_that_cannot_ask_anew_signs_out_first(
    provider: world.Provider, changes: dict[str, str], session: bool
) -> None:
    if session:
        await obtain_tokens(provider)
        provider.clock.move(timedelta(hours=1))
    begun = await provider.get(authorize_url(**changes))
    attempt = begun.headers["location"]
    away = (await choose(provider, attempt, "forgetful")).headers["location"]
    assert away.startswith("https://idp.example/logout")
    state = members(away)["state"]
    on = await provider.get(f"/upstream/forgetful/signed-out?state={state}")
    assert on.headers["location"].startswith("https://idp.example/authorize")
    callback = f"/upstream/forgetful/callback?code=x&state={members(on.headers['location'])['state']}"
    assert (await provider.get(callback)).headers["location"] == attempt
    page = await provider.get(attempt)
    answered = page if page.status_code == 303 else await agree(provider, page)
    assert "code" in members(answered.headers["location"])
    assert len(provider.forgetful.ended) == 1
    assert (await provider.get(f"/upstream/forgetful/signed-out?state={state}")).status_code == 409


async def test_each_provider_is_signed_out_of_once(provider: world.Provider) -> None:
    other = world.ForgetfulProvider(alias="other")
    provider.house.identity_providers["other"] = other  # type: ignore[index]
    attempt = (await provider.get(authorize_url(prompt="login"))).headers["location"]
    away = (await choose(provider, attempt, "forgetful")).headers["location"]
    await provider.get(f"/upstream/forgetful/signed-out?state={members(away)['state']}")
    assert (await choose(provider, attempt, "forgetful")).headers["location"].startswith("https://idp.example/auth")
    assert (await choose(provider, attempt, "other")).headers["location"].startswith("https://idp.example/logout")


async def test_a_provider_that_did_not_ask_anew_is_login_required(provider: world.Provider) -> None:
    """`prompt=login` answered with an authentication of long ago was not honoured (OIDC Core §3.1.2.1)."""
    provider.upstream.answer = world.person(auth_time=world.START - timedelta(hours=1))
    page = await sign_in(provider, prompt="login")
    assert page.status_code == 403
    assert "error=login_required" in page.text


async def test_another_person_than_the_hinted_one_is_refused(provider: world.Provider) -> None:
    hint = (await obtain_tokens(provider))["id_token"]
    provider.upstream.answer = world.person(subject="person-4", personal_number="999050000004", full_name="MA VĂN LÙNG")
    attempt, callback = await reach_sign_in(provider, id_token_hint=hint, prompt="login")
    await provider.get(callback)
    page = await provider.get(attempt)
    assert page.status_code == 403
    assert "error=login_required" in page.text


@pytest.mark.parametrize("prompt", ["none", "login", None])
async def test_a_hint_that_is_none_is_refused_before_anybody_signs_in(
    provider: world.Provider, prompt: str | None
) -> None:
    foreign = await hint_of_another_client(provider)
    for hint in ("x", "a.b.c", "é", foreign):
        told = members((await provider.get(authorize_url(id_token_hint=hint, prompt=prompt))).headers["location"])
        assert told["error"] == "login_required"


async def hint_of_another_client(provider: world.Provider) -> str:
    tokens = await obtain_tokens(provider)
    claims = verify(tokens["id_token"], ID_TOKEN, provider.house.keys, now=provider.clock.now())
    return provider.house.keys.sign({**claims, "aud": "app"}, typ="JWT", alg="ES256")


async def test_what_the_registration_says_holds_where_the_request_is_silent(provider: world.Provider) -> None:
    first = world.PORTALS[0].model_dump()
    acr = ("urn:gate06:vneid:2",)
    wishes = Portal.model_validate({**first, "default_max_age": 60, "default_acr_values": acr})
    provider.house.clients.replace_seeds([wishes])
    await obtain_tokens(provider)
    assert provider.upstream.begun[-1].acr_values == acr
    provider.clock.move(timedelta(seconds=61))
    silent = await provider.get(authorize_url(prompt="none"))
    assert members(silent.headers["location"])["error"] == "login_required"
    allowed = await provider.get(authorize_url(prompt="none", max_age="100"))
    assert "code" in members(allowed.headers["location"])
    with pytest.raises(ValueError, match="default_max_age"):
        Portal.model_validate({**first, "default_max_age": 10**12})


async def test_a_known_person_of_too_low_a_level_is_asked_once(provider: world.Provider) -> None:
    provider.upstream.answer = world.person(account_level=1, acr="urn:gate06:vneid:1")
    await obtain_tokens(provider)
    page = await sign_in(provider, scope="openid procedure:1.004222")
    assert (page.status_code, "GW-1203" in page.text) == (403, True)
    assert "error=unmet_authentication_requirements" in page.text
    silent = await provider.get(authorize_url(scope="openid procedure:1.004222", prompt="none"))
    assert members(silent.headers["location"])["error"] == "unmet_authentication_requirements"


async def test_a_hint_at_staffs_provider_or_none_is_ignored(provider: world.Provider) -> None:
    staff = world.ScriptedProvider(alias="staff", realm="staff")
    provider.house.identity_providers["staff"] = staff  # type: ignore[index]
    for hint in ("staff", "nobody", "é"):
        begun = await provider.get(authorize_url(idp_hint=hint))
        assert "/interaction/" in begun.headers["location"]
        refused = await choose(provider, begun.headers["location"], hint)
        assert refused.status_code == 400
    assert staff.begun == []


async def test_one_number_never_belongs_to_two(provider: world.Provider) -> None:
    """An account known without a number turns up with the number of somebody else known: staff must look."""
    provider.upstream.answer = world.person(vouches_for_number=False, personal_number=None, subject="thin")
    await obtain_tokens(provider)
    provider.http.cookies.clear()
    provider.upstream.answer = world.person()
    await obtain_tokens(provider)
    provider.http.cookies.clear()
    provider.upstream.answer = world.person(subject="thin")
    page = await sign_in(provider)
    assert (page.status_code, "GW-1304" in page.text) == (403, True)


async def test_two_first_sign_ins_at_once_make_one_person(provider: world.Provider) -> None:
    first, second = await reach_sign_in(provider), await reach_sign_in(provider)
    back = await asyncio.gather(provider.get(first[1]), provider.get(second[1]))
    assert {one.status_code for one in back} == {303}
    page = await provider.get(first[0])
    code = members((await agree(provider, page)).headers["location"])["code"]
    one = (await redeem(provider, code)).json()
    other = (await redeem(provider, await obtain_code(provider, prompt="login"))).json()
    subs = {
        verify(tokens["id_token"], ID_TOKEN, provider.house.keys, now=provider.clock.now())["sub"]
        for tokens in (one, other)
    }
    assert len(subs) == 1
