"""What a portal's server does for one citizen of a running demo, request by request."""

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from tests.docs.walk import walk
from tests.journeys.stack import Stack

VERIFIER = "w" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Clerk:
    """The sample portal, and the browser of the person it serves."""

    def __init__(self, stack: Stack, browser: httpx2.Client) -> None:
        self.stack = stack
        self.browser = browser
        self.basic = ("sample-portal", stack.secret("portal.secret"))

    def authorize_url(self, **asked: str) -> str:
        """Return a request for persona 3, unless `asked` says others."""
        query = {
            "response_type": "code",
            "client_id": "sample-portal",
            "redirect_uri": f"{self.stack.portal_url}/callback",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "login_hint": "persona:3",
            **asked,
        }
        return f"{self.stack.issuer}/authorize?{urlencode(query)}"

    def come_back(self, **asked: str) -> dict[str, str]:
        """Walk to the portal's callback; return what came back."""
        end = walk(self.browser, self.authorize_url(**asked), f"{self.stack.portal_url}/callback")
        return {name: values[0] for name, values in parse_qs(urlsplit(end).query).items()}

    def sign_in(self, **asked: str) -> dict[str, object]:
        """Walk through the sign-in; return the tokens."""
        return self.ask_token(
            grant_type="authorization_code",
            code=self.come_back(**asked)["code"],
            redirect_uri=f"{self.stack.portal_url}/callback",
            code_verifier=VERIFIER,
        )

    def ask_token(self, **form: object) -> dict[str, object]:
        answer = httpx2.post(f"{self.stack.issuer}/token", auth=self.basic, data=form)
        return answer.raise_for_status().json()

    def refresh(self, tokens: dict[str, object]) -> dict[str, object]:
        return self.ask_token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])

    def introspect(self, tokens: dict[str, object]) -> dict[str, object]:
        answer = httpx2.post(f"{self.stack.issuer}/introspect", auth=self.basic, data={"token": tokens["access_token"]})
        return answer.raise_for_status().json()

    def userinfo(self, tokens: dict[str, object]) -> dict[str, object]:
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        return httpx2.get(f"{self.stack.issuer}/userinfo", headers=bearer).raise_for_status().json()

    def prefill(self, tokens: dict[str, object], **body: str) -> tuple[int, dict[str, object]]:
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        asked = {"procedure": "1.004222", **body}
        answer = httpx2.post(f"{self.stack.issuer}/v1/prefill", headers=bearer, json=asked, timeout=60)
        return answer.status_code, answer.json()

    def sign_out(self, tokens: dict[str, object]) -> None:
        out = {
            "id_token_hint": tokens["id_token"],
            "post_logout_redirect_uri": f"{self.stack.portal_url}/logged-out",
        }
        walk(self.browser, f"{self.stack.issuer}/logout?{urlencode(out)}", f"{self.stack.portal_url}/logged-out")
