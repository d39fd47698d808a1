"""A stranger can be refused for ever and fills the evidence log only so far; who is known always gets a receipt."""

from datetime import timedelta

from journey import arrive, authorize_url, basic, hidden, members, reach_sign_in, sign_in

from gateway.identity_providers.contract import SignInCancelled
from gateway.openid_provider.allowance import BURST


async def events_stored(provider):
    return len(await provider.journal.pending(10_000))


async def ask_badly(provider, times):
    answers = [await provider.http.post("/token", data={"grant_type": "x"}) for _ in range(times)]
    assert {answer.status_code for answer in answers} == {401}
    return [answer.json()["error_uri"] for answer in answers]


async def test_beyond_the_allowance_a_stranger_is_refused_without_a_receipt(provider):
    links = await ask_badly(provider, BURST + 20)
    assert all("receipt=rf_" in link for link in links[:BURST])
    assert not any("receipt" in link for link in links[BURST:])
    assert await events_stored(provider) == BURST


async def test_the_allowance_comes_back_with_time(provider):
    await ask_badly(provider, BURST)
    provider.clock.move(timedelta(seconds=10))
    links = await ask_badly(provider, 8)
    assert ["receipt" in link for link in links] == [True] * 5 + [False] * 3


async def test_naming_a_portal_or_a_public_client_is_no_proof(provider):
    await ask_badly(provider, BURST)
    refused = await provider.get(authorize_url(response_type="token"))
    assert "receipt" not in members(refused.headers["location"])["error_uri"]
    public = await provider.http.post(
        "/token", data={"grant_type": "authorization_code", "client_id": "app", "code": "gc_x", "redirect_uri": "x"}
    )
    assert "receipt" not in public.json()["error_uri"]


async def test_who_authenticates_always_gets_a_receipt(provider):
    await ask_badly(provider, BURST + 5)
    refused = await provider.http.post("/token", data={"grant_type": "x"}, headers=basic())
    assert "receipt=rf_" in refused.json()["error_uri"]


async def test_a_sign_in_that_fails_upstream_is_a_strangers(provider):
    await ask_badly(provider, BURST)
    before = await events_stored(provider)
    provider.upstream.answer = SignInCancelled()
    _, callback = await reach_sign_in(provider)
    page = await arrive(provider, callback)
    assert (page.status_code, "GW-1101" in page.text, "rf_" in page.text) == (403, True, False)
    assert await events_stored(provider) == before


async def leave(provider, page):
    answer = await provider.http.post(str(page.url), data={"csrf": hidden(page.text, "csrf"), "decision": "deny"})
    return members(answer.headers["location"])


async def test_who_leaves_a_notice_they_were_shown_is_known_and_gets_a_receipt(provider):
    """The person signed in and read the page: whatever strangers used up, their own refusal is evidence."""
    page = await sign_in(provider)
    await ask_badly(provider, BURST + 5)
    before = await events_stored(provider)
    left = await leave(provider, page)
    assert (left["error"], "receipt=rf_" in left["error_uri"]) == ("access_denied", True)
    assert await events_stored(provider) == before + 1
    assert [link for link in await ask_badly(provider, 2) if "receipt" in link] == []


async def test_who_leaves_before_signing_in_is_a_stranger(provider):
    attempt, _ = await reach_sign_in(provider)
    await ask_badly(provider, BURST)
    before = await events_stored(provider)
    left = await leave(provider, await provider.get(attempt))
    assert (left["error"], "receipt" in left["error_uri"]) == ("access_denied", False)
    assert await events_stored(provider) == before


async def test_a_session_alone_does_not_make_a_sign_in_page_known(provider):
    """The cookie of a session is not the person reading: who must sign in anew has not been shown anything."""
    await sign_in(provider)
    attempt = (await provider.get(authorize_url(prompt="login"))).headers["location"]
    await ask_badly(provider, BURST)
    assert "receipt" not in (await leave(provider, await provider.get(attempt)))["error_uri"]
