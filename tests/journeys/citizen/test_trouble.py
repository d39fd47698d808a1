"""A program of the stack dies or misbehaves in the middle of a journey: the form opens all the same and says why."""

import signal

import pytest

from tests.journeys.citizen.road import Visitor
from tests.pages.browser import press

pytestmark = pytest.mark.browser

FROM_POPULATION = (
    "applicant.full_name",
    "applicant.birth_date",
    "applicant.sex",
    "applicant.personal_number",
    "applicant.old_number",
    "applicant.permanent_residence",
    "applicant.current_residence",
    "head.full_name",
    "head.relation",
    "head.personal_number",
)
# persona, what goes wrong, what the field says
FAULTS = [
    (1, {"fault": "down"}, "không trả lời"),
    (2, {"fault": "malformed"}, "không đọc được"),
    (3, {"fault": "html200"}, "không đọc được"),
    (6, {"fault": "oversize"}, "quá lớn"),
    (7, {"fault": "slow", "seconds": 60}, "đang xử lý"),
]


@pytest.fixture
def trusting(stack):
    """Start the gateway anew: its breaker has not met the troubles of the tests before."""
    stack.kill("gateway", by=signal.SIGTERM).revive(f"{stack.issuer}/readyz")


@pytest.fixture
def someone(browser, stack):
    """Give a visitor whose pages must never be a server error, whatever else breaks."""
    visitor = Visitor(browser, stack)
    yield visitor
    answered = visitor.statuses
    visitor.close()
    stack.clear_faults()
    assert [one for one in answered if one[0] >= 500] == []


def expect_every_field_to_say_why(tab, words):
    """Nothing is blank in silence: each field of the source says in words why it has no value."""
    for name in FROM_POPULATION:
        field = tab.field(name)
        assert field.get_attribute("data-status") == "unavailable", name
        assert words in field.inner_text(), name
        box = field.locator('input:not([type="hidden"])')
        assert box.input_value() == ""
        assert box.get_attribute("readonly") is None, "the citizen can write it"


def expect_failed_evidence(stack, before):
    """The log says that the source was asked and that nothing came of it."""
    (asked, *_) = stack.events_after(before, "FormAsked")
    assert asked["outcome"] == "asked"
    (released,) = stack.events_after(before, "FormReleased")
    assert released["outcome"] == "failed"
    assert released["outcomes"]["full_name"] == "unavailable"
    assert "full_name" not in released["attributes"]


@pytest.mark.parametrize(("persona", "fault", "words"), FAULTS, ids=[one[1]["fault"] for one in FAULTS])
def test_a_source_that_fails_leaves_an_open_form(trusting, someone, stack, persona, fault, words):
    tab = someone.tab
    tab.reach_vneid()
    before = len(stack.events())
    for register in (stack.sources_url, stack.civil_status_url):
        stack.put_fault(register, target="*", **fault)
    tab.be(persona)  # a page has half the time the slow source takes
    someone.page.locator("#consent-allow").wait_for()
    assert words in tab.field("applicant.full_name").inner_text()
    tab.agree()
    expect_every_field_to_say_why(tab, words)
    expect_failed_evidence(stack, before)
    for name in ("applicant.full_name", "applicant.birth_date", "applicant.personal_number"):
        tab.field(name).locator('input:not([type="hidden"])').fill("1941")
    tab.complete_form()
    tab.submit()
    assert someone.page.locator('[data-outcome="changed"]').count() == 0


def test_a_source_that_is_killed_in_the_middle_leaves_an_open_form(trusting, someone, stack):
    tab = someone.tab
    tab.reach_vneid()
    before = len(stack.events())
    killed = stack.kill("sources")
    try:
        tab.be(8)
        someone.page.locator("#consent-allow").wait_for()
        tab.agree()
        expect_every_field_to_say_why(tab, "không trả lời")
        expect_failed_evidence(stack, before)
    finally:
        killed.revive(f"{stack.sources_url}/_calls")


def test_a_source_killed_after_the_notice_changes_nothing(trusting, someone, stack):
    """What was shown is what is sent: the answers are kept with the grant."""
    someone.tab.reach_notice(11)
    killed = stack.kill("sources")
    try:
        someone.tab.agree()
        assert someone.tab.field("applicant.full_name").locator("[readonly]").input_value() == "Bế Văn Nam"
    finally:
        killed.revive(f"{stack.sources_url}/_calls")


def test_late_values_arrive_when_asked_again(someone, stack):
    stack.put_fault(stack.sources_url, target=12, fault="slow", seconds=9)
    someone.tab.reach_notice(12)
    someone.tab.agree()
    assert someone.page.locator("#late").is_visible()
    someone.page.locator("#own-request\\.content").fill("giữ lại")
    for _ in range(60):
        press(someone.page, "#refresh")
        if not someone.page.locator("#late").count():
            break
        someone.page.wait_for_timeout(500)
    assert someone.tab.field("applicant.full_name").locator("[readonly]").input_value() == "Bế Văn Nam"
    assert someone.page.locator("#own-request\\.content").input_value() == "giữ lại"
    someone.tab.complete_form()
    someone.tab.submit()
    assert someone.page.locator("#manifest").get_attribute("data-manifest") == "valid"


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("not_activated", "GW-1205", "kích hoạt"),
        ("cancelled", "GW-1101", "Đăng nhập lại"),
        ("locked", "GW-1301", "1900 0368"),
        ("closed", "GW-1302", "công an"),
    ],
)
def test_what_vneid_says_is_said_on(someone, stack, fault, code, words):
    someone.tab.reach_vneid()
    stack.put_fault(stack.vneid_url, target=14, fault=fault, times=1)
    someone.tab.be(14)
    assert someone.tab.code == code
    assert words in someone.page.locator("main").inner_text()


def expect_the_clear_page(visitor):
    """Say that VNeID is not reached, what to do, and lead back to the portal with the error."""
    assert visitor.tab.code == "GW-1209"
    assert "VNeID" in visitor.page.locator("h1").inner_text()
    assert visitor.page.locator("main ol li").count() >= 1
    press(visitor.page, "#return")
    assert visitor.page.locator("#error").get_attribute("data-error") == "temporarily_unavailable"


def test_vneid_killed_before_and_in_the_middle_is_one_clear_page(browser, stack):
    before, middle = Visitor(browser, stack), Visitor(browser, stack)
    before.tab.open_portal()
    before.tab.leave_for_sign_in()
    middle.tab.reach_vneid()
    # the person confirms, and VNeID dies before the gateway can ask it who that was
    form = {"attempt": middle.page.locator("[name=attempt]").input_value(), "persona": "14"}
    choice = f"{stack.vneid_url}/authorize/choice"
    back = middle.context.request.post(choice, form=form, max_redirects=0).headers["location"]
    killed = stack.kill("vneid")
    try:
        middle.page.goto(back)
        expect_the_clear_page(middle)
        before.page.wait_for_timeout(2_100)  # the gateway believes for two seconds that VNeID answers
        press(before.page, "#login")
        expect_the_clear_page(before)
    finally:
        killed.revive(f"{stack.vneid_url}/_calls")
    middle.page.wait_for_timeout(2_100)  # and as long that it does not
    for visitor in (before, middle):
        visitor.tab.leave_for_sign_in()
        visitor.tab.choose_vneid()
        visitor.tab.be(14)
        assert visitor.page.url.startswith((f"{stack.issuer}/interaction/", f"{stack.portal_url}/form"))
        visitor.close()
