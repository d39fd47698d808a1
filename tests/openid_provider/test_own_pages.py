"""The citizen's own pages over HTTP: who comes in, where they come back to, and what a form from elsewhere does."""

import re
from datetime import timedelta

import provider_house as world
import pytest
from journey import arrive
from own_visitor import (
    FORM,
    OTHER,
    authorize_url,
    citizen_id,
    enter,
    hidden,
    log_names,
    members,
    obtain_tokens,
    press,
)

from gateway.identity_providers.contract import SignInCancelled
from gateway.vocabulary.store import Kind

pytestmark = pytest.mark.anyio
PATHS = ("/me", "/me/usage", "/me/connections", "/me/notices", "/me/report")
ACTS = {
    "/me/connections/withdraw": {"portal": "portal"},
    "/me/connections/unblock": {"portal": "portal"},
    "/me/notices/not-me": {"notice": "x"},
    "/me/browser/trust": {},
    "/me/browser/forget": {},
    "/me/report": {"concern": "other", "once": "o"},
    "/me/sign-out": {},
}


@pytest.mark.parametrize("path", [*PATHS, "/me/usage/export", "/me/usage/rc_x/proof", "/me/report/BC-1"])
async def test_a_stranger_is_sent_to_sign_in_and_sees_nothing(provider: world.Provider, path: str) -> None:
    answer = await provider.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{world.ISSUER}/interaction/")
    assert answer.headers["cache-control"] == "no-store"


async def test_a_sign_in_of_its_own_comes_back_without_a_code_or_a_notice(provider: world.Provider) -> None:
    page = await enter(provider, "/me/connections")
    assert page.status_code == 200
    assert str(page.url) == f"{world.ISSUER}/me/connections"
    names = await log_names(provider)
    assert "PersonSignedIn" in names
    assert not {"PortalAnswered", "CodeRedeemed"}.intersection(names)
    assert await provider.house.listing.select(Kind.GRANT) == []
    assert await provider.house.listing.select(Kind.CODE) == []


async def test_the_own_client_is_no_portal(provider: world.Provider) -> None:
    refused = await provider.get(authorize_url(client_id="~me", redirect_uri=f"{world.ISSUER}/me"))
    assert refused.status_code == 400
    assert "GW-1002" in refused.text


async def test_who_leaves_the_sign_in_is_told_nothing_and_goes_to_the_first_page(provider: world.Provider) -> None:
    begun = await provider.get("/me")
    attempt = begun.headers["location"]
    choice = await provider.get(attempt)
    assert "Dữ liệu của tôi" in choice.text
    left = await press(provider, choice, attempt, cancel="1")
    assert left.headers["location"] == f"{world.ISSUER}/"
    again = await provider.get(attempt)
    assert again.status_code == 409
    assert f"{world.ISSUER}/me" in again.text


async def test_a_failed_sign_in_leads_back_to_itself_and_to_no_portal(provider: world.Provider) -> None:
    provider.upstream.answer = SignInCancelled()
    begun = await provider.get("/me")
    attempt = begun.headers["location"]
    chosen = await press(provider, await provider.get(attempt), attempt, provider="fake")
    state = members(chosen.headers["location"])["state"]
    failed = await arrive(provider, f"/upstream/fake/callback?code=x&state={state}")
    assert 'id="retry"' in failed.text
    assert 'id="return"' not in failed.text


async def test_a_portals_session_opens_them_for_half_an_hour(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    provider.clock.move(timedelta(minutes=29, seconds=59))
    assert (await provider.get("/me")).status_code == 200
    provider.clock.move(timedelta(seconds=1))
    refused = await provider.get("/me")
    assert refused.status_code == 303
    assert (await provider.get(authorize_url(prompt="none"))).headers["location"].startswith(world.CALLBACK)


async def test_an_old_session_has_to_authenticate_anew(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    provider.clock.move(timedelta(hours=1))
    page = await enter(provider)
    assert page.status_code == 200
    assert provider.upstream.begun[-1].prompt_login
    assert provider.upstream.begun[-1].max_age == 25 * 60


async def test_a_provider_that_answers_with_an_old_authentication_opens_nothing(provider: world.Provider) -> None:
    provider.upstream.answer = world.person(auth_time=provider.clock.now() - timedelta(hours=2))
    begun = await provider.get("/me")
    attempt = begun.headers["location"]
    chosen = await press(provider, await provider.get(attempt), attempt, provider="fake")
    state = members(chosen.headers["location"])["state"]
    await provider.get(f"/upstream/fake/callback?code=x&state={state}")
    refused = await provider.get(attempt)
    assert refused.status_code == 403
    assert "GW-1201" in refused.text
    assert (await provider.get("/me")).status_code == 303


async def test_a_cookie_set_beforehand_is_never_the_session(provider: world.Provider) -> None:
    provider.http.cookies.set("gw_session", "chosen-by-an-attacker", domain="127.0.0.1", path="/")
    await enter(provider)
    assert provider.http.cookies["gw_session"] != "chosen-by-an-attacker"
    async with provider.another_browser() as attacker:
        attacker.http.cookies.set("gw_session", "chosen-by-an-attacker", domain="127.0.0.1", path="/")
        assert (await attacker.get("/me")).status_code == 303


async def test_a_staff_cookie_opens_nothing(provider: world.Provider) -> None:
    await enter(provider)
    cookie = provider.http.cookies["gw_session"]
    async with provider.another_browser() as officer:
        for name in ("gw_staff", "gw_staff_session", "__Host-gw_session"):
            officer.http.cookies.set(name, cookie, domain="127.0.0.1", path="/")
        assert (await officer.get("/me")).status_code == 303


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_is_kept_nowhere_framed_nowhere_and_titled_for_nobody(
    provider: world.Provider, path: str
) -> None:
    await obtain_tokens(provider, scope=FORM)
    page = await enter(provider, path)
    assert page.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    title = re.search("<title>([^<]*)</title>", page.text)
    assert title
    assert "BƯỞI" not in title[1].upper()
    assert "999175000003" not in str(page.url)
    addresses = re.findall(r'(?:href|action)="([^"]*)"', page.text)
    assert not [one for one in addresses if "999175" in one or await citizen_id(provider) in one]
    assert 'id="sign-out"' in page.text


@pytest.mark.parametrize("path", ACTS)
async def test_a_form_from_elsewhere_does_nothing(provider: world.Provider, path: str) -> None:
    await obtain_tokens(provider)
    page = await enter(provider)
    good = hidden(page.text, "csrf")
    before = await log_names(provider)
    for csrf in ("", "x", good[:-1], good.upper(), "é"):
        answer = await provider.http.post(path, data={"csrf": csrf, **ACTS[path]})
        assert (answer.status_code, "undone=on" in answer.headers["location"]) == (303, True)
    async with provider.another_browser() as other:
        other.upstream.answer = world.person(**OTHER)
        foreign = hidden((await enter(other)).text, "csrf")
    stolen = await provider.http.post(path, data={"csrf": foreign, **ACTS[path]})
    assert "undone=on" in stolen.headers["location"]
    assert (await log_names(provider))[: len(before)] == before
    assert not {"GrantRevoked", "MisuseReported", "PortalBlocked", "SessionEnded", "BrowserTrusted"}.intersection(
        await log_names(provider)
    )
    assert (await provider.get("/me")).status_code == 200


@pytest.mark.parametrize("path", ACTS)
async def test_nothing_is_done_for_an_old_sign_in(provider: world.Provider, path: str) -> None:
    await obtain_tokens(provider)
    csrf = hidden((await enter(provider)).text, "csrf")
    provider.clock.move(timedelta(minutes=31))
    answer = await provider.http.post(path, data={"csrf": csrf, **ACTS[path]})
    assert answer.headers["location"].startswith(f"{world.ISSUER}/interaction/")
    assert not {"GrantRevoked", "MisuseReported", "SessionEnded"}.intersection(await log_names(provider))


async def test_signing_out_ends_the_session(provider: world.Provider) -> None:
    page = await enter(provider)
    done = await press(provider, page, "/me/sign-out")
    assert done.status_code == 200
    assert (await provider.get("/me")).status_code == 303
    assert "SessionEnded" in await log_names(provider)


async def test_a_chosen_language_lasts_from_page_to_page(provider: world.Provider) -> None:
    page = await enter(provider)
    assert '<html lang="vi">' in page.text
    assert '<html lang="en">' in (await provider.get("/me?ui_locales=en")).text
    assert '<html lang="en">' in (await provider.get("/me/usage")).text
