"""The suite's side in FAPI 2.0: clients that push their requests, sign who they are, and prove a key each time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from joserfc import jwk, jws

from gateway.openid_provider.client_assertion import ASSERTION_TYPE
from gateway.tokens.jose import sign
from gateway.tokens.key_material import generate_private_jwk, import_signing_key, public_jwk
from tests.conformance.browser import BUTTONS, Browser, Landing
from tests.conformance.client import CHALLENGE, VERIFIER, wire_of
from tests.conformance.plan import ANY, Run, Wire
from tests.conformance.running import CALLBACK
from tests.possession import CHANCE, Holder, b64

NAMES = {
    "query": ("fapi", "fapi-second"),
    "jar": ("fapi-signed", "fapi-signed-second"),
    "jarm": ("fapi-answered", "fapi-answered-second"),
}
"""The two static clients of a plan, by how its requests travel; those of `jar` sign every request, those of `jarm` have
every answer signed as well, the second one by PS256."""
_MADE = (generate_private_jwk("ES256", "f1", CHANCE), generate_private_jwk("PS256", "f2", CHANCE))
KEYS = {name: key for names in NAMES.values() for name, key in zip(names, _MADE, strict=True)}
ADDRESSES = (CALLBACK, f"{CALLBACK}?dummy1=lorem&dummy2=ipsum")


def fapi_clients(*modes: str) -> list[dict[str, Any]]:
    """Return the tables of the clients of these plans."""
    tables: list[dict[str, Any]] = [
        {
            "client_id": NAMES[mode][which],
            "profile": "fapi2",
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": {"keys": [public_jwk(_MADE[which])]},
            "redirect_uris": [ADDRESSES[which]],
            "grant_types": ["authorization_code", "refresh_token"],
            **({"require_signed_request_object": True} if mode != "query" else {}),
            **({"authorization_signed_response_alg": ("ES256", "PS256")[which]} if mode == "jarm" else {}),
        }
        for mode in modes
        for which in (0, 1)
    ]
    return tables


@dataclass
class FapiClient:
    """One of a plan's two static clients (`which`), the key its tokens are bound to, and one browser."""

    run: Run
    which: int = 0
    holder: Holder = field(default_factory=Holder)

    def __post_init__(self) -> None:
        self.browser = Browser(self.run.gateway)
        self.client_id = NAMES[self.run.mode][self.which]

    @property
    def now(self) -> float:
        """The time that the gateway sees."""
        return self.run.gateway.time.seconds()

    def address(self, endpoint: str) -> str:
        """Return an endpoint's address by the metadata."""
        return str(self.run.gateway.metadata[f"{endpoint}_endpoint"])

    def assertion(self, key: dict[str, str] | None = None, **changes: Any) -> str:
        """Return a good client assertion, with changes (None leaves a claim out)."""
        at = int(self.now)
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": self.run.gateway.issuer, "iat": at}
        claims |= {"exp": at + 60, "jti": b64(CHANCE.octets(12))} | changes
        kept = {name: value for name, value in claims.items() if value is not None}
        return sign(kept, import_signing_key(key or KEYS[self.client_id]), typ="JWT")

    def post(
        self, endpoint: str, form: dict[str, str | None], *, label: str, proof: str | None = "", assertion: str = ""
    ) -> Wire:
        """Post to an endpoint; `proof` "" makes a good one and None sends none, `assertion` "-" sends none."""
        proven = {} if assertion == "-" else {"client_assertion": assertion or self.assertion()}
        proven |= {"client_assertion_type": ASSERTION_TYPE} if proven else {}
        address = self.address(endpoint)
        sent = {name: value for name, value in {**proven, **form}.items() if value is not None}
        headers = {} if proof is None else {"dpop": proof or self.holder.prove("POST", address, self.now)}
        with self.run.gateway.http() as http:
            return wire_of(label, http.post(address, data=sent, headers=headers))

    def request_object(
        self, parameters: Mapping[str, str | None], key: dict[str, str] | None = None, **changes: Any
    ) -> str:
        """Sign parameters as a good request object, with changes of its claims (None leaves one out)."""
        at = int(self.now)
        claims = {"iss": self.client_id, "aud": self.run.gateway.issuer, "iat": at, "nbf": at, "exp": at + 300}
        claims |= {"jti": b64(CHANCE.octets(12))} | dict(parameters) | changes
        kept = {name: value for name, value in claims.items() if value is not None}
        return sign(kept, import_signing_key(key or KEYS[self.client_id]), typ="oauth-authz-req+jwt")

    def good_request(self) -> dict[str, str | None]:
        """Return the parameters of a good request."""
        return {
            "client_id": self.client_id,
            "redirect_uri": ADDRESSES[self.which],
            "response_type": "code",
            "scope": "openid",
            "state": "st-1",
            "nonce": "no-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **({"response_mode": "jwt"} if self.run.mode == "jarm" else {}),
        }

    def push(self, told: str = "", *, proof: str | None = None, assertion: str = "", **changes: str | None) -> Wire:
        """Push a good request, with changes (None leaves a parameter out)."""
        given = [f"{name}={value}" for name, value in changes.items() if value and len(value) < 60]
        given += [f"{name} of {len(value)} characters" for name, value in changes.items() if value and len(value) >= 60]
        given += [f"no {name}" for name, value in changes.items() if value is None]
        label = "POST PAR endpoint" + (f" with {told or ', '.join(given)}" if told or given else "")
        form = self.good_request() | changes
        if self.run.mode != "query":
            beside = {"client_id": self.client_id, "request_uri": form.pop("request_uri", None)}
            form = {**beside, "request": self.request_object(form)}
        return self.post("pushed_authorization_request", form, label=label, proof=proof, assertion=assertion)

    def visit(self, request_uri: str, *, buttons: tuple[str, ...] = BUTTONS, **more: str) -> tuple[Wire, Landing]:
        """Send the browser with a pushed request."""
        query = urlencode({"client_id": self.client_id, "request_uri": request_uri, **more})
        landing = self.browser.open(f"{self.address('authorization')}?{query}", buttons=buttons)
        told = ", ".join(["client_id", "request_uri", *(f"{name}={value}" for name, value in more.items())])
        label = f"GET authorization endpoint with {told}"
        if self.run.mode == "jarm" and landing.arrived is not None:
            landing = replace(landing, carried=self.opened(landing.members))
        return Wire(sent=label, status=landing.status, members=landing.members, text=landing.text), landing

    def opened(self, members: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Verify an answer that is one signed token for this client (JARM §2.1, §2.4); return what it holds."""
        own = {name: value for name, value in members.items() if name.startswith("dummy")}  # the address's own
        assert set(members) == {"response", *own}, members
        keys = jwk.KeySet.import_key_set(self.run.gateway.jwks)  # type: ignore[arg-type]
        signed = jws.deserialize_compact(members["response"], keys, algorithms=[("ES256", "PS256")[self.which]])
        claims = json.loads(signed.payload)
        assert (claims.pop("aud"), claims["iss"]) == (self.client_id, self.run.gateway.issuer)
        assert 0 < claims.pop("exp") - self.now <= 600
        return (*claims.items(), *own.items())

    def pushed(self, told: str = "", **changes: Any) -> str:
        """Push a request that must be taken; return its name."""
        wire = self.push(told, **changes)
        return str(self.run.see(wire, 201, request_uri=ANY, expires_in=ANY)["request_uri"])

    def code(self, told: str = "", **changes: Any) -> str:
        """Walk to a code."""
        wire, _ = self.visit(self.pushed(told, **changes))
        return str(self.run.see(wire, wire.status, code=ANY, iss=self.run.gateway.issuer)["code"])

    def redeem(
        self, code: str, told: str = "", *, proof: str | None = "", assertion: str = "", **changes: str | None
    ) -> Wire:
        """Redeem a code."""
        form: dict[str, str | None] = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        form |= {"redirect_uri": ADDRESSES[self.which]} | changes
        label = "POST token endpoint" + (f" with {told}" if told else "")
        return self.post("token", form, label=label, proof=proof, assertion=assertion)

    def refresh(self, token: str, told: str = "", *, proof: str | None = "", assertion: str = "") -> Wire:
        """Use a refresh token."""
        form: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": token}
        label = "POST token endpoint, refresh" + (f" {told}" if told else "")
        return self.post("token", form, label=label, proof=proof, assertion=assertion)

    def tokens(self, **changes: Any) -> dict[str, Any]:
        """Walk to tokens that are bound to this client's key."""
        answer = self.redeem(self.code(**changes))
        return dict(self.run.see(answer, 200, access_token=ANY, id_token=ANY, token_type="DPoP"))

    def person(self, access_token: str, told: str = "", **bend: Any) -> Wire:
        """Ask who signed in, with a good proof or a bent one."""
        address = self.address("userinfo")
        proof = self.holder.prove("GET", address, self.now, **({"token": access_token} | bend))
        return self.ask([("authorization", f"DPoP {access_token}"), ("dpop", proof)], told)

    def ask(self, headers: list[tuple[str, str]], told: str = "") -> Wire:
        """Ask who signed in with these headers exactly."""
        with self.run.gateway.http() as http:
            answer = http.get(self.address("userinfo"), headers=headers)
        return wire_of("GET userinfo endpoint" + (f" with {told}" if told else ""), answer)
