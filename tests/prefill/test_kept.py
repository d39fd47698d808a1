"""Kept answers survive their JSON unchanged, and know what still has to be asked."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import orjson
from hypothesis import given
from hypothesis import strategies as st

from gateway.prefill.kept import KeptAnswers, kept_record, read_kept
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.form_preview import FormAsk
from gateway.vocabulary.outcome_parts import decode_outcome, encode_outcome
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import personas
from gateway.vocabulary.provenance import Absent, Found, Provenance, Refused, Unavailable

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
text = st.text(st.characters(exclude_categories=["Cs"]))
addresses = st.sampled_from([one.permanent_residence for one in personas() if one.permanent_residence])
plain = st.one_of(text, st.builds(PartialDate, st.integers(1, 9999)), addresses, st.none(), st.integers(0, 9))
values = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(text, inner), max_leaves=5)
provenances = st.builds(
    Provenance,
    source=text,
    as_of=st.dates(),
    retrieved_at=st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    stale=st.booleans(),
)
outcomes = st.one_of(
    st.builds(Found, values, provenances),
    st.builds(Absent, st.sampled_from(["empty", "no_match", "not_kept", "ambiguous"])),
    st.builds(Refused, st.sampled_from(["purpose_denied", "officer_denied", "bad_request", "other_person"])),
    st.builds(
        Unavailable,
        st.integers(0, 99),
        st.sampled_from(["timeout", "unreachable", "late", "closed", "quota"]),
        st.none() | st.tuples(text, text),
    ),
)


@given(outcomes)
def test_an_outcome_survives_its_json(outcome: object) -> None:
    assert decode_outcome(orjson.loads(orjson.dumps(encode_outcome(outcome)))) == outcome  # type: ignore[arg-type]


def kept(outcome: object, **late: datetime) -> KeptAnswers:
    return KeptAnswers(answers={"a": {"x": outcome}}, late_until=late, fetched_at=NOW)  # type: ignore[dict-item]


FOUND = Found("x", Provenance(source="a", as_of=date(2026, 1, 1), retrieved_at=NOW))


def test_only_what_is_not_answered_is_asked() -> None:
    question = {"a": frozenset({"x"})}
    assert kept(FOUND).unanswered(question) == {}
    assert kept(Absent("no_match")).unanswered(question) == {}
    assert kept(Refused("purpose_denied")).unanswered(question) == {}
    assert kept(Unavailable()).unanswered(question) == question
    assert kept(FOUND).unanswered({"a": frozenset({"x", "y"})}) == {"a": frozenset({"x", "y"})}
    assert kept(FOUND).unanswered({"b": frozenset({"z"})}) == {"b": frozenset({"z"})}


def test_a_source_still_working_is_not_asked_again_until_its_time_is_over() -> None:
    late = kept(Unavailable(reason="late"), a=NOW + timedelta(seconds=20))
    question = {"a": frozenset({"x"})}
    assert late.settled(NOW).unanswered(question) == {}
    over = late.settled(NOW + timedelta(seconds=20))
    assert over.answers["a"]["x"] == Unavailable(reason="timeout")
    assert over.unanswered(question) == question


def test_a_late_answer_takes_the_place_of_waiting() -> None:
    late = kept(Unavailable(reason="late"), a=NOW + timedelta(seconds=20))
    joined = late.joined({"a": {"x": FOUND}}, {})
    assert joined.answers["a"]["x"] == FOUND
    assert joined.late_until == {}


def test_a_record_is_sealed_to_citizen_and_grant_and_ends_in_ten_minutes() -> None:
    record = kept_record(
        kept(FOUND),
        FormAsk(
            citizen=Citizen(id="c", full_name="x"),
            subject="s",
            client_id="p",
            procedure="1.004222",
            dossier=None,
            grant_id="g",
            trace_id="t",
        ),
    )
    assert (record.subject, record.group, record.key) == ("c", "g", "g.1.004222")
    assert read_kept(record, "c", NOW) == replace(kept(FOUND), version=1)
    assert read_kept(record, "c", NOW + timedelta(minutes=10)) is None
    assert read_kept(record, "somebody-else", NOW) is None
    assert read_kept(None, "c", NOW) is None
