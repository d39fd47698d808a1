"""`gate06 verify jws|dpop` on what others made: the examples of the standards, and signatures of the kind that readers
were caught by. The signature is judged before the claims, so a claim that is missed means a signature that is good.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from joserfc.jwk import ECKey, OKPKey, RSAKey
from typer.testing import CliRunner

from gateway.cli.verify import app
from gateway.cli.verify_manifest import read_clock
from gateway.tokens.jose import POLICIES
from gateway.vocabulary.clock import SystemClock
from tests.possession import b64
from tests.proofs.attack_tokens import ORDER

RFC9449_KEY = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
RFC9449_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
RFC9449_PROOF = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJo"
    "RjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJq"
    "dGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0Ijox"
    "NTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
"""RFC 9449 §4.1, figure 2; its key's thumbprint stands in §6.1."""
RFC9449_AT, RFC9449_URL = "2019-07-04T17:50:20Z", "https://server.example.com/token"

STANDARD: dict[str, tuple[dict[str, Any], str, str]] = {
    "RFC 7515 A.2": (
        {
            "kty": "RSA",
            "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B"
            "m4d4QlL-yRT-SFd2l"
            "ZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"
            "KXBdQOS-UTo7WTBEMa2R"
            "2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2e"
            "thFkMLs91kzk2PAcDTW9"
            "gb54h4FRWyuXpoQ",
            "e": "AQAB",
        },
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlL"
        "mNvbS9pc19yb290Ijp0cnV"
        "lfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O"
        "8W2Fp5jujGbds9uJdbF9CU"
        "Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZR"
        "mB_eSN9383LcOLn6_dO--x"
        "i12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWk"
        "WywlVmtVrBp0igcN_IoypG"
        "lUPQGe77Rw",
        "missing:aud",
    ),
    "RFC 7515 A.3": (
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlL"
        "mNvbS9pc19yb290Ijp0cnV"
        "lfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        "missing:aud",
    ),
    "RFC 7520 §4.1": (
        {
            "kty": "RSA",
            "kid": "bilbo.baggins@hobbiton.example",
            "use": "sig",
            "n": "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJ"
            "mSCpMaJMRBSFKrKb2"
            "wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1F"
            "ZcD1NNLYD5lFHpPI9bTw"
            "Jlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7j"
            "ig3__kRhuaxwUkRz5iai"
            "Qkqgc5gHdrNP5zw",
            "e": "AQAB",
        },
        "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGFuZ"
        "2Vyb3VzIGJ1c2luZXNzLCB"
        "Gcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24nd"
        "CBrZWVwIHlvdXIgZmVldCw"
        "gdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.MRjdkly7_-oTPTS3A"
        "XP41iQIGKa80A0ZmTuV5ME"
        "aHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDL"
        "JK3lfWRa-XtL0RnltuYv74"
        "6iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDa"
        "LGdjluPxUAhb6L2aXic1U1"
        "2podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg",
        "json",
    ),
    "RFC 8037 A.4": (
        {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGc"
        "vMg3AIbQR6dWbhijcNR4ki"
        "4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        "json",
    ),
}


def verify(verb: str, *asked: dict[str, Any], at: str = "2011-03-22T18:00:00Z") -> list[dict[str, Any]]:
    lines = "".join(json.dumps(one) + "\n" for one in asked)
    return [
        json.loads(line)
        for line in CliRunner().invoke(app, [verb, "--batch", "--at", at], input=lines).stdout.splitlines()
    ]


@pytest.mark.parametrize("name", STANDARD)
def test_the_examples_of_the_standards_are_signed_well_and_nothing_else_of_them_is(name: str) -> None:
    jwk, token, rule = STANDARD[name]
    other = token[:-12] + ("A" if token[-12] != "A" else "B") + token[-11:]
    good, changed = verify("jws", *({"jws": one, "policy": "id_token", "jwk": jwk} for one in (token, other)))
    assert (good["rule"], changed["rule"]) == (rule, "signature")


def test_the_proof_of_rfc_9449() -> None:
    asked = {"proof": RFC9449_PROOF, "htm": "POST", "htu": RFC9449_URL}
    bent: dict[str, dict[str, Any]] = {
        "htm": {"htm": "GET"},
        "htu": {"htu": "https://server.example.com/resource"},
        "missing:ath": {"access_token": RFC9449_TOKEN},
        "nonce": {"nonce": "eyJ7S_zG.eyJH0-Z.HX4w-7v"},
        "jkt": {"jkt": "A" * 43},
        "signature": {"proof": RFC9449_PROOF[:-12] + "A" + RFC9449_PROOF[-11:]},
    }
    good, bound, *others = verify(
        "dpop", asked, {**asked, "jkt": RFC9449_KEY}, *({**asked, **one} for one in bent.values()), at=RFC9449_AT
    )
    assert good == bound == {"valid": True, "rule": None, "jkt": RFC9449_KEY}
    assert [one["rule"] for one in others] == list(bent)
    assert verify("dpop", asked, at="2019-07-04T17:56:00Z")[0]["rule"] == "iat"


CLAIMS = {"iss": "https://a.example", "sub": "s", "aud": "c", "iat": 1_300_000_000, "exp": 1_400_000_000}
CURVE, MODULUS, EDWARDS = (
    ec.generate_private_key(ec.SECP256R1()),
    rsa.generate_private_key(65537, 2048),
    ed25519.Ed25519PrivateKey.generate(),
)
FIELD = 2**252 + 27742317777372353535851937790883648493
"""The order of the group of Ed25519 (RFC 8032 §5.1)."""


def on_curve(said: bytes) -> dict[str, bytes]:
    der = CURVE.sign(said, ec.ECDSA(SHA256()))
    r, s = decode_dss_signature(der)
    whole = r.to_bytes(32) + s.to_bytes(32)
    return {
        "good": whole,
        "good, the other s": r.to_bytes(32) + (ORDER - s).to_bytes(32),
        "DER": der,
        "r and s changed about": s.to_bytes(32) + r.to_bytes(32),
        "r=0, s=0": bytes(64),
        "r=n": ORDER.to_bytes(32) + s.to_bytes(32),
        "s=n": r.to_bytes(32) + ORDER.to_bytes(32),
        "r=1, s=1": (1).to_bytes(32) + (1).to_bytes(32),
        "all ones": b"\xff" * 64,
        "with zeros before": bytes(1) + whole,
        "in halves of 33": b"\0" + whole[:32] + b"\0" + whole[32:],
        "another hash": b"".join(n.to_bytes(32) for n in decode_dss_signature(CURVE.sign(said, ec.ECDSA(SHA384())))),
    }


def by_modulus(said: bytes) -> dict[str, bytes]:
    whole = MODULUS.sign(said, padding.PKCS1v15(), SHA256())
    return {
        "good": whole,
        "PSS": MODULUS.sign(said, padding.PSS(padding.MGF1(SHA256()), 32), SHA256()),
        "another hash": MODULUS.sign(said, padding.PKCS1v15(), SHA384()),
        "zeros": bytes(256),
        "one": (1).to_bytes(256),
        "more than the modulus": (int.from_bytes(whole) + MODULUS.public_key().public_numbers().n).to_bytes(257),
        "with zeros before": bytes(1) + whole,
        "cut": whole[:-1],
    }


def by_pss(said: bytes) -> dict[str, bytes]:
    def pss(salt: int, hashed: Any = SHA256, mask: Any = SHA256) -> bytes:
        return MODULUS.sign(said, padding.PSS(padding.MGF1(mask()), salt), hashed())

    return {
        "good": pss(32),
        "PKCS #1 v1.5": MODULUS.sign(said, padding.PKCS1v15(), SHA256()),
        "no salt": pss(0),
        "salt of 20": pss(20),
        "another hash": pss(48, SHA384, SHA384),
        "another mask": pss(32, SHA256, SHA384),
        "zeros": bytes(256),
    }


def by_edwards(said: bytes) -> dict[str, bytes]:
    whole = EDWARDS.sign(said)
    s = int.from_bytes(whole[32:], "little")
    return {
        "good": whole,
        "s and the order": whole[:32] + (s + FIELD).to_bytes(32, "little"),
        "r=0, s=0": bytes(64),
        "the identity": b"\1" + bytes(63),
        "halves changed about": whole[32:] + whole[:32],
        "cut": whole[:-1],
        "all ones": b"\xff" * 64,
    }


@pytest.mark.parametrize(
    ("alg", "key", "signatures"),
    [
        ("ES256", ECKey.import_key(CURVE.public_key()), on_curve),
        ("RS256", RSAKey.import_key(MODULUS.public_key()), by_modulus),
        ("PS256", RSAKey.import_key(MODULUS.public_key()), by_pss),
        ("Ed25519", OKPKey.import_key(EDWARDS.public_key()), by_edwards),
    ],
)
def test_signatures_that_are_nearly_good(alg: str, key: Any, signatures: Any) -> None:
    said = f"{b64(json.dumps({'alg': alg}).encode())}.{b64(json.dumps(CLAIMS).encode())}"
    made = signatures(said.encode())
    asked = (
        {"jws": f"{said}.{b64(one)}", "policy": "id_token", "jwk": key.as_dict(private=False)} for one in made.values()
    )
    rules = dict(zip(made, (one["rule"] for one in verify("jws", *asked)), strict=True))
    assert {name for name, rule in rules.items() if rule is None} == {name for name in made if name.startswith("good")}
    assert set(rules.values()) == {None, "signature"}


def test_the_policies_have_the_names_that_outsiders_use() -> None:
    """design.md §15: a policy is named; these names are part of the interface and only gain company."""
    assert POLICIES.keys() >= {
        *("id_token", "id_token_hint", "access_token", "manifest", "receipt", "consent_receipt", "consent_refusal"),
        *("logout_token", "event_token", "client_assertion", "client_assertion_baseline", "dpop_proof"),
        *("request_object", "request_object_baseline"),
    }


def test_an_input_that_cannot_be_judged_names_the_member_at_fault() -> None:
    asked: dict[str, Any] = {"jws": "a.b.c", "policy": "id_token", "jwk": {}}
    strange, keyless, both, odd, missing = verify(
        "jws",
        asked | {"policy": "id-token"},
        {"jws": "a.b.c", "policy": "id_token"},
        asked | {"jwks": {"keys": []}},
        asked | {"issuer": 5},
        {"policy": "id_token", "jwk": {}},
    )
    assert strange["error"] == f"`policy`: must be one of {', '.join(sorted(POLICIES))}"
    assert keyless["error"] == both["error"] == "one of `jwk` and `jwks` is needed, not both"
    assert odd["error"].startswith("`issuer`: ")
    assert missing["error"].startswith("`jws`: ")


def test_a_batch_judges_each_line_at_its_own_time() -> None:
    """Whoever keeps it running sends proofs that are made while it runs."""
    stopped, running = read_clock("2011-03-22T18:00:00Z"), read_clock(None)
    assert stopped.now() == stopped.now() == datetime(2011, 3, 22, 18, tzinfo=UTC)
    first = running.now()
    assert abs(running.now() - SystemClock().now()) < timedelta(minutes=5)
    assert running.now() > first
