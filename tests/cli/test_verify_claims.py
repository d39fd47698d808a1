"""`gate06 verify jws` refuses what the service refuses, by the same rules and the same table of tokens."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli.verify import app
from gateway.openid_provider.profiles import PROFILES, Profile
from gateway.tokens.claim_rules import LOGOUT_EVENT, assertion_audiences, judge_claims
from gateway.tokens.jose import JoseRefused, sign
from gateway.tokens.key_material import generate_private_jwk, import_signing_key, public_jwk
from gateway.vocabulary.clock import SystemRandomness
from tests.tokens.claim_cases import CASES, Case, cases_of, named, with_changes

KEY = generate_private_jwk("ES256", "k1", SystemRandomness())
AT, NOW = "2031-01-01T00:00:00Z", 1_924_992_000
CLIENT, HOME = "client-1", "https://gate.example"
TIMES = {"iat": NOW, "exp": NOW + 60, "jti": "j-1"}
GOOD: dict[str, dict[str, Any]] = {
    "client_assertion": {"iss": CLIENT, "sub": CLIENT, "aud": HOME, **TIMES},
    "request_object": {"iss": CLIENT, "client_id": CLIENT, "aud": HOME, "nbf": NOW, "state": "s", **TIMES},
    "id_token": {"iss": "https://idp.example", "sub": "subject-1", "aud": HOME, **TIMES},
    "logout_token": {"iss": "https://idp.example", "sub": "subject-1", "sid": "session-1", "aud": HOME, **TIMES}
    | {"events": {LOGOUT_EVENT: {}}},
}


def token(case: Case) -> str:
    good = GOOD[case.kind.removesuffix("_baseline")]
    return sign(with_changes(good, case.changes(CLIENT, HOME)), import_signing_key(KEY), typ="JWT")


def ask(*asked: dict[str, Any]) -> list[dict[str, Any]]:
    lines = "".join(json.dumps({"jwk": public_jwk(KEY)} | one) + "\n" for one in asked)
    told = CliRunner().invoke(app, ["jws", "--batch", "--at", AT], input=lines)
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_the_command_gives_the_rule_of_the_service() -> None:
    answers = ask(*({"jws": token(case), "policy": case.kind, "audience": HOME} for case in CASES))
    told = {named(case): answer for case, answer in zip(CASES, answers, strict=True)}
    assert told == {named(case): {"valid": case.rule is None, "rule": case.rule} for case in CASES}


def test_what_depends_on_who_we_are_is_judged_as_far_as_it_can_be() -> None:
    """Without `audience` the names of ours are not known: `azp` has to be one of the audiences at least."""
    about_us = {"aud_is_a_stranger", "aud_is_an_endpoint", "aud_opens_another_door", "two_audiences_for_the_other"}
    answers = ask(*({"jws": token(case), "policy": case.kind} for case in CASES))
    rules = {named(case): answer["rule"] for case, answer in zip(CASES, answers, strict=True)}
    assert rules == {named(case): None if case.name in about_us else case.rule for case in CASES}


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_a_profile_takes_the_audiences_that_the_rule_of_its_policy_takes(profile: Profile) -> None:
    taken = set()
    for aud in assertion_audiences(HOME, endpoints=True):
        with contextlib.suppress(JoseRefused):
            judge_claims(profile.assertions, GOOD["client_assertion"] | {"aud": aud}, HOME, datetime.now(UTC))
            taken.add(aud)
    assert taken == assertion_audiences(HOME, endpoints=profile.endpoints_as_audience)


@pytest.mark.parametrize("kind", ["id_token", "request_object"])
def test_the_stricter_or_looser_sister_of_a_policy_has_the_same_rule(kind: str) -> None:
    sister = {"id_token": "id_token_fapi2", "request_object": "request_object"}[kind]
    cases = cases_of(kind, f"{kind}_baseline")
    answers = ask(*({"jws": token(case), "policy": sister, "audience": HOME} for case in cases))
    assert [answer["rule"] for answer in answers] == [case.rule for case in cases]
