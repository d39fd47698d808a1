"""A person who walks by hand what the documents tell: sign in, come back, get the form; no browser, no scripts."""

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2

from gateway.cli.citizen import _next_step
from tests.journeys.stack import Stack

_VERIFIER = "v" * 43


def walk(browser: httpx2.Client, url: str, end: str) -> str:
    """Walk from an address of the gateway until the way leads to `end`, as a person would; return that address."""
    method, fields = "get", dict[str, str]()
    for _ in range(25):
        if url.startswith(end):
            return url
        answer = browser.post(url, data=fields) if method == "post" else browser.get(url)
        if "location" in answer.headers:
            method, url = "get", urljoin(url, answer.headers["location"])
        else:
            method, url, fields = _next_step(url, answer.text)
    raise AssertionError("the way leads in circles")


def sign_in(stack: Stack, hint: str) -> dict[str, str]:
    """Sign somebody in at the sample portal; return what comes back to it."""
    digest = hashlib.sha256(_VERIFIER.encode()).digest()
    parameters = {
        "response_type": "code",
        "client_id": "sample-portal",
        "redirect_uri": f"{stack.portal_url}/callback",
        "scope": "openid profile procedure:1.004222",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "login_hint": hint,
    }
    with httpx2.Client(trust_env=False) as browser:
        end = walk(browser, f"{stack.issuer}/authorize?{urlencode(parameters)}", f"{stack.portal_url}/callback")
    return {name: values[0] for name, values in parse_qs(urlsplit(end).query).items()}


def redeem(stack: Stack, code: str) -> dict[str, str]:
    """Redeem a code at the token endpoint; return the tokens."""
    answer = httpx2.post(
        f"{stack.issuer}/token",
        auth=("sample-portal", stack.secret("portal.secret")),
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": f"{stack.portal_url}/callback",
            "code_verifier": _VERIFIER,
        },
    )
    return answer.raise_for_status().json()


def filled_form(stack: Stack, code: str) -> dict[str, dict[str, object]]:
    """Redeem a code and ask for the form; return its fields."""
    bearer = {"Authorization": f"Bearer {redeem(stack, code)['access_token']}"}
    answer = httpx2.post(f"{stack.issuer}/v1/prefill", headers=bearer, json={"procedure": "1.004222"})
    return answer.raise_for_status().json()["fields"]
