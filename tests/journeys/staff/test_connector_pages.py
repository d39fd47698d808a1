"""The operators' pages over connectors in a browser without scripts, 320 pixels wide, by keyboard alone: submitted by
one, approved by two others, published; and the public catalogue. Each page is for everybody (axe), in both languages.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from playwright.sync_api import Browser, Page

from tests.connector_lifecycle.samples import PACKAGE, manifest_text, report_on
from tests.journeys.citizen.road import chromium
from tests.journeys.stack import Stack
from tests.journeys.staff.desk import Desk, staff_token
from tests.pages.browser import axe_source, barriers, focus_path, forbid_elsewhere, overflows, press

HOME = "/staff/connectors"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give the machine's Chromium."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def tested(stack: Stack) -> str:
    """Hand in a version and its report by the API, as `ha.nhung`; return the address of its page."""
    http = httpx2.Client(base_url=stack.issuer, headers={"authorization": f"Bearer {staff_token(stack, 'ha.nhung')}"})
    text = manifest_text("1.0.0", connector="page-trial")
    assert http.post("/v1/connectors", json={"manifest": text}).status_code == 201
    where = "/v1/connectors/page-trial/versions/1.0.0/test"
    assert http.post(where, json={"report": report_on(text)}).status_code == 200
    return f"{stack.issuer}{HOME}/page-trial/1.0.0"


@contextmanager
def someone(
    browser: Browser, stack: Stack, account: str, *, locale: str = "vi-VN", scripts: bool = False
) -> Iterator[Page]:
    """Sign a member of staff in at the console from its first page, by keyboard; yield the page."""
    context = browser.new_context(
        java_script_enabled=scripts, bypass_csp=scripts, locale=locale, viewport={"width": 320, "height": 640}
    )
    forbid_elsewhere(context, "http://127.0.0.1", [])
    page = context.new_page()
    page.goto(stack.issuer + HOME)
    press(page, "#login", "Enter")
    press(page, f"#account-{account.replace('.', chr(92) + '.')}", "Enter")
    page.locator("#all").wait_for()
    yield page
    context.close()


def take(page: Page, step: str, **fields: str) -> None:
    """Fill a step's form and press its button, by keyboard."""
    for name, words in fields.items():
        page.locator(f"#{step}-{name}").focus()
        page.keyboard.press("Control+A")
        page.keyboard.type(words)
    assert f"do-{step}" in focus_path(page)
    press(page, f"#do-{step}", "Enter")
    page.locator("#steps").wait_for()
    assert overflows(page) <= 0


def state_of(page: Page) -> str:
    return page.locator("h1 + p .state").inner_text().strip()


def test_submitted_approved_by_two_and_published_on_pages(browser: Browser, stack: Stack, tested: str) -> None:
    with someone(browser, stack, "ha.nhung") as page:
        assert overflows(page) <= 0
        page.goto(tested)
        assert overflows(page) <= 0
        assert state_of(page) == "đã kiểm tra"
        assert page.locator("#tier").inner_text().strip() == "Đồng"
        take(page, "submit", package=PACKAGE, reason="đưa vào dùng")
        assert state_of(page) == "chờ phê duyệt"
        # whoever submitted sees the button, why it is closed for them, and no way round
        assert page.locator("#do-approve").is_disabled()
        assert "cần người khác" in page.locator("#why-approve").inner_text()
    with someone(browser, stack, "vi.thang") as page:
        page.goto(tested)
        assert page.locator("#do-approve").is_disabled()
        assert "cán bộ an toàn thông tin" in page.locator("#why-approve").inner_text()
    for account, after in (("lo.pan", "chờ phê duyệt"), ("dinh.hoa", "đã phê duyệt")):
        with someone(browser, stack, account) as page:
            assert page.locator("[data-waiting='page-trial/1.0.0']").count() == 1
            assert page.locator("[data-tier='bronze']").count() == 1
            page.goto(tested)
            take(page, "approve")
            assert state_of(page) == after
    with someone(browser, stack, "vi.thang") as page:
        page.goto(tested)
        take(page, "publish")
        assert state_of(page) == "đang dùng"
        steps = page.locator("#steps + ol li").evaluate_all("all => all.map(one => one.dataset.step)")
        assert steps == ["draft", "test", "submit", "approve", "approve", "publish"]
        take(page, "suspend", notice_vi="Sổ tạm dừng.", notice_en="Paused.", reason="bảo trì")
        assert page.locator("#notice").inner_text() == "Sổ tạm dừng."


def test_a_form_of_another_session_does_nothing(stack: Stack, tested: str) -> None:
    mine, theirs = Desk(stack, "lo.pan"), Desk(stack, "dinh.hoa")
    for desk in (mine, theirs):
        assert 'id="all"' in desk.sign_in(desk.go("GET", stack.issuer + HOME)).text
    foreign = csrf_of(theirs.go("GET", tested).text)
    for csrf in ("", "x", foreign):
        assert (
            mine.http.post(f"{tested}/retire", data={"csrf": csrf, "reason": "thử", "force": "yes"}).status_code == 400
        )
    own = csrf_of(mine.go("GET", tested).text)
    refused = mine.http.post(f"{tested}/retire", data={"csrf": own, "reason": "thử", "force": "yes"})
    assert (refused.status_code, "GW-2403" in refused.text) == (403, True)
    assert mine.http.post(f"{tested}/draft", data={"csrf": own}).status_code == 404
    assert mine.http.post(f"{tested}/publish", data={"csrf": own, "share": "x"}).status_code == 400


def test_a_citizen_a_desk_officer_and_a_stranger_do_not_come_in(stack: Stack, tested: str) -> None:
    stranger = httpx2.get(tested)
    assert stranger.status_code == 303
    assert "/staff/interaction/" in stranger.headers["location"]
    assert httpx2.post(f"{tested}/retire", data={"csrf": "x"}).status_code == 303
    desk = Desk(stack, "tran.buoi")
    refused = desk.sign_in(desk.go("GET", stack.issuer + HOME))
    assert (refused.status_code, "GW-2403" in refused.text) == (403, True)
    looking = Desk(stack, "nguyen.oanh")
    assert 'id="all"' in looking.sign_in(looking.go("GET", stack.issuer + HOME)).text
    shown = looking.go("GET", tested).text
    assert "disabled" in shown
    assert looking.go("GET", f"{stack.issuer}{HOME}/page-trial/9.9.9").status_code == 404


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_page_is_for_everybody(browser: Browser, stack: Stack, tested: str, language: str) -> None:
    axe = axe_source()
    with someone(browser, stack, "vi.thang", locale="vi-VN" if language == "vi" else "en-GB", scripts=True) as page:
        assert page.locator("html").get_attribute("lang") == language
        found = barriers(page, axe)
        page.goto(tested)
        assert page.locator("html").get_attribute("lang") == language
        found += barriers(page, axe)
        page.goto(f"{stack.issuer}/attributes")
        assert page.locator("#attribute-full_name").count() == 1
        assert overflows(page) <= 0
        found += barriers(page, axe)
    assert found == []


def csrf_of(page: str) -> str:
    return page.partition('name="csrf" value="')[2].partition('"')[0]
