"""A portal registered with `match = "required"`, over real programs: told only of people the register confirms."""

from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2
import pytest
import tomlkit

from gateway.cli.citizen import PageReader

pytestmark = pytest.mark.anyio

CALLBACK = "http://127.0.0.1:9/callback"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
STRICT = {
    "client_id": "strict",
    "client_name": "Portal that takes nobody unknown",
    "token_endpoint_auth_method": "none",
    "redirect_uris": [CALLBACK],
    "match": "required",
}


@pytest.fixture(scope="module")
def stack(make_stack, tmp_path_factory):
    """Give a demo that knows a strict portal."""
    seed = tmp_path_factory.mktemp("strict") / "strict.toml"
    seed.write_text(tomlkit.dumps({"portal": [STRICT]}), "utf-8")
    return make_stack("sqlite", "--portal", str(seed))


@pytest.fixture(autouse=True)
def _in_order(stack):
    yield
    stack.clear_faults()


async def walk(browser, address):
    """Press what a person would press; return the answer that offers nothing to press, or leads to the portal."""
    method, form = "GET", None
    for _ in range(25):
        answer = await browser.request(method, address, data=form)
        method, form = "GET", None
        if "location" in answer.headers:
            address = urljoin(address, answer.headers["location"])
            if address.startswith(CALLBACK):
                return answer, parse_qs(urlsplit(address).query)
            continue
        forms = [one for one in PageReader(answer.text).forms if {"login", "consent-allow"} & one.buttons.keys()]
        if not forms:
            return answer, {}
        name, value = next(forms[0].buttons[key] for key in ("login", "consent-allow") if key in forms[0].buttons)
        method, form, address = "POST", forms[0].fields | {name: value}, urljoin(address, forms[0].action)
    raise AssertionError("the way leads in circles")


def request_for(stack, persona):
    members = {
        "client_id": "strict",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "login_hint": f"persona:{persona}",
    }
    return f"{stack.issuer}/authorize?{urlencode(members)}"


def browsing():
    return httpx2.AsyncClient(timeout=60, trust_env=False)


async def test_who_the_register_confirms_is_told(stack):
    before = stack.calls(stack.sources_url)
    async with browsing() as browser:
        _, told = await walk(browser, request_for(stack, 3))
    assert "code" in told
    assert stack.calls(stack.sources_url) == before + 1
    (matched,) = stack.events_after(0, "PersonMatched")
    assert (matched["outcome"], matched["attributes"]) == ("matched", ["death_date", "full_name", "sex"])
    assert "999175000003" not in str(stack.events())


@pytest.mark.parametrize("fault", ["down", "malformed", "denied_officer", "other_person"])
async def test_a_register_in_trouble_stops_the_sign_in_and_a_retry_goes_on(stack, fault):
    async with browsing() as browser:
        stack.put_fault(stack.sources_url, target="*", fault=fault)
        page, _ = await walk(browser, request_for(stack, 6))
        assert (page.status_code, "GW-1305" in page.text) == (503, True)
        stack.clear_faults()
        _, told = await walk(browser, str(page.url))
        assert "code" in told


async def test_who_is_in_no_register_is_not_told_and_nobody_is_asked(stack):
    before = stack.calls(stack.sources_url)
    async with browsing() as browser:
        page, _ = await walk(browser, request_for(stack, 14))
    assert (page.status_code, "GW-1306" in page.text) == (403, True)
    assert stack.calls(stack.sources_url) == before
