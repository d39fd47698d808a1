"""A portal of the profile `fapi2` as a test bends it: pushes, proves its key, redeems."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import provider_house as world
from journey import VERIFIER, agree, authorize_url, come_in, members, visit

from gateway.openid_provider.client_assertion import ASSERTION_TYPE
from gateway.openid_provider.clients import Portal
from gateway.tokens.jose import sign
from gateway.tokens.key_material import generate_private_jwk, import_signing_key, public_jwk
from tests.possession import CHANCE, Holder, b64

KEY = generate_private_jwk("ES256", "s1", CHANCE)
STRONG: dict[str, Any] = {
    "client_id": "strong",
    "profile": "fapi2",
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": {"keys": [public_jwk(KEY)]},
    "redirect_uris": [world.CALLBACK],
    "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
    "scope": "openid profile offline_access report:read",
    "procedures": ["1.004222"],
}
PORTALS = (*world.PORTALS, Portal.model_validate(STRONG))


@dataclass
class StrongPortal:
    """The portal and the key it binds its tokens to."""

    provider: world.Provider
    holder: Holder = field(default_factory=Holder)

    @property
    def now(self) -> float:
        return self.provider.clock.now().timestamp()

    def url(self, path: str) -> str:
        return f"{self.provider.house.issuer}{path}"

    def assertion(self, key: dict[str, str] = KEY, **changes: Any) -> str:
        """Return a good assertion, with changes (None leaves a claim out)."""
        at = int(self.now)
        claims = {"iss": "strong", "sub": "strong", "aud": self.provider.house.issuer}
        claims |= {"iat": at, "exp": at + 60, "jti": b64(CHANCE.octets(12))} | changes
        kept = {name: value for name, value in claims.items() if value is not None}
        return sign(kept, import_signing_key(key), typ="JWT")

    def proof(self, method: str, path: str, **bend: Any) -> str:
        return self.holder.prove(method, self.url(path), self.now, **bend)

    async def post(
        self, path: str, form: dict[str, str | None], proof: str | None = "", assertion: str | None = None
    ) -> httpx2.Response:
        """Post as this client; `proof` "" makes a good one, None sends none."""
        sent = {"client_assertion": assertion or self.assertion(), "client_assertion_type": ASSERTION_TYPE} | form
        headers = {} if proof is None else {"dpop": proof or self.proof("POST", path)}
        data = {name: value for name, value in sent.items() if value is not None}
        return await self.provider.http.post(path, data=data, headers=headers)

    async def push(self, *, proof: str | None = None, assertion: str | None = None, **changes: str | None) -> Any:
        """Push a good request, with changes; without a proof unless one is given."""
        asked = authorize_url(client_id="strong", scope="openid profile offline_access", prompt="consent")
        form = {name: values[0] for name, values in parse_qs(urlsplit(asked).query).items()}
        return await self.post("/par", form | changes, proof, assertion)

    async def code(self, *, proof: str | None = None, **changes: str | None) -> str:
        """Walk to a code, in a browser that knows nobody."""
        self.provider.http.cookies.clear()
        pushed = await self.push(proof=proof, **changes)
        assert pushed.status_code == 201, pushed.text
        page = await come_in(self.provider, visit(pushed.json()["request_uri"], client_id="strong"))
        answered = page if page.status_code == 303 else await agree(self.provider, page)
        return members(answered.headers["location"])["code"]

    async def redeem(self, code: str, proof: str | None = "", **changes: str | None) -> httpx2.Response:
        form: dict[str, str | None] = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        return await self.post("/token", form | {"redirect_uri": world.CALLBACK} | changes, proof)

    async def refresh(self, token: str, proof: str | None = "", **changes: str | None) -> httpx2.Response:
        return await self.post("/token", {"grant_type": "refresh_token", "refresh_token": token} | changes, proof)

    async def tokens(self) -> dict[str, Any]:
        """Walk to tokens."""
        answer = await self.redeem(await self.code())
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    async def person(
        self, token: str, proof: str | None = "", *, scheme: str = "DPoP", header: str = "DPoP", **bend: Any
    ) -> httpx2.Response:
        """Ask who signed in; `proof` "" makes a good one that `bend` bends."""
        headers = {"authorization": f"{scheme} {token}"}
        if proof is not None:
            headers[header] = proof or self.proof("GET", "/userinfo", **({"token": token} | bend))
        return await self.provider.http.get("/userinfo", headers=headers)
