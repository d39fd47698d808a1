"""Opaque tokens, pairwise subjects and the claims of what is issued."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tokens.issue import (
    AccessTokenFacts,
    IdTokenFacts,
    access_token_claims,
    half_hash,
    id_token_claims,
    key_of,
    mint,
    mint_grant_id,
    pairwise_subject,
    parse,
)
from gateway.vocabulary.clock import SystemRandomness

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


class Octets:
    """Randomness that says what it is told to."""

    def __init__(self, octet: int) -> None:
        self.octet = octet

    def octets(self, count: int) -> bytes:
        return bytes([self.octet]) * count


@given(st.integers(0, 255), st.integers(0, 255), st.sampled_from(["ga", "gc", "gr"]))
def test_a_minted_token_parses_to_its_prefix_and_grant(one: int, two: int, prefix: str) -> None:
    gid = mint_grant_id(Octets(one))
    token = mint(prefix, gid, Octets(two))  # type: ignore[arg-type]
    assert parse(token) == (prefix, gid)
    assert len(token) == 2 + 1 + 22 + 1 + 43


@given(st.text(max_size=90))
def test_any_other_text_parses_to_nothing(text: str) -> None:
    assert parse(text) is None
    assert len(key_of(text)) == 43


@pytest.mark.parametrize(
    "change", [lambda t: t + "a", lambda t: t[1:], lambda t: "gx" + t[2:], lambda t: t + "\n", str.upper]
)
def test_a_token_with_a_change_is_not_ours(change) -> None:
    token = mint("ga", mint_grant_id(SystemRandomness()), SystemRandomness())
    assert parse(change(token)) is None or change(token) == token


def test_the_store_key_is_the_hash_of_the_whole_token() -> None:
    assert key_of("abc") == "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0", "SHA-256 of abc, FIPS 180-2 B.1"
    assert key_of("ga_x_y") != key_of("gc_x_y")


def test_pairwise_subjects_differ_by_sector_citizen_and_key_and_are_stable() -> None:
    subject = pairwise_subject(b"k" * 32, "portal.example", "c1")
    assert subject == pairwise_subject(b"k" * 32, "portal.example", "c1")
    assert set(subject) <= set("abcdefghijklmnopqrstuvwxyz234567")
    assert len(subject) == 52
    others = {
        pairwise_subject(b"j" * 32, "portal.example", "c1"),
        pairwise_subject(b"k" * 32, "other.example", "c1"),
        pairwise_subject(b"k" * 32, "portal.example", "c2"),
        pairwise_subject(b"k" * 32, "portal.examplec", "1"),
    }
    assert len(others | {subject}) == 5


def test_the_id_token_says_what_is_known_and_leaves_out_the_rest() -> None:
    facts = IdTokenFacts(issuer="https://g", subject="s", client_id="c", issued_at=AT)
    issued = int(AT.timestamp())
    assert id_token_claims(facts, alg="ES256") == {
        "iss": "https://g",
        "sub": "s",
        "aud": "c",
        "iat": issued,
        "exp": issued + 300,
    }
    full = IdTokenFacts(
        issuer="https://g",
        subject="s",
        client_id="c",
        issued_at=AT,
        auth_time=AT,
        nonce="n",
        acr="urn:gate06:vneid:2",
        amr=("swk",),
        session_id="sid",
        access_token="t",
        code="q",
        extra={"name": "X", "iss": "https://evil"},
    )
    claims = id_token_claims(full, alg="ES256")
    assert claims["iss"] == "https://g", "extra claims never replace the protocol's own"
    assert {"auth_time", "nonce", "acr", "amr", "sid", "at_hash", "c_hash", "name"} <= claims.keys()


def test_at_hash_follows_the_standard() -> None:
    # OpenID Connect Core, appendix A.3: access token and at_hash of the example response
    assert half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"
    assert len(half_hash("t", "Ed25519")) == 43
    assert half_hash("t", "Ed25519") == half_hash("t", "EdDSA")


def test_a_jwt_access_token_has_the_members_of_rfc_9068() -> None:
    facts = AccessTokenFacts(
        issuer="https://g", subject="c", client_id="c", audience="https://r", issued_at=AT, lifetime_s=300, token_id="j"
    )
    claims = access_token_claims(facts)
    assert claims.keys() == {"iss", "sub", "aud", "exp", "iat", "jti", "client_id"}
    assert claims["exp"] - claims["iat"] == 300
