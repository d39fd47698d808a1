"""The journey of a portal of the FAPI 2.0 Security Profile: pushed request, signed statements, tokens bound to a key.

PAR (RFC 9126), authorize, token and userinfo with `private_key_jwt` (RFC 7523) and DPoP (RFC 9449), the same against
both servers. Signing is the portal's work and is not measured; verifying it is the server's.
"""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import orjson
from joserfc import jwt
from joserfc.jwk import ECKey

from benchmarks.load import CHALLENGE, VERIFIER, Browser, Paths
from benchmarks.stack import BOUND_ID, REDIRECT_URI, Subject
from gateway.tokens.dpop import hash_of

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SCOPE = "openid profile"


@dataclass
class BoundPortal:
    """A portal with a key for its statements and one for its tokens."""

    subject: Subject
    paths: Paths
    client_key: ECKey
    token_key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    nonce: str | None = None
    """What the server asked to find in proofs (RFC 9449 §8), if it does."""

    @property
    def issuer(self) -> str:
        """The issuer, which assertions name as their audience."""
        return self.subject.origin

    def statement(self) -> dict[str, str]:
        """Return the client authentication of one request."""
        now = int(time.time())
        claims = {
            "iss": BOUND_ID,
            "sub": BOUND_ID,
            "aud": self.issuer,
            "iat": now,
            "exp": now + 60,
            "jti": secrets.token_hex(16),
        }
        header = {"alg": "ES256", "kid": self.client_key.kid}
        return {
            "client_id": BOUND_ID,
            "client_assertion_type": _ASSERTION,
            "client_assertion": jwt.encode(header, claims, self.client_key),
        }

    def proof(self, method: str, url: str, token: str | None = None) -> dict[str, str]:
        """Return the DPoP header of one request."""
        claims: dict[str, Any] = {"htm": method, "htu": url, "iat": int(time.time()), "jti": secrets.token_hex(16)}
        if token is not None:
            claims["ath"] = hash_of(token)
        if self.nonce is not None:
            claims["nonce"] = self.nonce
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.token_key.as_dict(private=False)}
        return {"DPoP": jwt.encode(header, claims, self.token_key)}

    async def sign_in(self, session: aiohttp.ClientSession) -> None:
        """Get a live browser session whose notice was seen."""
        hint = {"login_hint": "persona:3", "idp_hint": "vneid"} if self.subject.plan else {}
        await Browser(session).walk(self._authorize(await self._push(session, **hint)))

    async def journey(self, session: aiohttp.ClientSession) -> str:
        """Push, authorize, redeem, ask who it is; return the access token."""
        url = self._authorize(await self._push(session))
        async with session.get(url, allow_redirects=False) as answer:
            code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
        tokens = await self._post(session, self.paths.token, fields | {"code_verifier": VERIFIER}, 200)
        if tokens["token_type"] != "DPoP":
            raise RuntimeError("the token is not bound")
        token = str(tokens["access_token"])
        where = f"{self.subject.origin}{self.paths.userinfo}"
        headers = {"authorization": f"DPoP {token}", **self.proof("GET", where, token)}
        async with session.get(where, headers=headers) as answer:
            if answer.status != 200 or (await answer.json())["name"] is None:
                raise RuntimeError(f"userinfo answered {answer.status}")
        return token

    async def _push(self, session: aiohttp.ClientSession, **more: str) -> str:
        fields = {
            "redirect_uri": REDIRECT_URI,
            "response_type": "code",
            "scope": _SCOPE,
            "state": "state-state-state",
            "nonce": "nonce-nonce-nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        pushed = await self._post(session, self.paths.push, fields | more, 201)
        return str(pushed["request_uri"])

    def _authorize(self, request_uri: str) -> str:
        query = urlencode({"client_id": BOUND_ID, "request_uri": request_uri})
        return f"{self.subject.origin}{self.paths.authorize}?{query}"

    async def _post(
        self, session: aiohttp.ClientSession, path: str, fields: dict[str, str], expected: int
    ) -> dict[str, Any]:
        """Post a form, a second time when the server wants a nonce in the proof."""
        url = f"{self.subject.origin}{path}"
        for _ in range(2):
            form = urlencode(fields | self.statement())
            headers = {"content-type": "application/x-www-form-urlencoded", **self.proof("POST", url)}
            async with session.post(url, data=form, headers=headers) as answer:
                said: dict[str, Any] = orjson.loads(await answer.read())
                if answer.status == expected:
                    return said
                if said.get("error") != "use_dpop_nonce":
                    break
                self.nonce = answer.headers["DPoP-Nonce"]
        raise RuntimeError(f"{path} answered {answer.status} {said.get('error')}: {said.get('error_description')}")
