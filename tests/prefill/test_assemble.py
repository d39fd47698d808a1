"""Assembling is pure: rows of (answers → envelope), conflicts between sources among them."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from gateway.policy.procedure import Condition, Text
from gateway.prefill.assemble import Assembled, Facts, assemble, outcome_word
from gateway.prefill.envelope import Envelope, Why
from gateway.prefill.plan import Head, Plan, PlannedField, Way, plan_form
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.provenance import Absent, Found, Outcome, Provenance, Unavailable
from tests.prefill.lab import CODE, POLICY, START, citizen_of

WORDS = {"male": {"vi": "Nam", "en": "Male"}, "female": {"vi": "Nữ", "en": "Female"}}
NOTE = Condition(
    id="here",
    question=Text(vi="Ở đây?", en="Here?"),
    note=Text(vi="Chỉ khi ở đây", en="Only if here"),
    unknown="withheld",
)


def found(value: Any, source: str = "population") -> Found:
    return Found(value, Provenance(source=source, as_of=date(2026, 11, 22), retrieved_at=START))


def field(*sources: str, attribute: str = "sex", kind: str = "code", **members: Any) -> PlannedField:
    heads = {source: Head({"vi": f"Nguồn {source}", "en": source}, "https://example.vn") for source in sources}
    condition = members.pop("condition", None)
    ways = tuple(Way(source, attribute, condition) for source in sources)
    shape = {"label": {"vi": "Mục", "en": "Field"}, "lock": "locked", "rule": "x/y", "words": WORDS, **members}
    return PlannedField(id="a.field", type=kind, ways=ways, heads=heads, **shape)


def plan(*fields: PlannedField) -> Plan:
    asked: dict[str, frozenset[str]] = {}
    for one in fields:
        for way in one.ways:
            asked[way.source] = asked.get(way.source, frozenset()) | {way.attribute}
    return Plan(
        procedure=POLICY.procedures[CODE],
        relation="self",
        fields=fields,
        attributes=frozenset().union(*asked.values()),
        asked_of=asked,
        guards=frozenset(),
    )


def fill(planned: PlannedField, answers: dict[str, dict[str, Outcome]], index: int = 8, **facts: Any) -> Assembled:
    return assemble(plan(planned), Facts(citizen=citizen_of(index), now=START, answers=answers, **facts))


def only(assembled: Assembled) -> Envelope:
    (envelope,) = assembled.fields.values()
    return envelope


def test_two_sources_that_disagree_are_a_conflict_that_names_both() -> None:
    sources = ("population", "civil_status")
    silent = replace(citizen_of(8), sex=None)
    answers = {"population": {"sex": found("male")}, "civil_status": {"sex": found("female", "civil_status")}}
    envelope = only(assemble(plan(field(*sources)), Facts(citizen=silent, now=START, answers=answers)))
    wire = envelope.wire()
    assert (wire["status"], wire["lock"], wire["why"]["code"]) == ("conflict", "confirm", "PF-109")
    assert [(one["source"], one["value"]) for one in wire["conflict"]] == [
        ("population", "male"),
        ("civil_status", "female"),
    ]
    assert wire["value"] == "male"


def test_two_sources_that_agree_are_one_value_of_the_first() -> None:
    sources = field("population", "civil_status", attribute="birth_date", kind="date")
    answers = {
        "population": {"birth_date": found(PartialDate(1995, 1, 25))},
        "civil_status": {"birth_date": found(PartialDate(1995, 1, 25), "civil_status")},
    }
    envelope = only(fill(sources, answers))
    assert (envelope.status, envelope.source, envelope.rivals) == ("verified", "population", ())


def test_one_source_in_trouble_leaves_the_other_its_value() -> None:
    answers: dict[str, dict[str, Outcome]] = {
        "population": {"sex": Unavailable(reason="malformed")},
        "civil_status": {"sex": found("male", "civil_status")},
    }
    assembled = fill(field("population", "civil_status"), answers)
    assert (only(assembled).status, only(assembled).source) == ("verified", "civil_status")
    assert assembled.complete


def test_a_source_that_may_still_answer_is_told_before_one_that_has_nothing() -> None:
    answers: dict[str, dict[str, Outcome]] = {
        "population": {"sex": Absent()},
        "civil_status": {"sex": Unavailable(reason="late", retry_after=8)},
    }
    assembled = fill(field("population", "civil_status"), answers)
    assert only(assembled).why == Why("CR-009", only(assembled).why.vi, only(assembled).why.en, 8)  # type: ignore[union-attr]
    assert assembled.late == ("a.field",)
    assert outcome_word(assembled) == "failed"


def test_a_source_that_was_never_asked_is_no_silent_blank() -> None:
    assert only(fill(field("population"), {})).why.code == "CR-004"  # type: ignore[union-attr]


def test_an_unknown_condition_may_withhold() -> None:
    envelope = only(fill(field("population", condition=NOTE), {"population": {"sex": found("male")}}))
    assert (envelope.status, envelope.value) == ("withheld", None)
    assert envelope.why is not None
    assert envelope.why.vi == "Chỉ khi ở đây"


def test_an_unknown_condition_may_ask_for_confirmation() -> None:
    confirm = NOTE.model_copy(update={"unknown": "confirm"})
    envelope = only(fill(field("population", condition=confirm), {"population": {"sex": found("male")}}))
    assert (envelope.status, envelope.lock, envelope.value) == ("verified", "confirm", "male")


def test_what_policy_refuses_is_withheld_with_its_words() -> None:
    why = Why("PF-007", "không", "no")
    answers = {"population": {"sex": found("male")}}
    envelope = only(fill(field("population"), answers, refused={"sex": why}))
    assert (envelope.status, envelope.value, envelope.why) == ("withheld", None, why)


def test_what_a_person_declares_is_never_verified() -> None:
    planned = field("profile", attribute="phone", kind="phone", self_declared=True, lock="editable")
    said = only(fill(planned, {}, declared={"phone": "0912345678"}))
    assert (said.status, said.value, said.lock, said.retrieved_at) == ("self_declared", "0912345678", "editable", None)
    silent = only(fill(planned, {}))
    assert (silent.status, silent.value) == ("self_declared", None)
    assert silent.why is not None


def test_codes_show_their_words_and_stale_values_their_age() -> None:
    envelope = only(fill(field("population"), {"population": {"sex": found("male")}}))
    assert envelope.display == WORDS["male"]
    later = assemble(
        plan(field("population")),
        Facts(
            citizen=citizen_of(8),
            now=START + timedelta(hours=25),
            answers={"population": {"sex": found("male")}},
        ),
    )
    assert only(later).status == "stale"


@pytest.mark.parametrize("relation", ["self", "guardian", "officer"])
def test_a_plan_holds_every_field_and_asks_only_registers(relation: Any) -> None:
    procedure = POLICY.procedures[CODE]
    planned = plan_form(POLICY, procedure, relation)
    assert [one.id for one in planned.fields] == [one.id for one in procedure.fields]
    assert set(planned.asked_of) == {"population", "civil_status"}
    for attributes in planned.asked_of.values():
        assert attributes <= procedure.attributes_for(relation)
    assert planned.life_of == {"civil_status"}
    assert plan_form(POLICY, POLICY.procedures["1.000656"], "officer").life_of == set()
    assert plan_form(POLICY, POLICY.procedures["1.000656"], "self").life_of == {"civil_status"}
    asked = planned.questions(planned.attributes)
    of_the_house = planned.checks.get("civil_status", frozenset()) | ({"death_date"} if planned.life_of else set())
    assert asked["civil_status"] == {"sex", "full_name"} | of_the_house
    assert planned.questions(set()).keys() == planned.checks.keys()
    for one in planned.fields:
        assert one.ways or one.by_hand
    for friend in procedure.false_friends:
        bad = [one for one in planned.fields if one.id == friend.field]
        ways = [way for one in bad for way in one.ways if friend.source in {None, way.source}]
        assert all(way.attribute != friend.attribute for way in ways)


def test_a_field_without_a_value_stands_in_every_form_alike_and_a_told_one_in_none() -> None:
    by_hand, told = field(by_hand={"vi": "Tự điền", "en": "By hand"}), field("population")
    first, second = (only(fill(by_hand, {}, index)) for index in (3, 8))
    assert first is second
    assert first.wire() == first._replace(written=None).wire()
    assert first.wire()["why"] == {"code": "PF-120", "vi": "Tự điền", "en": "By hand"}
    assert only(fill(told, {"population": {"sex": found("male")}})).written is None
