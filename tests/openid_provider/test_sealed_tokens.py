"""Signed userinfo, and ID tokens and userinfo encrypted to the client's key: as registered, or not at all."""

import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import provider_house as world
import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey
from journey import authorize_url, basic, obtain_code, told
from signing_house import EC_SEAL, JWKS, RSA_SEAL, opened, signing

from gateway.identity_providers.contract import IdentityProviderUnavailable
from gateway.openid_provider.client_keys import ClientKeys
from gateway.openid_provider.clients import Portal
from gateway.tokens.jose import ID_TOKEN, ID_TOKEN_HINT, FixedKeys, JosePolicy, JoseRefused, verify
from gateway.tokens.jwe import CONTENT_ALGORITHMS, KEY_ALGORITHMS, encrypt, import_encryption_key
from gateway.tokens.key_material import KeyRefused

pytestmark = pytest.mark.anyio
USERINFO = JosePolicy(name="userinfo", required=frozenset({"iss", "aud", "sub"}), forbidden=frozenset({"exp", "iat"}))


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[world.Provider]:
    async with world.open_provider(tmp_path, portals=(*world.PORTALS, signing())) as opened_one:
        yield opened_one


def register(provider: world.Provider, **changes: Any) -> None:
    provider.house.clients.replace_seeds([signing(**changes)])


async def redeem(provider: world.Provider) -> httpx2.Response:
    """Walk to a code of the client and redeem it."""
    code = await obtain_code(provider, client_id="signing")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": world.CALLBACK}
    return await provider.http.post("/token", data=form | {"code_verifier": "v" * 43}, headers=basic("signing"))


async def person(provider: world.Provider, token: str) -> httpx2.Response:
    return await provider.get("/userinfo", headers={"authorization": f"Bearer {token}"})


def header_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(urlsafe_b64decode(token.partition(".")[0] + "=="))
    return found


async def test_userinfo_is_signed_for_its_client(provider: world.Provider) -> None:
    register(provider, userinfo_signed_response_alg="PS256")
    answer = await person(provider, (await redeem(provider)).json()["access_token"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jwt")
    claims = verify(
        answer.text,
        USERINFO,
        provider.house.keys,
        now=provider.clock.now(),
        issuer=world.ISSUER,
        audience="signing",
    )
    assert (header_of(answer.text)["alg"], claims["name"]) == ("PS256", "TRẦN THỊ BƯỞI")
    with pytest.raises(JoseRefused):  # nobody takes it for a hint
        verify(answer.text, ID_TOKEN_HINT, provider.house.keys, now=provider.clock.now())


async def test_an_id_token_is_encrypted_to_its_client(provider: world.Provider) -> None:
    register(provider, id_token_encrypted_response_alg="ECDH-ES+A256KW", id_token_encrypted_response_enc="A256GCM")
    tokens = (await redeem(provider)).json()
    header, inner = opened(tokens["id_token"], EC_SEAL)
    assert header | {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "cty": "JWT", "kid": "e1"} == header
    claims = verify(inner, ID_TOKEN, provider.house.keys, now=provider.clock.now(), audience="signing")
    assert claims["nonce"] == "no-1"
    # what was encrypted is ours no more: it hints at nobody
    hinted = authorize_url(client_id="signing", prompt="none", id_token_hint=tokens["id_token"])
    assert told(await provider.get(hinted))["error"] == "login_required"
    hinted = authorize_url(client_id="signing", prompt="none", id_token_hint=inner)
    assert "code" in told(await provider.get(hinted))


async def test_userinfo_is_signed_and_then_encrypted(provider: world.Provider) -> None:
    register(
        provider,
        userinfo_signed_response_alg="ES256",
        userinfo_encrypted_response_alg="RSA-OAEP-256",
    )
    answer = await person(provider, (await redeem(provider)).json()["access_token"])
    assert answer.headers["content-type"] == "application/jwt"
    header, inner = opened(answer.text, RSA_SEAL)
    assert (header["enc"], header["kid"]) == ("A128CBC-HS256", "e2")
    assert verify(inner, USERINFO, provider.house.keys, now=provider.clock.now())["aud"] == "signing"
    assert "TRẦN" not in answer.text


async def test_without_a_key_nothing_goes_out_and_nothing_is_spent(provider: world.Provider) -> None:
    published = {"bytes": b""}

    async def fetch(address: str) -> bytes:
        if not published["bytes"]:
            raise IdentityProviderUnavailable(operator_detail="away")
        return published["bytes"]

    object.__setattr__(provider.house, "client_keys", ClientKeys(fetch, provider.clock))
    away = {"jwks": None, "jwks_uri": "https://signing.example/keys"}
    register(provider, id_token_encrypted_response_alg="ECDH-ES", **away)
    code = await obtain_code(provider, client_id="signing")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": world.CALLBACK, "code_verifier": "v" * 43}
    refused = await provider.http.post("/token", data=form, headers=basic("signing"))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert "GW-1017" in refused.json()["error_uri"]
    provider.clock.move(timedelta(seconds=3))  # a failure is remembered for two seconds
    published["bytes"] = json.dumps({"keys": [EC_SEAL.as_dict(private=False)]}).encode()
    good = await provider.http.post("/token", data=form, headers=basic("signing"))
    assert good.status_code == 200, good.text
    assert opened(good.json()["id_token"], EC_SEAL)[0]["alg"] == "ECDH-ES"


async def test_an_answer_that_cannot_be_encrypted_is_a_page(provider: world.Provider) -> None:
    register(provider, authorization_encrypted_response_alg="ECDH-ES", jwks=None, jwks_uri="https://signing.example/k")
    answer = await provider.get(authorize_url(client_id="signing", response_mode="jwt", prompt="none"))
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert "GW-1017" in answer.text


REFUSED: list[dict[str, Any]] = [
    {"id_token_encrypted_response_alg": "RSA1_5"},
    {"id_token_encrypted_response_alg": "dir"},
    {"id_token_encrypted_response_alg": "PBES2-HS256+A128KW"},
    {"id_token_encrypted_response_alg": "ECDH-ES", "id_token_encrypted_response_enc": "A128CTR"},
    {"id_token_encrypted_response_enc": "A128GCM"},
    {"id_token_encrypted_response_alg": "ECDH-ES", "jwks": None},
    {"id_token_encrypted_response_alg": "ECDH-ES", "jwks": {"keys": JWKS["keys"][:2]}},
    {"userinfo_encrypted_response_alg": "ECDH-ES"},
    {"userinfo_signed_response_alg": "none"},
    {"userinfo_signed_response_alg": "HS256"},
    {"authorization_signed_response_alg": "none"},
    {"request_object_signing_alg": "none"},
    {"require_signed_request_object": True, "jwks": None},
    {"jwks_uri": "https://signing.example/keys"},
]


def test_registrations_that_are_refused() -> None:
    for members in REFUSED:
        with pytest.raises(ValueError, match="validation error"):
            signing(**members)
    assert signing(id_token_encrypted_response_alg="ECDH-ES").has_keys


def test_every_pair_of_algorithms_can_be_opened() -> None:
    """What the metadata offers works, with each kind of key."""
    ours = [ECKey.generate_key(curve, {"kid": curve}) for curve in ("P-256", "P-384", "P-521")]
    keys: list[Any] = [*ours, OKPKey.generate_key("X25519", {"kid": "x"}), RSA_SEAL]
    tried = set()
    for key in keys:
        sealing = import_encryption_key(key.as_dict(private=False))
        for alg in sealing.algorithms:
            for enc in CONTENT_ALGORITHMS:
                header, inner = opened(encrypt("a.b.c", sealing, alg=alg, enc=enc), key)
                assert (header["alg"], header["enc"], inner) == (alg, enc, "a.b.c")
                tried.add(alg)
    assert tried == set(KEY_ALGORITHMS)


def test_keys_that_are_not_encrypted_to() -> None:
    small = {"kty": "RSA", "e": "AQAB", "n": str(RSA_SEAL.as_dict(private=False)["n"])[:172]}
    good = EC_SEAL.as_dict(private=False)
    unfit = [
        (small, "rsa_size"),
        (OctKey.generate_key(128).as_dict(), "kty"),
        (good | {"use": "sig"}, "use"),
        (good | {"alg": "RSA-OAEP-256"}, "alg"),
        (good | {"crv": "secp256k1"}, "crv"),
        (good | {"x": good["y"]}, "form"),
        ({"kty": "EC", "crv": "P-256"}, "form"),
        (good | {"x": 5}, "form"),
        (OKPKey.generate_key("Ed25519").as_dict(private=False), "crv"),
        ({}, "kty"),
    ]
    for jwk, rule in unfit:
        with pytest.raises(KeyRefused) as refused:
            import_encryption_key(jwk)
        assert refused.value.rule == rule, jwk
    assert FixedKeys.of_jwks({"keys": [*(jwk for jwk, _ in unfit), "words", good]}).sealing("ECDH-ES") is not None


def test_an_encryption_key_verifies_nothing() -> None:
    for jwk in (EC_SEAL.as_dict(private=False), {**EC_SEAL.as_dict(private=False), "use": None, "alg": "ECDH-ES"}):
        members = {name: value for name, value in jwk.items() if value is not None}
        assert len(FixedKeys.of_jwks({"keys": [members]}, strict=True)) == 0


async def test_the_metadata_names_what_can_be_registered(provider: world.Provider) -> None:
    document = (await provider.get("/.well-known/openid-configuration")).json()
    for kind in ("id_token", "userinfo", "authorization"):
        for alg in document[f"{kind}_encryption_alg_values_supported"]:
            for enc in document[f"{kind}_encryption_enc_values_supported"]:
                more = {f"{kind}_encrypted_response_alg": alg, f"{kind}_encrypted_response_enc": enc}
                assert signing(userinfo_signed_response_alg="ES256", **more).encryption_of(kind) == (alg, enc)
        for alg in document[f"{kind}_signing_alg_values_supported"]:
            assert isinstance(signing(**{f"{kind}_signed_response_alg": alg}), Portal)
