"""Sign-in alerts of the own pages: when a sign-in is told, and what “not me” does."""

import re
from datetime import timedelta

import httpx2
import provider_house as world
import pytest
from own_visitor import OTHER, authorize_url, enter, log_names, members, obtain_tokens, press, tokens_of

from gateway.identity_providers.contract import SignInCancelled

pytestmark = pytest.mark.anyio


def rules(page: httpx2.Response) -> list[str]:
    return re.findall(r'data-rule="([^"]+)"', page.text)


async def test_a_sign_in_is_told_once_for_each_service(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    assert rules(await enter(provider, "/me/notices")) == ["otherwise"]
    await tokens_of(provider)
    await tokens_of(provider, scope="openid")
    assert len(rules(await provider.get("/me/notices"))) == 1
    begun = await provider.get(authorize_url(client_id="app", redirect_uri="http://127.0.0.1:8005/callback"))
    notice = await provider.get(begun.headers["location"])
    await press(provider, notice, str(notice.url), decision="allow")
    assert len(rules(await provider.get("/me/notices"))) == 2


async def test_a_trusted_browser_is_silent_and_another_one_is_not(provider: world.Provider) -> None:
    page = await enter(provider, "/me/notices")
    assert len(rules(page)) == 1
    trusted = await press(provider, page, "/me/browser/trust")
    assert "HttpOnly" in trusted.headers["set-cookie"]
    provider.clock.move(timedelta(hours=30))
    page = await enter(provider, "/me/notices")
    assert len(rules(page)) == 1
    assert "Ông/bà đã tin cậy trình duyệt này" in page.text
    async with provider.another_browser() as other:
        assert len(rules(await enter(other, "/me/notices"))) == 2
    await press(provider, page, "/me/browser/forget")
    provider.clock.move(timedelta(hours=30))
    assert len(rules(await enter(provider, "/me/notices"))) == 3


async def test_one_persons_trust_is_not_anothers(provider: world.Provider) -> None:
    await press(provider, await enter(provider, "/me/notices"), "/me/browser/trust")
    provider.upstream.answer = world.person(**OTHER)
    provider.clock.move(timedelta(hours=30))
    page = await enter(provider, "/me/notices")
    assert rules(page) == ["otherwise"]
    assert "Ông/bà đã tin cậy" not in page.text


async def test_many_failures_before_a_sign_in_are_suspicious_even_in_a_trusted_browser(
    provider: world.Provider,
) -> None:
    await press(provider, await enter(provider, "/me/notices"), "/me/browser/trust")
    provider.clock.move(timedelta(hours=30))
    attempt = (await provider.get("/me/notices")).headers["location"]
    for failures in range(4):
        chosen = await press(provider, await provider.get(attempt), attempt, provider="fake")
        provider.upstream.answer = SignInCancelled() if failures < 3 else world.person()
        state = members(chosen.headers["location"])["state"]
        await provider.get(f"/upstream/fake/callback?code=x&state={state}")
    await provider.get(attempt)
    assert rules(await provider.get("/me/notices")) == ["suspicious", "otherwise"]


async def test_not_me_ends_everything_and_opens_a_report(provider: world.Provider) -> None:
    async with provider.another_browser() as thief:
        stolen = await obtain_tokens(thief, scope="openid profile offline_access", prompt="consent")
        page = await enter(provider, "/me/notices")
        await press(provider, page, "/me/browser/trust")
        key = re.findall(r'data-notice="([^"]+)"', page.text)[-1]
        done = await press(provider, page, "/me/notices/not-me", notice=key)
        assert re.search(r'id="number">BC-2026-\w{4}-\w{4}<', done.text)
        assert 'id="ended"' in done.text
        assert (await provider.get("/me")).status_code == 303
        assert (await thief.get("/me")).status_code == 303
        headers = {"authorization": f"Bearer {stolen['access_token']}"}
        assert (await provider.get("/userinfo", headers=headers)).status_code == 401
    page = await enter(provider, "/me/notices")
    assert rules(page)[0] == "suspicious"
    assert "BC-2026-" in page.text
    assert 'id="trust"' in page.text
    provider.clock.move(timedelta(days=31))
    assert rules(await enter(provider, "/me/notices"))[0] == "otherwise"


async def test_another_persons_notice_is_as_good_as_none(provider: world.Provider) -> None:
    page = await enter(provider, "/me/notices")
    key = re.findall(r'data-notice="([^"]+)"', page.text)[0]
    async with provider.another_browser() as other:
        other.upstream.answer = world.person(**OTHER)
        theirs = await enter(other, "/me/notices")
        assert (await press(other, theirs, "/me/notices/not-me", notice=key)).status_code == 404
        assert (await other.get("/me")).status_code == 200
    assert (await provider.get("/me")).status_code == 200
    assert "MisuseReported" not in await log_names(provider)
