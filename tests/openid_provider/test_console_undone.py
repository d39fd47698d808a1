"""The operators' pages after the session: a form does nothing and says so, an address that was opened is come back to;
and the pages of a sign-out speak both languages."""

import html
import re

import httpx2
import provider_house as world
import pytest
from journey import authorize_url, hidden, obtain_tokens
from own_visitor import report
from staff_journey import DESK_CALLBACK, pass_sign_in

from gateway.openid_provider.staff_realm.console import FIRST_PAGE, console_address, undone_address
from gateway.vocabulary.officer import StaffAccount

pytestmark = pytest.mark.anyio


@pytest.fixture
def operator(provider: world.Provider) -> world.Provider:
    """Whoever signs in as staff may read and take reports."""
    staff = StaffAccount(number="999180000102", agency="H55.01", roles=("security_officer",))
    provider.staff.answer = world.officer(subject="cb-2", full_name="Lò Thị Pản", staff=staff)
    return provider


async def signed_in(provider: world.Provider, answer: httpx2.Response) -> httpx2.Response:
    """Sign in where an answer leads; return the page behind."""
    assert answer.status_code == 303
    ended = await pass_sign_in(provider, answer.headers["location"])
    while ended.status_code == 303:
        ended = await provider.get(ended.headers["location"])
    return ended


async def some_report(provider: world.Provider) -> str:
    """Have a citizen report something; return the address of the report's page for staff."""
    await obtain_tokens(provider)
    done = await report(provider, "/me/report", concern="other")
    return f"/staff/reports/{str(done.url).rpartition('/')[2]}"


def switch(page: httpx2.Response) -> str:
    found = re.search(r'class="switch" href="([^"]+)"', page.text)
    assert found, page.text
    return html.unescape(found[1])


async def test_a_form_after_the_session_does_nothing_and_comes_back_to_its_page(operator: world.Provider) -> None:
    address = await some_report(operator)
    old = await signed_in(operator, await operator.get(address))
    assert str(old.url) == f"{world.ISSUER}{address}"
    assert 'id="undone"' not in old.text
    operator.http.cookies.clear()
    form = {"csrf": hidden(old.text, "csrf"), "reason": "theo phân công"}
    page = await signed_in(operator, await operator.http.post(f"{address}/take", data=form))
    assert str(page.url).startswith(f"{world.ISSUER}{address}?undone=")
    assert ('id="undone"' in page.text, 'data-state="received"' in page.text) == (True, True)
    english = await operator.get(switch(page))
    assert "was not done" in english.text
    for link in (f"{address}?undone=on", f"/staff/reports?{page.url.query.decode()}"):
        assert 'id="undone"' not in (await operator.get(link)).text, "a mere link says nothing of what was pressed"
    again = await operator.http.post(f"{address}/take", data=form | {"csrf": hidden(page.text, "csrf")})
    done = await operator.get(again.headers["location"])
    assert ('id="undone"' in done.text, 'data-state="in_hand"' in done.text) == (False, True)


@pytest.mark.parametrize("path", ["/staff/reports", "/staff/reports/BC-2026-0000-0000"])
async def test_a_console_page_that_was_opened_is_come_back_to(operator: world.Provider, path: str) -> None:
    page = await signed_in(operator, await operator.get(path))
    assert str(page.url) == f"{world.ISSUER}{path}"


@pytest.mark.parametrize(
    "page",
    [
        None,
        "",
        "https://evil.example/staff/reports",
        "//evil.example",
        "/staff/reports/../../me",
        "/staff/reports?next=x",
        "/staff/reports\n",
        "/staff/sign-out",
        "/me",
    ],
)
def test_nothing_but_a_console_page_is_followed(page: str | None) -> None:
    assert console_address(page) == FIRST_PAGE


def test_a_step_s_page_is_the_one_its_form_stands_on() -> None:
    address = undone_address("/staff/connectors/land/1.2.0/approve")
    assert address == "/staff/connectors/land/1.2.0?undone=on"
    assert console_address(address) == address
    built = "/staff/connectors/land/1.2.0+build.7"
    assert console_address(built) == built


async def test_the_pages_of_a_staff_sign_out_speak_both_languages(operator: world.Provider) -> None:
    await signed_in(operator, await operator.get("/staff/reports"))
    asked = await operator.get("/staff/sign-out")
    assert 'id="logout-yes"' in (await operator.get(switch(asked))).text
    action = re.search(r'action="([^"]+)"', asked.text)
    assert action
    form = {"csrf": hidden(asked.text, "csrf")}
    stayed = await operator.http.post(action[1], data=form | {"logout": "no"})
    assert "You are still signed in" in stayed.text, "the language that a link chose lasts"
    vietnamese = await operator.get(switch(stayed))
    assert "vẫn đang đăng nhập" in vietnamese.text
    assert "You are still signed in" in (await operator.get(switch(vietnamese))).text
    await operator.get(switch(stayed))
    gone = await operator.http.post(action[1], data=form | {"logout": "yes"})
    over = await operator.get(switch(gone))
    assert '<html lang="en">' in over.text
    assert "You are still signed in" not in (await operator.get("/staff/sign-out?stayed=on")).text


async def test_a_staff_sign_out_pressed_in_two_tabs_is_one_in_both(operator: world.Provider) -> None:
    await signed_in(operator, await operator.get("/staff/reports"))
    asked = await operator.get("/staff/sign-out")
    form = {"csrf": hidden(asked.text, "csrf")}
    stayed = await operator.http.post("/staff/sign-out", data=form | {"logout": "no"})
    assert f'id="sign-out" href="{world.ISSUER}/staff/sign-out"' in stayed.text
    forged = await operator.http.post("/staff/sign-out", data={"csrf": "x", "logout": "yes"})
    assert forged.status_code == 400, "a living session ends by its own page alone"
    for _ in range(2):
        over = await operator.http.post("/staff/sign-out", data=form | {"logout": "yes"})
        assert (over.status_code, "Đã đăng xuất" in over.text) == (200, True)


async def test_who_stayed_signed_in_reads_so_in_both_languages_while_it_is_so(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    asked = await provider.get("/logout?client_id=portal")
    action = re.search(r'action="([^"]+)"', asked.text)
    assert action
    form = {"csrf": hidden(asked.text, "csrf"), "logout": "no"}
    stayed = await provider.http.post(html.unescape(action[1]), data=form)
    english = await provider.get(switch(stayed))
    assert "You are still signed in" in english.text
    provider.http.cookies.clear()
    assert "You are still signed in" not in (await provider.get(switch(stayed))).text


async def test_who_may_not_look_reads_so_in_the_language_they_chose(operator: world.Provider) -> None:
    operator.staff.answer = world.officer(
        subject="cb-3", staff=StaffAccount(number="999180000103", agency="H55.01", roles=("desk_officer",))
    )
    page = await signed_in(operator, await operator.get("/staff/reports"))
    assert (page.status_code, '<html lang="vi">' in page.text) == (403, True)
    await operator.get(switch(page))
    kept = await operator.get("/staff/reports")
    assert '<html lang="en">' in kept.text, "the language that a link chose lasts"
    assert "You are still signed in" not in kept.text
    asked = await operator.get("/staff/sign-out")
    assert ("Sign out?" in asked.text, '<html lang="en">' in asked.text) == (True, True)


async def test_a_press_that_was_refused_keeps_its_roles_in_the_other_language(operator: world.Provider) -> None:
    operator.staff.answer = world.officer(
        subject="cb-3", staff=StaffAccount(number="999180000103", agency="H55.01", roles=("system_admin",))
    )
    await signed_in(operator, await operator.get("/staff/reports"))
    posted = await operator.http.post("/staff/reports/BC-2026-0000-0000/take", data={"csrf": "x"})
    assert (posted.status_code, "cán bộ an toàn thông tin" in posted.text) == (403, True)
    english = await operator.get(switch(posted))
    assert "security officer" in english.text
    assert 'id="sign-out"' in english.text
    strange = await operator.get("/failed/GW-2403?roles=CHUYEN_50000,auditor")
    assert ("CHUYEN" in strange.text, 'id="roles"' in strange.text) == (False, True)


async def test_the_software_of_a_desk_is_named_on_both(operator: world.Provider) -> None:
    await operator.get(authorize_url(client_id="desk", redirect_uri=DESK_CALLBACK, scope="openid"))
    await signed_in(operator, await operator.get("/staff/reports"))
    asked = await operator.get("/staff/sign-out?client_id=desk")
    assert "client_id=desk" in switch(asked)
