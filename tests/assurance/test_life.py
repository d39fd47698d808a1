"""Whether a register records a death: only its own word counts, and its trouble is no word."""

from datetime import UTC, date, datetime

import pytest

from gateway.assurance.life import DEATH, recorded_death
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.provenance import Absent, Found, Provenance, Refused, Unavailable

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
FROM = Provenance(source="civil_status", as_of=date(2026, 11, 20), retrieved_at=NOW)
NAME = Found("TRẦN THỊ BƯỞI", FROM)


@pytest.mark.parametrize(
    "answer",
    [
        {DEATH: Found(PartialDate(2025, 3, 12), FROM)},
        {DEATH: Found(PartialDate(2025), FROM), "full_name": NAME},
        {DEATH: Unavailable(reason="malformed"), "full_name": NAME},
    ],
)
def test_a_death_that_is_recorded(answer) -> None:
    assert recorded_death({"civil_status": answer})
    assert recorded_death({"other": {}, "civil_status": answer})


@pytest.mark.parametrize(
    "outcome",
    [
        Absent("empty"),
        Absent("no_match"),
        Absent("ambiguous"),
        Absent("not_kept"),
        Refused("purpose_denied"),
        Refused("other_person"),
        Unavailable(reason="unreachable"),
        Unavailable(reason="timeout"),
        Unavailable(reason="late"),
        Unavailable(reason="malformed"),
    ],
)
def test_what_is_no_word_about_anybodys_death(outcome) -> None:
    assert not recorded_death({"civil_status": {DEATH: outcome, "full_name": outcome}})


def test_nobody_asked_is_nobody_dead() -> None:
    assert not recorded_death({})
    assert not recorded_death({"civil_status": {}})
    assert not recorded_death({"civil_status": {"full_name": NAME}})
