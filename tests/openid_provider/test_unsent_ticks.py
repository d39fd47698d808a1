"""What a person ticked and has not sent survives more time, another language and a page that changed; nobody else's."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import orjson
import pytest
from consent_house import OTHER, answer, asked, consents, open_consent_house
from journey import authorize_url, hidden, members, sign_in
from provider_house import Provider

from gateway.vocabulary.store import Kind

pytestmark = pytest.mark.anyio


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[Provider]:
    async with open_consent_house(tmp_path) as opened:
        yield opened


def boxes(page: httpx2.Response) -> dict[str, bool]:
    """Return the optional boxes of a page and whether each is ticked."""
    found = re.findall(r'<input type="checkbox"[^>]*name="(share\.[^"]*|trust)"[^>]*>', page.text)
    tags = {name: tag for tag in re.findall(r"<input[^>]*>", page.text) for name in found if f'name="{name}"' in tag}
    return {name: " checked" in tag for name, tag in tags.items()}


async def post(provider: Provider, page: httpx2.Response, *ticked: str, **pressed: str) -> httpx2.Response:
    form = {"csrf": hidden(page.text, "csrf"), "notice": hidden(page.text, "notice"), **dict.fromkeys(ticked, "yes")}
    answered = await provider.http.post(str(page.url), data={**form, **pressed})
    assert answered.status_code == 303
    return await provider.get(answered.headers["location"])


@pytest.mark.parametrize("pressed", [{"more_time": "1"}, {"ui_locales": "en"}, {"stay": "1"}])
async def test_ticks_survive_every_way_of_staying(provider: Provider, pressed: dict[str, str]) -> None:
    page = await sign_in(provider, **asked())
    (optional,) = [name for name in boxes(page) if name != "trust"]
    again = await post(provider, page, optional, "trust", **pressed)
    assert boxes(again) == {optional: True, "trust": True}
    assert ('<html lang="en">' in again.text) is ("ui_locales" in pressed)
    assert 'id="changed"' not in again.text
    # they are the form's own again: what is posted now counts, and what was taken away does not
    third = await post(provider, again, "trust", more_time="1")
    assert boxes(third) == {optional: False, "trust": True}
    fourth = await post(provider, third, optional, more_time="1")
    assert boxes(fourth) == {optional: True, "trust": False}
    await answer(provider, fourth)
    (consent,) = await consents(provider)
    assert optional.removeprefix("share.") not in consent.agreed


async def test_a_page_that_changed_is_shown_again_with_the_ticks_and_says_so(provider: Provider) -> None:
    page = await sign_in(provider, **asked())
    optional = [name for name in boxes(page) if name != "trust"]
    again = await post(provider, page, optional[0], decision="allow", notice="0" * 64)
    assert 'id="changed"' in again.text
    assert boxes(again)[optional[0]]
    assert await consents(provider) == []
    await answer(provider, again, optional[0].removeprefix("share."))
    (consent,) = await consents(provider)
    assert optional[0].removeprefix("share.") in consent.agreed


async def test_another_persons_ticks_are_nobodys(provider: Provider) -> None:
    page = await sign_in(provider, **asked())
    optional = [name for name in boxes(page) if name != "trust"]
    await post(provider, page, *optional, more_time="1")
    # somebody else signs in in another tab of the same browser, and the first tab is loaded anew
    provider.upstream.answer = OTHER
    begun = await provider.get(authorize_url(prompt="login"))
    choice = await provider.get(begun.headers["location"])
    chosen = await provider.http.post(str(choice.url), data={"csrf": hidden(choice.text, "csrf"), "provider": "fake"})
    state = members(chosen.headers["location"])["state"]
    await provider.get(f"/upstream/fake/callback?code=x&state={state}")
    theirs = await provider.get(str(page.url))
    assert "consent-allow" in theirs.text
    assert not any(boxes(theirs).values())
    # and a page that was not theirs keeps nothing for them
    await post(provider, page, *optional, more_time="1")
    assert not any(boxes(await provider.get(str(page.url))).values())


async def test_what_is_kept_are_names_and_no_values(provider: Provider) -> None:
    page = await sign_in(provider, **asked())
    invented = {f"share.x{number}": "BƯỞI" for number in range(30)}
    await post(provider, page, **invented, ui_locales="x" * 500)
    (record,) = await provider.house.listing.select(Kind.ATTEMPT)
    assert "BƯỞI" not in orjson.dumps(record.body).decode()
    assert record.body["request"]["ui_locales"] == "x" * 40
    assert not any(boxes(await provider.get(str(page.url))).values())
