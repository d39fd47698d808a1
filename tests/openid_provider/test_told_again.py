"""The language link of a page that cannot go on leads to the very same page in the other language, not elsewhere."""

import re
from datetime import timedelta

import httpx2
import provider_house as world
import pytest
from journey import agree, authorize_url, reach_sign_in, sign_in

from gateway.openid_provider.failure import AttemptLost
from gateway.openid_provider.telling import told_again_at, told_before

pytestmark = pytest.mark.anyio

STRANGE = (
    {"trace": "call 0123 456", "receipt": "<b>hello</b>"},
    {"trace": "GOI_0123_456_789", "receipt": "CHUYEN_50000_STK_0123"},
    {"trace": "A" * 32, "receipt": "rf_CHUYEN_50000_STK_01234567"},
    {"trace": "0" * 31, "receipt": "rf_" + "0" * 43},
    {"trace": "٠" * 32, "receipt": "rx_" + "0" * 44},
)


async def other_language(provider: world.Provider, page: httpx2.Response) -> httpx2.Response:
    """Follow the language link of a page."""
    link = re.search(r'class="switch" href="([^"]+)"', page.text)
    assert link, "the page offers the other language"
    assert "/errors/" not in link[1]
    return await provider.get(link[1].replace("&amp;", "&"))


def told(page: httpx2.Response) -> dict[str, object]:
    """Return what a failure page says beside its words."""
    code = re.search(r'data-code="([^"]+)"', page.text)
    assert code, page.text
    marks = re.findall(r'<span class="code">([^<]*)</span>', page.text)
    links = dict(re.findall(r'id="(return|onward|home|retry)" href="([^"]+)"', page.text))
    return {"status": page.status_code, "code": code[1], "marks": marks[:1] + marks[2:], "links": links}


async def assert_told_again(provider: world.Provider, page: httpx2.Response, code: str, *, traced: bool = True) -> None:
    """The page says the same in English, and the same again on the way back to Vietnamese."""
    assert (told(page)["code"], '<html lang="vi">' in page.text) == (code, True)
    english = await other_language(provider, page)
    back = await other_language(provider, english)
    assert ('<html lang="en">' in english.text, '<html lang="vi">' in back.text) == (True, True)
    for again in (english, back):
        expected, found = told(page), told(again)
        if again.url.path.startswith("/failed/"):
            assert found.pop("status") == 200, "nothing fails when a failure is told once more"
            del expected["status"]
        if not traced:
            expected["marks"], found["marks"] = [], []
        assert found == expected


async def test_a_finished_sign_in_says_so_in_both_languages(provider: world.Provider) -> None:
    page = await sign_in(provider)
    await agree(provider, page)
    for again in (await agree(provider, page), await provider.get(str(page.url))):
        await assert_told_again(provider, again, "GW-1211", traced=False)


async def test_another_browser_s_sign_in_says_so_in_both_languages(provider: world.Provider) -> None:
    attempt, _ = await reach_sign_in(provider)
    async with provider.another_browser() as stranger:
        await assert_told_again(stranger, await stranger.get(attempt), "GW-1210", traced=False)


async def test_a_form_of_a_living_sign_in_that_was_not_taken_says_so_in_both_languages(
    provider: world.Provider,
) -> None:
    attempt, _ = await reach_sign_in(provider)
    page = await provider.http.post(attempt, data={"csrf": "wrong", "provider": "fake"})
    assert "onward" in told(page)["links"]  # type: ignore[operator]
    await assert_told_again(provider, page, "GW-1210", traced=False)
    assert "GW-1210" not in (await provider.get(attempt)).text, "the sign-in itself goes on"


async def test_a_sign_in_that_took_too_long_says_so_in_both_languages(provider: world.Provider) -> None:
    attempt, _ = await reach_sign_in(provider)
    provider.clock.move(timedelta(hours=7))
    await assert_told_again(provider, await provider.get(attempt), "GW-1212", traced=False)


async def test_a_sign_in_that_never_was_says_so_in_both_languages(provider: world.Provider) -> None:
    for send in (provider.http.get, provider.http.post):
        await assert_told_again(provider, await send("/interaction/never-existed"), "GW-1215")
    page = await provider.get("/interaction/never-existed?told=GW-1303")
    assert told(page)["code"] == "GW-1215", "an address says nothing but what can be so"


async def test_plain_failures_say_so_in_both_languages(provider: world.Provider) -> None:
    unknown = await provider.get(authorize_url(redirect_uri="https://evil.example/"))
    await assert_told_again(provider, unknown, told(unknown)["code"])  # type: ignore[arg-type]
    posted = await provider.http.post("/logout/confirm", data={"csrf": "x", "logout": "no"})
    await assert_told_again(provider, posted, "GW-1210")


@pytest.mark.parametrize("code", ["GW-9001", "GW-9010", "GW-9107", "CN-102", "CR-004"])
async def test_what_no_page_tells_cannot_be_asked_for(provider: world.Provider, code: str) -> None:
    assert (await provider.http.get(f"/failed/{code}")).status_code == 404


@pytest.mark.parametrize("code", ["GW-9002", "GW-1208", "GW-2403", "PF-009"])
async def test_a_failure_told_again_is_no_failure_for_the_operators_figures(
    provider: world.Provider, code: str
) -> None:
    page = await provider.http.get(f"/failed/{code}")
    assert (page.status_code, f'data-code="{code}"' in page.text) == (200, True)


@pytest.mark.parametrize("code", ["GW-0000", "<b>", "GW-1210%0d%0ax", "..", "gw-1210"])
async def test_an_address_of_no_failure_is_none(provider: world.Provider, code: str) -> None:
    assert (await provider.http.get(f"/failed/{code}")).status_code == 404


async def test_an_address_puts_no_words_on_the_page(provider: world.Provider) -> None:
    for strange in STRANGE:
        page = await provider.http.get("/failed/GW-1210", params={**strange, "detail": "hello"})
        assert page.status_code == 200
        assert "hello" not in page.text
        assert not [text for text in strange.values() if text in page.text]
    refused = AttemptLost()
    refused.trace_id, refused.receipt = "0" * 32, "rf_" + "0a" * 22
    address = told_again_at(provider.house, refused)
    assert address is not None
    marks = dict(part.split("=") for part in address.partition("?")[2].split("&"))
    again = told_before("GW-1210", marks)
    assert again is not None
    assert (again.trace_id, again.receipt) == (refused.trace_id, refused.receipt)
