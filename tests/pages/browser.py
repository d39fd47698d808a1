"""A real Chromium for the page tests, and axe-core to look for barriers."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, Route, expect

NPM = Path(__file__).parent.parent / "npm"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LONGEST_WAIT_MS = 30_000
expect.set_options(timeout=LONGEST_WAIT_MS)


def launch(playwright: Playwright) -> Browser:
    """Start the Chromium of the machine."""
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)


def axe_source() -> str:
    """Return axe-core, installed from the locked package list when it is not there yet."""
    file = NPM / "node_modules/axe-core/axe.min.js"
    if not file.exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=NPM, check=True)
    return file.read_text("utf-8")


def press(page: Page, control: str | Locator, key: str | None = None) -> None:
    """Press a control that leads to another page, by click or by key, and end on that page, wholly loaded.

    A click alone ends too early: Playwright returns while the old page, or half of the new one, is still shown, and a
    new page at the same address cannot be told from the old one. Redirects of servers are followed to their end.
    """
    pressed = page.locator(control) if isinstance(control, str) else control
    with page.expect_navigation():
        if key is None:
            pressed.click()
        else:
            pressed.press(key)


def barriers(page: Page, axe: str) -> list[dict[str, Any]]:
    """Return what axe calls serious or critical on the page."""
    page.evaluate(axe)
    found = page.evaluate("async () => JSON.stringify((await axe.run()).violations)")
    return [
        {"id": one["id"], "nodes": [node["html"] for node in one["nodes"]]}
        for one in json.loads(found)
        if one["impact"] in ("serious", "critical")
    ]


def overflows(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def forbid_elsewhere(context: BrowserContext, address: str, asked: list[str]) -> None:
    """Note every request and stop those that leave the server under test."""

    def look(route: Route) -> None:
        asked.append(route.request.url)
        if route.request.url.startswith(address):
            route.continue_()
        else:
            route.abort()

    context.route("**/*", look)


def focus_path(page: Page, most: int = 60) -> list[str]:
    """Press Tab until the focus leaves the page; return the ids (or tags) that had it, in order."""
    seen: list[str] = []
    for _ in range(most):
        page.keyboard.press("Tab")
        name = page.evaluate("(document.activeElement.id || document.activeElement.tagName).toString()")
        if name in {"BODY", "HTML"}:
            break
        seen.append(name)
    return seen
