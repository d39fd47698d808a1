"""A dossier named at sign-in: with it a portal reads the form after the session, without it it does not."""

import base64
import hashlib
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from tests.docs.walk import walk
from tests.journeys.stack import Stack

VERIFIER = "w" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
DOSSIER = "000.00.15.H56-261127-0001"
FORM = {"type": "prefill", "procedure": "1.004222", "dossier": DOSSIER}


@pytest.fixture
def browser() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False) as opened:
        yield opened


class Clerk:
    """What a portal's server does for one citizen, request by request."""

    def __init__(self, stack: Stack, browser: httpx2.Client) -> None:
        self.stack = stack
        self.browser = browser
        self.basic = ("sample-portal", stack.secret("portal.secret"))

    def sign_in(self, **asked: str) -> dict[str, object]:
        """Walk persona 3 through the sign-in; return the tokens."""
        query = {
            "response_type": "code",
            "client_id": "sample-portal",
            "redirect_uri": f"{self.stack.portal_url}/callback",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "login_hint": "persona:3",
            **asked,
        }
        url = f"{self.stack.issuer}/authorize?{urlencode(query)}"
        end = walk(self.browser, url, f"{self.stack.portal_url}/callback")
        code = parse_qs(urlsplit(end).query)["code"][0]
        return self.ask_token(
            grant_type="authorization_code", code=code, redirect_uri=query["redirect_uri"], code_verifier=VERIFIER
        )

    def ask_token(self, **form: object) -> dict[str, object]:
        answer = httpx2.post(f"{self.stack.issuer}/token", auth=self.basic, data=form)
        return answer.raise_for_status().json()

    def refresh(self, tokens: dict[str, object]) -> dict[str, object]:
        return self.ask_token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])

    def prefill(self, tokens: dict[str, object], **body: str) -> tuple[int, dict[str, object]]:
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = httpx2.post(f"{self.stack.issuer}/v1/prefill", headers=bearer, json={"procedure": "1.004222", **body})
        return answer.status_code, answer.json()

    def sign_out(self, tokens: dict[str, object]) -> None:
        out = {
            "id_token_hint": tokens["id_token"],
            "post_logout_redirect_uri": f"{self.stack.portal_url}/logged-out",
        }
        walk(self.browser, f"{self.stack.issuer}/logout?{urlencode(out)}", f"{self.stack.portal_url}/logged-out")


OFFLINE = {"scope": "openid offline_access", "prompt": "consent"}


def test_a_named_dossier_is_read_after_the_session_and_no_other(stack, browser):
    clerk = Clerk(stack, browser)
    tokens = clerk.sign_in(**OFFLINE, authorization_details=json.dumps([FORM]))
    assert tokens["authorization_details"] == [FORM]
    status, form = clerk.prefill(tokens)
    assert (status, form["dossier"]) == (200, DOSSIER)
    before = len(stack.events())
    clerk.sign_out(tokens)
    later = clerk.refresh(tokens)
    assert later["authorization_details"] == [FORM]
    status, form = clerk.prefill(later, dossier=DOSSIER)
    assert (status, form["dossier"]) == (200, DOSSIER)
    assert form["fields"]["applicant.full_name"]["value"] == "TRẦN THỊ BƯỞI"
    assert [event["dossier"] for event in stack.events_after(before, "FormReleased")] == [DOSSIER]
    status, refused = clerk.prefill(later, dossier="another")
    assert (status, refused["code"]) == (403, "PF-106")


def test_a_form_without_a_dossier_ends_with_the_session(stack, browser):
    clerk = Clerk(stack, browser)
    nameless = {name: FORM[name] for name in ("type", "procedure")}
    tokens = clerk.sign_in(**OFFLINE, authorization_details=json.dumps([nameless]))
    assert clerk.prefill(tokens)[0] == 200
    clerk.sign_out(tokens)
    status, refused = clerk.prefill(clerk.refresh(tokens))
    assert (status, refused["code"]) == (403, "PF-104")
