"""The step every browser test takes from page to page: it ends on the new page, also at the same address."""

import asyncio
from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import TimeoutError as NothingCame
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.pages.browser import press
from tests.pages.page_samples import serving

pytestmark = pytest.mark.browser
FORM = (
    '<form method="post"><input id="box" name="x"><button id="on">on</button></form><a id="stay" href="#here">here</a>'
)


def application() -> Starlette:
    """Serve one page under one address: with an item before it is posted to, without it afterwards, in two pieces."""
    turns = count()

    async def page(request: Request) -> Response:
        item = '<p class="item"></p>' if next(turns) % 2 == 0 else '<p class="none"></p>'

        async def pieces() -> object:
            yield f"<!doctype html><title>x</title>{FORM}"
            await asyncio.sleep(0.3)  # a busy machine: half a page is shown
            yield item

        return StreamingResponse(pieces(), media_type="text/html")

    async def away(request: Request) -> Response:
        return RedirectResponse("/away2" if request.url.path == "/away" else "/", 303)

    return Starlette(routes=[Route("/", page, methods=["GET", "POST"]), Route("/away", away), Route("/away2", away)])


@pytest.fixture
def where() -> Iterator[str]:
    with serving(application()) as url:
        yield url


@pytest.mark.parametrize(("control", "key"), [("#on", None), ("#on", "Enter"), ("#box", "Enter")])
def test_it_ends_on_the_whole_new_page_at_the_same_address(
    chromium: Browser, where: str, control: str, key: str | None
):
    page = chromium.new_page(java_script_enabled=False)
    page.goto(where)
    assert (page.locator(".item").count(), page.locator(".none").count()) == (1, 0)
    press(page, control, key)
    assert (page.locator(".item").count(), page.locator(".none").count()) == (0, 1)
    press(page, page.locator(control), key)
    assert (page.locator(".item").count(), page.locator(".none").count()) == (1, 0)
    page.close()


def test_it_follows_redirects_and_places_on_the_page(chromium: Browser, where: str) -> None:
    page = chromium.new_page()
    page.goto(where)
    press(page, "#stay")
    assert page.url == f"{where}/#here"
    page.locator("#stay").evaluate("one => one.href = '/away'")
    press(page, "#stay")
    assert page.url == f"{where}/"
    assert page.locator(".none").count() == 1
    page.close()


def test_a_press_that_leads_nowhere_is_said(chromium: Browser, where: str) -> None:
    page = chromium.new_page()
    page.set_content("<button id=on>on</button>")
    page.set_default_navigation_timeout(500)
    with pytest.raises(NothingCame):
        press(page, "#on")
    page.close()
