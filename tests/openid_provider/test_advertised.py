"""Metadata that cannot lie: every member of both discovery documents is used, with every value it offers; a member that
nobody uses here fails the test, and so does one that offers what is refused.
"""

import itertools
import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import provider_house as world
import pytest
from journey import VERIFIER, agree, authorize_url, basic, come_in, members, obtain_tokens, told, visit
from portals_told import ToldHouse, open_told_house
from signing_house import EC_SEAL, JWKS, RSA_SEAL, opened, request_claims, signing

from gateway.application.openapi import PAGES
from gateway.openid_provider.client_assertion import ASSERTION_TYPE
from gateway.tokens.jose import FixedKeys, sign
from gateway.tokens.key_material import generate_private_jwk, import_signing_key, public_jwk
from tests.possession import CHANCE, Holder, b64

pytestmark = pytest.mark.anyio
FORM = {"content-type": "application/x-www-form-urlencoded"}
KEYS = {alg: generate_private_jwk(alg, f"k-{alg}", CHANCE) for alg in ("ES256", "RS256", "PS256", "Ed25519")}
KEYS["EdDSA"] = generate_private_jwk("Ed25519", "k-EdDSA", CHANCE) | {"alg": "EdDSA"}
"""A key of the client's for each algorithm; the two names of Ed25519 sign with keys of their own."""


@dataclass
class Reader:
    """Whoever reads the documents and does what they offer, as a client registered for just that."""

    house: ToldHouse
    document: Mapping[str, Any]

    @property
    def provider(self) -> world.Provider:
        return self.house.provider

    def path(self, member: str) -> str:
        assert self.document[member].startswith(f"{world.ISSUER}/"), member
        return str(self.document[member]).removeprefix(world.ISSUER)

    def register(self, **changes: Any) -> None:
        portals = [self.provider.house.clients.get(name) for name in ("portal", "app", "desk")]
        self.provider.house.clients.replace_seeds([*filter(None, portals), signing(**changes)])

    def register_signer(self, alg: str, **changes: Any) -> None:
        """Register the client with a key of one algorithm."""
        keys = [public_jwk(KEYS[alg])]
        method = {"token_endpoint_auth_method": "private_key_jwt", "client_secret": None}
        grants = ["authorization_code", "client_credentials"]
        given = {"jwks": {"keys": keys}, "grant_types": grants, **method, **changes}
        self.register(**given)

    async def post(self, member: str, form: Mapping[str, str], **headers: str) -> httpx2.Response:
        return await self.provider.http.post(self.path(member), data=dict(form), headers=headers)

    async def ask(self, **changes: str | None) -> httpx2.Response:
        address = authorize_url(client_id="signing", **changes).replace(
            "/authorize", self.path("authorization_endpoint")
        )
        return await self.provider.get(address)

    async def answered(self, **changes: str | None) -> dict[str, str]:
        """Sign in and agree; return what the client is answered."""
        self.provider.http.cookies.clear()
        address = authorize_url(client_id="signing", **changes)
        page = await come_in(self.provider, address)
        return told(page if page.status_code == 303 else await agree(self.provider, page))

    async def tokens(self, code: str | None = None, **changes: str | None) -> dict[str, Any]:
        code = code or (await self.answered(**changes))["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": world.CALLBACK}
        answer = await self.post("token_endpoint", {**form, "code_verifier": VERIFIER}, **basic("signing"))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def person(self, access_token: str) -> httpx2.Response:
        return await self.provider.get(
            self.path("userinfo_endpoint"), headers={"authorization": f"Bearer {access_token}"}
        )

    def proven(self, alg: str) -> dict[str, str]:
        at = int(self.provider.clock.now().timestamp())
        about = {"iss": "signing", "sub": "signing", "aud": world.ISSUER, "jti": b64(CHANCE.octets(12))}
        token = sign({**about, "iat": at, "exp": at + 60}, import_signing_key(KEYS[alg]), typ="JWT")
        return {"client_assertion": token, "client_assertion_type": ASSERTION_TYPE}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ToldHouse]:
    async with open_told_house(tmp_path) as opened_one:
        yield opened_one


def part(token: str, which: int) -> dict[str, Any]:
    segment = token.split(".")[which]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return found


# -- endpoints ---


async def issuer(reader: Reader) -> None:
    reader.register()
    answer = await reader.answered()
    tokens = await reader.tokens(answer["code"])
    assert reader.document["issuer"] == answer["iss"] == part(tokens["id_token"], 1)["iss"]


async def authorization_endpoint(reader: Reader) -> None:
    reader.register()
    assert (await reader.ask()).headers["location"].startswith(f"{world.ISSUER}/interaction/")


async def token_endpoint(reader: Reader) -> None:
    reader.register()
    assert (await reader.tokens())["token_type"] == "Bearer"


async def par(reader: Reader) -> None:
    reader.register()
    form = members(authorize_url(client_id="signing"))
    pushed = await reader.post("pushed_authorization_request_endpoint", form, **basic("signing"))
    assert pushed.status_code == 201
    assert (await reader.provider.get(visit(pushed.json()["request_uri"], "signing"))).status_code == 303


async def jwks_uri(reader: Reader) -> None:
    reader.register()
    published = (await reader.provider.get(reader.path("jwks_uri"))).json()
    token = (await reader.tokens())["id_token"]
    header = part(token, 0)
    assert FixedKeys.of_jwks(published).candidates(header["kid"], header["alg"])


async def introspection_endpoint(reader: Reader) -> None:
    reader.register()
    token = (await reader.tokens())["access_token"]
    answer = await reader.post("introspection_endpoint", {"token": token}, **basic("signing"))
    assert (answer.json()["active"], answer.json()["iss"]) == (True, world.ISSUER)


async def revocation_endpoint(reader: Reader) -> None:
    reader.register()
    token = (await reader.tokens())["access_token"]
    assert (await reader.post("revocation_endpoint", {"token": token}, **basic("signing"))).status_code == 200
    assert (await reader.person(token)).status_code == 401


async def userinfo_endpoint(reader: Reader) -> None:
    reader.register()
    tokens = await reader.tokens()
    assert (await reader.person(tokens["access_token"])).json()["sub"] == part(tokens["id_token"], 1)["sub"]


async def end_session_endpoint(reader: Reader) -> None:
    tokens = await obtain_tokens(reader.provider)
    left = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "http://127.0.0.1:8003/bye"}
    away = await reader.provider.get(reader.path("end_session_endpoint"), params=left)
    assert away.headers["location"] == "http://127.0.0.1:8003/bye"


async def device_authorization_endpoint(reader: Reader) -> None:
    answer = await reader.post("device_authorization_endpoint", {"client_id": "gate06-cli"})
    assert answer.json()["verification_uri"].startswith(world.ISSUER)


async def service_documentation(reader: Reader) -> None:
    assert PAGES[reader.path("service_documentation")]


# -- what may be asked ---


async def scopes(reader: Reader) -> None:
    offered = reader.document["scopes_supported"]
    procedures = [scope.partition(":")[2] for scope in offered if scope.startswith("procedure:")]
    assert procedures
    reader.register(procedures=procedures, scope=" ".join(one for one in offered if ":" not in one))
    for scope in offered:
        answer = await reader.ask(scope=scope if scope == "openid" else f"openid {scope}", prompt="none")
        assert told(answer)["error"] == "login_required", scope


async def response_types(reader: Reader) -> None:
    reader.register()
    for kind in reader.document["response_types_supported"]:
        assert told(await reader.ask(response_type=kind, prompt="none"))["error"] == "login_required"
    for kind in {"token", "id_token", "code id_token", "none"} - set(reader.document["response_types_supported"]):
        assert told(await reader.ask(response_type=kind))["error"] == "unsupported_response_type"


async def response_modes(reader: Reader) -> None:
    reader.register()
    for mode in reader.document["response_modes_supported"]:
        answer = told(await reader.ask(response_mode=mode, prompt="none"))
        inside = part(answer["response"], 1) if "jwt" in mode else answer
        assert inside["error"] == "login_required", mode
    for mode in {"fragment", "web_message", "fragment.jwt"} - set(reader.document["response_modes_supported"]):
        assert told(await reader.ask(response_mode=mode))["error"] == "invalid_request"


async def grant_types(reader: Reader) -> None:
    everything = ["authorization_code", "refresh_token", "client_credentials"]
    reader.register(grant_types=everything)
    tokens = await reader.tokens(scope="openid offline_access", prompt="consent")
    forms = {
        "authorization_code": {"code": "gc_x", "redirect_uri": world.CALLBACK, "code_verifier": VERIFIER},
        "refresh_token": {"refresh_token": tokens["refresh_token"]},
        "client_credentials": {},
    }
    for grant in reader.document["grant_types_supported"]:
        form, headers = {"grant_type": grant, **forms.get(grant, {})}, basic("signing")
        if grant not in forms:
            device = await reader.post("device_authorization_endpoint", {"client_id": "gate06-cli"})
            form, headers = form | {"client_id": "gate06-cli", "device_code": device.json()["device_code"]}, {}
        answer = await reader.post("token_endpoint", form, **headers)
        said = answer.json().get("error")
        assert said == {"authorization_code": "invalid_grant"}.get(
            grant, None if grant in forms else "authorization_pending"
        )
    other = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"}
    assert (await reader.post("token_endpoint", other, **basic("signing"))).json()["error"] == "unsupported_grant_type"


async def code_challenge_methods(reader: Reader) -> None:
    reader.register()
    for method in reader.document["code_challenge_methods_supported"]:
        assert told(await reader.ask(code_challenge_method=method, prompt="none"))["error"] == "login_required"
    assert told(await reader.ask(code_challenge_method="plain", code_challenge=VERIFIER))["error"] == "invalid_request"


async def prompts(reader: Reader) -> None:
    reader.register()
    for prompt in reader.document["prompt_values_supported"]:
        answer = await reader.ask(prompt=prompt)
        where = answer.headers["location"]
        assert where.startswith(f"{world.ISSUER}/interaction/") or told(answer)["error"] == "login_required", prompt
    assert told(await reader.ask(prompt="create"))["error"] == "invalid_request"


async def ui_locales(reader: Reader) -> None:
    reader.register()
    for language in reader.document["ui_locales_supported"]:
        attempt = (await reader.ask(ui_locales=language)).headers["location"]
        assert f'<html lang="{language}">' in (await reader.provider.get(attempt)).text


async def acr_values(reader: Reader) -> None:
    reader.register()
    for wanted in reader.document["acr_values_supported"]:
        level = int(wanted.rpartition(":")[2])
        reader.provider.upstream.answer = world.person(account_level=level, acr=wanted)
        claims = json.dumps({"id_token": {"acr": {"essential": True, "value": wanted}}})
        assert part((await reader.tokens(claims=claims))["id_token"], 1)["acr"] == wanted
    reader.provider.upstream.answer = world.person()


async def claims(reader: Reader) -> None:
    offered = reader.document["claims_supported"]
    reader.register(procedures=["1.004222"])
    asked = dict.fromkeys(offered)
    wanted = json.dumps({"userinfo": asked, "id_token": {"auth_time": {"essential": True}, "acr": None}})
    scope = " ".join(one for one in reader.document["scopes_supported"] if ":" not in one and one != "offline_access")
    tokens = await reader.tokens(scope=scope, claims=wanted)
    seen = part(tokens["id_token"], 1).keys() | (await reader.person(tokens["access_token"])).json().keys()
    # what a person has no value for is not told (OpenID Connect Core §5.3.2)
    assert set(offered) - seen <= {"given_name", "family_name", "middle_name"}, set(offered) - seen


async def claim_types(reader: Reader) -> None:
    assert reader.document["claim_types_supported"] == ["normal"]
    reader.register()
    person = (await reader.person((await reader.tokens())["access_token"])).json()
    assert not person.keys() & {"_claim_names", "_claim_sources"}


async def claims_parameter(reader: Reader) -> None:
    assert reader.document["claims_parameter_supported"] is True
    reader.register()
    tokens = await reader.tokens(scope="openid", claims=json.dumps({"id_token": {"auth_time": {"essential": True}}}))
    assert "auth_time" in part(tokens["id_token"], 1)


async def subject_types(reader: Reader) -> None:
    seen = set()
    for kind in reader.document["subject_types_supported"]:
        reader.register(subject_type=kind)
        seen.add(part((await reader.tokens())["id_token"], 1)["sub"])
    assert len(seen) == len(reader.document["subject_types_supported"]) == 2


async def authorization_details(reader: Reader) -> None:
    reader.register()
    for kind in reader.document["authorization_details_types_supported"]:
        details = json.dumps([{"type": kind, "procedure": "1.004222"}])
        answer = await reader.ask(authorization_details=details, prompt="none")
        assert told(answer)["error"] == "login_required"
    other = json.dumps([{"type": "payment"}])
    assert told(await reader.ask(authorization_details=other))["error"] == "invalid_authorization_details"


async def response_iss(reader: Reader) -> None:
    assert reader.document["authorization_response_iss_parameter_supported"] is True
    reader.register()
    assert (await reader.answered())["iss"] == told(await reader.ask(prompt="create"))["iss"] == world.ISSUER


async def not_all_pushed(reader: Reader) -> None:
    assert reader.document["require_pushed_authorization_requests"] is False
    reader.register()
    assert "location" in (await reader.ask()).headers


async def request_parameter(reader: Reader) -> None:
    assert reader.document["request_parameter_supported"] is True
    assert reader.document["require_signed_request_object"] is False
    reader.register()
    assert told(await reader.ask(prompt="none"))["error"] == "login_required"


async def no_request_uri(reader: Reader) -> None:
    assert reader.document["request_uri_parameter_supported"] is False
    reader.register()
    answer = await reader.ask(request_uri="https://signing.example/r")
    assert told(answer)["error"] == "request_uri_not_supported"


# -- algorithms ---


async def request_objects(reader: Reader) -> None:
    for alg in reader.document["request_object_signing_alg_values_supported"]:
        reader.register(jwks={"keys": [public_jwk(KEYS[alg])]})
        token = sign(request_claims(prompt="none"), import_signing_key(KEYS[alg]), typ="oauth-authz-req+jwt")
        answer = await reader.ask(request=token)
        assert told(answer)["error"] == "login_required", alg


async def proofs(reader: Reader) -> None:
    reader.register(grant_types=["authorization_code", "client_credentials"])
    at = reader.provider.clock.now().timestamp()
    for alg in reader.document["dpop_signing_alg_values_supported"]:
        holder = Holder("Ed25519" if alg == "EdDSA" else alg)
        proof = holder.prove("POST", reader.document["token_endpoint"], at, header={"alg": alg})
        form = {"grant_type": "client_credentials"}
        answer = await reader.post("token_endpoint", form, dpop=proof, **basic("signing"))
        assert answer.json()["token_type"] == "DPoP", alg


def authenticates(endpoint: str) -> Callable[[Reader], Awaitable[None]]:
    """Return the use of an endpoint's methods, with every algorithm it offers for assertions."""
    form = {"grant_type": "client_credentials"} if endpoint == "token" else {"token": "x"}

    async def use(reader: Reader) -> None:
        algorithms = reader.document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
        for method in reader.document[f"{endpoint}_endpoint_auth_methods_supported"]:
            for alg in algorithms if method == "private_key_jwt" else ["ES256"]:
                beside, headers = {}, {}
                if method == "private_key_jwt":
                    reader.register_signer(alg)
                    beside = reader.proven(alg)
                elif method == "none":
                    beside = {"client_id": "app"}
                else:
                    grants = ["authorization_code", "client_credentials"]
                    reader.register(token_endpoint_auth_method=method, grant_types=grants)
                    headers = basic("signing") if method.endswith("basic") else {}
                    beside = {} if headers else {"client_id": "signing", "client_secret": world.SECRET}
                answer = await reader.post(f"{endpoint}_endpoint", {**form, **beside}, **headers)
                # a client without a secret is known, and asks in vain for a token of its own
                told_off = endpoint == "token" and method == "none"
                assert answer.status_code == (400 if told_off else 200), (method, alg, answer.text)
                assert not told_off or answer.json()["error"] == "unauthorized_client"

    return use


def signs(kind: str) -> Callable[[Reader], Awaitable[None]]:
    """Return the use of the algorithms that one kind of token is signed with."""

    async def use(reader: Reader) -> None:
        for alg in reader.document[f"{kind}_signing_alg_values_supported"]:
            reader.register(**{f"{kind}_signed_response_alg": alg})
            assert part(await _made(reader, kind), 0)["alg"] == alg

    return use


def seals(kind: str) -> Callable[[Reader], Awaitable[None]]:
    """Return the use of every pair of algorithms that one kind of token is encrypted with."""

    async def use(reader: Reader) -> None:
        pairs = itertools.product(
            reader.document[f"{kind}_encryption_alg_values_supported"],
            reader.document[f"{kind}_encryption_enc_values_supported"],
        )
        for alg, enc in pairs:
            ways = {f"{kind}_encrypted_response_alg": alg, f"{kind}_encrypted_response_enc": enc}
            reader.register(**{f"{kind}_signed_response_alg": "ES256"}, jwks=JWKS, **ways)
            header, inner = opened(await _made(reader, kind), RSA_SEAL if alg.startswith("RSA") else EC_SEAL)
            assert (header["alg"], header["enc"], part(inner, 0)["alg"]) == (alg, enc, "ES256")

    return use


async def _made(reader: Reader, kind: str) -> str:
    if kind == "authorization":
        return told(await reader.ask(response_mode="jwt", prompt="none"))["response"]
    if kind == "id_token":
        return str((await reader.tokens())["id_token"])
    return (await reader.person((await reader.tokens())["access_token"])).text


async def told_of_logout(reader: Reader) -> None:
    assert reader.document["backchannel_logout_supported"] is True
    assert reader.document["backchannel_logout_session_supported"] is True
    portal = reader.provider.house.clients.get("portal")
    assert portal is not None
    tokens = await obtain_tokens(reader.provider)
    await reader.provider.get(reader.path("end_session_endpoint"), params={"id_token_hint": tokens["id_token"]})
    (notice,) = await reader.house.told()
    assert notice.claims["sid"] == part(tokens["id_token"], 1)["sid"]


USES: dict[str, Callable[[Reader], Awaitable[None]]] = {
    "issuer": issuer,
    "authorization_endpoint": authorization_endpoint,
    "token_endpoint": token_endpoint,
    "pushed_authorization_request_endpoint": par,
    "require_pushed_authorization_requests": not_all_pushed,
    "jwks_uri": jwks_uri,
    "introspection_endpoint": introspection_endpoint,
    "revocation_endpoint": revocation_endpoint,
    "device_authorization_endpoint": device_authorization_endpoint,
    "userinfo_endpoint": userinfo_endpoint,
    "end_session_endpoint": end_session_endpoint,
    "service_documentation": service_documentation,
    "scopes_supported": scopes,
    "response_types_supported": response_types,
    "response_modes_supported": response_modes,
    "grant_types_supported": grant_types,
    "code_challenge_methods_supported": code_challenge_methods,
    "prompt_values_supported": prompts,
    "ui_locales_supported": ui_locales,
    "acr_values_supported": acr_values,
    "claims_supported": claims,
    "claim_types_supported": claim_types,
    "claims_parameter_supported": claims_parameter,
    "subject_types_supported": subject_types,
    "authorization_details_types_supported": authorization_details,
    "authorization_response_iss_parameter_supported": response_iss,
    "request_parameter_supported": request_parameter,
    "require_signed_request_object": request_parameter,
    "request_uri_parameter_supported": no_request_uri,
    "request_object_signing_alg_values_supported": request_objects,
    "dpop_signing_alg_values_supported": proofs,
    "backchannel_logout_supported": told_of_logout,
    "backchannel_logout_session_supported": told_of_logout,
    **{
        f"{endpoint}_endpoint_auth_{what}_supported": authenticates(endpoint)
        for endpoint in ("token", "introspection", "revocation")
        for what in ("methods", "signing_alg_values")
    },
    **{f"{kind}_signing_alg_values_supported": signs(kind) for kind in ("id_token", "userinfo", "authorization")},
    **{
        f"{kind}_encryption_{what}_values_supported": seals(kind)
        for kind in ("id_token", "userinfo", "authorization")
        for what in ("alg", "enc")
    },
}


@pytest.mark.parametrize("member", USES)
async def test_what_is_advertised_can_be_used(house: ToldHouse, member: str) -> None:
    documents = [
        (await house.provider.get(f"/.well-known/{name}")).json()
        for name in ("openid-configuration", "oauth-authorization-server")
    ]
    first = documents[0]
    assert member in first
    await USES[member](Reader(house, first))


async def test_no_member_of_either_document_is_without_a_use(house: ToldHouse) -> None:
    for name in ("openid-configuration", "oauth-authorization-server"):
        document = (await house.provider.get(f"/.well-known/{name}")).json()
        assert document.keys() - USES.keys() == set(), name
        assert name != "openid-configuration" or document.keys() == USES.keys()
