"""“This browser is mine”: offered right after a sign-in, unticked, and not where others sign in too."""

from datetime import timedelta

import httpx2
import provider_house as world
import pytest
from journey import authorize_url, hidden, members, reach_sign_in, sign_in
from own_visitor import OTHER, citizen_id, enter, log_names, press
from provider_house import Provider
from test_own_notices import rules

from gateway.identity_providers.contract import SignInCancelled
from gateway.vocabulary.store import Kind

pytestmark = pytest.mark.anyio
BOX = '<input type="checkbox" id="trust" name="trust" value="yes" aria-describedby="trust-about">'


async def go_on(provider: Provider, page: httpx2.Response, **form: str) -> httpx2.Response:
    data = {"csrf": hidden(page.text, "csrf"), "decision": "allow", **form}
    return await provider.http.post(str(page.url), data=data)


async def another_notice(provider: Provider, **changes: str | None) -> httpx2.Response:
    """Ask again, so that a notice is shown; whoever is signed in stays so."""
    begun = await provider.get(authorize_url(prompt="consent", **changes))
    return await provider.get(begun.headers["location"])


async def trusts(provider: Provider) -> int:
    return len(await provider.house.listing.select(Kind.TRUSTED_BROWSER))


async def test_the_box_is_offered_unticked_and_believed_in_the_commit_of_the_answer(provider: Provider) -> None:
    page = await sign_in(provider)
    assert BOX in page.text
    answered = await go_on(provider, page, trust="yes")
    assert "code" in members(answered.headers["location"])
    assert "gw_device=" in answered.headers["set-cookie"]
    assert "HttpOnly" in answered.headers["set-cookie"]
    (record,) = await provider.house.listing.select(Kind.TRUSTED_BROWSER)
    assert record.subject == await citizen_id(provider)
    assert "BrowserTrusted" in await log_names(provider)
    # the sign-in itself was told of; the next service of this session is not, nor is a later sign-in here
    assert rules(await enter(provider, "/me/notices")) == ["otherwise"]
    provider.clock.move(timedelta(hours=30))
    page = await enter(provider, "/me/notices")
    assert rules(page) == ["otherwise"]
    assert "Ông/bà đã tin cậy trình duyệt này" in page.text


async def test_left_empty_or_left_nothing_is_trusted(provider: Provider) -> None:
    page = await sign_in(provider)
    answered = await go_on(provider, page)
    assert "set-cookie" not in answered.headers
    provider.http.cookies.clear()
    page = await sign_in(provider, prompt="consent")
    left = await go_on(provider, page, trust="yes", decision="deny")
    assert members(left.headers["location"])["error"] == "access_denied"
    assert await trusts(provider) == 0


async def test_only_right_after_the_sign_in(provider: Provider) -> None:
    await go_on(provider, await sign_in(provider))
    later = await another_notice(provider)
    assert "consent-allow" in later.text
    assert 'name="trust"' not in later.text
    # a box that was not on the page is not believed
    assert "set-cookie" not in (await go_on(provider, later, trust="yes")).headers
    assert await trusts(provider) == 0


async def test_not_where_somebody_else_was_signed_in(provider: Provider) -> None:
    await go_on(provider, await sign_in(provider))
    provider.upstream.answer = world.person(**OTHER)
    page = await sign_in(provider, prompt="login")
    assert "consent-allow" in page.text
    assert 'name="trust"' not in page.text
    await go_on(provider, page, trust="yes")
    assert await trusts(provider) == 0


async def test_not_where_somebody_else_called_it_theirs(provider: Provider) -> None:
    await go_on(provider, await sign_in(provider), trust="yes")
    own = provider.http.cookies["gw_device"]
    provider.http.cookies.clear()
    provider.http.cookies["gw_device"] = own
    provider.upstream.answer = world.person(**OTHER)
    assert 'name="trust"' not in (await sign_in(provider)).text


async def test_not_at_a_desk(provider: Provider) -> None:
    provider.http.cookies["gw_staff_session"] = "an-officer-s"
    page = await sign_in(provider)
    assert 'name="trust"' not in page.text
    await go_on(provider, page, trust="yes")
    assert await trusts(provider) == 0


async def test_not_after_a_suspicious_sign_in(provider: Provider) -> None:
    attempt, callback = await reach_sign_in(provider)
    for failures in range(4):
        provider.upstream.answer = SignInCancelled() if failures < 3 else world.person()
        await provider.get(callback)
        if failures < 3:
            chosen = await press(provider, await provider.get(attempt), attempt, provider="fake")
            callback = f"/upstream/fake/callback?code=x&state={members(chosen.headers['location'])['state']}"
    page = await provider.get(attempt)
    assert "consent-allow" in page.text
    assert 'name="trust"' not in page.text
