"""Đỗ Minh Hoà, whom two registers know by different sexes, gets the slip to put it right wherever it is offered."""

import re
import subprocess
import unicodedata

import pytest

from tests.journeys.citizen.road import NARROW
from tests.journeys.citizen.test_my_data import enter
from tests.pages.browser import axe_source, barriers, overflows, press

pytestmark = pytest.mark.browser

VALUES = ("999095000008", "Đỗ Minh Hoà", "ĐỖ MINH HOÀ", "Minh")
SEX = '#slip [data-field="applicant.sex"]'
NUMBER = re.compile(r"(rc|pf)_[0-9a-f]{44} \(\d\d:\d\d \d\d/\d\d/\d{4}\)")


def opened(page, selector):
    """Press a button that opens a slip beside the page; return the slip."""
    with page.expect_popup() as opening:
        page.locator(selector).first.click()
    slip = opening.value
    slip.wait_for_url("**/corrections/*")
    return slip


def require_slip(slip, issuer, folder):
    """Look at the slip, on the page and on paper: the sex is questioned, and no value of anybody stands on it."""
    assert slip.url == f"{issuer}/corrections/1.004222"
    assert slip.locator("#slip [data-field]").count() == 1
    assert slip.locator(SEX).is_visible()
    said = " ".join(slip.locator("#slip").inner_text().split())
    assert NUMBER.search(said), said
    assert "CSDL quốc gia về dân cư" in said
    assert "CSDL hộ tịch điện tử" in said
    assert "Cục Hành chính tư pháp, Bộ Tư pháp" in said
    assert "Giấy khai sinh" in said
    with slip.expect_download() as loading:
        slip.locator("#pdf").click()
    paper = folder / "slip.pdf"
    loading.value.save_as(paper)
    text = subprocess.run(["pdftotext", str(paper), "-"], check=True, capture_output=True).stdout.decode()
    assert text == unicodedata.normalize("NFC", text)
    assert "Giới tính" in text
    for value in (*VALUES, "Nam\n", "Nữ\n"):
        assert value not in said
        assert value not in text
        assert value not in loading.value.suggested_filename
    slip.close()


def test_from_the_notice_the_form_and_the_own_pages(visitor, stack, tmp_path):
    someone = visitor()
    tab, page = someone.tab, someone.page
    tab.reach_notice(8)
    require_slip(opened(page, '[data-field="applicant.sex"] button.link'), stack.issuer, tmp_path)
    assert page.locator("#consent-allow").is_visible(), "the sign-in is where it was"
    page.locator("summary", has_text="Thông tin chưa đúng?").click()
    chooser = opened(page, "#slip-open")
    assert chooser.locator("#slip").count() == 0
    assert chooser.locator(".choice input:checked").count() == 0
    chooser.close()
    tab.agree()
    require_slip(opened(page, '[data-field="applicant.sex"] button.link'), stack.issuer, tmp_path)
    enter(someone, 8, "/me/usage")
    entry = page.locator('li[data-part="received"]').first
    entry.locator("summary").click()
    require_slip(opened(page, 'li[data-part="received"] [id^="slip-open"]'), stack.issuer, tmp_path)
    assert not [url for url in someone.asked if "applicant" in url or "field" in url]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_slip_is_for_everybody(visitor, stack, scheme):
    someone = visitor(viewport=NARROW, color_scheme=scheme, bypass_csp=True, java_script_enabled=True)  # for axe
    page, axe = someone.page, axe_source()
    page.goto(f"{stack.issuer}/corrections/1.000894")
    assert barriers(page, axe) == []
    assert overflows(page) <= 0
    for box in page.locator(".choice input").all():
        box.check()
    press(page, "#show", "Enter")
    page.locator("#slip").wait_for()
    assert barriers(page, axe) == []
    assert overflows(page) <= 0
    page.emulate_media(media="print")
    assert page.locator("#show").is_visible() is False
    assert page.locator("#slip").is_visible()
    page.emulate_media(media="screen")
    press(page, "#language")
    page.wait_for_selector('html[lang="en"]')
    assert page.locator("#slip [data-field]").count() == page.locator(".choice input").count()


def test_without_a_tick_it_says_what_is_missing(visitor, stack):
    page = visitor().page
    page.goto(f"{stack.issuer}/corrections/1.004222")
    press(page, "#pdf")
    assert page.locator("#nothing").is_visible()
    page.locator("#field-1").check()
    press(page, "#show")
    assert page.locator("#nothing").count() == 0
    assert page.locator("#slip").is_visible()
