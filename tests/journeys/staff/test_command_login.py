"""`gate06 login` on the running stack: confirmed, refused, by two people who then change something together."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import orjson
import pytest
from playwright.sync_api import Browser

from tests.docs.walk import sign_in
from tests.journeys.citizen.road import chromium
from tests.journeys.stack import Stack
from tests.journeys.staff.desk import Desk, log_in, run, started_login
from tests.pages.browser import axe_source, barriers, focus_path, forbid_elsewhere, overflows, press


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give the machine's Chromium."""
    with chromium() as started:
        yield started


def test_a_command_is_confirmed_by_keyboard_on_a_narrow_page_without_scripts(
    browser: Browser, stack: Stack, tmp_path: Path
) -> None:
    with started_login(stack, tmp_path) as waiting:
        context = browser.new_context(java_script_enabled=False, locale="vi-VN", viewport={"width": 320, "height": 640})
        asked: list[str] = []
        forbid_elsewhere(context, "http://127.0.0.1", asked)
        page = context.new_page()
        page.goto(f"{stack.issuer}/device")
        assert overflows(page) <= 0
        page.locator("#user_code").focus()
        page.keyboard.type(waiting.code.lower())
        press(page, "#user_code", "Enter")
        press(page, "#login", "Enter")
        press(page, "#account-dinh\\.hoa", "Enter")
        page.locator("#device-allow").wait_for()
        assert overflows(page) <= 0
        assert page.locator("#code").inner_text().strip() == waiting.code
        assert page.locator("#address").inner_text().strip() == "127.0.0.1"
        assert "@" in page.locator("#machine").inner_text()
        assert "device-allow" in focus_path(page)
        press(page, "#device-allow", "Enter")
        page.locator("#allowed").wait_for()
        assert overflows(page) <= 0
        code, out, err = waiting.end()
        assert code == 0, err
        assert orjson.loads(out)["name"] == "Đinh Thị Hoà"
        press(page, "#logout-yes", "Enter")
        assert [cookie for cookie in context.cookies() if cookie["name"] == "gw_staff_session"] == []
        assert [url for url in asked if not url.startswith("http://127.0.0.1")] == []
        assert not [url for url in asked if waiting.code in url], "the code is typed, and stands in no address"
        context.close()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_page_of_the_way_is_for_everybody(browser: Browser, stack: Stack, tmp_path: Path, language: str) -> None:
    """Axe needs scripts to run in the page; the pages themselves have none."""
    axe = axe_source()
    with started_login(stack, tmp_path) as waiting:
        context = browser.new_context(bypass_csp=True, locale="vi-VN" if language == "vi" else "en-GB")
        page = context.new_page()
        page.goto(f"{stack.issuer}/device?user_code=bcdf-ghjk")
        assert page.locator("html").get_attribute("lang") == language
        found = barriers(page, axe)
        page.locator("#user_code").fill("zzzz")
        press(page, "#continue")
        page.locator("#wrong").wait_for()
        found += barriers(page, axe)
        page.locator("#user_code").fill(waiting.code)
        press(page, "#continue")
        page.locator("#login").wait_for()
        found += barriers(page, axe)
        press(page, "#login")
        page.locator("#account-lo\\.pan").wait_for()
        found += barriers(page, axe)
        press(page, "#account-lo\\.pan")
        page.locator("#device-deny").wait_for()
        found += barriers(page, axe)
        press(page, "#device-deny")
        page.locator("#denied").wait_for()
        found += barriers(page, axe)
        context.close()
        code, out, err = waiting.end()
    assert found == []
    assert (code, out) == (5, "")
    assert "GW-1414" in err


def test_two_people_change_what_one_may_not_and_two_accounts_are_not_two_people(stack: Stack, tmp_path: Path) -> None:
    quan, nhung, pan = tmp_path / "quan", tmp_path / "nhung", tmp_path / "pan"
    assert log_in(stack, quan, "truong.quan")["roles"] == ["registration_officer"]
    log_in(stack, nhung, "ha.nhung")
    portal = ("portal", "add", "doi", "--redirect-uri", "https://doi.example/cb")
    asked = run(stack, quan, *portal, "--reason", "theo kế hoạch", "--json")
    assert asked.returncode == 8, asked.stderr
    approval = orjson.loads(asked.stdout)["approval"]["id"]
    assert run(stack, quan, "approval", "approve", approval).returncode == 5
    assert run(stack, nhung, "approval", "approve", approval).returncode == 0
    assert "doi" in run(stack, nhung, "portal", "list").stdout
    # one person with two accounts: the first asks, the second may not agree
    first = log_in(stack, pan, "lo.pan")
    assert run(stack, pan, "key", "rotate").returncode == 0
    assert run(stack, pan, "key", "rotate", "--force").returncode == 0
    keys = orjson.loads(run(stack, pan, "key", "list", "--json").stdout)["keys"]
    kid = next(key["kid"] for key in keys if key["state"] == "retiring")
    asked = run(stack, pan, "key", "retire", kid, "--force", "--reason", "thử", "--json")
    assert asked.returncode == 8
    approval = orjson.loads(asked.stdout)["id"]
    second = log_in(stack, pan, "lo.pan.phong")
    assert first["reference"] == second["reference"]
    refused = run(stack, pan, "approval", "approve", approval)
    assert (refused.returncode, "GW-2412" in refused.stderr) == (5, True)
    events = [event for event in stack.events() if event["actor"]["kind"] == "operator"]
    assert {event["actor"]["ref"].partition(":")[0] for event in events} == {"staff"}
    retired = [event for event in events if event["event"] == "OperatorActed" and event.get("verb") == "key.retire"]
    assert retired == []
    assert run(stack, pan, "logout").returncode == 0
    assert run(stack, pan, "whoami", GATE06_PROFILE="production").returncode in {3, 5}


def test_who_signs_out_is_not_the_second_person(stack: Stack, tmp_path: Path) -> None:
    """Asked while signed in, then signed out: neither the command nor the ended token decides it (decision 0058)."""
    quan, nhung = tmp_path / "quan", tmp_path / "nhung"
    log_in(stack, quan, "truong.quan")
    token = orjson.loads((quan / ".config/gate06/login.json").read_bytes())[stack.issuer]["token"]
    portal = ("portal", "add", "hai", "--redirect-uri", "https://hai.example/cb")
    asked = run(stack, quan, *portal, "--reason", "theo kế hoạch", "--json")
    approval = orjson.loads(asked.stdout)["approval"]["id"]
    assert run(stack, quan, "logout").returncode == 0
    for decision in (("approve", approval), ("reject", approval, "--reason", "x")):
        refused = run(stack, quan, "approval", *decision)
        assert (refused.returncode, "GW-2401" in refused.stderr) == (5, True), refused.stderr
    hashes = {"manifest_sha256": "0" * 64, "report_sha256": "0" * 64}
    held = {"Authorization": f"Bearer {token}"}
    step = httpx2.post(f"{stack.issuer}/v1/connectors/population/versions/1.0.0/approve", json=hashes, headers=held)
    assert step.status_code == 401
    assert "hai" not in run(stack, quan, "portal", "list").stdout.split()
    log_in(stack, nhung, "ha.nhung")
    assert run(stack, nhung, "approval", "approve", approval).returncode == 0
    assert "hai" in run(stack, nhung, "portal", "list").stdout.split()


def test_without_a_login_the_developer_s_machine_answers_for_itself(stack: Stack, tmp_path: Path) -> None:
    who = orjson.loads(run(stack, tmp_path, "whoami", "--json").stdout)
    assert who["reference"].startswith("local:")
    assert run(stack, tmp_path, "approval", "list").returncode == 0


def test_a_citizen_cannot_confirm_a_command(stack: Stack, tmp_path: Path) -> None:
    """The staff sign-in offers no citizen's provider, and a citizen's session is none there."""
    sign_in(stack, "persona:3")
    with started_login(stack, tmp_path) as waiting:
        desk = Desk(stack, "dinh.hoa")
        page = desk.press(desk.go("GET", f"{stack.issuer}/device"), "continue", user_code=waiting.code)
        assert 'id="login"' in page.text
        assert "vneid" not in page.text
        tried = desk.go("POST", str(page.url), {"csrf": csrf_of(page.text), "provider": "vneid"})
        assert tried.status_code == 400


def csrf_of(page: str) -> str:
    return page.partition('name="csrf" value="')[2].partition('"')[0]
