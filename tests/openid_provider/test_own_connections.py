"""Connections, reports of misuse and blocks: what a person stops, and that nobody else can."""

import re
from datetime import timedelta

import orjson
import provider_house as world
import pytest
from own_visitor import (
    FORM,
    OTHER,
    authorize_url,
    block,
    citizen_id,
    enter,
    hidden,
    log_names,
    members,
    obtain_tokens,
    press,
    reach_sign_in,
    receipts,
    redeem,
    report,
    tokens_of,
    words,
)

from gateway.vocabulary.store import Kind

pytestmark = pytest.mark.anyio


async def test_a_connection_says_since_when_for_what_and_how_lately(provider: world.Provider) -> None:
    await obtain_tokens(provider, scope=FORM)
    provider.clock.move(timedelta(minutes=5))
    await tokens_of(provider, scope="openid")
    said = words(await enter(provider, "/me/connections"))
    for part in ("Cổng thử", "Từ 10:00 23/11/2026", "Đăng ký thường trú", "Dùng gần nhất 10:05 23/11/2026"):
        assert part in said, part


async def test_a_form_named_by_details_is_told_like_one_named_by_a_scope(
    provider: world.Provider,
) -> None:
    detail = orjson.dumps([{"type": "prefill", "procedure": "1.004222", "dossier": "H26-7"}]).decode()
    await obtain_tokens(provider, scope="openid", authorization_details=detail)
    said = words(await enter(provider, "/me/connections"))
    for part in ("Đăng ký thường trú", "H26-7"):
        assert part in said, part


async def test_withdrawing_ends_every_grant_of_that_portal_and_of_no_other(provider: world.Provider) -> None:
    first = await obtain_tokens(provider)
    second = await tokens_of(provider, scope="openid profile offline_access", prompt="consent")
    app = {"client_id": "app", "redirect_uri": "http://127.0.0.1:8005/callback"}
    begun = await provider.get(authorize_url(**app))
    notice = await provider.get(begun.headers["location"])
    answered = await press(provider, notice, str(notice.url), decision="allow")
    code = members(answered.headers["location"])["code"]
    third = (await redeem(provider, code, authorization=None, **app)).json()
    page = await enter(provider, "/me/connections")
    assert page.text.count("data-portal=") == 2
    done = await press(provider, page, "/me/connections/withdraw", portal="portal")
    assert done.headers["location"] == f"{world.ISSUER}/me/connections"
    for tokens, alive in ((first, 401), (second, 401), (third, 200)):
        headers = {"authorization": f"Bearer {tokens['access_token']}"}
        assert (await provider.get("/userinfo", headers=headers)).status_code == alive
    refreshed = await redeem(provider, None, grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert refreshed.json()["error"] == "invalid_grant"
    page = await provider.get("/me/connections")
    assert page.text.count("data-portal=") == 1
    assert (await log_names(provider)).count("GrantRevoked") == 1
    await press(provider, page, "/me/connections/withdraw", portal="portal")
    await press(provider, page, "/me/connections/withdraw", portal="nobody")
    assert (await log_names(provider)).count("GrantRevoked") == 1


async def test_a_report_gives_a_number_and_says_so_in_the_history(provider: world.Provider) -> None:
    await obtain_tokens(provider, scope=FORM)
    about = receipts(await enter(provider, "/me/usage"), "received")[0]
    done = await report(provider, f"/me/report?about={about}", about=about, concern="not_asked")
    number = re.search(r'id="number">([^<]+)<', done.text)
    assert number
    assert re.fullmatch(r"BC-2026-\w{4}-\w{4}", number[1])
    assert "chặn" not in (words(done).split("Đã nhận báo cáo")[-1])[:200]
    assert number[1] in (await provider.get("/me/notices")).text
    assert "báo việc dùng sai" in words(await provider.get("/me/usage"))
    (record,) = await provider.house.listing.select(Kind.MISUSE_REPORT)
    assert (record.subject, record.body["about"], record.body["portal"]) == (
        await citizen_id(provider),
        about,
        "portal",
    )


async def test_one_form_sent_twice_is_one_report(provider: world.Provider) -> None:
    page = await enter(provider, "/me/report")
    once = hidden(page.text, "once")
    first = await press(provider, page, "/me/report", once=once, concern="other")
    second = await press(provider, page, "/me/report", once=once, concern="not_me")
    assert first.headers["location"] == second.headers["location"]
    assert (await log_names(provider)).count("MisuseReported") == 1
    third = await press(provider, page, "/me/report", once="another", concern="not_me")
    assert third.headers["location"] != first.headers["location"]


async def test_what_was_not_offered_is_refused(provider: world.Provider) -> None:
    page = await enter(provider, "/me/report")
    for form in ({"concern": "<script>"}, {"portal": "app"}, {"portal": "unknown"}, {"once": ""}):
        answer = await press(provider, page, "/me/report", **{"once": "o", "concern": "other", **form})
        assert answer.status_code == 400, form
    assert "MisuseReported" not in await log_names(provider)


async def test_another_persons_report_is_as_good_as_none(provider: world.Provider) -> None:
    done = await report(provider, "/me/report", concern="other")
    async with provider.another_browser() as other:
        other.upstream.answer = world.person(**OTHER)
        await enter(other)
        foreign = await other.get(str(done.url))
        unknown = await other.get("/me/report/BC-2026-0000-0000")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert "GW-1811" in foreign.text
    assert "GW-1811" in unknown.text


async def test_blocking_ends_the_grants_and_every_later_sign_in(provider: world.Provider) -> None:
    tokens = await obtain_tokens(provider)
    done = await block(provider)
    assert 'id="blocked"' in done.text
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert (await provider.get("/userinfo", headers=headers)).status_code == 401
    silent = members((await provider.get(authorize_url(prompt="none"))).headers["location"])
    assert silent["error"] == "access_denied"
    assert "GW-1309" in silent["error_uri"]
    begun = await provider.get(authorize_url())
    page = await provider.get(begun.headers["location"])
    assert (page.status_code, "GW-1309" in page.text) == (403, True)
    assert f'href="{world.ISSUER}/me/connections"' in page.text
    back = re.search(r'id="return" href="([^"]+)"', page.text)
    assert back
    assert members(back[1].replace("&amp;", "&"))["error"] == "access_denied"
    assert {"MisuseReported", "PortalBlocked", "GrantRevoked"} <= set(await log_names(provider))
    history = await provider.get("/me/usage")
    assert len(receipts(history, "refused")) == 2
    other = await provider.get(authorize_url(client_id="app", redirect_uri="http://127.0.0.1:8005/callback"))
    assert "consent-allow" in (await provider.get(other.headers["location"])).text


async def test_a_fresh_sign_in_meets_the_block_too_and_another_person_does_not(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    await block(provider)
    async with provider.another_browser() as browser:
        attempt, callback = await reach_sign_in(browser)
        await browser.get(callback)
        assert "GW-1309" in (await browser.get(attempt)).text
    async with provider.another_browser() as browser:
        browser.upstream.answer = world.person(**OTHER)
        attempt, callback = await reach_sign_in(browser)
        await browser.get(callback)
        assert "consent-allow" in (await browser.get(attempt)).text


async def test_a_code_issued_before_the_block_opens_nothing(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    begun = await provider.get(authorize_url())
    code = members(begun.headers["location"])["code"]
    await block(provider)
    assert (await redeem(provider, code)).json()["error"] == "invalid_grant"


async def test_unblocking_opens_the_portal_again(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    await block(provider)
    page = await provider.get("/me/connections")
    assert 'data-blocked="portal"' in page.text
    await press(provider, page, "/me/connections/unblock", portal="portal")
    await press(provider, page, "/me/connections/unblock", portal="portal")
    assert "data-blocked" not in (await provider.get("/me/connections")).text
    assert (await log_names(provider)).count("PortalUnblocked") == 1
    begun = await provider.get(authorize_url())
    assert "consent-allow" in (await provider.get(begun.headers["location"])).text


async def test_the_general_form_blocks_the_portal_that_was_chosen_or_none(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    await report(provider, "/me/report", concern="other", block="yes")
    assert await provider.house.listing.select(Kind.PORTAL_BLOCK) == []
    await report(provider, "/me/report", concern="other", block="yes", portal="portal")
    assert len(await provider.house.listing.select(Kind.PORTAL_BLOCK)) == 1
