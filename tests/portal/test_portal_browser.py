"""The sample portal in a real Chromium, from the button to the receipt."""

import re

import pytest
from playwright.sync_api import sync_playwright

from examples.portal.portal import create_application
from examples.portal.settings import PortalSettings
from tests.pages.browser import axe_source, barriers, focus_path, forbid_elsewhere, launch, overflows, press
from tests.pages.page_samples import serving
from tests.portal.stand_in import CLIENT_ID, CLIENT_SECRET, SESSION_OVER, StandIn

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def gateway():
    stand_in = StandIn()
    with serving(stand_in.application()) as url:
        stand_in.issuer = url
        yield stand_in


@pytest.fixture(scope="module")
def address(gateway):
    def make(url: str):
        known = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "base_url": url}
        return create_application(PortalSettings(issuer=gateway.issuer, **known))

    with serving(make) as url:
        yield url


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def fresh(gateway):
    gateway.error, gateway.late, gateway.over = None, True, None


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_whole_road_without_a_script_at_320_pixels(chromium, address, gateway, language):
    context = chromium.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False, locale=language)
    asked: list[str] = []
    forbid_elsewhere(context, "http://127.0.0.1", asked)
    page = context.new_page()
    page.goto(address)
    assert overflows(page) <= 0
    assert "login" in focus_path(page)
    press(page, "#login", "Enter")
    page.wait_for_url(f"{address}/form")
    assert page.locator("html").get_attribute("lang") == language
    assert overflows(page) <= 0
    assert page.locator("#shown-applicant\\.full_name").get_attribute("readonly") is not None
    page.locator("#own-request\\.content").fill("Đăng ký tại phường Hồ Chè")
    press(page, "#refresh")
    assert page.locator("#late").count() == 0
    assert page.locator("#own-request\\.content").input_value() == "Đăng ký tại phường Hồ Chè"
    path = focus_path(page)
    assert "confirm-applicant.sex" in path
    assert "submit" in path
    page.locator("#confirm-applicant\\.sex").check()
    page.locator("#confirm-head\\.full_name").check()
    press(page, "#submit")
    page.wait_for_url(f"{address}/receipt")
    assert overflows(page) <= 0
    assert re.fullmatch(r"\d{8}-\w{3}-\w{3}", page.locator("#reference").inner_text())
    assert page.locator('[data-outcome="changed"]').count() == 0
    assert page.locator('[data-outcome="intact"]').count() == 7
    press(page, "#logout")
    page.wait_for_url(re.compile("/logged-out"))
    assert context.cookies() == [] or all("=" not in cookie["value"] for cookie in context.cookies())
    context.close()


def test_enter_sends_the_form_and_the_language_button_keeps_it(chromium, address, gateway):
    context = chromium.new_context(java_script_enabled=False, locale="vi-VN")
    page = context.new_page()
    page.goto(address)
    press(page, "#login")
    assert page.url == f"{address}/form"
    assert page.locator("#late").count() == 1
    page.locator("#own-applicant\\.phone").fill("0900000009")
    page.locator("#confirm-applicant\\.sex").check()
    press(page, "#language", "Enter")
    assert page.url == f"{address}/form"
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("#own-applicant\\.phone").input_value() == "0900000009"
    assert page.locator("#confirm-applicant\\.sex").is_checked()
    page.locator("#own-request\\.content").fill("Đăng ký tại phường Hồ Chè")
    page.locator("#own-head\\.full_name").fill("Trần Văn Chủ")
    with page.expect_request(lambda one: one.method == "POST") as sent:
        page.locator("#own-applicant\\.phone").press("Enter")
    assert "do=submit" in (sent.value.post_data or "")
    context.close()


def test_what_was_typed_outlives_the_sign_in_button_and_a_session_that_ends(chromium, address, gateway):
    context = chromium.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False, locale="vi-VN")
    page = context.new_page()
    page.goto(f"{address}/form")
    box = page.locator("#own-request\\.content")
    box.fill("Đăng ký tại phường Hồ Chè")
    gateway.error = "access_denied"
    press(page, "#login", "Enter")
    assert page.locator("#error").inner_text() == "access_denied"
    page.goto(f"{address}/form")
    assert box.input_value() == "Đăng ký tại phường Hồ Chè"
    gateway.error = None
    press(page, "#login")
    page.wait_for_url(f"{address}/form")
    gateway.over = SESSION_OVER
    page.goto(f"{address}/form/refresh")
    assert overflows(page) <= 0
    assert "login" in focus_path(page)
    box.fill("Đăng ký tại phường Hồ Trà")
    gateway.over = None
    press(page, "#login")
    page.wait_for_url(f"{address}/form")
    assert box.input_value() == "Đăng ký tại phường Hồ Trà"
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barrier_for_anybody(chromium, address, gateway, scheme):
    axe = axe_source()
    context = chromium.new_context(color_scheme=scheme, bypass_csp=True, locale="vi-VN")
    page = context.new_page()
    found = {}

    def look(name):
        if problems := barriers(page, axe):
            found[name] = problems

    page.goto(address)
    look("home")
    page.goto(f"{address}/form")
    look("by hand")
    page.goto(address)
    gateway.error = "access_denied"
    press(page, "#login")
    look("problem")
    gateway.error = None
    press(page, "#login")
    page.wait_for_url(f"{address}/form")
    look("form")
    gateway.over = SESSION_OVER
    page.goto(f"{address}/form/refresh")
    look("session over")
    gateway.over = None
    press(page, "#login")
    page.wait_for_url(f"{address}/form")
    page.locator("#own-request\\.content").evaluate("one => one.required = false")
    press(page, "#submit")
    look("missing")
    page.locator("#own-request\\.content").fill("x")
    page.locator("#confirm-applicant\\.sex").check()
    page.locator('[name="value.applicant.birth_date"]').evaluate("one => one.value = '\"1941-01-01\"'")
    press(page, "#submit")
    look("changed")
    press(page, "#open-form")
    press(page, "#submit")
    page.wait_for_url(f"{address}/receipt")
    look("receipt")
    press(page, "#logout")
    look("logged out")
    context.close()
    assert found == {}
