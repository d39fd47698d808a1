"""A procedure that wants a recent sign-in (RFC 9470): npm's openid-client and the sample portal meet the challenge.

The gateway's clock starts some minutes ago and goes on to now, so that the portals' own clocks are right throughout.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from examples.portal.portal import create_application
from examples.portal.settings import PortalSettings
from tests.conformance.browser import Browser
from tests.conformance.running import CALLBACK, SUITE, Gateway, running_gateway
from tests.journeys.portal_developer.foreign import run_node
from tests.policy.fresh_book import FRESH, MAX_AGE_S, write_fresh_book

SECRET = "f" * 43
PORTAL = {
    "client_id": "fresh",
    "client_secret": SECRET,
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "client_credentials"],
    "procedures": [FRESH],
}
BEFORE_S = MAX_AGE_S + 120


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """A gateway whose clock is behind, with the province's procedure."""
    (tmp_path / "clock").write_bytes(str(-BEFORE_S).rjust(12).encode())
    settings = {"policies": {"path": [str(write_fresh_book(tmp_path))]}}
    with running_gateway(tmp_path, portals=[PORTAL], settings=settings) as running:
        yield running
        running.close()


@pytest.mark.npm
@pytest.mark.parametrize(("bound", "scheme"), [(False, "bearer"), (True, "dpop")], ids=["bearer", "bound"])
def test_openid_client_signs_in_again_as_it_is_told(gateway: Gateway, tmp_path: Path, bound: bool, scheme: str) -> None:
    order = {"issuer": gateway.issuer, "client_id": "fresh", "secret": SECRET, "redirect_uri": CALLBACK}
    order |= {"persona": 3, "procedure": FRESH, "clock": str(tmp_path / "clock"), "now": 0, "bound": bound}  # type: ignore[dict-item]
    seen = run_node("step_up.mjs", order)
    challenge = seen["challenge"]
    assert (seen["first"], challenge["status"], seen["second"]) == (200, 401, 200)
    assert (challenge["scheme"], challenge["error"]) == (scheme, "insufficient_user_authentication")
    assert (challenge["max_age"], bool(challenge["error_description"])) == (str(MAX_AGE_S), True)
    before, after = seen["sign_ins"]
    assert after - before >= BEFORE_S
    assert (seen["told"], seen["same_person"]) == (after, True)


def test_the_sample_portal_signs_in_again_as_it_is_told(gateway: Gateway) -> None:
    settings = PortalSettings(
        issuer=gateway.issuer, client_id="fresh", client_secret=SECRET, base_url=SUITE, procedure=FRESH
    )
    browser = Browser(gateway)
    with TestClient(create_application(settings), base_url=SUITE, follow_redirects=False) as portal:

        def press_login(page: str, **form: str) -> str:
            sent = {"csrf": re.search(r'name="csrf" value="([^"]+)"', page)[1], **form}  # type: ignore[index]
            away = portal.post("/form" if form else "/login", data=sent).headers["location"]
            landed = browser.open(away)
            back = portal.get(f"/callback?{urlencode(landed.carried)}")
            assert back.headers.get("location") == "/form", back.text
            return away

        assert "max_age" not in press_login(portal.get("/").text)
        filled = portal.get("/form").text
        assert 'id="login"' not in filled
        gateway.time.move(BEFORE_S)
        portal.get("/form/refresh")
        page = portal.get("/form").text
        assert "Thủ tục này chỉ điền sẵn khi ông/bà vừa đăng nhập." in page
        typed = {"own.request.content": "nháp của tôi", "do": "login"}
        assert f"max_age={MAX_AGE_S}" in press_login(page, **typed)
        page = portal.get("/form").text
        assert "Thủ tục này chỉ điền sẵn" not in page
        assert "nháp của tôi" in page
