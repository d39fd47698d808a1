"""A member of staff at a browser without scripts, by plain HTTP: opens `/device`, signs in, reads, decides."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import orjson

from gateway.cli.citizen import Form, PageReader
from gateway.openid_provider.client_rules import DEVICE_GRANT
from gateway.openid_provider.staff_realm.command import COMMAND_CLIENT
from tests.journeys.stack import Stack


class Desk:
    """One browser of one member of staff; `account` is the login they pick."""

    def __init__(self, stack: Stack, account: str) -> None:
        self.stack = stack
        self.account = account
        self.http = httpx2.Client(follow_redirects=False, timeout=60)

    def go(self, method: str, url: str, fields: dict[str, str] | None = None) -> httpx2.Response:
        """Ask, and follow redirects as far as they lead to a page of this machine's gateway or simulator."""
        answer = self.http.request(method, url, data=fields)
        while answer.status_code == 303:
            url = str(answer.url.join(answer.headers["location"]))
            if not url.startswith((self.stack.issuer, self.stack.vneid_url)):
                return answer
            answer = self.http.get(url)
        return answer

    def press(self, page: httpx2.Response, button: str, **fields: str) -> httpx2.Response:
        """Press a button of a page's form, with what was typed."""
        form = form_with(page, button)
        name, value = form.buttons[button]
        filled = form.fields | fields | ({name: value} if name else {})
        return self.go("POST", str(page.url.join(form.action)), filled)

    def sign_in(self, page: httpx2.Response) -> httpx2.Response:
        """Go from the gateway's staff sign-in page through the province's sign-in; return the page behind."""
        return self.press(self.press(page, "login"), f"account-{self.account}")

    def open_device(self, code: str) -> httpx2.Response:
        """Type a code at `/device` and sign in; return the page that asks to confirm, or whatever comes instead."""
        typed = self.press(self.go("GET", f"{self.stack.issuer}/device"), "continue", user_code=code)
        return self.sign_in(typed) if "account-" in typed.text or 'id="login"' in typed.text else typed


def form_with(page: httpx2.Response, button: str) -> Form:
    """Return the form of a page that has a button."""
    for form in PageReader(page.text).forms:
        if button in form.buttons:
            return form
    raise AssertionError(f"no button {button} on {page.url}: {page.status_code} {page.text[:3000]}")


@contextmanager
def started_login(stack: Stack, home: Path) -> Iterator["LoginUnderWay"]:
    """Run `gate06 login` of one user until the code is shown."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "login", "--json", *stack._store_flags()],
        cwd=stack.folder,
        env=environment(stack, home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield LoginUnderWay(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


class LoginUnderWay:
    """A waiting `gate06 login`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        assert process.stderr is not None
        self.code = ""
        for line in process.stderr:
            if found := re.match(r"enter +(\S+)", line):
                self.code = found[1]
                break

    def end(self) -> tuple[int, str, str]:
        """Wait until it ends; return its exit code, stdout and the rest of stderr."""
        out, err = self.process.communicate(timeout=300)
        return self.process.returncode, out, err


def environment(stack: Stack, home: Path, **more: str) -> dict[str, str]:
    """Return the environment of one user of the machine."""
    known = {name: value for name, value in stack.environment().items() if name != "XDG_CONFIG_HOME"}
    return known | {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")} | more


def run(stack: Stack, home: Path, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a verb on the stack as one user."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments, *stack._store_flags()],
        cwd=stack.folder,
        env=environment(stack, home, **more),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def log_in(stack: Stack, home: Path, account: str) -> dict[str, Any]:
    """Sign a user in by the device grant, the whole way; return what `gate06 login` says."""
    home.mkdir(exist_ok=True)
    with started_login(stack, home) as waiting:
        desk = Desk(stack, account)
        confirm = desk.open_device(waiting.code)
        done = desk.press(confirm, "device-allow")
        assert 'id="allowed"' in done.text, done.text
        code, out, err = waiting.end()
    assert code == 0, err
    said: dict[str, Any] = orjson.loads(out)
    return said


def staff_token(stack: Stack, account: str) -> str:
    """Sign a member of staff in by the device grant over plain HTTP; return their token, which acts for them."""
    asked = httpx2.post(f"{stack.issuer}/device_authorization", data={"client_id": COMMAND_CLIENT}).json()
    desk = Desk(stack, account)
    done = desk.press(desk.open_device(asked["user_code"]), "device-allow")
    assert 'id="allowed"' in done.text, done.text
    form = {"grant_type": DEVICE_GRANT, "client_id": COMMAND_CLIENT, "device_code": asked["device_code"]}
    answer = httpx2.post(f"{stack.issuer}/token", data=form)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])
