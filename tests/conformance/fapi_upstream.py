"""An identity provider of FAPI 2.0 that the rows make right or wrong: it takes what the profile allows, nothing else.

Who calls is judged here by joserfc and the gateway's published keys alone. Each of its three endpoints wants a nonce of
its own, so every kind of call is made twice; what it would not take is kept in `faults`.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx2
from joserfc import jwk, jws
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.openid_provider.client_assertion import ASSERTION_TYPE
from gateway.tokens import jose
from gateway.tokens.dpop import Proven, check_proof
from gateway.tokens.key_material import import_signing_key
from tests.conformance.upstream import WORDS, Upstream
from tests.identity_providers.issuer import ACCESS_TOKEN
from tests.possession import CHANCE, b64

STRICT, SIGNED = "strict", "strict-signed"
"""The alias of the gateway's table for it: answers in the address, or requests and answers signed."""
_STRICT_ALGORITHMS = ["PS256", "ES256", "EdDSA"]


class Refused(Exception):
    """What this provider does not take; the words are kept in `faults`."""


class FapiUpstream(Upstream):
    """`signed`: requests must be signed and answers are. `asks`: an endpoint wants a nonce. `scheme`: how its challenge
    is written. `answer_claims` changes a signed answer (None leaves a claim out), `twist_answer` all of it;
    `par_answer` is what PAR says instead of a good answer."""

    signed = False
    keys_at = ""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.answering = self.signing
        self.asks = True
        self.nonces = b64(CHANCE.octets(9))
        self.always_asks = False
        self.given_nonce: str | None = None
        self.scheme = "DPoP"
        self.faults: list[str] = []
        self.pushed: dict[str, dict[str, str]] = {}
        self.bound_to: str | None = None
        self.assertions: list[str] = []
        self.par_answer: tuple[int, dict[str, Any]] | None = None
        self.answer_claims: dict[str, Any] = {}
        self.twist_answer = lambda good: good
        self.token_answer = {"token_type": "DPoP"}
        self.metadata = {
            "pushed_authorization_request_endpoint": f"{url}/par",
            "require_pushed_authorization_requests": True,
            "authorization_response_iss_parameter_supported": True,
            "dpop_signing_alg_values_supported": _STRICT_ALGORITHMS,
            "mtls_endpoint_aliases": {"token_endpoint": f"{url}/mtls", "userinfo_endpoint": f"{url}/mtls"},
        }

    @property
    def tries(self) -> int:
        """How often each endpoint is called for one sign-in."""
        return 2 if self.asks else 1

    def application(self) -> Starlette:
        """Return all its endpoints."""
        application = super().application()
        application.router.routes += [Route("/par", self.push, methods=["POST"]), Route("/mtls", self.mtls)]
        return application

    def settings(self, alias: str = "") -> dict[str, object]:
        """Return the gateway's table for it: the profile, and what it leaves open."""
        table = super().settings(alias or (SIGNED if self.signed else STRICT))
        del table["client_secret"]
        more = {"require_signed_request_object": True, "response_mode": "jwt"} if self.signed else {}
        return {**table, "profile": "fapi2", **more}

    async def push(self, request: Request) -> Response:
        """Take a pushed request and name it (RFC 9126 §2)."""
        self.requests.append((request.method, "/par"))
        if self.par_answer is not None:
            return JSONResponse(self.par_answer[1], self.par_answer[0])
        if asked := self._ask(request, "par"):
            return asked
        form = dict(parse_qsl((await request.body()).decode()))
        try:
            self._check_client(form)
            self.bound_to = self._check_proof(request, "par")
            parameters = self._open(form)
            self._check_request(parameters)
        except Refused as refused:
            return self._refuse(refused)
        name = f"urn:ietf:params:oauth:request_uri:{b64(CHANCE.octets(12))}"
        self.pushed[name] = parameters
        return JSONResponse({"request_uri": name, "expires_in": 60}, 201)

    async def begin(self, request: Request) -> Response:
        """Sign in whoever comes with a pushed request, at once."""
        self.requests.append((request.method, "/authorize"))
        carried = dict(request.query_params)
        if carried.keys() != {"client_id", "request_uri"}:
            return self._refuse(Refused(f"authorization request carries {sorted(carried)}"))
        self.asked = self.pushed.pop(carried["request_uri"])
        code = self.authorize(f"?{urlencode(self.asked)}")
        answer = {"code": code, "state": self.asked["state"], "iss": self.url, **self.back}
        told = {name: value for name, value in answer.items() if value is not None}
        if self.asked.get("response_mode") == "jwt":
            told = {"response": self.twist_answer(self.sign_answer(told))}
        return RedirectResponse(f"{self.asked['redirect_uri']}?{urlencode(told)}", 303)

    def sign_answer(self, answer: Mapping[str, str], **changes: Any) -> str:
        """Return a signed answer (JARM §2.1)."""
        about = {"iss": self.url, "aud": "gate06", "exp": int(self.time.seconds()) + 60}
        claims = {**answer, **about, **self.answer_claims, **changes}
        kept = {name: value for name, value in claims.items() if value is not None}
        return jose.sign(kept, import_signing_key(self.answering), typ="JWT")

    async def token(self, request: Request) -> Response:
        """Redeem a code for the key it was pushed with."""
        asked = self._ask(request, "token")
        if asked is not None:
            self.requests.append((request.method, "/token"))
            return asked
        try:
            self._check_client(dict(parse_qsl((await request.body()).decode())))
            if self._check_proof(request, "token") != self.bound_to:
                raise Refused("token: another key than at PAR")
        except Refused as refused:
            self.requests.append((request.method, "/token"))
            return self._refuse(refused)
        return await super().token(request)

    async def tell(self, request: Request) -> Response:
        """Tell who signed in, to whoever holds the key of the token."""
        if asked := self._ask(request, "userinfo"):
            self.requests.append((request.method, "/userinfo"))
            return asked
        try:
            if request.headers.get("authorization") != f"DPoP {ACCESS_TOKEN}":
                raise Refused("userinfo: the token is not shown as a DPoP token")
            if self._check_proof(request, "userinfo", access_token=ACCESS_TOKEN) != self.bound_to:
                raise Refused("userinfo: another key than the token's")
        except Refused as refused:
            self.requests.append((request.method, "/userinfo"))
            return self._refuse(refused)
        return await super().tell(request)

    def shown(self, request: Request) -> bool:
        """Tell whether the token is shown; it was judged before."""
        return True

    async def mtls(self, request: Request) -> Response:
        """What only a client with a certificate would call."""
        self.requests.append((request.method, "/mtls"))
        return Response(status_code=400)

    def _refuse(self, refused: Refused) -> Response:
        self.faults.append(str(refused))
        return JSONResponse({"error": "invalid_request", "error_description": WORDS}, 400)

    def _ask(self, request: Request, endpoint: str) -> Response | None:
        """Ask for this endpoint's nonce unless the proof has it: by a server's error, or a resource's challenge."""
        nonce = f"{endpoint}.{self.nonces}"
        if not self.asks or (not self.always_asks and self._claims(request.headers["dpop"]).get("nonce") == nonce):
            return None
        given = f"{len(self.requests)}.{self.nonces}" if self.always_asks else nonce
        given = given if self.given_nonce is None else self.given_nonce
        if endpoint != "userinfo":
            told = {"error": "use_dpop_nonce", "error_description": WORDS}
            return JSONResponse(told, 400, {"DPoP-Nonce": given})
        challenge = f'{self.scheme} error="use_dpop_nonce", error_description="a nonce is wanted"'
        return Response(status_code=401, headers={"DPoP-Nonce": given, "WWW-Authenticate": challenge})

    def _claims(self, token: str) -> dict[str, Any]:
        return dict(json.loads(jws.extract_compact(token.encode()).payload))

    def _check_proof(self, request: Request, endpoint: str, *, access_token: str | None = None) -> str:
        nonces = frozenset({f"{endpoint}.{self.nonces}"}) if self.asks else None
        proven = Proven(method=request.method, url=str(request.url), access_token=access_token, nonces=nonces)
        try:
            return check_proof(request.headers.get("dpop", ""), proven, self.now()).jkt
        except jose.JoseRefused as refusal:
            raise Refused(f"{endpoint}: proof refused by rule {refusal.rule}") from refusal

    def client_keys(self) -> Any:
        """Return the keys that the gateway publishes."""
        return httpx2.get(self.keys_at).json()

    def _verified(self, token: str) -> dict[str, Any]:
        """Verify what the gateway signed by the keys it publishes."""
        keys = jwk.KeySet.import_key_set(self.client_keys())
        return dict(json.loads(jws.deserialize_compact(token, keys, algorithms=_STRICT_ALGORITHMS).payload))

    def _check_client(self, form: Mapping[str, str]) -> None:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise Refused("no client assertion")
        claims, at = self._verified(form["client_assertion"]), self.time.seconds()
        if (claims["iss"], claims["sub"], claims["aud"]) != ("gate06", "gate06", self.url):
            raise Refused("the assertion is not about this client and issuer")
        if not at - 5 < claims["exp"] <= at + 300 or claims["jti"] in self.assertions:
            raise Refused("the assertion is old or was used before")
        self.assertions.append(claims["jti"])

    def _open(self, form: Mapping[str, str]) -> dict[str, str]:
        """Return the parameters of a request, signed or not as this provider wants it (RFC 9101)."""
        if not self.signed:
            return {name: value for name, value in form.items() if not name.startswith("client_assertion")}
        if form.keys() != {"client_id", "request", "client_assertion", "client_assertion_type"}:
            raise Refused(f"a signed request beside {sorted(form)}")
        claims, at = self._verified(form["request"]), self.time.seconds()
        if (claims.pop("iss"), claims.pop("aud")) != ("gate06", self.url):
            raise Refused("the request object is not of this client for this issuer")
        if not claims.pop("nbf") <= at + 5 < claims.pop("exp") + 5:
            raise Refused("the request object is not of now")
        return {name: value for name, value in claims.items() if isinstance(value, str)}

    def _check_request(self, parameters: Mapping[str, str]) -> None:
        wanted = {"response_type": "code", "code_challenge_method": "S256", "client_id": "gate06"}
        if any(parameters.get(name) != value for name, value in wanted.items()) or "request_uri" in parameters:
            raise Refused("the pushed request is not one of this profile")
        if (parameters.get("response_mode") == "jwt") is not self.signed:
            raise Refused("the answer is asked for in another mode")
