"""A report on its way in a browser without scripts, 320 pixels wide, by keyboard alone: reported by a citizen, taken,
answered and closed by an operator, read at /me. Each page is for everybody (axe), in both languages.
"""

from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser

from gateway.cli.citizen import PageReader
from tests.journeys.citizen.road import chromium
from tests.journeys.stack import Stack
from tests.journeys.staff.desk import Desk
from tests.journeys.staff.test_connector_pages import someone, take
from tests.pages.browser import axe_source, barriers, overflows, press

pytestmark = pytest.mark.browser

ANSWER = "Cổng hỏi vì hồ sơ của ông/bà."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give the machine's Chromium."""
    with chromium() as started:
        yield started


class Citizen(Desk):
    """A citizen at /me, by plain HTTP."""

    def enter(self, path: str) -> httpx2.Response:
        """Open an own page, signing in at VNeID when that is asked."""
        page = self.go("GET", self.stack.issuer + path)
        return self.press(self.press(page, "login"), f"persona-{self.account}") if 'id="login"' in page.text else page

    def report(self) -> str:
        """Send a report; return its number."""
        form = next(one for one in PageReader(self.enter("/me/report").text).forms if "send" in one.buttons)
        done = self.go("POST", form.action, form.fields | {"concern": "not_asked"})
        return str(done.url).rpartition("/")[2]


@pytest.fixture(scope="module")
def citizen(stack: Stack) -> Citizen:
    """Persona 3, signed in at /me."""
    someone = Citizen(stack, "3")
    someone.enter("/me")
    return someone


def test_a_citizen_reads_the_answer_that_an_operator_wrote(browser: Browser, stack: Stack, citizen: Citizen) -> None:
    number = citizen.report()
    with someone(browser, stack, "dinh.hoa") as page:
        press(page, "#to-reports", "Enter")
        press(page, f"[data-report='{number}'] a", "Enter")
        for step, fields, state in (
            ("take", {"reason": "theo phân công"}, "in_hand"),
            ("answer", {"text": ANSWER}, "answered"),
            ("close", {"reason": "đã rõ"}, "closed"),
        ):
            take(page, step, **fields)
            assert page.locator("#state").get_attribute("data-state") == state
        assert page.locator("form.step").count() == 0
        assert "999175000003" not in page.content()
    own = citizen.enter(f"/me/report/{number}")
    assert 'data-state="closed"' in own.text
    assert ANSWER in own.text
    assert "Đinh Thị Hoà" in own.text
    told = [one["event"] for one in stack.events_after(0, "ReportClosed")]
    assert told == ["ReportClosed"]
    assert ANSWER not in stack.log()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_pages_are_for_everybody(browser: Browser, stack: Stack, citizen: Citizen, language: str) -> None:
    number, axe = citizen.report(), axe_source()
    with someone(browser, stack, "vi.thang", locale="vi-VN" if language == "vi" else "en-GB", scripts=True) as page:
        found = []
        for path in ("/staff/reports", f"/staff/reports/{number}"):
            page.goto(stack.issuer + path)
            assert page.locator("html").get_attribute("lang") == language
            assert overflows(page) <= 0
            found += barriers(page, axe)
        take(page, "take")
        found += barriers(page, axe)
    assert found == []


def test_realms_do_not_open_each_others_report(stack: Stack, citizen: Citizen) -> None:
    number = citizen.report()
    assert citizen.http.get(f"{stack.issuer}/staff/reports/{number}").status_code == 303
    assert citizen.http.post(f"{stack.issuer}/staff/reports/{number}/take", data={"csrf": "x"}).status_code == 303
    desk = Desk(stack, "giang.sung")
    desk.sign_in(desk.go("GET", f"{stack.issuer}/staff/connectors"))
    shown = desk.http.get(f"{stack.issuer}/staff/reports/{number}")
    assert (shown.status_code, "disabled" in shown.text) == (200, True), "an observer looks"
    assert desk.http.get(f"{stack.issuer}/me/report/{number}").status_code == 303
    stranger = Citizen(stack, "6")
    stranger.enter("/me")
    assert stranger.http.get(f"{stack.issuer}/me/report/{number}").status_code == 404
