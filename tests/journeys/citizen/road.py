"""A person at a real Chromium without scripts, page by page along the road."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

from tests.journeys.stack import Stack
from tests.pages.browser import FLAGS, LONGEST_WAIT_MS, forbid_elsewhere, launch, press

SCREENSHOTS = Path(__file__).parents[3] / "docs/screenshots/road"
PICTURED = (
    *("portal-home", "sign-in", "vneid", "notice", "form", "receipt", "logged-out"),
    *("failure-10", "portal-problem-10", "errors", "consent", "consent-record", "consent-320"),
)
NARROW = {"width": 320, "height": 640}
WIDE = {"width": 1280, "height": 900}
Look = Callable[[str], None]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium of the machine."""
    assert "--no-sandbox" in FLAGS
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


def picture(page: Page, name: str) -> None:
    """Draw the upper part of a page for docs/screenshots, when GATE06_SCREENSHOTS asks for it."""
    if "GATE06_SCREENSHOTS" in os.environ and name.rpartition("-")[0] in PICTURED:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        width = page.evaluate("document.documentElement.clientWidth")
        height = min(page.evaluate("document.documentElement.scrollHeight"), 1500)
        clip = {"x": 0, "y": 0, "width": width, "height": height}
        page.screenshot(path=SCREENSHOTS / f"{name}.jpg", type="jpeg", quality=60, full_page=True, clip=clip)


class Visitor:
    """One browser of one person: its cookies are its own. `look` is called on every page with the page's name."""

    def __init__(self, browser: Browser, stack: Stack, *, look: Look | None = None, **context: Any) -> None:
        known = {"java_script_enabled": False, "locale": "vi-VN", "viewport": WIDE}
        self.stack = stack
        self.context: BrowserContext = browser.new_context(**(known | context))
        self.context.set_default_timeout(LONGEST_WAIT_MS)
        self.asked: list[str] = []
        self.statuses: list[tuple[int, str]] = []
        forbid_elsewhere(self.context, "http://127.0.0.1", self.asked)
        self.context.on("response", lambda answer: self.statuses.append((answer.status, answer.url)))
        self.page: Page = self.context.new_page()
        self.look: Look = look or (lambda name: None)

    def new_tab(self) -> "Tab":
        """Return a second tab of the same browser."""
        return Tab(self, self.context.new_page())

    def close(self) -> None:
        """Close the browser; nothing it asked for lay outside this machine, and no server broke."""
        self.context.close()
        assert [url for url in self.asked if not url.startswith("http://127.0.0.1")] == []
        assert [one for one in self.statuses if one[0] >= 500 and one[0] != 503] == []

    @property
    def tab(self) -> "Tab":
        """The first tab."""
        return Tab(self, self.page)


class Tab:
    """One tab: every step is what a person does, and ends on the next page."""

    def __init__(self, visitor: Visitor, page: Page) -> None:
        self.visitor = visitor
        self.stack = visitor.stack
        self.page = page

    def open_portal(self) -> None:
        """Open the portal's first page."""
        self.page.goto(f"{self.stack.portal_url}/")
        self.visitor.look("portal-home")

    def leave_for_sign_in(self) -> None:
        """Press the portal's button; the gateway shows its sign-in page."""
        press(self.page, self.page.locator("#login").first)
        self.page.wait_for_url(f"{self.stack.issuer}/interaction/*")
        self.visitor.look("sign-in")

    def choose_vneid(self) -> None:
        """Press the one button; VNeID shows its page."""
        press(self.page, "#login")
        self.page.wait_for_url(f"{self.stack.vneid_url}/**")
        self.visitor.look("vneid")

    def be(self, persona: int) -> None:
        """Pick a person at VNeID."""
        press(self.page, f"#persona-{persona}")

    def reach_vneid(self) -> None:
        """Go from nothing to VNeID's page."""
        self.open_portal()
        self.leave_for_sign_in()
        self.choose_vneid()

    def reach_notice(self, persona: int) -> None:
        """Go from nothing to the notice."""
        self.reach_vneid()
        self.be(persona)
        self.page.wait_for_url(f"{self.stack.issuer}/interaction/*")
        self.page.locator("#consent-allow").wait_for()
        self.visitor.look("notice")

    def agree(self) -> None:
        """Go on at the notice; the portal shows the form."""
        press(self.page, "#consent-allow")
        self.page.wait_for_url(f"{self.stack.portal_url}/form")
        self.visitor.look("form")

    def reach_form(self, persona: int) -> None:
        """Go from nothing to the filled form."""
        self.reach_notice(persona)
        self.agree()

    def complete_form(self) -> None:
        """Fill in what the form still asks for, confirm what it wants confirmed."""
        for field in self.page.locator("[data-field]").all():
            tick = field.locator('input[type="checkbox"], input[type="radio"]')
            if tick.count():
                tick.first.check()
        for box in self.page.locator("[required]").all():
            if not box.input_value():
                box.fill("Đăng ký thường trú tại phường Hồ Chè")

    def submit(self) -> None:
        """Send the form in; the portal shows the receipt."""
        press(self.page, "#submit")
        self.page.wait_for_url(f"{self.stack.portal_url}/receipt")
        self.visitor.look("receipt")

    def sign_out(self) -> None:
        """Sign out at the portal and so at the gateway and at VNeID."""
        press(self.page, "#logout")
        self.page.wait_for_url(re.compile("/logged-out"))
        self.visitor.look("logged-out")

    def field(self, name: str) -> Locator:
        """Return a field of the form or a row of the notice."""
        return self.page.locator(f'[data-field="{name}"]')

    @property
    def code(self) -> str | None:
        """The failure code the page shows."""
        return self.page.locator("#error").get_attribute("data-code")
