"""A sign-in that failed says so for as long as its attempt lives: reloaded, gone back to, in either language."""

import provider_house as world
import pytest
from journey import agree, authorize_url, hidden, members, obtain_tokens, reach_sign_in
from own_visitor import block, enter, press
from staff_journey import DESK_CALLBACK

from gateway.identity_providers.contract import AccountLocked, SignInCancelled, SignInFailure, SignInNotConfirmed

pytestmark = pytest.mark.anyio


async def refusals(provider: world.Provider) -> int:
    """Return how many refusals the log holds."""
    return [told["event"] for told in await world.events_of(provider)].count("SignInRefused")


@pytest.mark.parametrize(
    ("failure", "code", "retry"),
    [(SignInCancelled, "GW-1101", True), (SignInNotConfirmed, "GW-1204", True), (AccountLocked, "GW-1301", False)],
)
async def test_it_is_told_again_and_again_in_either_language(
    provider: world.Provider, failure: type[SignInFailure], code: str, retry: bool
) -> None:
    provider.upstream.answer = failure()
    attempt, callback = await reach_sign_in(provider)
    returned = await provider.get(callback)
    assert (returned.status_code, returned.headers["location"]) == (303, f"{attempt}?failed=on")
    first = await provider.get(returned.headers["location"])
    receipt = first.text.partition("rf_")[2][:20]
    assert receipt
    told = await refusals(provider)
    english = await provider.get(f"{attempt}?failed=on&ui_locales=en")
    assert failure.en in english.text
    vietnamese = await provider.get(f"{attempt}?failed=on&ui_locales=vi")
    for page in (first, english, vietnamese, await provider.get(f"{attempt}?failed=on")):
        assert page.status_code == 403
        assert f'data-code="{code}"' in page.text
        assert receipt in page.text
        assert "error=access_denied" in page.text, "the way back to the portal"
        assert ('id="retry"' in page.text) is retry
        assert f"{attempt}?failed=on&amp;ui_locales=" in page.text, "the language link stays here"
    assert await refusals(provider) == told, "one event per failure, not per view"


async def test_the_spent_address_of_a_failure_leads_to_it_and_never_says_finished(provider: world.Provider) -> None:
    provider.upstream.answer = SignInCancelled()
    attempt, callback = await reach_sign_in(provider)
    await provider.get(callback)
    again = await provider.get(callback)
    assert (again.status_code, again.headers["location"]) == (303, f"{attempt}?failed=on")


async def test_what_ended_it_stands_at_every_address_of_it(provider: world.Provider) -> None:
    provider.upstream.answer = AccountLocked()
    attempt, callback = await reach_sign_in(provider)
    await provider.get(callback)
    posted = await provider.http.post(attempt, data={"csrf": "x", "provider": "fake"})
    for page in (await provider.get(callback), await provider.get(attempt), posted):
        assert page.status_code == 403
        assert 'data-code="GW-1301"' in page.text
        assert 'id="retry"' not in page.text
    provider.upstream.answer = world.person()
    assert (await provider.get(callback)).status_code == 403, "nobody signs in by it any more"


async def test_after_another_try_the_failure_is_over(provider: world.Provider) -> None:
    provider.upstream.answer = SignInCancelled()
    attempt, callback = await reach_sign_in(provider)
    await provider.get(callback)
    provider.upstream.answer = world.person()
    choice = await provider.get(attempt)
    assert 'id="login"' in choice.text
    chosen = await provider.http.post(attempt, data={"csrf": hidden(choice.text, "csrf"), "provider": "fake"})
    state = members(chosen.headers["location"])["state"]
    assert (await provider.get(f"/upstream/fake/callback?code=x&state={state}")).headers["location"] == attempt
    page = await provider.get(f"{attempt}?failed=on")
    assert 'id="consent-allow"' in page.text
    assert "code=" in (await agree(provider, await provider.get(attempt))).headers["location"]
    for address in (callback, attempt, f"{attempt}?failed=on"):
        over = await provider.get(address)
        assert (over.status_code, 'data-code="GW-1211"' in over.text) == (409, True), "this one is finished"


async def test_another_browser_learns_nothing_of_it(provider: world.Provider) -> None:
    provider.upstream.answer = AccountLocked()
    attempt, callback = await reach_sign_in(provider)
    await provider.get(callback)
    async with provider.another_browser() as other:
        for address in (callback, attempt, f"{attempt}?failed=on"):
            page = await other.get(address)
            assert page.status_code == 400
            assert "GW-1301" not in page.text


async def test_an_address_without_a_failure_is_the_attempts_own_page(provider: world.Provider) -> None:
    attempt, _ = await reach_sign_in(provider)
    page = await provider.get(f"{attempt}?failed=on")
    assert page.status_code == 200
    assert 'id="login"' in page.text


async def test_an_officers_failure_is_told_again_as_well(provider: world.Provider) -> None:
    begun = await provider.get(
        authorize_url(client_id="desk", redirect_uri=DESK_CALLBACK, idp_hint="staff", scope="openid")
    )
    state = members(begun.headers["location"])["state"]
    provider.staff.answer = SignInCancelled()
    callback = f"/upstream/staff/callback?code=x&state={state}"
    for _ in range(2):
        returned = await provider.get(callback)
        assert returned.status_code == 303
        page = await provider.get(returned.headers["location"])
        assert (page.status_code, 'data-code="GW-1101"' in page.text) == (403, True)
        assert "/staff/interaction/" in returned.headers["location"]


async def test_a_page_of_a_blocked_portal_tells_the_present_state(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    await block(provider)
    attempt = (await provider.get(authorize_url(prompt="consent"))).headers["location"]
    failed = await provider.get(attempt)
    for _ in range(2):
        page = await provider.get(f"{attempt}?failed=on")
        assert ("GW-1309" in failed.text, "GW-1309" in page.text) == (True, True)
    blocked = await enter(provider, "/me/connections")
    await press(provider, blocked, "/me/connections/unblock", portal="portal")
    for language, words in (("vi", "không còn bị chặn"), ("en", "not blocked any more")):
        page = await provider.get(f"{attempt}?failed=on&ui_locales={language}")
        assert (page.status_code, "GW-1310" in page.text, words in page.text) == (409, True, True)
        assert "GW-1309" not in page.text
        assert "?error=" not in page.text, "the portal was answered once"
        assert 'id="return" href="' in page.text
    await block(provider)
    assert "GW-1309" in (await provider.get(attempt)).text
    provider.http.cookies.delete("gw_session")
    assert "GW-1309" in (await provider.get(attempt)).text, "of nobody who is signed in is anything told"
