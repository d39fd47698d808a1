"""One journey through the provider as a browser and a portal walk it, in steps a test can bend."""

import hashlib
import re
from base64 import b64encode, urlsafe_b64encode
from html import unescape
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import httpx2
import provider_house as world

from gateway.vocabulary.presented import Presented

VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def basic(client_id: str = "portal", secret: str = world.SECRET) -> dict[str, str]:
    """Return Basic credentials, both halves form-encoded first (RFC 6749 §2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {"authorization": "Basic " + b64encode(pair.encode()).decode()}


def shown_by(token: str) -> Presented:
    """Return a request to the API that shows a bearer token."""
    return Presented([f"Bearer {token}"], [], "POST", f"{world.ISSUER}/v1/prefill")


def authorize_url(**changes: str | None) -> str:
    """Return a good authorization request, with changes (None leaves a parameter out)."""
    parameters: dict[str, str | None] = {
        "client_id": "portal",
        "redirect_uri": world.CALLBACK,
        "response_type": "code",
        "scope": "openid profile",
        "state": "st-1",
        "nonce": "no-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    parameters |= changes
    return "/authorize?" + urlencode({name: value for name, value in parameters.items() if value is not None})


def members(location: str) -> dict[str, str]:
    """Return the query of a redirect; every name stands once."""
    query = parse_qs(urlsplit(location).query, keep_blank_values=True, strict_parsing=True)
    assert all(len(values) == 1 for values in query.values())
    return {name: values[0] for name, values in query.items()}


def told(answer: httpx2.Response) -> dict[str, str]:
    """Return what a portal is answered, in the address it is led to or in the page that posts to it."""
    if answer.status_code == 303:
        return members(answer.headers["location"])
    assert answer.status_code == 200, answer.text
    assert 'id="continue"' in answer.text
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.text)
    assert len(dict(fields)) == len(fields)
    return {name: unescape(value) for name, value in fields}


def hidden(page: str, name: str) -> str:
    """Return the value of a hidden field."""
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]


async def reach_sign_in(provider: world.Provider, **changes: str | None) -> tuple[str, str]:
    """Ask and choose the provider; return the address of the attempt and the callback URL of its state."""
    begun = await provider.get(authorize_url(**changes))
    assert begun.status_code == 303, begun.text
    attempt = begun.headers["location"]
    page = await provider.get(attempt)
    assert page.status_code == 200
    chosen = await provider.http.post(attempt, data={"csrf": hidden(page.text, "csrf"), "provider": "fake"})
    assert chosen.status_code == 303, chosen.text
    state = members(chosen.headers["location"])["state"]
    return attempt, f"/upstream/fake/callback?code=x&state={state}"


async def sign_in(provider: world.Provider, **changes: str | None) -> httpx2.Response:
    """Go as far as the notice page (or wherever the journey ends)."""
    attempt, callback = await reach_sign_in(provider, **changes)
    page = await provider.get(callback)
    while page.status_code == 303 and page.headers["location"] in {attempt, f"{attempt}?failed=on"}:
        page = await provider.get(page.headers["location"])
    return page


def visit(request_uri: str, client_id: str = "portal", **more: str) -> str:
    """Return the address of the authorization endpoint for a pushed request."""
    return "/authorize?" + urlencode({"client_id": client_id, "request_uri": request_uri, **more})


async def come_in(provider: world.Provider, address: str) -> httpx2.Response:
    """Go from the authorization request to the notice page."""
    begun = await provider.get(address)
    assert begun.status_code == 303, begun.text
    attempt = begun.headers["location"]
    page = await provider.get(attempt)
    chosen = await provider.http.post(attempt, data={"csrf": hidden(page.text, "csrf"), "provider": "fake"})
    state = members(chosen.headers["location"])["state"]
    await provider.get(f"/upstream/fake/callback?code=x&state={state}")
    return await provider.get(attempt)


async def arrive(provider: world.Provider, callback: str) -> httpx2.Response:
    """Open a callback and the page it leads to."""
    returned = await provider.get(callback)
    return returned if returned.status_code != 303 else await provider.get(returned.headers["location"])


async def agree(provider: world.Provider, page: httpx2.Response) -> httpx2.Response:
    """Press the button of the notice page."""
    attempt = str(page.url)
    return await provider.http.post(attempt, data={"csrf": hidden(page.text, "csrf"), "decision": "allow"})


async def obtain_code(provider: world.Provider, **changes: str | None) -> str:
    """Walk to the code."""
    page = await sign_in(provider, **changes)
    answered = page if page.status_code == 303 else await agree(provider, page)
    assert answered.status_code == 303, answered.text
    answer = members(answered.headers["location"])
    assert answer["iss"] == world.ISSUER
    return answer["code"]


async def redeem(provider: world.Provider, code: str | None, **changes: str | None) -> httpx2.Response:
    """Redeem a code as the portal does, with changes."""
    headers = basic()
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": world.CALLBACK,
        "code_verifier": VERIFIER,
    }
    if "authorization" in changes:
        headers = {"authorization": changes.pop("authorization") or ""}
    form |= changes
    return await provider.http.post(
        "/token",
        data={name: value for name, value in form.items() if value is not None},
        headers={name: value for name, value in headers.items() if value},
    )


async def obtain_tokens(provider: world.Provider, **changes: str | None) -> dict[str, str]:
    """Walk to the tokens."""
    answer = await redeem(provider, await obtain_code(provider, **changes))
    assert answer.status_code == 200, answer.text
    tokens: dict[str, str] = answer.json()
    return tokens
