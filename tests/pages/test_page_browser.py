"""The pages in a real Chromium: no script, 320 px, keyboard, axe, weight, fonts."""

import pytest
from playwright.sync_api import expect

from tests.pages.browser import axe_source, barriers, focus_path, forbid_elsewhere, overflows, press
from tests.pages.own_page_samples import OWN_VIEWS
from tests.pages.page_samples import VIEWS

pytestmark = pytest.mark.browser
PUBLIC = [
    "/corrections/1.004222",
    "/evidence",
    "/",
    "/errors",
    "/errors/GW-1203",
    "/status",
    "/errors/GW-0000",
    "/broken",
]
PATHS = [f"/view/{name}" for name in VIEWS] + PUBLIC


@pytest.fixture(scope="module")
def axe():
    return axe_source()


@pytest.mark.parametrize(("language", "scheme"), [("vi", "light"), ("en", "dark")])  # colours know no language
def test_no_barrier_for_anybody(chromium, address, axe, language, scheme):
    """Axe needs scripts to run in the page; the pages themselves have none."""
    context = chromium.new_context(viewport={"width": 1100, "height": 800}, color_scheme=scheme, bypass_csp=True)
    context.add_init_script("HTMLFormElement.prototype.submit = () => {}")  # the page that posts itself stays here
    page = context.new_page()
    found = {}
    for path in PATHS:
        page.goto(f"{address}{path}?ui_locales={language}")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        if problems := barriers(page, axe):
            found[path] = problems
    context.close()
    assert found == {}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_at_320_pixels_without_scripts_nothing_sticks_out(chromium, address, axe, language):
    context = chromium.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False)
    page = context.new_page()
    for path in PATHS:
        page.goto(f"{address}{path}?ui_locales={language}")
        assert overflows(page) <= 0, path
        small = [
            (one.inner_text(), box)
            for one in page.locator("button, a.button, summary, .switch").all()
            if (box := one.bounding_box()) is not None and 0 < box["height"] < 44  # what is folded away has no height
        ]
        assert small == [], path
    context.close()


def test_text_twice_as_large_still_fits(chromium, address):
    """Android's largest letters: the same as a browser whose own text size is doubled, at 400 px."""
    context = chromium.new_context(viewport={"width": 400, "height": 800}, bypass_csp=True)
    page = context.new_page()
    own = [f"/view/{name}" for name in OWN_VIEWS]
    for path in ("/view/notice", "/view/sign_in", "/view/level", "/status", *own):
        page.goto(address + path)
        page.add_style_tag(content="html { font-size: 225% !important }")
        assert overflows(page) <= 0, path
    context.close()


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("sign_in", "login"),
        ("notice", "consent-allow"),
        ("consent", "consent-deny"),
        ("logout", "logout-yes"),
        ("device_code", "continue"),
        ("device_confirm", "device-allow"),
        ("device_confirm", "device-deny"),
        ("form_post", "continue"),
        ("unavailable", "retry"),
        ("locked", "return"),
        ("blocked", "unblock"),
        ("my_usage", "older"),
        ("my_connections", "withdraw-1"),
        ("my_notices", "not-me-1"),
        ("my_report", "send"),
        ("my_report_general", "block"),
        ("my_record", "sign-out"),
    ],
)
def test_the_keyboard_reaches_the_action_and_the_focus_shows(chromium, address, name, action):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/view/{name}")
    page.keyboard.press("Tab")
    assert page.locator(".skip").bounding_box()["y"] >= 0
    press(page, ":focus", "Enter")
    path = focus_path(page)
    assert action in path
    page.locator(f"#{action}").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    style = page.locator(f"#{action}").evaluate(
        "one => { const s = getComputedStyle(one); return [s.outlineStyle, s.outlineWidth, s.boxShadow] }"
    )
    assert style[:2] == ["solid", "3px"]
    assert "6px" in style[2]
    context.close()


def test_a_report_that_says_nothing_is_not_sent(chromium, address):
    context = chromium.new_context(java_script_enabled=False, locale="vi-VN")
    page = context.new_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.goto(f"{address}/view/my_report")
    assert page.locator("[name=concern]:checked").count() == 0
    page.locator("#send").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[name=concern]:focus"), "the browser leads to what is missing").to_have_count(1)
    assert "POST" not in sent
    page.locator("#concern-other").check()
    press(page, "#send")
    assert "POST" in sent
    page.goto(f"{address}/view/my_report_unanswered")
    assert page.locator("#unanswered").is_visible()
    assert page.locator("#block").is_checked()
    context.close()


@pytest.mark.parametrize(
    ("path", "words"), [("/errors/NO-001", "There is no such page"), ("/view/logged_out", "signed out")]
)
def test_a_page_at_the_end_of_a_road_speaks_the_other_language_too(chromium, address, path, words):
    context = chromium.new_context(java_script_enabled=False, locale="vi-VN")
    page = context.new_page()
    page.goto(f"{address}{path}")
    press(page, page.get_by_role("link", name="English"))
    assert page.url == f"{address}{path}?ui_locales=en"
    assert words in page.locator("main").inner_text()
    assert page.get_by_role("link", name="Tiếng Việt").count() == 1
    context.close()


def test_values_open_and_close_without_a_script(chromium, address):
    context = chromium.new_context(java_script_enabled=False, locale="vi-VN")
    page = context.new_page()
    page.goto(f"{address}/view/notice?ui_locales=vi")
    row = page.locator('[data-field="applicant.personal_number"]')
    assert row.get_by_text("999175000003").is_visible() is False
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    assert row.get_by_text("999175000003").is_visible()
    assert row.locator(".masked").is_visible() is False
    page.keyboard.press("Enter")
    assert row.get_by_text("999175000003").is_visible() is False
    context.close()


@pytest.mark.parametrize("name", ["notice", "consent", "claims"])
def test_going_on_and_leaving_have_the_same_size_and_strength(chromium, address, name):
    context = chromium.new_context(viewport={"width": 1100, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/view/{name}")
    allow, deny = page.locator("#consent-allow"), page.locator("#consent-deny")
    one, other = allow.bounding_box(), deny.bounding_box()
    assert (one["width"], one["height"]) == (other["width"], other["height"])
    colours = (
        "one => { const s = getComputedStyle(one); return [s.backgroundColor, s.color, s.borderColor, s.fontSize] }"
    )
    assert allow.evaluate(colours) == deny.evaluate(colours)
    context.close()


def test_a_page_is_light_and_asks_nobody_else(chromium, address):
    for path in ("/view/sign_in", "/view/notice", "/view/level", "/"):
        context = chromium.new_context(java_script_enabled=False)
        asked: list[str] = []
        sizes: list[int] = []
        forbid_elsewhere(context, address, asked)
        page = context.new_page()
        page.on("requestfinished", lambda request, sizes=sizes: sizes.append(request.sizes()["responseBodySize"]))
        page.goto(f"{address}{path}?ui_locales=vi", wait_until="networkidle")
        for _ in range(100):  # the sizes are told after the answers
            if len(sizes) == len(asked):
                break
            page.wait_for_timeout(20)
        assert all(url.startswith(address) for url in asked)
        if path != "/":  # the list of people holds a letter of the third file
            assert len([url for url in asked if url.endswith(".woff2")]) == 2, asked
            assert 20_000 < sum(sizes) <= 75_000, (path, sum(sizes))
        context.close()


def test_the_third_font_comes_only_for_letters_that_need_it(chromium, address):
    context = chromium.new_context(java_script_enabled=False)
    asked: list[str] = []
    forbid_elsewhere(context, address, asked)
    page = context.new_page()
    page.goto(f"{address}/view/hostile?ui_locales=vi", wait_until="networkidle")
    assert not any("latin-ext" in url for url in asked)
    with page.expect_request(lambda request: "latin-ext" in request.url):
        page.locator("summary").first.click()
    context.close()


def test_policy_is_kept_and_nothing_is_reported_on_the_console(chromium, address):
    context = chromium.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in PATHS:
        page.goto(f"{address}{path}")
    context.close()
    assert [line for line in said if "404" not in line and "500" not in line] == []


def test_printing_leaves_out_the_buttons(chromium, address):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{address}/view/notice")
    page.emulate_media(media="print")
    assert page.locator("#consent-allow").is_visible() is False
    assert page.locator("h1").is_visible()
    context.close()
