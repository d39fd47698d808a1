"""What the gateway knows of an address and what came: side by side in dev, and never anywhere else."""

from collections.abc import AsyncIterator
from pathlib import Path

import provider_house as world
import pytest

pytestmark = pytest.mark.anyio
CALLBACK, BYE = "http://127.0.0.1:8003/callback", "http://127.0.0.1:8003/bye"
ASKED = [
    ("/authorize", {"client_id": "portal", "response_type": "code", "redirect_uri": f"{CALLBACK}/"}, CALLBACK),
    ("/authorize", {"client_id": "portal", "response_type": "code"}, CALLBACK),
    ("/logout", {"client_id": "portal", "post_logout_redirect_uri": f"{BYE}?x"}, BYE),
]


@pytest.fixture(params=[True, False], ids=["dev", "production"])
async def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[world.Provider]:
    """A provider in dev, and one in production."""
    async with world.open_provider(tmp_path, develop=request.param) as opened:
        yield opened


@pytest.mark.parametrize(("path", "query", "registered"), ASKED)
async def test_both_addresses_are_shown_in_dev_only(
    gateway: world.Provider, path: str, query: dict[str, str], registered: str
) -> None:
    page = await gateway.get(path, params=query)
    assert "location" not in page.headers
    told = registered.rpartition("/")[2]
    assert (told in page.text) is gateway.house.develop
    assert ('id="difference"' in page.text) is gateway.house.develop


async def test_a_very_long_address_costs_a_page_and_no_more(gateway: world.Provider) -> None:
    query = {"client_id": "portal", "redirect_uri": CALLBACK + "a/" * 4000}
    page = await gateway.get("/authorize", params=query)
    assert page.status_code == 400
    assert len(page.content) < 30_000


async def test_mark_up_in_an_address_stays_text(gateway: world.Provider) -> None:
    for path, name in (("/authorize", "redirect_uri"), ("/logout", "post_logout_redirect_uri")):
        page = await gateway.get(path, params={"client_id": "portal", name: '"><script>alert(1)</script>'})
        assert "<script" not in page.text


async def test_a_logout_of_nobody_known_shows_no_registered_address(gateway: world.Provider) -> None:
    page = await gateway.get("/logout", params={"client_id": "nobody", "post_logout_redirect_uri": BYE})
    assert (BYE in page.text) is gateway.house.develop
    assert "registered post_logout_redirect_uri" not in page.text
