"""Enter inside a form does the form's act or keeps the page: never another language, never an answer by accident."""

from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser

from tests.pages.browser import press

pytestmark = pytest.mark.browser


def forms_posted(
    chromium: Browser, address: str, path: str, box: str, button: str | None
) -> list[dict[str, list[str]]]:
    """Tick a box, press Enter in it, then press a button if one is named; return what was posted, in order."""
    context = chromium.new_context(java_script_enabled=False, locale="vi-VN")
    page = context.new_page()
    sent: list[dict[str, list[str]]] = []
    page.on("request", lambda one: sent.append(parse_qs(one.post_data or "")) if one.method == "POST" else None)
    page.goto(address + path)
    page.locator(box).first.check()
    press(page, page.locator(box).first, "Enter")
    if button is not None:
        press(page, button)
    context.close()
    return sent


@pytest.mark.parametrize(("name", "box"), [("consent", "#share-1"), ("consent", "#trust"), ("notice", "#trust")])
@pytest.mark.parametrize("answer", ["allow", "deny"])
def test_enter_in_a_box_neither_answers_nor_changes_the_language(chromium, address, name, box, answer):
    sent = forms_posted(chromium, address, f"/view/{name}", box, f"#consent-{answer}")
    entered, pressed = sent
    assert entered["stay"] == ["1"]
    assert not {"decision", "ui_locales", "more_time"} & set(entered), "the page is shown again as it is"
    assert any(one == "trust" or one.startswith("share.") for one in entered), "and the tick goes with it"
    assert pressed["decision"] == [answer]


def test_enter_in_a_box_of_the_slip_shows_the_slip(chromium, address):
    (sent,) = forms_posted(chromium, address, "/corrections/1.004222", "#field-1", None)
    assert sent["as"] == ["page"]
    assert "ui_locales" not in sent


@pytest.mark.parametrize("path", ["/view/consent", "/view/notice", "/corrections/1.004222"])
def test_the_language_button_still_posts_the_form(chromium, address, path):
    context = chromium.new_context(java_script_enabled=False, locale="vi-VN")
    page = context.new_page()
    page.goto(address + path)
    with page.expect_request(lambda one: one.method == "POST") as asked:
        page.locator("#language").press("Enter")
    assert parse_qs(asked.value.post_data)["ui_locales"] == ["en"]
    context.close()
