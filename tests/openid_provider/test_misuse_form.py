"""A report of misuse says what the person chose, and nothing when they chose nothing."""

import re

import provider_house as world
import pytest
from own_visitor import enter, hidden, obtain_tokens, press, receipts

from gateway.vocabulary.store import Kind

pytestmark = pytest.mark.anyio


async def test_nothing_is_chosen_for_the_person(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    page = await enter(provider, "/me/report")
    radios = re.findall(r'<input type="radio"[^>]*>', page.text)
    assert len(radios) >= 3
    assert all(" required" in one and "checked" not in one for one in radios)
    assert 'id="unanswered"' not in page.text


async def test_a_form_sent_unread_reports_and_blocks_nothing_and_keeps_what_was_said(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    page = await enter(provider, "/me/report")
    given = {"once": hidden(page.text, "once"), "portal": "portal", "block": "yes"}
    asked = await press(provider, page, "/me/report", **given)
    assert asked.status_code == 400
    assert "Chưa gửi: chọn một mục" in asked.text
    assert 'name="portal" value="portal"' in asked.text
    assert 'id="block" name="block" value="yes" checked' in asked.text
    assert " checked" not in "".join(re.findall(r'<input type="radio"[^>]*>', asked.text))
    listed = await provider.get("/me/notices")
    assert "BC-2026-" not in listed.text
    assert await provider.house.listing.select(Kind.PORTAL_BLOCK) == []
    sent = await press(provider, asked, "/me/report", once=hidden(asked.text, "once"), portal="portal", concern="other")
    assert re.search(r"/me/report/BC-\d{4}-", sent.headers["location"])


async def test_an_entry_it_is_about_is_kept_and_a_strangers_is_none(provider: world.Provider) -> None:
    await obtain_tokens(provider)
    about = receipts(await enter(provider, "/me/usage"))[0]
    page = await provider.get(f"/me/report?about={about}")
    asked = await press(provider, page, "/me/report", once="o", about=about)
    assert (asked.status_code, f'name="about" value="{about}"' in asked.text) == (400, True)
    foreign = await press(provider, page, "/me/report", once="o", about="rc_of_somebody_else")
    assert foreign.status_code == 404
