"""A form of the own pages sent after the session, or after another sign-in: nothing is done in silence, nothing is said
that is not so."""

import html
import re

import httpx2
import provider_house as world
import pytest
from journey import authorize_url, hidden, members, obtain_tokens
from own_visitor import FORM, OTHER, enter, log_names, press, receipts
from staff_journey import DESK_CALLBACK
from test_own_address import pass_sign_in

from gateway.openid_provider.browser import Browser
from gateway.openid_provider.parameters import parse_form
from gateway.openid_provider.staff_realm.console import ConsoleVisit, admit_operator, check_console_form
from gateway.openid_provider.staff_realm.failure import PageOutdated
from gateway.openid_provider.unsent_report import KEPT_FOR
from gateway.vocabulary.officer import StaffAccount

pytestmark = pytest.mark.anyio
DONE = {"GrantRevoked", "MisuseReported", "PortalBlocked", "SessionEnded"}


async def arrived(provider: world.Provider, answer: httpx2.Response) -> httpx2.Response:
    """Sign in where an answer leads, and open the page behind it."""
    ended = await pass_sign_in(provider, answer)
    return await provider.get(ended.headers["location"])


async def sign_in_anew(provider: world.Provider) -> None:
    """In another tab of the same browser, sign in with `prompt=login`."""
    before = dict(provider.http.cookies)
    await obtain_tokens(provider, prompt="login")
    assert dict(provider.http.cookies)["gw_session"] != before["gw_session"]


async def test_an_act_after_the_session_is_told_to_be_undone_and_done_by_a_new_press(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    old = await enter(provider, "/me/connections")
    provider.http.cookies.clear()
    page = await arrived(provider, await press(provider, old, "/me/connections/withdraw", portal="portal"))
    assert str(page.url) == f"{world.ISSUER}/me/connections?undone=on"
    assert 'id="undone"' in page.text
    assert 'id="withdraw-1"' in page.text
    assert not DONE.intersection(await log_names(provider))
    english = await provider.get("/me/connections?undone=on&ui_locales=en")
    assert "was not done" in english.text
    assert "/me/connections?undone=on&amp;ui_locales=vi" in english.text, "said in the other language as well"
    again = await press(provider, page, "/me/connections/withdraw", portal="portal")
    assert again.headers["location"] == f"{world.ISSUER}/me/connections"
    assert "GrantRevoked" in await log_names(provider)
    assert 'id="undone"' not in (await provider.get("/me/connections")).text


async def test_a_report_after_the_session_comes_back_about_the_same_entry(provider: world.Provider) -> None:
    await obtain_tokens(provider, scope=FORM)
    about = receipts(await enter(provider, "/me/usage"))[0]
    old = await enter(provider, f"/me/report?about={about}")
    provider.http.cookies.clear()
    form = {"about": about, "concern": "other", "block": "yes", "once": hidden(old.text, "once")}
    form["shown"] = hidden(old.text, "shown")
    page = await arrived(provider, await press(provider, old, "/me/report", **form))
    assert str(page.url) == f"{world.ISSUER}/me/report?about={about}&undone=on"
    assert hidden(page.text, "about") == about
    assert 'id="undone"' in page.text
    assert picked(page) == ["concern-other", "block"]
    assert not DONE.intersection(await log_names(provider))
    sent = await press(provider, page, "/me/report", **{**form, "once": hidden(page.text, "once")})
    assert "/me/report/BC-" in sent.headers["location"]


def picked(page: httpx2.Response) -> list[str]:
    """Return the ids of what is picked or ticked on a page."""
    return re.findall(r'<input type="(?:radio|checkbox)" id="([^"]+)"[^>]* checked', page.text)


async def write_report(provider: world.Provider, **changes: str) -> httpx2.Response:
    """Fill the form in, and send it after the session ended; return the answer."""
    await obtain_tokens(provider)
    old = await enter(provider, "/me/report?portal=portal")
    assert picked(old) == []
    provider.http.cookies.clear()
    form = {"concern": "not_asked", "block": "yes", "portal": "portal"}
    form |= {name: hidden(old.text, name) for name in ("once", "shown")}
    return await press(provider, old, "/me/report", **form | changes)


async def test_what_was_picked_before_the_session_ended_is_there_again_until_it_is_sent(
    provider: world.Provider,
) -> None:
    sent = await write_report(provider)
    assert "not_asked" not in sent.headers["location"]
    page = await arrived(provider, sent)
    assert str(page.url) == f"{world.ISSUER}/me/report?portal=portal&undone=on"
    assert picked(page) == ["concern-not_asked", "block"]
    assert picked(await provider.get("/me/report?portal=portal&undone=on&ui_locales=en")) == picked(page)
    entry = receipts(await provider.get("/me/usage"))[0]
    assert picked(await provider.get("/me/report?portal=portal")) == [], "a new report begins with nothing picked"
    for other in ("/me/report?undone=on", "/me/report?portal=old&undone=on", f"/me/report?about={entry}&undone=on"):
        assert picked(await provider.get(other)) == [], "what was picked about one portal says nothing of another"
    form = {"concern": "not_asked", "portal": "portal", "once": hidden(page.text, "once")}
    assert "/me/report/BC-" in (await press(provider, page, "/me/report", **form)).headers["location"]
    assert picked(await provider.get("/me/report?portal=portal&undone=on")) == []


async def test_what_was_picked_is_kept_for_half_an_hour(provider: world.Provider) -> None:
    await arrived(provider, await write_report(provider))
    provider.clock.move(KEPT_FOR)
    assert picked(await enter(provider, "/me/report?portal=portal&undone=on")) == []


async def test_another_person_who_signs_in_finds_nothing_picked(provider: world.Provider) -> None:
    sent = await write_report(provider)
    provider.upstream.answer = world.person(**OTHER)
    assert picked(await arrived(provider, sent)) == []


@pytest.mark.parametrize("change", [{"shown": "0" * 64}, {"shown": ""}, {"once": "another"}])
async def test_a_form_that_was_shown_to_nobody_leaves_nothing(provider: world.Provider, change: dict[str, str]) -> None:
    assert picked(await arrived(provider, await write_report(provider, **change))) == []


async def test_a_concern_that_is_none_is_not_kept(provider: world.Provider) -> None:
    assert picked(await arrived(provider, await write_report(provider, concern="<x>"))) == ["block"]


async def test_the_form_of_an_earlier_session_keeps_what_was_picked_for_the_same_person_alone(
    provider: world.Provider,
) -> None:
    await obtain_tokens(provider)
    old = await enter(provider, "/me/report")
    form = {"concern": "too_much"} | {name: hidden(old.text, name) for name in ("once", "shown")}
    await press(provider, await enter(provider, "/me"), "/me/sign-out", sign_out="yes")
    await enter(provider, "/me")
    again = await press(provider, old, "/me/report", **form)
    assert picked(await provider.get(again.headers["location"])) == ["concern-too_much"]
    provider.upstream.answer = world.person(**OTHER)
    await obtain_tokens(provider, prompt="login")
    theirs = await press(provider, old, "/me/report", **form)
    assert picked(await provider.get(theirs.headers["location"])) == []


@pytest.mark.parametrize("about", ["https://evil.example", "rc_" + "x" * 500, "rc_1&next=//evil.example", "\r\nx: y"])
async def test_what_a_form_brings_leads_nowhere_else(provider: world.Provider, about: str) -> None:
    sent = await provider.http.post("/me/report", data={"about": about, "portal": "//evil.example", "csrf": "x"})
    ended = await pass_sign_in(provider, sent)
    assert ended.headers["location"] == f"{world.ISSUER}/me/report?undone=on"


async def test_a_page_stays_good_when_the_same_person_signs_in_in_another_tab(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    first = await enter(provider, "/me/report")
    connections = await enter(provider, "/me/connections")
    await sign_in_anew(provider)
    await sign_in_anew(provider)
    form = {"concern": "other", "once": hidden(first.text, "once"), "portal": "portal"}
    sent = await press(provider, first, "/me/report", **form)
    assert "/me/report/BC-" in sent.headers["location"]
    ended = await press(provider, connections, "/me/connections/withdraw", portal="portal")
    assert ended.headers["location"] == f"{world.ISSUER}/me/connections"
    assert {"MisuseReported", "GrantRevoked"} <= set(await log_names(provider))


async def test_a_page_of_somebody_else_in_the_same_browser_does_nothing(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    first = await enter(provider, "/me/connections")
    provider.upstream.answer = world.person(**OTHER)
    await obtain_tokens(provider, prompt="login")
    before = await log_names(provider)
    sent = await press(provider, first, "/me/connections/withdraw", portal="portal")
    assert sent.headers["location"] == f"{world.ISSUER}/me/connections?undone=on"
    page = await provider.get(sent.headers["location"])
    assert 'id="withdraw-1"' in page.text, "the grant of who is signed in lives"
    assert (await log_names(provider))[len(before) :] == []


async def test_the_same_person_in_another_browser_or_session_has_another_value(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    here = await enter(provider, "/me/connections")
    async with provider.another_browser() as other:
        there = await enter(other, "/me/connections")
        assert hidden(here.text, "csrf") != hidden(there.text, "csrf")
        sent = await press(other, here, "/me/connections/withdraw", portal="portal")
        assert "undone=on" in html.unescape(sent.headers["location"])
    await press(provider, here, "/me/sign-out", sign_out="yes")
    assert hidden((await enter(provider, "/me/connections")).text, "csrf") != hidden(here.text, "csrf")


async def officers_visit(provider: world.Provider) -> ConsoleVisit:
    """Sign an officer in at this browser and return their visit of the operators' pages."""
    asked = {"client_id": "desk", "redirect_uri": DESK_CALLBACK, "idp_hint": "staff", "scope": "openid"}
    begun = await provider.get(authorize_url(**asked, prompt="login"))
    await provider.get(f"/upstream/staff/callback?code=x&state={members(begun.headers['location'])['state']}")
    browser = Browser(cookies=dict(provider.http.cookies), accepted="vi", chosen=None, trace_id="t")
    visit = await admit_operator(provider.house, browser)
    assert visit is not None
    return visit


async def test_an_operators_page_stays_good_for_the_same_officer_only(provider: world.Provider) -> None:
    first = parse_form(f"csrf={(await officers_visit(provider)).csrf}".encode())
    again = await officers_visit(provider)
    check_console_form(first, again)
    check_console_form(first, await officers_visit(provider))
    async with provider.another_browser() as other:
        with pytest.raises(PageOutdated):
            check_console_form(first, await officers_visit(other))
    other_officer = StaffAccount(number="999180000102", agency="H55.01", roles=("security_officer",))
    provider.staff.answer = world.officer(subject="cb-2", full_name="Lò Thị Pản", staff=other_officer)
    with pytest.raises(PageOutdated):
        check_console_form(first, await officers_visit(provider))
    with pytest.raises(PageOutdated):
        check_console_form(parse_form(b""), again)
