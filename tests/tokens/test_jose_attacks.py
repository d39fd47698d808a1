"""What must never verify, beside what must. One row per attack; the rule that refuses it is named."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.tokens import jose
from gateway.tokens.jose import FixedKeys, JosePolicy, JoseRefused
from gateway.tokens.key_material import (
    KeyRefused,
    generate_private_jwk,
    import_public_key,
    import_signing_key,
    public_jwk,
    thumbprint,
)
from gateway.vocabulary.clock import SystemRandomness

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
ISSUER, CLIENT = "https://issuer.example", "portal"
KEYS = {
    alg: generate_private_jwk(alg, f"k-{alg}", SystemRandomness()) for alg in ("ES256", "RS256", "PS256", "Ed25519")
}
RING = FixedKeys.of_jwks({"keys": [public_jwk(jwk) for jwk in KEYS.values()]}, strict=True)
STRANGER = generate_private_jwk("ES256", "k-ES256", SystemRandomness())
GOOD: dict[str, Any] = {"iss": ISSUER, "sub": "s1", "aud": CLIENT, "iat": AT, "exp": AT + 300, "nonce": "n1"}


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def raw_token(header: bytes, payload: bytes, jwk: dict[str, str] | None = None) -> str:
    """A token with exactly these octets in header and payload, signed by the good ES256 key (or another)."""
    signing_input = f"{b64(header)}.{b64(payload)}".encode()
    key = import_signing_key(jwk or KEYS["ES256"])
    from joserfc.jws import JWSRegistry

    signature = JWSRegistry.algorithms[key.alg].sign(signing_input, key.native)
    return signing_input.decode() + "." + b64(signature)


def token(
    claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None, jwk: dict[str, str] | None = None
) -> str:
    jwk = jwk or KEYS["ES256"]
    head = {"alg": jwk["alg"], "kid": jwk["kid"]} | (header or {})
    return raw_token(json.dumps(head).encode(), json.dumps(GOOD if claims is None else claims).encode(), jwk)


def rule_of(text: str, policy: JosePolicy = jose.ID_TOKEN, **expected: str) -> str | None:
    try:
        jose.verify(text, policy, RING, now=NOW, **expected)
    except JoseRefused as refusal:
        return refusal.rule
    return None


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256", "Ed25519"])
def test_a_good_token_of_every_algorithm_verifies(alg: str) -> None:
    text = jose.sign(GOOD, import_signing_key(KEYS[alg]), typ="JWT")
    assert jose.verify(text, jose.ID_TOKEN, RING, now=NOW, issuer=ISSUER, audience=CLIENT, nonce="n1") == GOOD


def test_the_old_name_of_ed25519_is_accepted_when_others_sign() -> None:
    assert rule_of(token(jwk=KEYS["Ed25519"] | {"alg": "EdDSA"})) is None
    assert rule_of(token(jwk=KEYS["Ed25519"] | {"alg": "Ed25519"})) is None


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE"])
def test_none_in_any_spelling_is_refused(name: str) -> None:
    head, body = b64(json.dumps({"alg": name}).encode()), b64(json.dumps(GOOD).encode())
    assert rule_of(f"{head}.{body}.") == "form"
    assert rule_of(f"{head}.{body}.{b64(b'x' * 64)}") == "alg"


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_a_public_key_is_never_a_secret(alg: str) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    native = import_public_key(public_jwk(KEYS["RS256"])).native
    import hashlib
    import hmac

    for secret in (
        native.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        native.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(public_jwk(KEYS["RS256"])).encode(),
        b"",
    ):
        head = b64(json.dumps({"alg": alg, "kid": "k-RS256"}).encode())
        signing_input = f"{head}.{b64(json.dumps(GOOD).encode())}"
        digest = hmac.new(secret, signing_input.encode(), getattr(hashlib, f"sha{alg[2:]}")).digest()
        assert rule_of(f"{signing_input}.{b64(digest)}") == "alg"


def test_a_key_serves_its_own_algorithm_only() -> None:
    confused = KEYS["RS256"] | {"alg": "PS256"}
    assert rule_of(token(jwk=confused, header={"alg": "PS256", "kid": "k-RS256"})) == "kid"


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ({"jwk": public_jwk(STRANGER)}, "header"),
        ({"jku": "http://127.0.0.1:1/jwks"}, "header"),
        ({"x5u": "http://127.0.0.1:1/cert"}, "header"),
        ({"zip": "DEF"}, "header"),
        ({"crit": ["exp"], "exp": 1}, "crit"),
        ({"crit": []}, "crit"),
        ({"b64": False, "crit": ["b64"]}, "crit"),
        ({"b64": True}, "crit"),
        ({"kid": "../../../../dev/null"}, "kid"),
        ({"kid": "k-ES256' OR '1'='1"}, "kid"),
        ({"kid": "k" * 600}, "kid"),
        ({"kid": 7}, "kid"),
        ({"kid": ["k-ES256"]}, "kid"),
        ({"typ": "at+jwt"}, "typ"),
        ({"typ": "application/at+JWT"}, "typ"),
        ({"typ": ["JWT"]}, "typ"),
        ({"typ": "logout+jwt"}, "typ"),
        ({"alg": ["ES256"]}, "alg"),
        ({"alg": "ES384"}, "alg"),
        ({"alg": "es256"}, "alg"),
        ({"alg": None}, "alg"),
        ({"pad": "x" * 1_000_000}, "size"),
        ({"pad": "x" * 5000}, "size"),
    ],
)
def test_headers_that_are_refused(header: dict[str, Any], rule: str) -> None:
    jwk = STRANGER if "jwk" in header else KEYS["ES256"]
    assert rule_of(token(header=header, jwk=jwk)) == rule


def test_headers_that_are_accepted() -> None:
    assert rule_of(token(header={"typ": "JWT"})) is None
    assert rule_of(token(header={"typ": "application/jwt"})) is None
    assert rule_of(token(header={"x5t": "abc", "cty": "any", "org.example": {"deep": [1]}})) is None
    assert rule_of(token(header={"pad": "x" * 1500})) is None


def test_another_key_under_a_known_id_is_refused() -> None:
    assert rule_of(token(jwk=STRANGER)) == "signature"


def test_zero_and_short_and_long_signatures_are_refused() -> None:
    head, body, _ = token().split(".")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    n = order.to_bytes(32, "big")
    for octets in (bytes(64), n + n, bytes(32) + n, b"\x01" * 63, b"\x01" * 65, b"\x30\x06\x02\x01\x00\x02\x01\x00"):
        assert rule_of(f"{head}.{body}.{b64(octets)}") == "signature"
    assert rule_of(f"{head}.{body}.{b64(b'x' * 4000)}") == "size"


def test_one_changed_octet_of_header_payload_or_signature_is_refused() -> None:
    good = token()
    for position, letter in enumerate(good):
        changed = good[:position] + ("A" if letter != "A" else "B") + good[position + 1 :]
        assert rule_of(changed) is not None, position


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (b'{"iss":"a","iss":"b"}', "duplicate"),
        (b'{"iss":"a","x":{"y":1,"y":2}}', "duplicate"),
        (b'{"exp":NaN}', "json"),
        (b'{"exp":Infinity}', "json"),
        (b'{"exp":-Infinity}', "json"),
        (b"[]", "json"),
        (b'"text"', "json"),
        (b"null", "json"),
        (b"{", "json"),
        (b'{"sub":"\\ud800"}', "json"),
        (b'{"sub":"\xff"}', "json"),
        (b"\xef\xbb\xbf{}", "json"),
        (b'{"x":' + b"[" * 5000 + b"]" * 5000 + b"}", "json"),
        (b'{"x":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}", "json"),
    ],
)
def test_payloads_that_are_not_one_plain_object(payload: bytes, rule: str) -> None:
    assert rule_of(raw_token(b'{"alg":"ES256","kid":"k-ES256"}', payload)) == rule


def test_a_header_with_a_duplicate_member_is_refused() -> None:
    assert rule_of(raw_token(b'{"alg":"ES256","alg":"none","kid":"k-ES256"}', b"{}")) == "duplicate"


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"exp": str(AT + 300)}, "exp"),
        ({"exp": -1}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": [AT + 300]}, "exp"),
        ({"exp": AT - 11}, "exp"),
        ({"exp": 0}, "exp"),
        ({"iat": AT + 60}, "iat"),
        ({"iat": "now"}, "iat"),
        ({"nbf": AT + 60}, "nbf"),
        ({"nbf": {}}, "nbf"),
        ({"sub": ""}, "sub"),
        ({"sub": 1}, "sub"),
        ({"sub": ["s1"]}, "sub"),
        ({"iss": None}, "iss"),
        ({"iss": ISSUER + "/"}, "iss"),
        ({"iss": ISSUER.upper()}, "iss"),
        ({"aud": "portal2"}, "aud"),
        ({"aud": "xportalx"}, "aud"),
        ({"aud": ["other"]}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": [CLIENT, 5]}, "aud"),
        ({"aud": {"portal": 1}}, "aud"),
        ({"aud": None}, "aud"),
        ({"nonce": "n2"}, "nonce"),
        ({"nonce": ["n1"]}, "nonce"),
        ({"events": {}}, "forbidden:events"),
    ],
)
def test_claims_that_are_refused(changed: dict[str, Any], rule: str) -> None:
    assert rule_of(token(GOOD | changed), issuer=ISSUER, audience=CLIENT, nonce="n1") == rule


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 400, "1" + "0" * 5000, "1.", "0x10", "01", "1_0"])
def test_numbers_that_json_does_not_have_or_that_no_clock_can_reach(number: str) -> None:
    text = raw_token(b'{"alg":"ES256","kid":"k-ES256"}', json.dumps(GOOD | {"exp": 7}).replace("7", number).encode())
    assert rule_of(text) in {"json", "exp"}


@pytest.mark.parametrize(
    "changed",
    [{"exp": AT - 9}, {"exp": AT + 0.5}, {"iat": AT + 10}, {"nbf": AT + 10}, {"aud": [CLIENT, "other"]}, {"more": [1]}],
)
def test_claims_that_are_accepted(changed: dict[str, Any]) -> None:
    assert rule_of(token(GOOD | changed), issuer=ISSUER, audience=CLIENT, nonce="n1") is None


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat"])
def test_a_missing_claim_is_named(name: str) -> None:
    assert rule_of(token(without(name))) == f"missing:{name}"


ID_TOKENS = {"id_token", "id_token_fapi2", "id_token_hint"}
REQUEST_OBJECTS = {"request_object", "request_object_baseline"}


def test_kinds_of_tokens_are_not_mistaken_for_each_other() -> None:
    key = import_signing_key(KEYS["ES256"])
    everything = GOOD | {"jti": "j", "client_id": CLIENT, "htm": "POST", "htu": "https://x", "nbf": AT}
    kinds = {
        "JWT": {*ID_TOKENS, "client_assertion", "client_assertion_baseline", *REQUEST_OBJECTS},
        "at+jwt": {"access_token"},
        "prefill-manifest+jwt": {"manifest"},
        "event-receipt+jwt": {"receipt"},
        "logout+jwt": set[str](),  # has a nonce here
        "oauth-authz-req+jwt": REQUEST_OBJECTS,
        "client-authentication+jwt": {"client_assertion", "client_assertion_baseline"},
        "dpop+jwt": set[str](),  # needs the key in its header
    }
    for typ, readers in kinds.items():
        text = jose.sign(everything, key, typ=typ)
        accepted = {name for name, policy in jose.POLICIES.items() if rule_of(text, policy) is None}
        assert accepted == readers, typ


def test_an_assertion_must_name_one_audience_and_no_rs256() -> None:
    claims = {"iss": "c", "sub": "c", "aud": ISSUER, "jti": "j", "exp": AT + 60}
    assert rule_of(token(claims), jose.CLIENT_ASSERTION, audience=ISSUER) is None
    assert rule_of(token(claims | {"aud": [ISSUER]}), jose.CLIENT_ASSERTION, audience=ISSUER) == "aud"
    assert rule_of(token(claims, jwk=KEYS["RS256"]), jose.CLIENT_ASSERTION, audience=ISSUER) == "alg"
    assert rule_of(token(claims | {"exp": AT + 100_000}), jose.CLIENT_ASSERTION) == "lifetime"


def test_a_proof_brings_its_public_key_and_nothing_private() -> None:
    claims = {"jti": "j", "htm": "POST", "htu": "https://x/token", "iat": AT}
    public = public_jwk(STRANGER)
    head = {"typ": "dpop+jwt", "jwk": public}
    proof = jose.verify_signed(token(claims, head, STRANGER), jose.DPOP_PROOF, RING, now=NOW)
    assert proof.key.native.thumbprint() == thumbprint(public)
    assert rule_of(token(claims, head | {"jwk": STRANGER}, STRANGER), jose.DPOP_PROOF) == "jwk"
    assert rule_of(token(claims, head | {"jwk": "text"}, STRANGER), jose.DPOP_PROOF) == "jwk"
    assert rule_of(token(claims, head | {"jwk": public_jwk(KEYS["ES256"])}, STRANGER), jose.DPOP_PROOF) == "signature"
    assert rule_of(token(claims, {"typ": "dpop+jwt"}, STRANGER), jose.DPOP_PROOF) == "header"
    assert rule_of(token(claims | {"iat": AT - 400}, head, STRANGER), jose.DPOP_PROOF) == "iat"
    rsa_head = {"typ": "dpop+jwt", "jwk": public_jwk(KEYS["PS256"])}
    assert rule_of(token(claims, rsa_head, KEYS["PS256"]), jose.DPOP_PROOF) is None, "550 octets of header are fine"


def test_without_a_kid_one_fitting_key_is_taken_and_two_are_refused() -> None:
    two = FixedKeys.of_jwks({"keys": [public_jwk(KEYS["ES256"]), public_jwk(STRANGER) | {"kid": "other"}]})
    text = raw_token(b'{"alg":"ES256"}', json.dumps(GOOD).encode())
    assert rule_of(text) is None
    with pytest.raises(JoseRefused) as refusal:
        jose.verify(text, jose.ID_TOKEN, two, now=NOW)
    assert refusal.value.rule == "kid"


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b", "a.b.c.d.e", "é.b.c", "a b.c.d", "=.=.=", "e30.e30.e31", " " * 10]
)
def test_what_is_not_a_compact_jws(text: str) -> None:
    assert rule_of(text) is not None


def test_a_second_spelling_of_the_same_octets_is_refused() -> None:
    head, body, tail = token().split(".")
    for spelled in (tail + "=", tail + "==", tail + "\n"):
        assert rule_of(f"{head}.{body}.{spelled}") == "form"
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    loose = tail[:-1] + last[last.index(tail[-1]) | 1]
    if loose != tail:
        assert rule_of(f"{head}.{body}.{loose}") == "form"


@pytest.mark.parametrize(
    ("jwk", "rule"),
    [
        ({"kty": "RSA", "n": b64(b"\x80" + b"\x01" * 127), "e": "AQAB"}, "rsa_size"),
        ({"kty": "RSA", "n": b64(b"\x80" + b"\x01" * 2047), "e": "AQAB"}, "rsa_size"),
        ({"kty": "RSA", "n": public_jwk(KEYS["RS256"])["n"], "e": "AQ"}, "rsa_exponent"),
        ({"kty": "RSA", "n": public_jwk(KEYS["RS256"])["n"], "e": "Aw"}, "rsa_exponent"),
        ({"kty": "RSA", "n": public_jwk(KEYS["RS256"])["n"], "e": b64(b"\xff" * 64)}, "rsa_exponent"),
        ({"kty": "RSA", "n": b64(pow(65537, 130).to_bytes(261, "big").lstrip(b"\0")), "e": "AQAB"}, "roca"),
        ({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}, "crv"),
        ({"kty": "EC", "crv": "P-256", "x": b64(bytes(31) + b"\x01"), "y": b64(bytes(31) + b"\x01")}, "form"),
        ({"kty": "EC", "crv": "P-256", "x": "AA"}, "form"),
        ({"kty": "OKP", "crv": "X25519", "x": "AA"}, "crv"),
        ({"kty": "OKP", "crv": "Ed25519", "x": "AA"}, "form"),
        ({"kty": "oct"}, "kty"),
        ({"kty": ["EC"]}, "kty"),
        ({}, "kty"),
        (STRANGER, "private"),
        (public_jwk(STRANGER) | {"use": "enc"}, "use"),
        (public_jwk(STRANGER) | {"key_ops": ["sign"]}, "use"),
        (public_jwk(STRANGER) | {"alg": "RS256"}, "alg"),
        (public_jwk(STRANGER) | {"x": 5}, "form"),
        (public_jwk(STRANGER) | {"x": "+/=="}, "form"),
        (public_jwk(STRANGER) | {"x": "A" * 100_000}, "form"),
    ],
)
def test_keys_that_are_refused(jwk: dict[str, Any], rule: str) -> None:
    with pytest.raises(KeyRefused) as refusal:
        import_public_key(jwk)
    assert refusal.value.rule == rule


def test_a_set_passes_over_keys_it_cannot_use_unless_strict() -> None:
    weak = {"kty": "RSA", "n": b64(b"\x80" + b"\x01" * 127), "e": "AQAB"}
    jwks = {"keys": [weak, {"kty": "AKP"}, public_jwk(STRANGER), public_jwk(STRANGER) | {"use": "enc", "kid": "e"}]}
    assert len(FixedKeys.of_jwks(jwks)) == 1
    with pytest.raises(KeyRefused):
        FixedKeys.of_jwks(jwks, strict=True)
    for broken in ({}, {"keys": {}}, {"keys": [public_jwk(STRANGER)] * 101}):
        with pytest.raises(KeyRefused):
            FixedKeys.of_jwks(broken)


@given(st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_is_refused_with_a_rule(text: str) -> None:
    assert rule_of(text) is not None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "nonce", "jti"]), json_values))
@settings(max_examples=300, deadline=None)
def test_any_signed_claims_give_claims_or_a_rule_and_nothing_else(changed: dict[str, Any]) -> None:
    rule_of(token(GOOD | changed), issuer=ISSUER, audience=CLIENT, nonce="n1")
