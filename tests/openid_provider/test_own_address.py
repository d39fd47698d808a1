"""An address of one's own that is opened without a session: it survives the sign-in, and leads nowhere else."""

import httpx2
import provider_house as world
import pytest
from journey import hidden, members
from own_visitor import FORM, OTHER, enter, obtain_tokens, receipts, words

from gateway.openid_provider.own_client import own_address

pytestmark = pytest.mark.anyio
UNKNOWN = "/consents/cs_" + "A" * 22


async def pass_sign_in(provider: world.Provider, begun: httpx2.Response) -> httpx2.Response:
    """Sign in where a page sent the browser; return the last redirect."""
    attempt = begun.headers["location"]
    assert attempt.startswith(f"{world.ISSUER}/interaction/")
    choice = await provider.get(attempt)
    chosen = await provider.http.post(attempt, data={"csrf": hidden(choice.text, "csrf"), "provider": "fake"})
    state = members(chosen.headers["location"])["state"]
    returned = await provider.get(f"/upstream/fake/callback?code=x&state={state}")
    return await provider.get(returned.headers["location"])


@pytest.mark.parametrize(
    "address",
    [
        "/me",
        "/me/usage?year=2025",
        "/me/usage?year=2025&page=2",
        "/me/usage/export?format=csv&year=2024",
        "/me/usage/rc_abc/proof?size=12",
        "/me/report?about=rc_abc",
        "/me/report?portal=portal",
        "/me/report/BC-2026-0001",
        "/me/connections",
        UNKNOWN,
        f"{UNKNOWN}/receipt.pdf",
        f"{UNKNOWN}/receipt.jws?ui_locales=en",
    ],
)
async def test_it_comes_back_to_exactly_that_address(provider: world.Provider, address: str) -> None:
    ended = await pass_sign_in(provider, await provider.get(address))
    assert (ended.status_code, ended.headers["location"]) == (303, world.ISSUER + address)


async def test_the_filter_is_still_set_after_the_sign_in(provider: world.Provider) -> None:
    page = await enter(provider, "/me/usage?year=2026")
    assert '<option value="2026" selected>' in page.text


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example/me",
        "/\\evil.example",
        "/me/../logout",
        "/me/..",
        "/me@evil.example",
        "/me.evil.example",
        "/meadow",
        "/consentsx",
        "/me//evil.example",
        "/me/usage?next=https://evil.example",
        "/me/usage?year=2025\r\nset-cookie: a=b",
        "/me/usage\n",
        "/me/usage?" + "a" * 500,
        "/logout",
        "/authorize?client_id=portal",
        "/me/usage#x",
        "/me/%2e%2e/logout",
        "",
        None,
    ],
)
def test_nothing_but_an_own_address_is_ever_followed(address: str | None) -> None:
    assert own_address(address) == "/me"


@pytest.mark.parametrize("query", ["next=https://evil.example", "year=2025%0d%0aset-cookie:x", "a=%22><script>"])
async def test_a_bent_query_leads_to_an_own_page(provider: world.Provider, query: str) -> None:
    ended = await pass_sign_in(provider, await provider.get(f"/me/usage?{query}"))
    location = ended.headers["location"]
    assert location == f"{world.ISSUER}/me" or location.startswith(f"{world.ISSUER}/me/usage?")
    assert "evil" not in httpx2.URL(location).host
    assert "\n" not in location


async def test_a_form_sent_after_the_session_leads_back_to_its_page(provider: world.Provider) -> None:
    for path, page in ((f"{UNKNOWN}/withdraw", UNKNOWN), ("/me/connections/unblock", "/me/connections")):
        begun = await provider.http.post(path, data={"csrf": "x"})
        ended = await pass_sign_in(provider, begun)
        assert ended.headers["location"] == f"{world.ISSUER}{page}?undone=on"
        provider.http.cookies.clear()


async def test_an_unknown_consent_is_unknown_only_after_the_sign_in(provider: world.Provider) -> None:
    """Nobody learns from the sign-in page whether a consent exists; afterwards an unknown one is PF-137."""
    page = await enter(provider, UNKNOWN)
    assert page.status_code == 404
    assert "PF-137" in page.text


async def test_the_address_is_no_bearer_of_anybodys_history(provider: world.Provider) -> None:
    """Who signs in at an address that somebody else passed on sees their own data there, or nothing."""
    await obtain_tokens(provider, scope=FORM)
    about = receipts(await enter(provider, "/me/usage"))[0]
    async with provider.another_browser() as other:
        other.upstream.answer = world.person(**OTHER)
        page = await enter(other, f"/me/usage/{about}/proof")
        assert page.status_code == 404
        assert "BƯỞI" not in words(page)
