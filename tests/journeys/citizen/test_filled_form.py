"""Trần Thị Bưởi registers her residence: from the portal's first page to the receipt and out again."""

import re

import pytest

from tests.journeys.citizen.road import NARROW, picture
from tests.pages.browser import axe_source, barriers, focus_path, overflows, press

pytestmark = pytest.mark.browser

FIELDS = {
    "applicant.full_name": ("Trần Thị Bưởi", "locked"),
    "applicant.birth_date": ("12/05/1975", "locked"),
    "applicant.sex": ("Nữ", "locked"),
    "applicant.personal_number": ("999175000003", "locked"),
    "applicant.old_number": ("099999003", "locked"),
}


def test_from_the_first_page_to_the_receipt(visitor, stack):
    someone = visitor()
    someone.look = lambda name: picture(someone.page, f"{name}-vi")
    asked = stack.calls(stack.sources_url)
    tab = someone.tab
    tab.reach_notice(3)
    page = someone.page
    assert page.locator("html").get_attribute("lang") == "vi"
    rows = page.locator("tr[data-field]")
    names = [row.get_attribute("data-field") for row in rows.all()]
    assert len(names) == len(set(names)) == 17, "each field once"
    number = tab.field("applicant.personal_number")
    assert "999175000003" not in number.inner_text(), "masked until asked for"
    assert "999••••••003" in number.locator(".dots").inner_text()
    number.locator("summary").click()
    assert "999175000003" in number.inner_text()
    assert "T••• T•• B•••" in tab.field("applicant.full_name").inner_text()
    assert "Chỉ người nộp hồ sơ biết" in tab.field("request.content").inner_text()
    tab.agree()
    for name, (shown, lock) in FIELDS.items():
        field = tab.field(name)
        assert field.get_attribute("data-lock") == lock
        assert field.locator("[readonly]").input_value() == shown
        assert "Đã xác thực · CSDL quốc gia về dân cư" in field.locator(".chip").inner_text()
    assert tab.field("head.full_name").get_attribute("data-lock") == "confirm"
    assert tab.field("request.content").locator("textarea").input_value() == ""
    assert stack.calls(stack.sources_url) == asked + 1, "one journey asks the source once"
    tab.complete_form()
    tab.submit()
    assert re.fullmatch(r"\d{8}-\w{3}-\w{3}", page.locator("#reference").inner_text())
    assert page.locator("#manifest").get_attribute("data-manifest") == "valid"
    assert page.locator("#receipt-id").inner_text().startswith("rc_")
    outcomes = {row.get_attribute("data-field"): row.get_attribute("data-outcome") for row in rows.all()}
    assert {name: outcomes[name] for name in FIELDS} == dict.fromkeys(FIELDS, "intact")
    assert outcomes["request.content"] == "self_declared"
    tab.sign_out()
    kept = {cookie["name"] for cookie in someone.context.cookies() if cookie["value"]}
    assert not {name for name in kept if "session" in name}, kept
    page.goto(f"{stack.portal_url}/form")
    assert page.locator("#logout").count() == 0
    assert "999175000003" not in page.content()
    assert not [url for url in someone.asked if "999175000003" in url], "no number in an address"


def test_the_same_day_no_notice_twice(visitor, stack):
    someone = visitor()
    someone.tab.reach_vneid()
    someone.tab.be(3)
    someone.page.wait_for_url(f"{stack.portal_url}/form")
    assert someone.tab.field("applicant.full_name").locator("[readonly]").input_value() == "Trần Thị Bưởi"


def test_the_same_road_in_english(visitor):
    someone = visitor(locale="en-GB")
    tab = someone.tab
    seen = {}

    def look(name):
        seen[name] = someone.page.locator("html").get_attribute("lang")
        picture(someone.page, f"{name}-en")

    someone.look = look
    tab.reach_notice(6)
    assert "Continue" in someone.page.locator("#consent-allow").inner_text()
    assert "Female" in tab.field("applicant.sex").inner_text()
    tab.agree()
    assert "Verified · National population database" in tab.field("applicant.full_name").locator(".chip").inner_text()
    assert tab.field("applicant.full_name").locator("[readonly]").input_value() == "H'Ƀil Niê Kđăm"
    tab.complete_form()
    tab.submit()
    tab.sign_out()
    assert {name: language for name, language in seen.items() if name != "vneid"} == dict.fromkeys(
        ["portal-home", "sign-in", "notice", "form", "receipt", "logged-out"], "en"
    )


def test_english_chosen_at_the_portal_lasts_at_the_gateway(visitor):
    someone = visitor()
    someone.page.goto(f"{someone.stack.portal_url}/?ui_locales=en")
    someone.tab.leave_for_sign_in()
    assert someone.page.locator("html").get_attribute("lang") == "en"
    press(someone.page, ".switch")
    assert someone.page.locator("html").get_attribute("lang") == "vi"
    someone.tab.choose_vneid()
    someone.tab.be(10)
    assert someone.page.locator("html").get_attribute("lang") == "vi", "a chosen language lasts beyond VNeID"


def walk_to(page, name, most=80):
    """Walk by Tab to a control, where the focus must show; return it."""
    for _ in range(most):
        if page.evaluate("document.activeElement.id") == name:
            break
        page.keyboard.press("Tab")
    else:
        raise AssertionError(f"`{name}` cannot be reached by keyboard")
    style = page.evaluate(
        "(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.boxShadow })()"
    )
    assert style != "nonenone", f"`{name}` shows no focus"
    return page.locator(":focus")


def test_by_keyboard_alone(visitor, stack):
    someone = visitor()
    page = someone.page
    someone.tab.open_portal()
    press(page, walk_to(page, "login"), "Enter")
    page.wait_for_url(f"{stack.issuer}/interaction/*")
    press(page, walk_to(page, "login"), "Enter")
    page.wait_for_url(f"{stack.vneid_url}/**")
    press(page, walk_to(page, "persona-2"), "Enter")
    page.locator("#consent-allow").wait_for()
    press(page, walk_to(page, "consent-allow"), "Enter")
    page.wait_for_url(f"{stack.portal_url}/form")
    for name in ("own-applicant.phone", "own-request.content"):
        walk_to(page, name)
        page.keyboard.insert_text("0900000000")
    for name in ("applicant.current_residence", "head.full_name", "head.relation", "head.personal_number"):
        page.evaluate("document.activeElement.blur()")
        walk_to(page, f"confirm-{name}").press("Space")
    page.evaluate("document.activeElement.blur()")
    press(page, walk_to(page, "submit"), "Enter")
    page.wait_for_url(f"{stack.portal_url}/receipt")
    press(page, walk_to(page, "logout"), "Enter")
    page.wait_for_url(re.compile("/logged-out"))


@pytest.fixture(scope="module")
def axe():
    """Give axe-core."""
    return axe_source()


class Looker:
    """Looks at every page of a visitor on a phone: 320 CSS pixels is 1280 at 400 %."""

    def __init__(self, someone, axe):
        self.someone, self.axe = someone, axe
        self.seen, self.wide, self.found, self.deaf = [], {}, {}, []
        someone.look = self.look

    def look(self, name):
        page = self.someone.page
        self.seen.append(name)
        if over := overflows(page):
            self.wide[name] = over
        if problems := barriers(page, self.axe):
            self.found[name] = problems
        if not focus_path(page, 3):
            self.deaf.append(name)
        picture(page, f"{name}-320")

    def report(self):
        return {"wide": self.wide, "barriers": self.found, "without keyboard": self.deaf}


@pytest.fixture
def looker(visitor, axe):
    someone = visitor(viewport=NARROW, bypass_csp=True, java_script_enabled=True)
    return Looker(someone, axe)


NOTHING = {"wide": {}, "barriers": {}, "without keyboard": []}


def test_no_page_of_the_road_scrolls_sideways_or_has_a_barrier(looker, stack):
    someone, tab = looker.someone, looker.someone.tab
    tab.reach_form(7)
    tab.complete_form()
    tab.submit()
    someone.page.goto(f"{stack.issuer}/logout")
    looker.look("logout")
    someone.page.goto(f"{stack.portal_url}/receipt")
    tab.sign_out()
    assert looker.report() == NOTHING
    assert looker.seen == ["portal-home", "sign-in", "vneid", "notice", "form", "receipt", "logout", "logged-out"]


@pytest.mark.parametrize("persona", [4, 9, 10])
def test_no_failure_page_scrolls_sideways_or_has_a_barrier(looker, persona):
    looker.someone.tab.reach_vneid()
    looker.someone.tab.be(persona)
    looker.look(f"failure-{persona}")
    press(looker.someone.page, "#return")
    looker.look(f"portal-problem-{persona}")
    assert looker.report() == NOTHING


def test_no_other_page_scrolls_sideways_or_has_a_barrier(looker, stack):
    for name in ("home", "errors", "errors/GW-1203", "status", "nothing-here", "authorize?client_id=nobody", "logout"):
        looker.someone.page.goto(f"{stack.issuer}/{name.removeprefix('home')}")
        looker.look(re.sub(r"\W", "-", name))
    looker.someone.page.goto(f"{stack.portal_url}/form")
    looker.look("form-by-hand")
    assert looker.report() == NOTHING
