"""The pages served as they are, and one Chromium for the tests of a module."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.pages.browser import launch
from tests.pages.page_samples import make_application, serving


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Give the address of a server of every page."""
    with serving(make_application(trial=True)) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Give a browser."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()
