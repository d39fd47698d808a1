"""Trần Thị Bưởi looks who used her data, keeps the proof, stops the portal, reports it, and is told of sign-ins."""

import json
import re
import time
from base64 import b64decode

import httpx2
import pytest

from gateway.audit.checkpoint import parse_note
from gateway.audit.merkle import check_inclusion, leaf_hash
from tests.journeys.citizen.road import NARROW, WIDE
from tests.pages.browser import axe_source, barriers, focus_path, overflows, press

pytestmark = pytest.mark.browser

VALUES = ("999175000003", "Trần Thị Bưởi", "TRẦN THỊ BƯỞI", "12/05/1975", "1975-05-12", "099999003")
PAGES = ("/me", "/me/usage", "/me/connections", "/me/notices", "/me/report")


def enter(someone, persona, path="/me"):
    """Open an own page, signing in at VNeID when that is asked."""
    page, stack = someone.page, someone.stack
    page.goto(f"{stack.issuer}{path}")
    if page.url.startswith(f"{stack.issuer}/interaction/"):
        press(page, "#login")
        page.wait_for_url(f"{stack.vneid_url}/**")
        press(page, f"#persona-{persona}")
        page.wait_for_url(f"{stack.issuer}/me**")
    return page


def leave_the_portal(someone):
    """Forget the portal's own session, as another day would."""
    someone.context.clear_cookies(name=re.compile("portal"))


def wait_for_proof(stack, receipt):
    """Wait until a checkpoint covers an entry, which takes the sequencer a second and a busy machine some more."""
    for _ in range(600):
        if httpx2.get(f"{stack.issuer}/v1/log/inclusion", params={"receipt": receipt}).status_code == 200:
            return
        time.sleep(0.1)
    raise AssertionError("no checkpoint covers the entry")


def test_what_a_portal_got_stands_there_at_once_with_a_proof_to_keep(visitor, stack):
    someone = visitor()
    someone.tab.reach_form(3)
    page = enter(someone, 3, "/me/usage")
    assert page.url == f"{stack.issuer}/me/usage", "a sign-in of a moment ago opens it"
    entry = page.locator('li[data-part="received"]').first
    said = " ".join(entry.inner_text().split())
    assert "nhận biểu mẫu đã điền sẵn" in said
    assert "Họ, chữ đệm và tên" in said
    assert "Đăng ký thường trú" in said
    assert "(giờ Việt Nam)" in said
    entry.locator("summary").click()
    details = " ".join(entry.locator("details").inner_text().split())
    assert "Luật Cư trú" in details
    assert "1.004222/applicant" in details
    main = page.locator("main").inner_text()
    assert [value for value in VALUES if value in main] == [], "no value stands in the history"
    receipt = entry.get_attribute("data-receipt")
    wait_for_proof(stack, receipt)
    with page.expect_download() as downloading:
        entry.get_by_role("link", name="Tải bằng chứng").click()
    proof = json.loads(downloading.value.path().read_text("utf-8"))
    leaf = b64decode(proof["leaf"])
    told = json.loads(leaf)
    assert (told["event"], told["receipt"]) == ("FormReleased", receipt)
    assert not [value for value in VALUES if value.encode() in leaf]
    hashes = [b64decode(one) for one in proof["proof"]]
    check_inclusion(leaf_hash(leaf), proof["index"], proof["size"], hashes, parse_note(proof["checkpoint"])[0].root)
    with page.expect_download() as downloading:
        page.locator("#export-csv").click()
    sheet = downloading.value.path().read_text("utf-8")
    assert sheet.startswith("\ufeff")
    assert receipt in sheet
    assert not [url for url in someone.asked if any(value in url for value in VALUES)]


def test_from_the_first_own_page_to_everything_the_verifier_needs(visitor, stack):
    someone = visitor()
    someone.tab.reach_form(7)
    page = enter(someone, 7, "/me")
    press(page, "#go-evidence")
    assert page.url == f"{stack.issuer}/evidence"
    key = stack.command("audit", "checkpoint", "--key").stdout.strip()
    assert page.locator("#log-key").inner_text() == key
    with page.expect_download() as downloading:
        page.locator("#program").click()
    assert "def main()" in downloading.value.path().read_text("utf-8")
    press(page, "#entries")
    entry = page.locator('li[data-part="received"]').first
    wait_for_proof(stack, entry.get_attribute("data-receipt"))
    size = httpx2.get(f"{stack.issuer}/v1/log/checkpoint").text.split("\n")[1]
    entry.locator("summary").click()
    entry.locator("input[name=size]").fill(size)
    with page.expect_download() as downloading:
        entry.locator("input[name=size]").press("Enter")
    proof = json.loads(downloading.value.path().read_text("utf-8"))
    assert (proof["receipt"], str(proof["size"])) == (entry.get_attribute("data-receipt"), size)


def test_a_portal_is_reported_and_blocked_in_one_step_and_opened_again(visitor, stack):
    someone = visitor()
    someone.tab.reach_form(6)
    page = enter(someone, 6, "/me/usage")
    press(page, page.locator('li[data-part="received"] a.report').first)
    page.locator("#concern-not_asked").check()
    page.locator("#block").check()
    press(page, "#send")
    number = page.locator("#number").inner_text()
    assert re.fullmatch(r"BC-\d{4}-\w{4}-\w{4}", number)
    assert page.locator("#blocked").count() == 1
    listed = json.loads(stack.command("report", "list", "--json").stdout)["reports"]
    (line,) = [report for report in listed if report["number"] == number]
    assert (line["concern"], line["blocked"]) == ("not_asked", True)
    assert "999188000006" not in json.dumps(listed)
    leave_the_portal(someone)
    someone.tab.open_portal()
    press(page, page.locator("#login").first)
    page.locator("#unblock").wait_for()
    assert someone.tab.code == "GW-1309"
    press(page, "#unblock")
    press(page, "#unblock-1")
    assert page.locator("[data-blocked]").count() == 0
    someone.tab.open_portal()
    press(page, page.locator("#login").first)
    press(page, "#consent-allow")  # what was remembered of the portal ended with the block
    page.wait_for_url(f"{stack.portal_url}/form")


def test_stopping_a_connection_ends_it_for_the_portal(visitor, stack):
    someone = visitor()
    someone.tab.reach_form(2)
    page = enter(someone, 2, "/me/connections")
    assert page.locator("[data-portal]").count() == 1
    press(page, "#withdraw-1")
    assert page.locator("[data-portal]").count() == 0
    assert page.locator("#empty").count() == 1
    ended = stack.events_after(0, "GrantRevoked")
    assert ended[-1]["outcome"] == "withdrawn_by_citizen"


def test_a_stranger_in_the_account_is_thrown_out(visitor, stack):
    thief, someone = visitor(), visitor()
    thief.tab.reach_form(11)
    page = enter(someone, 11, "/me/notices")
    assert page.locator("[data-notice]").count() == 2, "both sign-ins are told"
    press(page, page.locator("[id^=not-me-]").last)
    assert re.fullmatch(r"BC-\d{4}-\w{4}-\w{4}", page.locator("#number").inner_text())
    for one in (thief, someone):
        one.page.goto(f"{stack.issuer}/me")
        assert one.page.url.startswith(f"{stack.issuer}/interaction/")
    page.goto(f"{stack.issuer}/me")
    enter(someone, 11, "/me/notices")
    assert page.locator('[data-rule="suspicious"]').count() == 1


def test_by_keyboard_on_a_small_screen_and_without_barriers(visitor, stack):
    someone = visitor(viewport=NARROW)
    someone.tab.reach_form(12)
    for path in PAGES:
        page = enter(someone, 12, path)
        assert overflows(page) <= 0, path
        page.keyboard.press("Tab")
        press(page, ":focus", "Enter")
        assert "sign-out" in focus_path(page), path
    press(page, "#sign-out", "Enter")
    page.wait_for_url(re.compile("/logout/done|/me/sign-out"))
    page.goto(f"{stack.issuer}/me")
    assert page.url.startswith(f"{stack.issuer}/interaction/")
    looking = visitor(viewport=WIDE, java_script_enabled=True, bypass_csp=True, color_scheme="dark")
    looking.tab.reach_form(1)
    axe = axe_source()
    for path in PAGES:
        page = enter(looking, 1, path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert barriers(page, axe) == [], path
