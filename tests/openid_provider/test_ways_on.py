"""Pages of a sign-in that cannot go on lead on: to what the portal registered, or to our own first page."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import provider_house as world
import pytest
from journey import CHALLENGE, agree, reach_sign_in, sign_in

from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.way_back import first_page, way_back
from gateway.tokens.issue import key_of
from gateway.vocabulary.store import Kind, RecordKey, Remove

pytestmark = pytest.mark.anyio

ONE = "https://one.example/portal/callback"
TWO = "https://two.example/callback"


def portal_at(*redirect_uris: str, **more: object) -> Portal:
    """Return a portal as the guide registers one: without `client_uri`."""
    known = {
        "client_id": "guided",
        "client_name": "Cổng của tôi",
        "redirect_uris": redirect_uris,
        "sector": "x.example",
    }
    return Portal.model_validate({**known, "token_endpoint_auth_method": "none", **more})


def asked(redirect_uri: str) -> AuthorizationRequest:
    return AuthorizationRequest(client_id="guided", redirect_uri=redirect_uri, scopes=("openid",))


@pytest.mark.parametrize(
    ("portal", "found"),
    [
        (portal_at(ONE), "https://one.example/"),
        (portal_at(ONE, "https://one.example/other"), "https://one.example/"),
        (portal_at("http://127.0.0.1:8010/callback"), "http://127.0.0.1:8010/"),
        (portal_at(ONE, client_uri="https://www.example/start"), "https://www.example/start"),
        (portal_at(ONE, TWO), None),
        (portal_at(ONE, "https://one.example:8443/callback"), None),
        (portal_at(ONE, "vn.example.app:/callback", application_type="native"), None),
        (portal_at("http://127.0.0.1/callback", application_type="native"), None),
    ],
)
def test_the_first_page_is_registered_or_the_one_origin_of_all_answers(portal: Portal, found: str | None) -> None:
    assert first_page(portal) == found


@pytest.mark.parametrize(
    ("uri", "held", "found"),
    [
        (TWO, True, "https://two.example/"),
        (TWO, False, None),
        ("https://withdrawn.example/callback", True, None),
    ],
)
def test_of_several_origins_only_the_browser_that_began_learns_its_own(uri: str, held: bool, found: str | None) -> None:
    assert way_back(portal_at(ONE, TWO), asked(uri), held=held) == found


@pytest.fixture(params=[(ONE,), (ONE, TWO)], ids=["one-origin", "two-origins"])
async def guided(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[world.Provider]:
    async with world.open_provider(tmp_path, portals=[portal_at(*request.param)]) as opened:
        yield opened


def link(page: str, name: str = "return") -> str | None:
    """Return where a link of a page leads."""
    found = re.search(rf'id="{name}" href="([^"]+)"', page)
    return found[1] if found else None


WISH = {"client_id": "guided", "redirect_uri": ONE, "scope": "openid", "code_challenge": CHALLENGE}


async def test_agreeing_twice_and_going_back_lead_to_the_portal(guided: world.Provider) -> None:
    page = await sign_in(guided, **WISH)
    assert (await agree(guided, page)).headers["location"].startswith(f"{ONE}?")
    for again in (await agree(guided, page), await guided.get(str(page.url))):
        assert again.status_code == 409
        assert "GW-1211" in again.text
        assert link(again.text) == "https://one.example/"
        assert "?code=" not in again.text
        assert link(again.text, "home") is None


async def test_another_browser_learns_nothing_of_the_attempt(guided: world.Provider) -> None:
    attempt, _ = await reach_sign_in(guided, **WISH)
    several = len(guided.house.clients.get("guided").redirect_uris) > 1  # type: ignore[union-attr]
    async with guided.another_browser() as stranger:
        page = await stranger.get(attempt)
    assert "GW-1210" in page.text
    assert link(page.text) == (None if several else "https://one.example/")
    assert link(page.text, "home") == ("/" if several else None)
    assert "st-1" not in page.text


async def test_too_long_a_wait_leads_to_the_portal(guided: world.Provider) -> None:
    attempt, _ = await reach_sign_in(guided, **WISH)
    guided.clock.move(timedelta(hours=7))
    late = await guided.get(attempt)
    assert (late.status_code, link(late.text)) == (400, "https://one.example/")
    assert "GW-1212" in late.text


async def test_an_address_that_never_was_a_sign_in_is_called_so(provider: world.Provider) -> None:
    for method in ("GET", "POST"):
        page = await provider.http.request(method, "/interaction/never-existed", data={} if method == "POST" else None)
        assert page.status_code == 400
        assert "GW-1215" in page.text
        assert "Không có lần đăng nhập này" in page.text
        assert "quá lâu" not in page.text
        assert link(page.text, "home") == "/"
        assert link(page.text) is None


async def test_an_attempt_of_the_other_realm_is_none_here(provider: world.Provider) -> None:
    attempt, _ = await reach_sign_in(provider)
    page = await provider.get(attempt.replace("/interaction/", "/staff/interaction/"))
    assert (page.status_code, "GW-1215" in page.text) == (400, True)


async def test_what_this_browser_began_and_the_store_forgot_took_too_long(provider: world.Provider) -> None:
    attempt, _ = await reach_sign_in(provider)
    gone = Remove(RecordKey(Kind.ATTEMPT, key_of(attempt.rpartition("/")[2])))
    await provider.house.store.commit([gone], now=provider.clock.now())
    page = await provider.get(attempt)
    assert (page.status_code, "GW-1212" in page.text) == (400, True)


async def test_signed_out_leads_to_the_portals_first_page(guided: world.Provider) -> None:
    page = await guided.get("/logout?client_id=guided")
    several = len(guided.house.clients.get("guided").redirect_uris) > 1  # type: ignore[union-attr]
    assert link(page.text) == (None if several else "https://one.example/")


async def test_the_last_page_of_a_logout_speaks_the_other_language_too(guided: world.Provider) -> None:
    for address in ("/logout/done", "/logout?client_id=guided"):
        page = await guided.get(address)
        other = re.search(r'class="switch" href="([^"]+)"', page.text)
        assert other, address
        again = await guided.get(other[1].replace("&amp;", "&"))
        assert '<html lang="en">' in again.text
        assert link(again.text) == link(page.text)
