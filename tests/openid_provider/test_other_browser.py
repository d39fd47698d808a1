"""A callback in another browser than the one that left: it ends nothing, opens nothing, and says where to go on."""

import re
from datetime import timedelta

import provider_house as world
import pytest
from journey import agree, authorize_url, hidden, members, obtain_tokens, reach_sign_in
from staff_journey import DESK_CALLBACK

pytestmark = pytest.mark.anyio


def link(page: str, name: str) -> str | None:
    """Return where a link of a failure page leads."""
    found = re.search(rf'id="{name}" href="([^"]+)"', page)
    return found[1] if found else None


async def test_the_first_browser_goes_on_after_another_opened_the_address(provider: world.Provider) -> None:
    attempt, callback = await reach_sign_in(provider)
    async with provider.another_browser() as other:
        for _ in range(3):
            page = await other.get(callback)
            assert page.status_code == 400
            assert "GW-1210" in page.text
            assert "set-cookie" not in page.headers
            assert link(page.text, "return") == "http://127.0.0.1:8003/"
            assert link(page.text, "onward") is None
            assert "BƯỞI" not in page.text
    returned = await provider.get(callback)
    assert (returned.status_code, returned.headers["location"]) == (303, attempt)
    assert "code=" in (await agree(provider, await provider.get(attempt))).headers["location"]


async def test_who_is_signed_in_elsewhere_learns_and_ends_nothing_either(provider: world.Provider) -> None:
    """A session and an attempt of one's own do not stand for the cookie of this attempt: no login CSRF."""
    _, callback = await reach_sign_in(provider)
    async with provider.another_browser() as other:
        other.upstream.answer = world.person(
            subject="person-4", personal_number="999050000004", full_name="MA VĂN LÙNG"
        )
        await obtain_tokens(other)
        own_attempt, _ = await reach_sign_in(other, prompt="login")
        before = dict(other.http.cookies)
        other.upstream.answer = world.person()
        assert "GW-1210" in (await other.get(callback)).text
        assert dict(other.http.cookies) == before
        assert (await other.get(own_attempt)).status_code == 200
    assert (await provider.get(callback)).status_code == 303


async def test_a_stolen_state_with_a_code_of_ones_own_never_signs_in(provider: world.Provider) -> None:
    _, callback = await reach_sign_in(provider)
    stolen = members(callback)["state"]
    async with provider.another_browser() as thief:
        _, own = await reach_sign_in(thief)
        bent = own.replace(members(own)["state"], stolen)
        assert "GW-1210" in (await thief.get(bent)).text
        assert not [name for name in thief.http.cookies if "session" in name]
        assert (await thief.get(own)).status_code == 303, "the own sign-in is untouched"
    assert (await provider.get(callback)).status_code == 303


async def test_a_second_use_says_it_is_done_and_leads_on(provider: world.Provider) -> None:
    attempt, callback = await reach_sign_in(provider)
    assert (await provider.get(callback)).status_code == 303
    again = await provider.get(callback)
    assert again.status_code == 409
    assert "GW-1211" in again.text
    assert link(again.text, "onward") == attempt
    assert link(again.text, "return") == "http://127.0.0.1:8003/"
    await agree(provider, await provider.get(attempt))
    over = await provider.get(callback)
    assert over.status_code == 409
    assert link(over.text, "onward") is None
    assert link(over.text, "return") == "http://127.0.0.1:8003/"


async def test_a_forms_wrong_csrf_value_leads_back_to_the_page(provider: world.Provider) -> None:
    attempt, _ = await reach_sign_in(provider)
    refused = await provider.http.post(attempt, data={"csrf": "x", "provider": "fake"})
    assert "GW-1210" in refused.text
    assert link(refused.text, "onward") == attempt


async def test_an_attempt_that_ran_out_leads_to_the_portal(provider: world.Provider) -> None:
    _, callback = await reach_sign_in(provider)
    provider.clock.move(timedelta(hours=7))
    late = await provider.get(callback)
    assert late.status_code == 400
    assert re.search("GW-12(08|12)", late.text)


async def test_a_sign_out_on_the_way_is_nothing_in_another_browser(provider: world.Provider) -> None:
    """A provider that cannot be asked anew is signed out first: that return is bound to the browser as well."""
    begun = await provider.get("/me")
    attempt = begun.headers["location"]
    page = await provider.get(attempt)
    await provider.http.post(attempt, data={"csrf": hidden(page.text, "csrf"), "provider": "forgetful"})
    returned = f"/upstream/forgetful/signed-out?state={provider.forgetful.ended[-1]}"
    async with provider.another_browser() as other:
        assert "GW-1210" in (await other.get(returned)).text
    onward = await provider.get(returned)
    assert onward.headers["location"].startswith("https://idp.example/authorize")
    assert "GW-1211" in (await provider.get(returned)).text


async def test_an_officers_callback_is_nothing_in_another_browser(provider: world.Provider) -> None:
    begun = await provider.get(
        authorize_url(client_id="desk", redirect_uri=DESK_CALLBACK, idp_hint="staff", scope="openid")
    )
    callback = f"/upstream/staff/callback?code=x&state={members(begun.headers['location'])['state']}"
    async with provider.another_browser() as other:
        page = await other.get(callback)
        assert "GW-1210" in page.text
        assert "set-cookie" not in page.headers
    assert "gw_staff_session=" in (await provider.get(callback)).headers["set-cookie"]
