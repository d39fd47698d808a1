"""`docs/portal_guide.md` works: its portal is registered, its snippets run one after the other, its ends are met."""

import re
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from sys import executable
from typing import get_args

import httpx2
import pytest

from gateway.prefill.envelope import Status
from gateway.prefill.plan import Lock
from tests.docs.walk import walk
from tests.journeys.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/portal_guide.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
PORTAL_URL = "http://127.0.0.1:8010"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A demo that knows the guide's portal."""
    folder = tmp_path_factory.mktemp("demo")
    (toml,) = [code for language, code in BLOCKS if language == "toml"]
    (folder / "my_portal.toml").write_text(toml, "utf-8")
    with Stack(folder, arguments=("--portal", "my_portal.toml")) as running:
        yield running


def test_the_guide_runs_from_first_to_last_line(stack):
    names: dict[str, object] = {}
    browser = httpx2.Client(trust_env=False)
    for number, code in enumerate(code for language, code in BLOCKS if language == "python"):
        if "read_callback(callback_url))" in code:
            names["callback_url"] = walk(
                browser, names["sign_in_url"](names["attempt"]) + "&login_hint=persona:3", f"{PORTAL_URL}/callback"
            )
        here = code.replace("http://127.0.0.1:8000", stack.issuer)
        exec(compile(here, f"portal_guide.md, block {number + 1}", "exec"), names)
    walk(browser, names["farewell"], f"{PORTAL_URL}/signed-out?state=")
    assert names["ask_form"](names["tokens"]["access_token"], "1.004222").json()["code"] == "GW-1601"
    browser.close()
    names["web"].close()


def test_the_guide_registers_with_the_commands_it_names(stack):
    commands = [line for language, code in BLOCKS if language == "sh" for line in code.splitlines()]
    assert commands == ["gate06 portal check my_portal.toml", "gate06 demo --portal my_portal.toml"]
    checked = run(
        [executable, "-m", "gateway", "portal", "check", "my_portal.toml"],
        cwd=stack.folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "my-portal\n")


def test_the_names_of_the_guide_are_those_of_the_wire():
    for word in (*get_args(Status), *get_args(Lock)):
        assert f"`{word}`" in TEXT
