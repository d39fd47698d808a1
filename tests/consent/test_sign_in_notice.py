"""The four rules of telling somebody of a sign-in, over every combination of facts."""

from datetime import UTC, datetime
from itertools import product

import pytest

from gateway.consent.sign_in_notice import (
    NoticeList,
    SignInFacts,
    SignInNotice,
    deciding_rule,
    is_suspicious,
    notice_of,
    tells,
)

EXPECTED = {
    # suspicious, same service, trusted browser: rule, told
    (True, True, True): ("suspicious", True),
    (True, True, False): ("suspicious", True),
    (True, False, True): ("suspicious", True),
    (True, False, False): ("suspicious", True),
    (False, True, True): ("same_service", False),
    (False, True, False): ("same_service", False),
    (False, False, True): ("trusted_browser", False),
    (False, False, False): ("otherwise", True),
}


@pytest.mark.parametrize("facts", list(product((True, False), repeat=3)))
def test_the_first_rule_that_speaks_decides(facts):
    suspicious, same_service, trusted = facts
    rule = deciding_rule(SignInFacts(suspicious=suspicious, same_service=same_service, trusted_browser=trusted))
    assert (rule, tells(rule)) == EXPECTED[facts]


@pytest.mark.parametrize(
    ("failures", "alarmed", "under_review", "suspicious"),
    [
        (0, False, False, False),
        (2, False, False, False),
        (3, False, False, True),
        (0, True, False, True),
        (0, False, True, True),
        (9, True, True, True),
    ],
)
def test_what_makes_a_sign_in_suspicious(failures, alarmed, under_review, suspicious):
    assert is_suspicious(failures=failures, alarmed=alarmed, under_review=under_review) is suspicious


def test_a_notice_is_kept_for_a_year_under_the_persons_key():
    at = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    notice = SignInNotice(key="k", citizen_id="c", at=at, client_id="portal", provider="vneid", rule="otherwise")
    (change,) = NoticeList().put(notice)
    assert change.record.subject == "c"
    assert change.record.expires_at == datetime(2027, 11, 23, 3, 0, tzinfo=UTC)
    assert notice_of(change.record) == notice
