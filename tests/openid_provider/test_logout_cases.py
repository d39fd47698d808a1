"""RP-initiated logout, case by case beside the plan's own rows: what ends, what is asked, where the browser goes."""

from datetime import timedelta

import httpx2
import provider_house as world
import pytest
from journey import authorize_url, hidden, members, obtain_tokens
from own_visitor import OTHER, press

from gateway.openid_provider.hints import bare_hint

pytestmark = pytest.mark.anyio
BYE = "http://127.0.0.1:8003/bye"
ASKS = 'id="logout-yes"'


async def signed_in(provider: world.Provider) -> bool:
    """Tell whether the browser still has a session."""
    answer = await provider.get(authorize_url(prompt="none"))
    return members(answer.headers["location"]).get("error") != "login_required"


async def leave(provider: world.Provider, **asked: str) -> httpx2.Response:
    """Send the browser to `/logout`."""
    return await provider.get("/logout", params=asked)


async def say_yes(provider: world.Provider, page: httpx2.Response) -> httpx2.Response:
    """Confirm."""
    action = page.text.partition('action="')[2].partition('"')[0].replace("&amp;", "&")
    return await press(provider, page, action, logout="yes")


async def test_an_expired_hint_is_a_hint_still(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider)
    provider.clock.move(timedelta(hours=2))
    answer = await leave(provider, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="s")
    assert (answer.status_code, answer.headers["location"]) == (303, BYE + "?state=s")
    assert not await signed_in(provider)


async def test_a_client_id_beside_its_own_hint_changes_nothing(provider: world.Provider) -> None:
    hint = (await obtain_tokens(provider))["id_token"]
    answer = await leave(provider, id_token_hint=hint, client_id="portal", post_logout_redirect_uri=BYE)
    assert answer.headers["location"] == BYE
    assert not await signed_in(provider)


@pytest.mark.parametrize("client_id", ["old", "nobody"])
async def test_a_client_id_that_is_not_the_hints_is_asked_about_and_leads_nowhere(
    provider: world.Provider, client_id: str
) -> None:
    hint = (await obtain_tokens(provider))["id_token"]
    page = await leave(provider, id_token_hint=hint, client_id=client_id, post_logout_redirect_uri=BYE, state="s")
    assert (page.status_code, ASKS in page.text) == (200, True)
    assert await signed_in(provider), "nothing ends before the person says so"
    done = await say_yes(provider, page)
    assert (done.status_code, "location" in done.headers) == (200, False)
    assert not await signed_in(provider)


async def test_a_client_id_alone_is_asked_about_and_then_led_back(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    page = await leave(provider, client_id="portal", post_logout_redirect_uri=BYE, state="s")
    assert ASKS in page.text
    assert (await say_yes(provider, page)).headers["location"] == BYE + "?state=s"


@pytest.mark.parametrize(
    "uri",
    [
        *(BYE + "x", BYE + "/", BYE + "?a=1", BYE + "#a", "HTTP://127.0.0.1:8003/bye", "http://127.0.0.1/bye"),
        *("https://127.0.0.1:8003/bye", "//127.0.0.1:8003/bye", "javascript:alert(1)", world.CALLBACK),
    ],
)
async def test_only_a_registered_address_is_gone_to_letter_by_letter(provider: world.Provider, uri: str) -> None:
    hint = (await obtain_tokens(provider))["id_token"]
    answer = await leave(provider, id_token_hint=hint, post_logout_redirect_uri=uri, state="s")
    assert (answer.status_code, "location" in answer.headers) == (200, False)
    assert not await signed_in(provider), "the sign-out itself is good"


async def test_an_address_of_another_portal_is_not_gone_to(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    page = await leave(provider, client_id="old", post_logout_redirect_uri=BYE)
    done = await say_yes(provider, page)
    assert "location" not in done.headers


async def test_a_state_is_given_back_as_it_came_and_none_is_invented(provider: world.Provider) -> None:
    hint = (await obtain_tokens(provider))["id_token"]
    odd = 'a b&c="d"%2F+é'
    answer = await leave(provider, id_token_hint=hint, post_logout_redirect_uri=BYE, state=odd)
    assert members(answer.headers["location"]) == {"state": odd}
    again = await leave(provider, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert again.headers["location"] == BYE


async def test_a_hint_about_somebody_else_is_asked_about(provider: world.Provider) -> None:
    hint = (await obtain_tokens(provider))["id_token"]
    async with provider.another_browser() as elsewhere:
        elsewhere.upstream.answer = world.person(**OTHER)
        await obtain_tokens(elsewhere)
        page = await leave(elsewhere, id_token_hint=hint, post_logout_redirect_uri=BYE)
        assert ASKS in page.text
        assert await signed_in(elsewhere)
    assert await signed_in(provider)


async def test_a_hint_of_a_session_that_is_over_leads_back_and_asks_nothing(provider: world.Provider) -> None:
    hint = (await obtain_tokens(provider))["id_token"]
    for _ in range(2):
        answer = await leave(provider, id_token_hint=hint, post_logout_redirect_uri=BYE)
        assert answer.headers["location"] == BYE


async def test_nobody_signed_in_and_nothing_said_is_a_plain_page(provider: world.Provider) -> None:
    for asked in ({}, {"state": "s"}, {"id_token_hint": "no.such.token"}):
        page = await leave(provider, **asked)
        assert (page.status_code, ASKS in page.text, "location" in page.headers) == (200, False, False)


@pytest.mark.parametrize("hint", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "é" * 40])
async def test_a_hint_that_is_none_is_asked_about(provider: world.Provider, hint: str) -> None:
    await obtain_tokens(provider)
    page = await leave(provider, id_token_hint=hint, post_logout_redirect_uri=BYE)
    assert (page.status_code, ASKS in page.text) == (200, True)
    assert await signed_in(provider)


async def test_an_access_token_is_no_hint(provider: world.Provider) -> None:
    token = (await obtain_tokens(provider))["access_token"]
    assert ASKS in (await leave(provider, id_token_hint=token)).text


CASES: dict[str, tuple[dict[str, str], bool, str | None]] = {
    "good": ({"id_token_hint": "good", "post_logout_redirect_uri": BYE, "state": "s"}, False, BYE + "?state=s"),
    "bad address": ({"id_token_hint": "good", "post_logout_redirect_uri": BYE + "x"}, False, None),
    "no hint": ({"post_logout_redirect_uri": BYE}, True, None),
    "no parameters": ({}, True, None),
    "only state": ({"state": "s"}, True, None),
}


@pytest.mark.parametrize("case", CASES)
async def test_by_post_it_is_the_same(provider: world.Provider, case: str) -> None:
    asked, asks, to = CASES[case]
    hint = (await obtain_tokens(provider))["id_token"]
    form = {**asked, **({"id_token_hint": hint} if "id_token_hint" in asked else {})}
    posted = await provider.http.post("/logout", data=form)
    assert posted.status_code == 303
    assert hint not in posted.headers["location"], "an ID token may name the person, and stands in no address of ours"
    answer = await provider.get(posted.headers["location"])
    assert (ASKS in answer.text) is asks
    if asks:
        answer = await say_yes(provider, answer)
    assert answer.headers.get("location") == to
    assert not await signed_in(provider)


@pytest.mark.parametrize("name", ["id_token_hint", "post_logout_redirect_uri", "state", "client_id"])
async def test_a_parameter_sent_twice_is_refused_and_ends_nothing(provider: world.Provider, name: str) -> None:
    hint = (await obtain_tokens(provider))["id_token"]
    answer = await provider.get("/logout", params=[("id_token_hint", hint), (name, "a"), (name, "b")])
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert await signed_in(provider)


async def test_what_is_confirmed_is_this_sessions_page(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    page = await leave(provider)
    action = page.text.partition('action="')[2].partition('"')[0].replace("&amp;", "&")
    forged = await provider.http.post(action, data={"csrf": "0" * 64, "logout": "yes"})
    assert (forged.status_code, await signed_in(provider)) == (400, True)
    stayed = await provider.http.post(action, data={"csrf": hidden(page.text, "csrf"), "logout": "no"})
    assert (stayed.status_code, await signed_in(provider)) == (200, True)


async def test_the_hint_that_our_own_addresses_repeat_says_nothing_of_the_person(provider: world.Provider) -> None:
    hint = (await obtain_tokens(provider))["id_token"]
    bare = bare_hint(provider.house, hint)
    assert bare is not None
    answer = await leave(provider, id_token_hint=bare, post_logout_redirect_uri=BYE)
    assert answer.headers["location"] == BYE


async def test_the_last_page_never_says_that_a_living_session_is_over(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    for address in ("/logout/done", "/logout/done?client_id=portal", "/logout/done?stayed=on"):
        page = await provider.get(address)
        assert ("Ông/bà vẫn đang đăng nhập" in page.text, "Đã đăng xuất" in page.text) == (True, False)
    way = page.text.partition('id="sign-out" href="')[2].partition('"')[0]
    done = await say_yes(provider, await provider.get(way))
    assert "Đã đăng xuất" in done.text
    assert not await signed_in(provider)
    for address in ("/logout/done", "/logout/done?stayed=on"):
        over = await provider.get(address)
        assert ("Đã đăng xuất" in over.text, 'id="sign-out"' in over.text) == (True, False)


async def test_a_sign_out_pressed_in_two_tabs_is_a_sign_out_in_both(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    plain, back = await leave(provider), await leave(provider, client_id="portal", post_logout_redirect_uri=BYE)
    await say_yes(provider, await leave(provider))
    second = await say_yes(provider, plain)
    assert (second.status_code, "Đã đăng xuất" in second.text) == (200, True)
    assert (await say_yes(provider, back)).headers["location"] == BYE
    action = plain.text.partition('action="')[2].partition('"')[0]
    stays = await press(provider, plain, action, logout="no")
    assert stays.status_code == 400, "nobody is told that they stayed signed in"
