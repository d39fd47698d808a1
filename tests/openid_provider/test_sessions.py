"""The browser session: who it belongs to, what ends with it, and what a shared desk keeps (nothing)."""

from datetime import timedelta
from pathlib import Path

import httpx2
import provider_house as world
import pytest
from journey import (
    agree,
    authorize_url,
    basic,
    hidden,
    members,
    obtain_tokens,
    reach_sign_in,
    redeem,
    shown_by,
    sign_in,
)

from gateway.openid_provider.bearer import read_caller
from gateway.vocabulary.form_preview import FormAsk, FormPreview

pytestmark = pytest.mark.anyio
OTHER = {"subject": "person-4", "personal_number": "999050000004", "full_name": "MA VĂN LÙNG", "birth_date": None}
BYE = "http://127.0.0.1:8003/bye"


async def alive(provider: world.Provider, token: str) -> bool:
    return (await provider.get("/userinfo", headers={"authorization": f"Bearer {token}"})).status_code == 200


async def session_alive(provider: world.Provider, token: str) -> bool:
    return (await read_caller(provider.house, shown_by(token))).session_alive


async def sign_in_again(provider: world.Provider, **changes: str) -> httpx2.Response:
    attempt, callback = await reach_sign_in(provider, prompt="login", **changes)
    await provider.get(callback)
    return await provider.get(attempt)


async def test_a_session_cookie_is_always_new(provider: world.Provider) -> None:
    provider.http.cookies.set("gw_session", "chosen-by-an-attacker", domain="127.0.0.1", path="/")
    await obtain_tokens(provider)
    first = provider.http.cookies["gw_session"]
    assert first != "chosen-by-an-attacker"
    await sign_in_again(provider)
    assert provider.http.cookies["gw_session"] != first


async def test_the_former_cookie_opens_nothing_after_a_new_sign_in(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider)
    former = provider.http.cookies["gw_session"]
    await sign_in_again(provider)
    assert await session_alive(provider, tokens["access_token"])
    provider.http.cookies.set("gw_session", former, domain="127.0.0.1", path="/")
    silent = await provider.get(authorize_url(prompt="none"), headers={"cookie": f"gw_session={former}"})
    assert members(silent.headers["location"])["error"] == "login_required"


async def test_logout_ends_what_earlier_sign_ins_of_this_browser_began(provider: world.Provider) -> None:
    first = await obtain_tokens(provider)
    await sign_in_again(provider)
    await provider.get("/logout", params={"id_token_hint": first["id_token"]})
    assert not await alive(provider, first["access_token"])


async def test_a_second_person_at_the_desk_ends_the_firsts_session(provider: world.Provider) -> None:
    first = await obtain_tokens(provider)
    begun = await provider.get(authorize_url(scope="openid profile offline_access", prompt="consent"))
    answered = await agree(provider, await provider.get(begun.headers["location"]))
    kept = (await redeem(provider, members(answered.headers["location"])["code"])).json()
    provider.upstream.answer = world.person(**OTHER)
    await sign_in_again(provider)
    assert not await alive(provider, first["access_token"])
    assert await alive(provider, kept["access_token"])
    assert not await session_alive(provider, kept["access_token"])


async def test_a_notice_read_by_one_person_answers_for_no_other(provider: world.Provider) -> None:
    page = await sign_in(provider)
    provider.upstream.answer = world.person(**OTHER)
    await sign_in_again(provider, scope="openid")
    answered = await agree(provider, page)
    assert answered.headers["location"] == str(page.url)
    notice = await provider.get(str(page.url))
    assert "MA VĂN LÙNG" in notice.text
    assert "code" in members((await agree(provider, notice)).headers["location"])


async def test_what_was_fetched_for_one_person_serves_no_other(provider: world.Provider) -> None:
    asked: list[FormAsk] = []

    class Watching(world.EmptyForms):
        async def prepare(self, ask: FormAsk) -> FormPreview:
            asked.append(ask)
            return await super().prepare(ask)

    object.__setattr__(provider.house, "forms", Watching())
    page = await sign_in(provider, scope="openid procedure:1.004222")
    await provider.get(str(page.url))
    provider.upstream.answer = world.person(**OTHER)
    await sign_in_again(provider, scope="openid")
    await provider.get(str(page.url))
    assert [ask.citizen.full_name for ask in asked] == ["TRẦN THỊ BƯỞI"] * 2 + ["MA VĂN LÙNG"]
    assert asked[0].grant_id == asked[1].grant_id != asked[2].grant_id


async def test_a_notice_is_read_before_it_is_answered(provider: world.Provider) -> None:
    attempt, callback = await reach_sign_in(provider)
    choice = await provider.get(attempt)
    await provider.get(callback)
    unread = await provider.http.post(attempt, data={"csrf": hidden(choice.text, "csrf"), "decision": "allow"})
    assert unread.headers["location"] == attempt


@pytest.mark.parametrize("path", ["", "/logout/confirm"])
async def test_a_csrf_value_of_odd_letters_is_no_bug(provider: world.Provider, path: str) -> None:
    page = await sign_in(provider)
    for csrf in ("é", "\u2028", "a.b.c", "." * 5000):
        answer = await provider.http.post(path or str(page.url), data={"csrf": csrf, "decision": "allow"})
        assert answer.status_code == 400


async def test_a_look_without_a_body_changes_nothing(provider: world.Provider) -> None:
    begun = await provider.get(authorize_url())
    assert (await provider.http.head(begun.headers["location"])).status_code == 200
    assert (await provider.get(begun.headers["location"])).status_code == 200


async def test_cookies_on_https_belong_to_the_host(tmp_path: Path) -> None:
    async with world.open_provider(tmp_path, issuer="https://gate.example") as provider:
        begun = await provider.get(authorize_url())
        (attempt,) = begun.headers.get_list("set-cookie")
        assert attempt.startswith("__Host-gw_attempt_")
        assert {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"} < set(attempt.split("; "))
        assert "Domain" not in attempt
        _, callback = await reach_sign_in(provider)
        (session,) = (await provider.get(callback)).headers.get_list("set-cookie")
        assert session.startswith("__Host-gw_session=")
        assert {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"} < set(session.split("; "))
        gone = (await provider.get("/logout?client_id=portal")).text
        ended = await provider.http.post("/logout/confirm", data={"csrf": hidden(gone, "csrf"), "logout": "yes"})
        (cleared,) = ended.headers.get_list("set-cookie")
        assert cleared.startswith("__Host-gw_session=;")
        assert "Max-Age=0" in cleared


async def test_a_session_ends_after_idle_hours_and_after_a_day(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    for _ in range(3):
        provider.clock.move(timedelta(hours=7))
        silent = await provider.get(authorize_url(prompt="none"))
        assert "code" in members(silent.headers["location"])
    provider.clock.move(timedelta(hours=3))
    silent = await provider.get(authorize_url(prompt="none"))
    assert members(silent.headers["location"])["error"] == "login_required"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("case", "asks", "returns"),
    [
        ("hint", False, True),
        ("hint and client", False, True),
        ("hint and another client", True, False),
        ("hint of another client", True, False),
        ("client", True, True),
        ("another client", True, False),
        ("nothing", True, False),
        ("only state", True, False),
    ],
)
async def test_odd_logouts(provider: world.Provider, method: str, case: str, asks: bool, returns: bool) -> None:
    hint = (await obtain_tokens(provider))["id_token"]
    provider.clock.move(timedelta(hours=1))  # an expired hint is a hint
    foreign = provider.house.keys.sign(
        {"iss": world.ISSUER, "sub": "x", "aud": "app", "iat": 1, "exp": 2}, typ="JWT", alg="ES256"
    )
    back = {"post_logout_redirect_uri": BYE, "state": "s"}
    parameters = {
        "hint": {"id_token_hint": hint, **back},
        "hint and client": {"id_token_hint": hint, "client_id": "portal", **back},
        "hint and another client": {"id_token_hint": hint, "client_id": "app", **back},
        "hint of another client": {"id_token_hint": foreign, **back},
        "client": {"client_id": "portal", **back},
        "another client": {"client_id": "app", **back},
        "nothing": {},
        "only state": {"state": "s"},
    }[case]
    if method == "GET":
        ended = await provider.get("/logout", params=parameters)
    else:
        ended = await provider.http.post("/logout", data=parameters)
        ended = await provider.get(ended.headers["location"])
    assert (ended.status_code == 200) is asks
    if asks:
        action = ended.text.partition('action="')[2].partition('"')[0].replace("&amp;", "&")
        ended = await provider.http.post(action, data={"csrf": hidden(ended.text, "csrf"), "logout": "yes"})
    assert (ended.headers.get("location") == BYE + "?state=s") is returns
    assert "gw_session=;" in ended.headers["set-cookie"]
    silent = await provider.get(authorize_url(prompt="none"))
    assert members(silent.headers["location"])["error"] == "login_required"


async def test_logout_ends_the_providers_session_and_comes_back(provider: world.Provider) -> None:
    provider.forgetful.answer = world.person(provider="forgetful")
    begun = await provider.get(authorize_url(idp_hint="forgetful"))
    await provider.get(f"/upstream/forgetful/callback?code=x&state={members(begun.headers['location'])['state']}")
    ended = await provider.get("/logout", params={"client_id": "portal", "post_logout_redirect_uri": BYE})
    action = ended.text.partition('action="')[2].partition('"')[0].replace("&amp;", "&")
    away = await provider.http.post(action, data={"csrf": hidden(ended.text, "csrf"), "logout": "yes"})
    assert away.headers["location"].startswith("https://idp.example/logout")
    back = f"/upstream/forgetful/signed-out?state={provider.forgetful.ended[0]}"
    assert (await provider.get(back.replace("signed-out", "callback"))).status_code == 400
    assert (await provider.get(back)).headers["location"] == BYE


async def test_every_page_and_answer_keeps_to_itself(provider: world.Provider) -> None:
    page = await sign_in(provider)
    for answer in (
        page,
        await provider.get("/authorize"),
        await provider.get("/logout"),
        await provider.get(authorize_url(prompt="none")),
        await provider.get("/userinfo"),
        await provider.http.post("/token"),
        await provider.http.post("/revoke", data={"token": "x"}, headers=basic()),
    ):
        assert answer.headers["cache-control"] == "no-store", answer.request.url
        assert answer.headers["referrer-policy"] == "no-referrer", answer.request.url
        assert answer.headers["x-content-type-options"] == "nosniff", answer.request.url
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], answer.request.url
