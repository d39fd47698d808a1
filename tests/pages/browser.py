"""A real Chromium for the page tests, and axe-core to look for barriers."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Playwright

NPM = Path(__file__).parent.parent / "npm"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch(playwright: Playwright) -> Browser:
    """Start the Chromium of the machine."""
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)


def axe_source() -> str:
    """Return axe-core, installed from the locked package list when it is not there yet."""
    file = NPM / "node_modules/axe-core/axe.min.js"
    if not file.exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=NPM, check=True)
    return file.read_text("utf-8")


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
