"""Proofs of possession: what RFC 9449 §4.3 demands, one row for each thing a proof can get wrong."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jws import JWSRegistry
from typer.testing import CliRunner

from gateway.cli.verify import app
from gateway.tokens.dpop import Proof, Proven, check_proof, hash_of, same_url
from gateway.tokens.jose import JoseRefused
from gateway.tokens.key_material import import_signing_key, public_jwk, thumbprint
from tests.possession import Holder, b64

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
URL = "https://gateway.example/v1/prefill"
TOKEN = "ga_" + "a" * 22 + "_" + "b" * 43
HOLDERS = {alg: Holder(alg) for alg in ("ES256", "PS256", "Ed25519", "RS256")}
KEYS = {alg: holder.jwk for alg, holder in HOLDERS.items()}
GOOD: dict[str, Any] = {"jti": "one", "htm": "POST", "htu": URL, "iat": AT}


def proof(
    alg: str = "ES256", header: dict[str, Any] | None = None, without: tuple[str, ...] = (), **claims: Any
) -> str:
    """Return a proof signed with the key of `alg`; `header` and `claims` change it, `without` leaves members out."""
    return HOLDERS[alg].proof(GOOD | claims, header, without)


def proven(**changes: Any) -> Proven:
    return Proven(**{"method": "POST", "url": URL, **changes})


def rule_of(text: str, now: datetime = NOW, **changes: Any) -> str | None:
    try:
        check_proof(text, proven(**changes), now)
    except JoseRefused as refused:
        return refused.rule
    return None


@pytest.mark.parametrize("alg", ["ES256", "PS256", "Ed25519"])
def test_a_good_proof_names_its_key(alg: str) -> None:
    found = check_proof(proof(alg), proven(jkt=thumbprint(public_jwk(KEYS[alg]))), NOW)
    assert found == Proof(thumbprint(public_jwk(KEYS[alg])), "one", NOW + timedelta(seconds=330), NOW)


ACCEPTED = {
    "members nobody knows": proof(header={"x": {"y": 1}}, z=[1, 2]),
    "nbf and exp": proof(nbf=AT, exp=AT + 5),
    "ten seconds ahead": proof(iat=AT + 10),
    "ten seconds ago": proof(iat=AT - 10),
    "a query": proof(htu=URL + "?a=b"),
    "a fragment": proof(htu=URL + "#a"),
    "a host in capitals": proof(htu=URL.replace("gateway", "GATEWAY")),
    "a scheme in capitals": proof(htu=URL.replace("https", "HTTPS")),
    "the default port": proof(htu=URL.replace(".example", ".example:443")),
    "an escaped letter": proof(htu=URL.replace("prefill", "pre%66ill")),
    "a dot segment": proof(htu=URL.replace("/v1/", "/v1/./x/../")),
}
REFUSED = {
    "not a token": ("form", "rubbish"),
    "no typ": ("typ", proof(without=("typ",))),
    "another typ": ("typ", proof(header={"typ": "jwt"})),
    "no alg": ("alg", proof(without=("alg",))),
    "RS256": ("alg", proof("RS256")),
    "none": ("alg", proof(header={"alg": "none"})),
    "another alg than the key's": ("alg", proof(header={"alg": "PS256"})),
    "no key": ("header", proof(without=("jwk",))),
    "a private key": (
        "jwk",
        proof(header={"jwk": {name: KEYS["ES256"][name] for name in ("kty", "crv", "x", "y", "d")}}),
    ),
    "somebody else's key": (
        "signature",
        proof(header={"jwk": Holder().bare}),
    ),
    "no jti": ("missing:jti", proof(without=("jti",))),
    "no htm": ("missing:htm", proof(without=("htm",))),
    "no htu": ("missing:htu", proof(without=("htu",))),
    "no iat": ("missing:iat", proof(without=("iat",))),
    "an empty jti": ("jti", proof(jti="")),
    "a jti that is no text": ("jti", proof(jti=7)),
    "another method": ("htm", proof(htm="GET")),
    "a method in small letters": ("htm", proof(htm="post")),
    "another path": ("htu", proof(htu=URL + "/verify")),
    "a slash too many": ("htu", proof(htu=URL + "/")),
    "another host": ("htu", proof(htu=URL.replace("gateway.", "gateway2."))),
    "another scheme": ("htu", proof(htu=URL.replace("https", "http"))),
    "another port": ("htu", proof(htu=URL.replace(".example", ".example:8443"))),
    "a user": ("htu", proof(htu=URL.replace("//", "//a@"))),
    "a port that is none": ("htu", proof(htu=URL.replace(".example", ".example:x"))),
    "htu that is no text": ("htu", proof(htu=[URL])),
    "an hour old": ("iat", proof(iat=AT - 3600)),
    "an hour ahead": ("iat", proof(iat=AT + 3600)),
    "iat as text": ("iat", proof(iat=str(AT))),
    "over": ("exp", proof(exp=AT - 1)),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_accepted(name: str) -> None:
    assert rule_of(ACCEPTED[name]) is None


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    rule, text = REFUSED[name]
    assert rule_of(text) == rule


def test_a_bad_signature() -> None:
    head, body, tail = proof().split(".")
    assert rule_of(f"{head}.{body}.{tail[:-4]}AAAA") == "signature"


@pytest.mark.parametrize(
    ("claims", "rule"),
    [
        ({"ath": hash_of(TOKEN)}, None),
        ({}, "missing:ath"),
        ({"ath": hash_of(TOKEN + "x")}, "ath"),
        ({"ath": TOKEN}, "ath"),
        ({"ath": 5}, "ath"),
    ],
)
def test_a_proof_beside_a_token_names_it(claims: dict[str, Any], rule: str | None) -> None:
    assert rule_of(proof(**claims), access_token=TOKEN) == rule
    assert hash_of(TOKEN) == b64(hashlib.sha256(TOKEN.encode()).digest())


def test_a_proof_of_another_key() -> None:
    assert rule_of(proof(), jkt=thumbprint(public_jwk(KEYS["PS256"]))) == "jkt"


@pytest.mark.parametrize(
    ("claims", "rule"),
    [({"nonce": "now"}, None), ({"nonce": "before"}, None), ({}, "nonce"), ({"nonce": ["now"]}, "nonce")],
)
def test_a_proof_carries_a_nonce_where_one_is_asked_for(claims: dict[str, Any], rule: str | None) -> None:
    assert rule_of(proof(**claims), nonces=frozenset({"now", "before"})) == rule
    assert rule_of(proof(**claims)) is None


@given(st.text(max_size=60))
def test_any_text_as_a_url_is_an_answer(text: str) -> None:
    assert same_url(text, URL) in {True, False}
    assert not same_url(text, "not a url")


@given(st.lists(st.sampled_from(["a", "b", ".", "..", "%61", "%2F", ""]), max_size=6))
def test_sameness_of_urls_is_an_equivalence(segments: list[str]) -> None:
    url = "https://gateway.example/" + "/".join(segments)
    assert same_url(url, url)
    assert same_url(url, url.replace("%61", "a"))
    assert same_url(url.replace("%61", "a"), url)
    assert same_url(url, url + "?x")
    assert same_url(url + "#y", url)
    if "%2F" in segments and ".." not in segments:
        assert not same_url(url, url.replace("%2F", "/"))


@pytest.mark.parametrize(
    ("verb", "asked", "answer", "code"),
    [
        ("dpop", {"proof": proof(), "htm": "POST", "htu": URL}, {"valid": True, "rule": None}, 0),
        ("dpop", {"proof": proof(), "htm": "GET", "htu": URL}, {"valid": False, "rule": "htm"}, 1),
        ("dpop", {"proof": proof(), "htm": "POST", "htu": URL, "nonce": "n"}, {"valid": False, "rule": "nonce"}, 1),
        ("jws", {"jws": proof(), "policy": "dpop_proof"}, {"valid": True, "rule": None}, 0),
        ("jws", {"jws": proof(), "policy": "id_token", "jwks": {"keys": []}}, {"valid": False, "rule": "typ"}, 1),
    ],
)
def test_the_commands_answer_as_the_service_does(
    verb: str, asked: dict[str, Any], answer: dict[str, Any], code: int
) -> None:
    result = CliRunner().invoke(app, [verb, "--at", NOW.isoformat()], input=json.dumps({"id": 1, **asked}))
    said = json.loads(result.stdout)
    said.pop("jkt", None)
    assert (said, result.exit_code) == ({"id": 1, **answer}, code)


def id_token(**header: Any) -> str:
    claims = {"iss": "https://a.example", "sub": "s", "aud": "c", "iat": AT, "exp": AT + 60}
    signing_input = f"{b64(json.dumps({'alg': 'ES256', **header}).encode())}.{b64(json.dumps(claims).encode())}"
    key = import_signing_key(KEYS["ES256"])
    return f"{signing_input}.{b64(JWSRegistry.algorithms['ES256'].sign(signing_input.encode(), key.native))}"


@pytest.mark.parametrize(
    ("members", "rule"),
    [
        ({"jwk": public_jwk(KEYS["ES256"])}, None),
        ({"jwk": public_jwk(KEYS["ES256"]), "issuer": "https://a.example", "audience": "c"}, None),
        ({"jwk": public_jwk(KEYS["ES256"]), "issuer": "https://b.example"}, "iss"),
        ({"jwk": public_jwk(KEYS["ES256"]), "audience": "d"}, "aud"),
        ({"jwk": public_jwk(KEYS["PS256"])}, "kid"),
        ({"jwk": KEYS["ES256"]}, "jwk:private"),
        ({"jwks": {"keys": [public_jwk(KEYS["ES256"])]}}, None),
        ({"jwks": {"keys": []}}, "kid"),
        ({"jwks": {"keys": "none"}}, "jwk:form"),
    ],
)
def test_a_token_is_judged_with_the_keys_handed_over(members: dict[str, Any], rule: str | None) -> None:
    asked = json.dumps({"jws": id_token(kid="k"), "policy": "id_token", **members})
    result = CliRunner().invoke(app, ["jws", "--at", NOW.isoformat()], input=asked)
    assert json.loads(result.stdout) == {"valid": rule is None, "rule": rule}


@pytest.mark.parametrize(
    "members",
    [{}, {"jwk": {}, "jwks": {}}, {"policy": "no such kind", "jwks": {"keys": []}}],
)
def test_a_question_that_cannot_be_read_is_usage(members: dict[str, Any]) -> None:
    asked = json.dumps({"jws": id_token(), "policy": "id_token", **members})
    assert CliRunner().invoke(app, ["jws"], input=asked).exit_code == 2
