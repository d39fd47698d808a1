"""What people really do: two tabs, the back button, a second click, another browser, no cookies, a change of mind."""

import json
import re
import shutil
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.pages.browser import FLAGS, press

pytestmark = pytest.mark.browser

WAYS_OUT = {
    4: ("GW-1302", "công an xã, phường nơi cư trú"),
    9: ("GW-1301", "1900 0368"),
    10: ("GW-1203", "mức độ 2"),
}


def test_two_tabs_both_finish(visitor):
    someone = visitor()
    first, second = someone.tab, someone.new_tab()
    first.reach_vneid()
    second.reach_vneid()
    first.be(1)
    first.page.locator("#consent-allow").wait_for()
    second.be(1)
    second.page.locator("#consent-allow").wait_for()
    first.agree()
    second.agree()
    receipts = []
    for tab in (first, second):
        assert tab.field("applicant.birth_date").locator("[readonly]").input_value() == "1941"
    for tab in (first, second):
        tab.complete_form()
        tab.submit()
        receipts.append(tab.page.locator("#reference").inner_text())
        assert tab.page.locator("#manifest").get_attribute("data-manifest") == "valid"
    assert receipts[0] != receipts[1]


def test_back_after_the_end_says_it_is_done_and_leads_on(visitor, stack):
    someone = visitor()
    someone.tab.reach_form(2)
    someone.page.go_back()
    assert someone.tab.code == "GW-1211"
    assert "đã xong" in someone.page.locator("h1").inner_text()
    press(someone.page, "#return")
    someone.page.wait_for_url(f"{stack.portal_url}/")
    press(someone.page, "#open-form")
    assert someone.tab.field("applicant.full_name").locator("[readonly]").input_value() == "Sơn"


def test_a_notice_can_be_read_again_and_is_answered_once(visitor, stack):
    someone = visitor()
    someone.tab.reach_notice(6)
    calls = stack.calls(stack.sources_url)
    someone.page.reload()
    twin = someone.new_tab()
    twin.page.goto(someone.page.url)
    assert twin.field("applicant.full_name").get_attribute("data-status") == "verified"
    assert stack.calls(stack.sources_url) == calls, "read again, not asked again"
    someone.tab.agree()
    before = len(stack.events())
    press(twin.page, "#consent-allow")
    expect(twin.page.locator("#error")).to_have_attribute("data-code", "GW-1211")
    assert [event for event in stack.events()[before:] if event["event"] == "PortalAnswered"] == []


def test_a_form_sent_twice_is_received_once(visitor, stack):
    someone = visitor()
    someone.tab.reach_form(11)
    someone.tab.complete_form()
    named = someone.page.locator("#declaration [name]:not(button):not([type=checkbox]), #declaration :checked")
    form = {one.get_attribute("name"): one.input_value() for one in named.all()} | {"do": "submit"}
    sent = [someone.context.request.post(f"{stack.portal_url}/form", form=form) for _ in range(2)]
    references = [re.search(r'id="reference">([^<]+)', one.text())[1] for one in sent]
    assert references[0] == references[1]
    assert len([event for event in stack.events() if event["event"] == "FormVerified"]) >= 1


def test_another_browser_gets_a_clear_page(visitor, stack):
    first, stranger = visitor(), visitor()
    first.tab.reach_notice(12)
    stranger.page.goto(first.page.url)
    assert stranger.tab.code == "GW-1210"
    assert "trình duyệt" in stranger.page.locator("#cause").inner_text()
    assert "Nam" not in stranger.page.locator("main").inner_text(), "nothing about the person"
    assert stranger.page.locator("#return").get_attribute("href") == stack.portal_url
    first.tab.agree()


def test_cookies_blocked_is_said_in_words(browser, stack, tmp_path):
    """A browser that refuses every cookie meets one page that says so, at the portal and at the gateway."""
    preferences = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default/Preferences").write_text(json.dumps(preferences))
    context = browser.browser_type.launch_persistent_context(
        tmp_path, executable_path=shutil.which("chromium"), args=FLAGS, locale="vi-VN", java_script_enabled=False
    )
    page = context.pages[0]
    page.goto(f"{stack.portal_url}/")
    press(page, "#login")
    assert "chặn cookie" in page.locator("main").inner_text()
    query = {"client_id": "sample-portal", "redirect_uri": f"{stack.portal_url}/callback", "response_type": "code"}
    pkce = {"scope": "openid", "code_challenge": "a" * 43, "code_challenge_method": "S256"}
    page.goto(f"{stack.issuer}/authorize?{urlencode(query | pkce)}")
    assert page.locator("#error").get_attribute("data-code") == "GW-1210"
    assert "cookie" in page.locator("#cause").inner_text()
    assert context.cookies() == []
    context.close()


def test_cancelled_at_vneid_and_back_with_the_draft_kept(visitor, stack):
    someone = visitor()
    someone.page.goto(f"{stack.portal_url}/form")
    box = someone.page.locator("#own-request\\.content")
    box.fill("Đăng ký tại phường Hồ Chè")
    someone.tab.leave_for_sign_in()
    someone.tab.choose_vneid()
    press(someone.page, "#cancel")
    assert someone.tab.code == "GW-1101"
    assert someone.page.locator("#retry").is_visible()
    assert "vẫn còn" in someone.page.locator("main").inner_text()
    press(someone.page, "#return")
    assert someone.page.locator("#error").get_attribute("data-error") == "access_denied"
    assert someone.page.locator("#draft").is_visible()
    press(someone.page, "#by-hand")
    assert box.input_value() == "Đăng ký tại phường Hồ Chè"


def test_a_failure_stays_through_reload_language_and_back(visitor, stack):
    someone = visitor()
    someone.tab.reach_vneid()
    press(someone.page, "#cancel")
    assert someone.tab.code == "GW-1101"
    receipt = someone.page.locator("#error").inner_text().partition("rf_")[2][:12]
    refused = [event for event in stack.events() if event["event"] == "SignInRefused"]

    def expect_the_failure(language: str) -> None:
        expect(someone.page.locator("#error")).to_have_attribute("data-code", "GW-1101")
        assert someone.page.locator("html").get_attribute("lang") == language
        assert receipt in someone.page.locator("#error").inner_text()
        assert someone.page.locator("#retry").is_visible()
        assert someone.page.locator("#return").get_attribute("href").startswith(stack.portal_url)

    expect_the_failure("vi")
    someone.page.reload()
    expect_the_failure("vi")
    press(someone.page, ".switch")
    expect_the_failure("en")
    someone.page.reload()
    expect_the_failure("en")
    press(someone.page, ".switch")
    expect_the_failure("vi")
    someone.page.go_back()
    expect(someone.page.locator("#error")).to_have_attribute("data-code", "GW-1101")
    press(someone.page, "#retry")
    someone.page.locator("#login").wait_for()
    someone.page.go_back()
    expect(someone.page.locator("#error")).to_have_attribute("data-code", "GW-1101")
    assert [event for event in stack.events() if event["event"] == "SignInRefused"] == refused, "told once, seen often"
    press(someone.page, "#retry")
    someone.tab.choose_vneid()
    someone.tab.be(3)
    someone.page.locator("#consent-allow").wait_for()
    someone.tab.agree()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("not_activated", "GW-1205"),
        ("old_phone", "GW-1207"),
        ("level1", "GW-1203"),
        ("silent", "GW-1204"),
        ("locked", "GW-1301"),
    ],
)
def test_each_cause_says_what_to_do_and_keeps_the_draft(visitor, stack, fault, code):
    someone = visitor()
    someone.page.goto(f"{stack.portal_url}/form")
    box = someone.page.locator("#own-request\\.content")
    box.fill("Đăng ký tại phường Hồ Chè")
    press(someone.page, "#save")
    someone.tab.leave_for_sign_in()
    someone.tab.choose_vneid()
    stack.put_fault(stack.vneid_url, target=6, fault=fault, times=1)
    someone.tab.be(6)
    if fault == "silent":
        press(someone.page, "#time-over")
    assert someone.tab.code == code
    assert someone.page.locator("main ol li").count() >= 1
    assert someone.page.locator("#more-time").count() == 0, "nothing runs out on a page that has ended"
    press(someone.page, "#return")
    assert someone.page.locator("#draft").is_visible()
    press(someone.page, "#by-hand")
    assert box.input_value() == "Đăng ký tại phường Hồ Chè"


def _be_and_agree(someone, persona):
    """Sign in; agree where the notice of today is not remembered from another journey."""
    someone.tab.be(persona)
    someone.page.wait_for_url(re.compile(r"/(form|interaction/[^/]+)$"))
    if someone.page.locator("#consent-allow").count():
        someone.tab.agree()


def test_signed_out_at_the_own_pages_the_portals_form_leads_back_in_and_the_next_person_finds_nothing(visitor, stack):
    someone = visitor()
    someone.tab.reach_vneid()
    _be_and_agree(someone, 3)
    box = someone.page.locator("#own-request\\.content")
    box.fill("Đăng ký tại phường Hồ Chè")
    press(someone.page, "#save")
    own = someone.new_tab().page
    own.goto(f"{stack.issuer}/me")
    press(own, "#sign-out")
    someone.page.goto(f"{stack.portal_url}/form/refresh")
    assert someone.page.locator("#refusal").get_attribute("data-code") == "GW-1601"
    assert someone.tab.field("applicant.full_name").locator("[readonly]").count() == 1, "the form stays as it was"
    assert box.input_value() == "Đăng ký tại phường Hồ Chè"
    someone.tab.leave_for_sign_in()
    someone.tab.choose_vneid()
    _be_and_agree(someone, 2)
    assert someone.tab.field("applicant.full_name").locator("[readonly]").input_value() == "Sơn"
    assert box.input_value() == ""


def test_a_second_try_after_a_slip_goes_on(visitor):
    someone = visitor()
    someone.tab.reach_vneid()
    press(someone.page, "#cancel")
    press(someone.page, "#retry")
    someone.tab.choose_vneid()
    someone.tab.be(14)
    someone.page.locator("#consent-allow").wait_for()
    someone.tab.agree()
    field = someone.tab.field("applicant.full_name")
    assert field.get_attribute("data-status") == "not_applicable"
    assert "không có số định danh" in field.inner_text()


def test_leaving_the_notice_sends_nothing(visitor, stack):
    someone = visitor()
    someone.tab.reach_notice(7)
    before = len(stack.events())
    press(someone.page, "#consent-deny")
    assert someone.page.locator("#error").get_attribute("data-error") == "access_denied"
    refused = stack.events_after(before, "OAuthRefused")
    assert [event["portal"] for event in refused] == ["sample-portal"]


@pytest.mark.parametrize("persona", WAYS_OUT)
def test_a_person_who_cannot_sign_in_is_told_what_to_do(visitor, stack, persona):
    code, words = WAYS_OUT[persona]
    someone = visitor()
    someone.tab.reach_vneid()
    someone.tab.be(persona)
    assert someone.tab.code == code
    assert words in someone.page.locator("main ol").inner_text()
    press(someone.page, "#return")
    error = someone.page.locator("#error").get_attribute("data-error")
    assert error == ("unmet_authentication_requirements" if persona == 10 else "access_denied")
    press(someone.page, "#error-uri")
    assert code in someone.page.locator("h1").inner_text() + someone.page.locator("main").inner_text()


def test_on_a_shared_phone_the_next_person_can_sign_in(visitor):
    """The session of somebody with too low an account must not shut everybody else out."""
    someone = visitor()
    someone.tab.reach_vneid()
    someone.tab.be(10)
    press(someone.page, "#return")
    someone.tab.leave_for_sign_in()
    someone.tab.choose_vneid()
    someone.tab.be(8)
    someone.page.locator("#consent-allow").wait_for()
    someone.tab.agree()
    assert someone.tab.field("applicant.full_name").locator("[readonly]").input_value() == "Đỗ Minh Hoà"
