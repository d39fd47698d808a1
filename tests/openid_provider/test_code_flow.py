"""The code flow from the first redirect to userinfo, and every way it may be bent."""

import asyncio
from datetime import timedelta

import provider_house as world
import pytest
from journey import (
    agree,
    arrive,
    authorize_url,
    basic,
    hidden,
    members,
    obtain_code,
    obtain_tokens,
    reach_sign_in,
    redeem,
    sign_in,
)

from gateway.identity_providers.contract import AccountClosed, AccountLocked, SignInCancelled
from gateway.tokens.jose import ID_TOKEN, verify
from gateway.vocabulary.store import Kind

pytestmark = pytest.mark.anyio


async def test_a_person_signs_in_and_the_portal_learns_who(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider)
    claims = verify(
        tokens["id_token"],
        ID_TOKEN,
        provider.house.keys,
        now=provider.clock.now(),
        issuer=world.ISSUER,
        audience="portal",
        nonce="no-1",
    )
    assert claims["acr"] == "urn:gate06:vneid:2"
    assert claims["auth_time"] == int(world.START.timestamp())
    assert "name" not in claims
    for method in ("GET", "POST"):
        answer = await provider.http.request(
            method, "/userinfo", headers={"authorization": f"bearer {tokens['access_token']}"}
        )
        assert answer.status_code == 200
        told = answer.json()
        assert told["sub"] == claims["sub"]
        assert told["name"] == "TRẦN THỊ BƯỞI"
        assert told["birthdate"] == "1975-05-12"
        assert told["gender"] == "female"
        assert isinstance(told["updated_at"], int)
    posted = await provider.http.post("/userinfo", data={"access_token": tokens["access_token"]})
    assert posted.json()["sub"] == claims["sub"]
    assert posted.headers["cache-control"] == "no-store"


async def test_a_second_request_is_answered_without_a_page(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    answered = await provider.get(authorize_url(prompt="none"))
    assert answered.status_code == 303
    assert "code" in members(answered.headers["location"])


async def test_prompt_none_without_a_session_is_login_required(provider: world.Provider) -> None:
    answered = await provider.get(authorize_url(prompt="none"))
    told = members(answered.headers["location"])
    assert told["error"] == "login_required"
    assert told["state"] == "st-1"
    assert told["iss"] == world.ISSUER
    assert told["error_uri"].startswith(f"{world.ISSUER}/errors/GW-1201?receipt=rf_")


async def test_prompt_none_before_the_notice_is_consent_required(provider: world.Provider) -> None:
    await sign_in(provider)
    told = members((await provider.get(authorize_url(prompt="none"))).headers["location"])
    assert told["error"] == "consent_required"


async def test_state_is_never_invented(provider: world.Provider) -> None:
    told = members((await provider.get(authorize_url(prompt="none", state=None))).headers["location"])
    assert "state" not in told


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": None}, "invalid_request"),
        ({"scope": 'openid "x'}, "invalid_scope"),
        ({"scope": "openid procedure:3.000333"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "dance"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://x.example/r"}, "request_uri_not_supported"),
    ],
)
async def test_a_bad_request_goes_back_to_the_portal(
    provider: world.Provider, changes: dict[str, str | None], error: str
) -> None:
    answered = await provider.get(authorize_url(**changes))
    assert answered.status_code == 303
    told = members(answered.headers["location"])
    assert told["error"] == error
    assert told["iss"] == world.ISSUER


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": world.CALLBACK + "/"},
        {"redirect_uri": world.CALLBACK + "?x=1"},
        {"redirect_uri": "http://127.0.0.1:8003/CALLBACK"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://user@127.0.0.1:8003/callback"},
    ],
)
async def test_an_untrusted_redirect_uri_is_a_page(provider: world.Provider, changes: dict[str, str | None]) -> None:
    answered = await provider.get(authorize_url(**changes))
    assert answered.status_code == 400
    assert "location" not in answered.headers
    assert "GW-1002" in answered.text


async def test_a_repeated_parameter_is_a_page(provider: world.Provider) -> None:
    answered = await provider.get(authorize_url() + "&state=two")
    assert answered.status_code == 400
    assert "GW-1001" in answered.text


async def test_unknown_parameters_and_scopes_are_ignored(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider, scope="openid dance profile", extra="1", display="popup", ui_locales="se")
    assert tokens["scope"] == "openid profile"


async def test_a_post_to_the_authorization_endpoint_works(provider: world.Provider) -> None:
    query = authorize_url(prompt="none").partition("?")[2]
    posted = await provider.http.post(
        "/authorize", content=query, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert posted.status_code == 303
    answered = await provider.get(posted.headers["location"])
    assert members(answered.headers["location"])["error"] == "login_required"


async def test_prompt_login_asks_again_and_auth_time_is_later(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    provider.clock.move(timedelta(seconds=30))
    tokens = await obtain_tokens_again(provider, prompt="login")
    claims = verify(tokens["id_token"], ID_TOKEN, provider.house.keys, now=provider.clock.now())
    assert claims["auth_time"] == int(world.START.timestamp()) + 30
    assert provider.upstream.begun[-1].prompt_login


async def obtain_tokens_again(provider: world.Provider, **changes: str) -> dict[str, str]:
    attempt, callback = await reach_sign_in(provider, **changes)
    await provider.get(callback)
    answered = await provider.get(attempt)
    assert answered.status_code == 303, answered.text
    answer = await redeem(provider, members(answered.headers["location"])["code"])
    tokens: dict[str, str] = answer.json()
    return tokens


@pytest.mark.parametrize(
    ("max_age", "age", "again"), [("10000", 30, False), ("1", 30, True), ("0", 0, True), ("30", 30, False)]
)
async def test_max_age(provider: world.Provider, max_age: str, age: int, again: bool) -> None:
    await obtain_tokens(provider)
    provider.clock.move(timedelta(seconds=age))
    answered = await provider.get(authorize_url(max_age=max_age))
    location = answered.headers["location"]
    assert ("/interaction/" in location) is again


async def test_a_sign_in_that_cannot_be_asked_for_again_is_login_required(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    provider.upstream.reauthenticates = False
    begun = await provider.get(authorize_url(prompt="login"))
    page = await provider.get(begun.headers["location"])
    attempt, form = begun.headers["location"], {"csrf": hidden(page.text, "csrf"), "provider": "fake"}
    ended = await provider.get((await provider.http.post(attempt, data=form)).headers["location"])
    assert ended.status_code == 403
    assert "login_required" in ended.text


async def test_id_token_hint_of_the_same_person_and_of_another(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider)
    provider.clock.move(timedelta(hours=2))  # expired hints are still hints
    same = await provider.get(authorize_url(prompt="none", id_token_hint=tokens["id_token"]))
    assert "code" in members(same.headers["location"])
    other = await provider.get(authorize_url(prompt="none", id_token_hint=tokens["id_token"][:-8] + "AAAAAAAA"))
    assert members(other.headers["location"])["error"] == "login_required"


async def test_idp_hint_goes_straight_there(provider: world.Provider) -> None:
    answered = await provider.get(authorize_url(idp_hint="fake", login_hint="persona:3"))
    assert answered.headers["location"].startswith("https://idp.example/authorize?state=")
    assert provider.upstream.begun[0].login_hint == "persona:3"


async def test_leaving_tells_the_portal_access_denied(provider: world.Provider) -> None:
    page = await sign_in(provider)
    left = await provider.http.post(str(page.url), data={"csrf": hidden(page.text, "csrf"), "decision": "deny"})
    told = members(left.headers["location"])
    assert told["error"] == "access_denied"
    assert "GW-1102" in told["error_uri"]
    again = await provider.get(str(page.url))
    assert again.status_code == 409


@pytest.mark.parametrize(
    ("failure", "code", "retry"),
    [(SignInCancelled, "GW-1101", True), (AccountLocked, "GW-1301", False), (AccountClosed, "GW-1302", False)],
)
async def test_a_failed_sign_in_is_one_page_with_a_way_back(
    provider: world.Provider, failure: type[Exception], code: str, retry: bool
) -> None:
    provider.upstream.answer = failure()
    attempt, callback = await reach_sign_in(provider)
    page = await arrive(provider, callback)
    assert page.status_code == 403
    assert code in page.text
    assert "error=access_denied" in page.text
    assert ('id="retry"' in page.text) is retry
    assert (await provider.get(attempt)).status_code == (200 if retry else 403)


async def test_level_one_is_unmet_authentication_requirements(provider: world.Provider) -> None:
    provider.upstream.answer = world.person(account_level=1, acr="urn:gate06:vneid:1")
    page = await sign_in(provider, scope="openid procedure:1.004222")
    assert page.status_code == 403
    assert "GW-1203" in page.text
    assert "error=unmet_authentication_requirements" in page.text


async def test_a_state_that_was_not_sent_there_is_refused(provider: world.Provider) -> None:
    await reach_sign_in(provider)
    forged = await provider.get("/upstream/fake/callback?code=x&state=forged")
    assert forged.status_code == 400
    assert (await provider.get("/upstream/other/callback?code=x&state=forged")).status_code == 400


async def test_forms_need_their_csrf_value(provider: world.Provider) -> None:
    page = await sign_in(provider)
    refused = await provider.http.post(str(page.url), data={"csrf": "x", "decision": "allow"})
    assert refused.status_code == 400
    missing = await provider.http.post(str(page.url), data={"decision": "allow"})
    assert missing.status_code == 400


async def test_a_double_submit_answers_once(provider: world.Provider) -> None:
    page = await sign_in(provider)
    first, second = await asyncio.gather(agree(provider, page), agree(provider, page))
    assert sorted((first.status_code, second.status_code)) == [303, 409]


async def test_subjects_differ_by_sector_and_stay_for_the_person(provider: world.Provider) -> None:
    first = await obtain_tokens(provider)
    old = await sign_in_old(provider)
    sub = verify(first["id_token"], ID_TOKEN, provider.house.keys, now=provider.clock.now())["sub"]
    other = verify(old["id_token"], ID_TOKEN, provider.house.keys, now=provider.clock.now())
    assert other["sub"] != sub
    assert other["name"] == "TRẦN THỊ BƯỞI"
    assert sub == sub.lower()
    provider.http.cookies.clear()
    again = await obtain_tokens(provider)
    assert verify(again["id_token"], ID_TOKEN, provider.house.keys, now=provider.clock.now())["sub"] == sub


async def sign_in_old(provider: world.Provider) -> dict[str, str]:
    changes = {
        "client_id": "old",
        "redirect_uri": "http://127.0.0.1:8006/callback",
        "code_challenge": None,
        "code_challenge_method": None,
        "nonce": None,
    }
    begun = await provider.get(authorize_url(**changes))
    page = await provider.get(begun.headers["location"])
    answered = await agree(provider, page)
    answer = await redeem(
        provider,
        members(answered.headers["location"])["code"],
        authorization=None,
        client_id="old",
        client_secret="old-secret",
        redirect_uri="http://127.0.0.1:8006/callback",
        code_verifier=None,
    )
    tokens: dict[str, str] = answer.json()
    return tokens


async def test_a_legacy_client_stops_at_its_end_date(provider: world.Provider) -> None:
    provider.clock.move(timedelta(days=400))
    answered = await provider.get(authorize_url(client_id="old", redirect_uri="http://127.0.0.1:8006/callback"))
    assert answered.status_code == 400
    assert "GW-1005" in answered.text


async def test_an_account_that_contradicts_is_not_merged(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    provider.http.cookies.clear()
    provider.upstream.answer = world.person(subject="somebody-else", full_name="NGUYỄN VĂN TÁM")
    page = await sign_in(provider)
    assert page.status_code == 403
    assert "GW-1304" in page.text


async def test_a_new_account_of_the_same_number_is_the_same_person(provider: world.Provider) -> None:
    first = await obtain_tokens(provider)
    provider.http.cookies.clear()
    provider.upstream.answer = world.person(subject="new-account", issuer="https://other.example")
    second = await obtain_tokens(provider)
    subs = {
        verify(tokens["id_token"], ID_TOKEN, provider.house.keys, now=provider.clock.now())["sub"]
        for tokens in (first, second)
    }
    assert len(subs) == 1


async def test_codes_are_single_use_and_a_replay_kills_the_grant(provider: world.Provider) -> None:
    code = await obtain_code(provider)
    first = await redeem(provider, code)
    token = first.json()["access_token"]
    second = await redeem(provider, code)
    assert second.status_code == 400
    assert second.json()["error"] == "invalid_grant"
    dead = await provider.get("/userinfo", headers={"authorization": f"Bearer {token}"})
    assert dead.status_code == 401
    assert 'error="invalid_token"' in dead.headers["www-authenticate"]


async def test_forty_parallel_redemptions_have_one_winner(provider: world.Provider) -> None:
    code = await obtain_code(provider)
    answers = await asyncio.gather(*(redeem(provider, code) for _ in range(40)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 39
    winner = next(answer for answer in answers if answer.status_code == 200).json()["access_token"]
    assert (await provider.get("/userinfo", headers={"authorization": f"Bearer {winner}"})).status_code == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:8003/other?x=1"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"code": "gc_" + "a" * 22 + "_" + "b" * 43}, "invalid_grant"),
        ({"code": "nonsense"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
    ],
)
async def test_a_wrong_redemption_burns_nothing(
    provider: world.Provider, changes: dict[str, str | None], error: str
) -> None:
    code = await obtain_code(provider)
    wrong = await redeem(provider, changes.get("code", code), **{k: v for k, v in changes.items() if k != "code"})
    assert wrong.status_code == 400
    assert wrong.json()["error"] == error
    assert wrong.json()["error_uri"].startswith(world.ISSUER + "/errors/")
    assert (await redeem(provider, code)).status_code == 200


async def test_another_client_can_neither_redeem_nor_revoke(provider: world.Provider) -> None:
    code = await obtain_code(provider)
    stolen = await redeem(provider, code, authorization=None, client_id="old", client_secret="old-secret")
    assert stolen.json()["error"] == "invalid_grant"
    assert (await redeem(provider, code)).status_code == 200


async def test_a_code_lives_a_minute(provider: world.Provider) -> None:
    code = await obtain_code(provider)
    provider.clock.move(timedelta(seconds=61))
    assert (await redeem(provider, code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("headers", "form", "status", "error"),
    [
        (basic(secret="wrong"), {}, 401, "invalid_client"),
        (basic("nobody"), {}, 401, "invalid_client"),
        ({"authorization": "Basic !!!"}, {}, 401, "invalid_client"),
        ({}, {}, 401, "invalid_client"),
        ({}, {"client_id": "portal", "client_secret": world.SECRET}, 401, "invalid_client"),
        (basic(), {"client_secret": world.SECRET}, 400, "invalid_request"),
        (basic(), {"client_id": "old"}, 400, "invalid_request"),
        ({}, {"client_id": "portal"}, 401, "invalid_client"),
    ],
)
async def test_client_authentication(
    provider: world.Provider, headers: dict[str, str], form: dict[str, str], status: int, error: str
) -> None:
    answer = await provider.http.post("/token", data={"grant_type": "client_credentials", **form}, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    if status == 401:
        assert "www-authenticate" in answer.headers


async def test_a_public_client_gets_tokens_with_its_verifier_only(provider: world.Provider) -> None:
    changes = {"client_id": "app", "redirect_uri": "http://127.0.0.1:8005/callback"}
    code = await obtain_code(provider, **changes)
    answer = await redeem(provider, code, authorization=None, **changes)
    assert answer.status_code == 200
    machine = await provider.http.post("/token", data={"grant_type": "client_credentials", "client_id": "app"})
    assert machine.json()["error"] == "unauthorized_client"


async def test_the_language_follows_the_link_then_the_portal_then_the_browser(provider: world.Provider) -> None:
    begun = await provider.get(authorize_url(ui_locales="en"))
    address = begun.headers["location"]
    assert '<html lang="en"' in (await provider.get(address, headers={"accept-language": "vi"})).text
    assert '<html lang="vi"' in (await provider.get(address, params={"ui_locales": "vi"})).text
    assert '<html lang="vi"' in (await provider.get(address, headers={"accept-language": "en"})).text


async def test_reading_the_notice_slowly_breaks_no_max_age(provider: world.Provider) -> None:
    page = await sign_in(provider, max_age="1")
    provider.clock.move(timedelta(minutes=3))
    answered = await agree(provider, page)
    assert "code" in members(answered.headers["location"])


async def test_a_provider_that_answers_with_an_old_sign_in_does_not_loop(provider: world.Provider) -> None:
    provider.upstream.answer = world.person(auth_time=world.START - timedelta(hours=1))
    page = await sign_in(provider, max_age="60")
    assert page.status_code == 403
    assert "login_required" in page.text


async def test_a_number_nobody_vouches_for_opens_no_register(provider: world.Provider) -> None:
    provider.upstream.answer = world.person(vouches_for_number=False, subject="unvouched")
    await obtain_tokens(provider)
    (record,) = await provider.house.listing.select(Kind.SESSION)
    assert record.body["citizen"]["personal_number"] is None
    provider.http.cookies.clear()
    provider.upstream.answer = world.person()
    await obtain_tokens(provider)
    newest = (await provider.house.listing.select(Kind.SESSION))[0]
    assert newest.body["citizen"]["personal_number"] == "999175000003"
    assert newest.body["citizen"]["id"] != record.body["citizen"]["id"]
