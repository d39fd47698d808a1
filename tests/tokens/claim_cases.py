"""Tokens that are signed well and say what their kind may not say: the same table for the service and the command."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.tokens.claim_rules import LOGOUT_EVENT


@dataclass(frozen=True)
class Case:
    """`changes(client, home)` are the claims that differ from a good token (None leaves one out): `client` is who
    signed, `home` what `aud` is us by. `rule` is what refuses them, None where nothing does."""

    kind: str
    name: str
    changes: Callable[[str, str], dict[str, Any]]
    rule: str | None


def _cases(kind: str, **rows: tuple[Callable[[str, str], dict[str, Any]], str | None]) -> list[Case]:
    return [Case(kind, name, changes, rule) for name, (changes, rule) in rows.items()]


_ANY_ASSERTION: dict[str, tuple[Callable[[str, str], dict[str, Any]], str | None]] = {
    "sub_is_another": (lambda client, home: {"sub": "another"}, "sub"),
    "jti_is_endless": (lambda client, home: {"jti": "j" * 600}, "jti"),
    "jti_at_its_limit": (lambda client, home: {"jti": "j" * 512}, None),
    "aud_is_a_stranger": (lambda client, home: {"aud": "https://other.example"}, "aud"),
    "as_it_should_be": (lambda client, home: {}, None),
}
CASES = [
    *_cases(
        "client_assertion",
        **_ANY_ASSERTION,
        aud_is_an_endpoint=(lambda client, home: {"aud": f"{home}/token"}, "aud"),
    ),
    *_cases(
        "client_assertion_baseline",
        **_ANY_ASSERTION,
        aud_opens_another_door=(lambda client, home: {"aud": [home, "https://other.example"]}, "aud"),
        aud_is_an_endpoint=(lambda client, home: {"aud": f"{home}/token"}, None),
        aud_is_us_twice=(lambda client, home: {"aud": [home, f"{home}/par"]}, None),
    ),
    *_cases(
        "request_object_baseline",
        sub_is_the_client=(lambda client, home: {"sub": client}, "sub"),
        client_id_is_another=(lambda client, home: {"client_id": "another"}, "client_id"),
        client_id_is_a_list=(lambda client, home: {"client_id": [client]}, "client_id"),
        state_is_a_number=(lambda client, home: {"state": 5}, "state"),
        state_holds_a_nul=(lambda client, home: {"state": "a\x00b"}, "state"),
        max_age_is_a_truth=(lambda client, home: {"max_age": True}, "max_age"),
        claims_is_a_number=(lambda client, home: {"claims": 5}, "claims"),
        resource_is_numbers=(lambda client, home: {"resource": [1]}, "resource"),
        two_audiences=(lambda client, home: {"aud": [home, "https://other.example"]}, None),
        as_it_should_be=(lambda client, home: {}, None),
    ),
    *_cases(
        "id_token",
        two_audiences=(lambda client, home: {"aud": [home, "other"]}, "missing:azp"),
        two_audiences_for_us=(lambda client, home: {"aud": [home, "other"], "azp": home}, None),
        two_audiences_for_the_other=(lambda client, home: {"aud": [home, "other"], "azp": "other"}, "azp"),
        azp_is_foreign=(lambda client, home: {"azp": "other"}, "azp"),
        sub_is_endless=(lambda client, home: {"sub": "s" * 300}, "sub"),
        sub_is_not_ascii=(lambda client, home: {"sub": "chủ-thể"}, "sub"),
        at_hash_is_a_number=(lambda client, home: {"at_hash": 7}, "at_hash"),
        auth_time_is_a_text=(lambda client, home: {"auth_time": "1"}, "auth_time"),
        auth_time_has_not_come=(lambda client, home: {"auth_time": 4_000_000_000}, "auth_time"),
        as_it_should_be=(lambda client, home: {}, None),
    ),
    *_cases(
        "logout_token",
        no_event=(lambda client, home: {"events": {}}, "events"),
        events_is_a_text=(lambda client, home: {"events": LOGOUT_EVENT}, "events"),
        event_is_no_object=(lambda client, home: {"events": {LOGOUT_EVENT: True}}, "events"),
        about_nobody=(lambda client, home: {"sub": None, "sid": None}, "missing:sub"),
        sid_is_a_number=(lambda client, home: {"sid": 7}, "sid"),
        about_a_session=(lambda client, home: {"sub": None}, None),
        as_it_should_be=(lambda client, home: {}, None),
    ),
]


def cases_of(*kinds: str) -> list[Case]:
    """Return the cases of some kinds of token."""
    return [case for case in CASES if case.kind in kinds]


def named(case: Case) -> str:
    """Return what a case is called in a report."""
    return f"{case.kind}: {case.name}"


def with_changes(good: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return claims with changes."""
    return {name: value for name, value in (good | changes).items() if value is not None}
