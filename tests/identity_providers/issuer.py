"""An OpenID provider that does what a test tells it to, right or wrong, over real HTTP."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.tokens import jose
from gateway.tokens.key_material import generate_private_jwk, import_signing_key, public_jwk
from gateway.vocabulary.clock import Clock, SystemRandomness

ACCESS_TOKEN = "access-token-of-the-test"
_MADE: dict[tuple[str, str], dict[str, str]] = {}


def private_jwk(alg: str, kid: str) -> dict[str, str]:
    if (alg, kid) not in _MADE:
        _MADE[alg, kid] = generate_private_jwk(alg, kid, SystemRandomness())
    return _MADE[alg, kid]


def b64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


class Issuer:
    """Members are what a test twists: documents, claims, the token itself, status codes."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.url = url
        self.clock = clock
        self.signing = private_jwk("ES256", "key-1")
        self.published = [self.signing]
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.token_answer: dict[str, Any] = {}
        self.twist_token: Callable[[str], str] = lambda token: token
        self.statuses: dict[str, int] = {}
        self.nonce = ""
        self.challenge = ""
        self.requests: list[tuple[str, str]] = []
        self.token_forms: list[dict[str, str]] = []
        self.token_headers: list[dict[str, str]] = []
        self.before_keys: Callable[[], None] = lambda: None

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/keys", self.keys),
                Route("/token", self.token, methods=["POST"]),
                Route("/userinfo", self.tell),
            ]
        )

    def count(self, path: str, method: str = "GET") -> int:
        return self.requests.count((method, path))

    def authorize(self, url: str) -> str:
        """Take the authentication request as its server would; return the code."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.nonce, self.challenge = query["nonce"], query["code_challenge"]
        return "code-of-the-test"

    async def discovery(self, request):
        self.requests.append((request.method, "/discovery"))
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "end_session_endpoint": f"{self.url}/logout",
            **self.metadata,
        }
        document = {name: value for name, value in document.items() if value is not None}
        return JSONResponse(document, self.statuses.get("discovery", 200))

    async def keys(self, request):
        self.requests.append((request.method, "/keys"))
        self.before_keys()
        keys = [public_jwk(jwk) for jwk in self.published]
        return JSONResponse({"keys": keys}, self.statuses.get("keys", 200))

    async def token(self, request):
        self.requests.append((request.method, "/token"))
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        self.token_forms.append(form)
        self.token_headers.append(dict(request.headers))
        verifier = form.get("code_verifier", "")
        if b64url(hashlib.sha256(verifier.encode()).digest()) != self.challenge:
            return JSONResponse({"error": "invalid_grant"}, 400)
        answer = {
            "access_token": ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self.twist_token(self.id_token()),
            **self.token_answer,
        }
        answer = {name: value for name, value in answer.items() if value is not None}
        return JSONResponse(answer, self.statuses.get("token", 200))

    async def tell(self, request):
        self.requests.append((request.method, "/userinfo"))
        if not self.shown(request):
            return Response(status_code=401)
        told = {"sub": "subject-1", "name": "Trần Thị Bưởi", "birthdate": "1975-05-12", **self.userinfo}
        told = {name: value for name, value in told.items() if value is not None}
        return JSONResponse(told, self.statuses.get("userinfo", 200))

    def shown(self, request) -> bool:
        """Tell whether the access token is shown as its type wants it."""
        return request.headers.get("authorization") == f"Bearer {ACCESS_TOKEN}"

    def id_token(self) -> str:
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": self.url,
            "sub": "subject-1",
            "aud": "gate06",
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonce,
            "auth_time": now - 5,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jose.sign(claims, import_signing_key(self.signing), typ="JWT")


def without_kid(token: str, signing: dict[str, str]) -> str:
    """Sign the claims of a token anew, under a header that names no key."""
    key = import_signing_key(signing)
    head = b64url(json.dumps({"alg": key.alg}).encode())
    body = token.split(".")[1]
    from joserfc.jws import JWSRegistry

    signature = JWSRegistry.algorithms[key.alg].sign(f"{head}.{body}".encode(), key.native)
    return f"{head}.{body}.{b64url(signature)}"


def with_header(token: str, header: dict[str, Any], signature: str | None = None) -> str:
    """Put another header before the claims; the signature stays unless another is given."""
    _, body, tail = token.split(".")
    return f"{b64url(json.dumps(header).encode())}.{body}.{tail if signature is None else signature}"


def hmac_signed(token: str, secret: bytes) -> str:
    """Sign the claims with a shared secret: the algorithm confusion of RFC 8725 §2.1."""
    import hmac

    head, body = b64url(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()), token.split(".")[1]
    return f"{head}.{body}.{b64url(hmac.digest(secret, f'{head}.{body}'.encode(), 'sha256'))}"
