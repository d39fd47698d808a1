"""Request objects (RFC 9101): what a client signed counts, what stands beside it does not, what is bent is refused."""

import json
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import provider_house as world
import pytest
from joserfc.jws import JWSRegistry
from journey import agree, authorize_url, basic, members, told
from signing_house import EC_SEAL, KEY, NOW, RSA_KEY, STRANGER, request_claims, request_object, segment, signing

from gateway.tokens.key_material import import_signing_key, public_jwk
from tests.openid_provider.test_pushed_requests import come_in
from tests.tokens.claim_cases import cases_of

pytestmark = pytest.mark.anyio
HEADER = {"alg": "ES256", "kid": "s1", "typ": "oauth-authz-req+jwt"}
KEYED = basic("signing")


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[world.Provider]:
    strict = signing("strict-one", require_signed_request_object=True, request_object_signing_alg="ES256")
    async with world.open_provider(tmp_path, portals=(*world.PORTALS, signing(), strict)) as opened:
        yield opened


def by_value(token: str, client_id: str = "signing", **beside: str) -> str:
    return "/authorize?" + urlencode({"client_id": client_id, "request": token, **beside})


async def push(provider: world.Provider, token: str, **beside: str) -> httpx2.Response:
    return await provider.http.post("/par", data={"request": token, **beside}, headers=KEYED)


async def refusal(provider: world.Provider, token: str) -> tuple[int, str]:
    """Push and send a request object; return how both refused it."""
    pushed = await push(provider, token)
    sent = await provider.get(by_value(token, redirect_uri=world.CALLBACK, state="st-1"))
    assert "iss" in members(sent.headers["location"])
    assert members(sent.headers["location"])["error"] == pushed.json()["error"]
    return pushed.status_code, pushed.json()["error"]


async def test_a_signed_request_signs_somebody_in(provider: world.Provider) -> None:
    answered = told(await agree(provider, await come_in(provider, by_value(request_object()))))
    assert (answered["state"], answered["iss"]) == ("inside", world.ISSUER)
    form = {"grant_type": "authorization_code", "code": answered["code"], "redirect_uri": world.CALLBACK}
    tokens = await provider.http.post("/token", data=form | {"code_verifier": "v" * 43}, headers=KEYED)
    assert tokens.status_code == 200


async def test_what_stands_beside_it_does_not_count(provider: world.Provider) -> None:
    """RFC 9101 §6.3: neither to change what was signed nor to add to it."""
    token = request_object(state=None, prompt="none")
    bent = by_value(
        token, state="outside", redirect_uri="https://evil.example/", scope="openid", response_mode="form_post"
    )
    answer = await provider.get(bent)
    assert answer.headers["location"].startswith(world.CALLBACK)
    assert members(answer.headers["location"])["error"] == "login_required"
    assert "state" not in members(answer.headers["location"])


async def test_the_redirect_uri_inside_wins(provider: world.Provider) -> None:
    other = "http://127.0.0.1:8003/other?x=1"
    answer = await provider.get(
        by_value(request_object(redirect_uri=other, prompt="none"), redirect_uri=world.CALLBACK)
    )
    assert answer.headers["location"].startswith(other)


@pytest.mark.parametrize("redirect_uri", [None, "https://evil.example/"])
async def test_a_signed_address_must_be_registered_too(provider: world.Provider, redirect_uri: str | None) -> None:
    answer = await provider.get(by_value(request_object(redirect_uri=redirect_uri), redirect_uri=world.CALLBACK))
    assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_json_members_come_as_json_or_as_text(provider: world.Provider) -> None:
    details = [{"type": "prefill", "procedure": "1.004222", "dossier": "d-1"}]
    for value in (details, json.dumps(details)):
        token = request_object(authorization_details=value, claims={"userinfo": {"name": None}}, max_age=0)
        assert (await push(provider, token)).status_code == 201, value


GOOD_ONES: list[tuple[str | None, dict[str, Any]]] = [
    ("oauth-authz-req+jwt", {"aud": [world.ISSUER, "https://other.example"]}),
    ("oauth-authz-req+jwt", {"nbf": NOW + 8, "iat": None}),
    ("oauth-authz-req+jwt", {"nbf": None}),
    ("oauth-authz-req+jwt", {"nbf": NOW + 8, "exp": NOW + 8 + 3600}),
    ("oauth-authz-req+jwt", {"nbf": NOW - 3500, "iat": NOW - 7200, "exp": NOW + 60}),
    ("oauth-authz-req+jwt", {"jti": None}),
    ("oauth-authz-req+jwt", {"unknown": {"anything": [1]}}),
    (None, {}),
    ("JWT", {}),
    ("application/oauth-authz-req+jwt", {}),
]


async def test_good_objects(provider: world.Provider) -> None:
    answers = {str(one): (await push(provider, request_object(typ=one[0], **one[1]))).status_code for one in GOOD_ONES}
    assert set(answers.values()) == {201}, answers


BENT: list[dict[str, Any]] = [
    {"iss": "portal"},
    {"iss": None},
    {"client_id": "portal"},
    {"client_id": None},
    {"client_id": ["signing"]},
    {"aud": None},
    {"aud": "https://other.example"},
    {"aud": ["https://other.example"]},
    {"aud": world.ISSUER + "/"},
    {"aud": world.ISSUER[:-1]},
    {"aud": f"{world.ISSUER} https://other.example"},
    {"aud": {"iss": world.ISSUER}},
    {"aud": []},
    {"exp": None},
    {"exp": NOW},
    {"exp": NOW - 600},
    {"exp": str(NOW + 60)},
    {"exp": -1},
    {"exp": True},
    {"exp": [NOW + 60]},
    {"exp": NOW + 4000},
    {"nbf": NOW + 61},
    {"nbf": NOW - 3700, "iat": None},
    {"nbf": NOW - 3700},
    {"nbf": NOW - 1800, "exp": NOW + 1860},
    {"nbf": None, "iat": NOW - 3700},
    {"nbf": None, "iat": NOW - 1800, "exp": NOW + 1860},
    {"nbf": "now"},
    {"iat": NOW + 120},
    {"jti": 7},
    {"sub": "signing"},
    {"request": "a.b.c"},
    {"request_uri": "urn:ietf:params:oauth:request_uri:x"},
    {"state": 5},
    {"scope": ["openid"]},
    {"max_age": True},
    {"redirect_uri": {"x": 1}},
    {"resource": [1]},
]


async def test_bent_objects(provider: world.Provider) -> None:
    answers = {str(changes): await refusal(provider, request_object(**changes)) for changes in BENT}
    assert {name: one for name, one in answers.items() if one != (400, "invalid_request_object")} == {}


async def test_the_rules_are_those_of_the_command(provider: world.Provider) -> None:
    for case in cases_of("request_object_baseline"):
        answer = await push(provider, request_object(**case.changes("signing", world.ISSUER)))
        assert (answer.status_code == 201) is (case.rule is None), case.name
        said = answer.json().get("error_description", "")
        assert case.rule is None or f"refused by rule `{case.rule}`" in said, (case.name, said)


async def test_a_long_object_is_a_long_parameter(provider: world.Provider) -> None:
    assert (await push(provider, request_object(state="s" * 8193))).json()["error"] == "invalid_request"


def signed_raw(header: object, claims: object) -> str:
    """Sign whatever header and claims there are with the client's key."""
    head, body = segment(header), segment(claims)
    signature = JWSRegistry.algorithms["ES256"].sign(f"{head}.{body}".encode(), import_signing_key(KEY).native)
    return f"{head}.{body}.{segment(signature)}"


GOOD = json.dumps(request_claims()).encode()
ATTACKS = {
    "none": f"{segment({'alg': 'none'})}.{segment(GOOD)}.",
    "None": f"{segment({'alg': 'None'})}.{segment(GOOD)}.",
    "NONE": f"{segment({'alg': 'NONE'})}.{segment(GOOD)}.x",
    "nOnE": f"{segment({'alg': 'nOnE'})}.{segment(GOOD)}.{segment(b'x' * 64)}",
    "no alg": f"{segment({})}.{segment(GOOD)}.{segment(b'x' * 64)}",
    "key confusion": f"{segment({'alg': 'HS256', 'kid': 's1'})}.{segment(GOOD)}.{segment(b'x' * 32)}",
    "embedded jwk": signed_raw(HEADER | {"jwk": public_jwk(KEY)}, GOOD),
    "jku": signed_raw(HEADER | {"jku": "http://127.0.0.1:9/keys"}, GOOD),
    "x5u": signed_raw(HEADER | {"x5u": "http://127.0.0.1:9/chain"}, GOOD),
    "kid traversal": signed_raw(HEADER | {"kid": "../../../../dev/null"}, GOOD),
    "kid injection": signed_raw(HEADER | {"kid": "' OR 1=1 --"}, GOOD),
    "kid number": signed_raw(HEADER | {"kid": 1}, GOOD),
    "crit": signed_raw(HEADER | {"crit": ["exp"]}, GOOD),
    "b64": signed_raw(HEADER | {"b64": False}, GOOD),
    "duplicate header": signed_raw(b'{"alg":"none","alg":"ES256","kid":"s1"}', GOOD),
    "duplicate claim": signed_raw(HEADER, GOOD[:-1] + b',"client_id":"portal"}'),
    "NaN": signed_raw(HEADER, GOOD[:-1] + b',"max_age":NaN}'),
    "exp NaN": signed_raw(HEADER, GOOD.replace(b'"exp": ', b'"exp": NaN, "x": ')),
    "exp huge": signed_raw(HEADER, GOOD.replace(b'"exp": ', b'"exp": 1e400, "x": ')),
    "zip": signed_raw(HEADER | {"zip": "DEF"}, zlib.compress(b"\x00" * 1_000_000)),
    "p2c": f"{segment({'alg': 'PBES2-HS256+A128KW', 'enc': 'A128GCM', 'p2c': 2**31, 'p2s': 'x'})}.a.b.c.d",
    "encrypted": f"{segment({'alg': 'ECDH-ES', 'enc': 'A128GCM', 'epk': EC_SEAL.as_dict(private=False)})}..a.b.c",
    "r=s=0": f"{segment(HEADER)}.{segment(GOOD)}.{segment(bytes(64))}",
    "short signature": f"{segment(HEADER)}.{segment(GOOD)}.{segment(b'x')}",
    "stranger's key": request_object(STRANGER | {"kid": "s1"}),
    "unknown key": request_object(STRANGER),
    "deep": signed_raw(HEADER, b'{"a":' * 900 + b"1" + b"}" * 900),
    "array": signed_raw(HEADER, [1]),
    "not base64": "a!.b!.c!",
    "padding": f"{segment(HEADER)}=.{segment(GOOD)}.{segment(bytes(64))}",
    "words": "request",
    "dots": "..",
    "access token": request_object(typ="at+jwt"),
    "proof": request_object(typ="dpop+jwt"),
    "logout token": request_object(typ="logout+jwt"),
    "assertion": request_object(typ="client-authentication+jwt"),
    "typ list": signed_raw(HEADER | {"typ": ["JWT"]}, GOOD),
    "encryption key": request_object({**KEY, "kid": "e1"}),
}


async def test_attacks(provider: world.Provider) -> None:
    answers = {name: await refusal(provider, token) for name, token in ATTACKS.items()}
    assert {name: one for name, one in answers.items() if one != (400, "invalid_request_object")} == {}


async def test_another_spelling_of_the_signature_is_refused(provider: world.Provider) -> None:
    token = request_object()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = token[:-1] + letters[letters.index(token[-1]) ^ 1]
    assert await refusal(provider, twin) == (400, "invalid_request_object")


async def test_rs256_is_for_clients_outside_fapi_and_what_is_registered_for_whoever_registered(
    provider: world.Provider,
) -> None:
    assert (await push(provider, request_object(RSA_KEY))).status_code == 201
    provider.house.clients.replace_seeds([signing(request_object_signing_alg="ES256")])
    assert await refusal(provider, request_object(RSA_KEY)) == (400, "invalid_request_object")
    assert (await push(provider, request_object())).status_code == 201


async def test_a_client_that_signs_sends_nothing_plain(provider: world.Provider) -> None:
    sent = await provider.get(authorize_url(client_id="strict-one", response_mode="form_post"))
    assert told(sent)["error"] == "invalid_request"
    form = members(authorize_url(client_id="strict-one"))
    pushed = await provider.http.post("/par", data=form, headers=basic("strict-one"))
    assert (pushed.status_code, pushed.json()["error"]) == (400, "invalid_request")
    whose = {"iss": "strict-one", "client_id": "strict-one"}
    signed = {"request": request_object(**whose)}
    assert (await provider.http.post("/par", data=signed, headers=basic("strict-one"))).status_code == 201


async def test_who_has_no_keys_cannot_sign(provider: world.Provider) -> None:
    answer = await provider.get(authorize_url(request="eyJhbGciOiJub25lIn0.e30."))
    assert members(answer.headers["location"])["error"] == "request_not_supported"


async def test_it_comes_by_value_only(provider: world.Provider) -> None:
    where = {"redirect_uri": world.CALLBACK, "request_uri": "https://signing.example/request.jwt"}
    alone = await provider.get("/authorize?" + urlencode({"client_id": "signing", **where}))
    assert members(alone.headers["location"])["error"] == "request_uri_not_supported"
    both = await provider.get(by_value(request_object(), **where))
    assert members(both.headers["location"])["error"] == "invalid_request"


async def test_an_untrusted_object_leads_nowhere(provider: world.Provider) -> None:
    """Its `redirect_uri` was not verified, and there is none beside it."""
    answer = await provider.get(by_value(ATTACKS["none"]))
    assert (answer.status_code, "location" in answer.headers) == (400, False)
    assert "GW-1016" in answer.text


async def test_the_client_beside_it_is_the_client_within(provider: world.Provider) -> None:
    answer = await provider.get(by_value(request_object(), client_id="strict-one"))
    assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_keys_that_cannot_be_fetched_refuse(provider: world.Provider) -> None:
    away = signing(jwks=None, jwks_uri="https://signing.example/keys")
    provider.house.clients.replace_seeds([away])
    assert await refusal(provider, request_object()) == (400, "invalid_request_object")


async def test_the_metadata_names_what_is_read(provider: world.Provider) -> None:
    document = (await provider.get("/.well-known/openid-configuration")).json()
    assert document["request_parameter_supported"] is True
    assert document["request_uri_parameter_supported"] is False
    assert "none" not in document["request_object_signing_alg_values_supported"]
    assert "ES256" in document["request_object_signing_alg_values_supported"]
