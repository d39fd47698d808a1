"""Golden forms to the byte, false friends that stay empty, and no line of a procedure that could change unseen."""

import dataclasses
from collections.abc import Iterator
from functools import cache

import pytest

from gateway.policy.bundle import BUILT_IN, Book, PolicyBundle, read_book
from gateway.policy.document import Text
from gateway.policy.matrix import compare, read_snapshot, release_matrix
from gateway.policy.procedure import Fill, FormField, Procedure, procedure_problems
from gateway.vocabulary.purpose import RELATIONS
from tests.prefill.golden_forms import FOLDER, GoldenForm, fill_golden, golden_bytes, golden_forms

SERVED = PolicyBundle.load()
FORMS = [wanted for code in SERVED.procedures for wanted in golden_forms(SERVED, code)]


def name_of(wanted: GoldenForm) -> str:
    return f"{wanted.code} {wanted.name}"


@pytest.mark.parametrize("wanted", FORMS, ids=name_of)
def test_a_form_is_the_reviewed_one_to_the_byte(wanted: GoldenForm) -> None:
    assert golden_bytes(wanted, fill_golden(SERVED, wanted)) == wanted.path.read_bytes()


def test_every_relation_of_every_procedure_has_a_form_and_nothing_else_lies_there() -> None:
    served = {
        (code, relation)
        for code, one in SERVED.procedures.items()
        for relation in RELATIONS
        if one.attributes_for(relation)
    }
    assert {(wanted.code, wanted.relation) for wanted in FORMS} == served
    assert {wanted.path for wanted in FORMS} == set(FOLDER.glob("*.form.json"))


@pytest.mark.parametrize("wanted", FORMS, ids=name_of)
def test_every_false_friend_stays_out_and_every_blank_says_why(wanted: GoldenForm) -> None:
    fields = fill_golden(SERVED, wanted).assembled.fields
    for friend in SERVED.procedures[wanted.code].false_friends:
        envelope = fields[friend.field]
        if wanted.relation not in friend.relations or envelope.attribute != friend.attribute:
            continue
        assert friend.source not in {None, envelope.source}, friend.field
    for name, envelope in fields.items():
        assert envelope.value is not None or (envelope.why and envelope.why.vi and envelope.why.en), name


ALWAYS_EMPTY = {
    "1.001193": [
        *("child." + name for name in ("full_name", "native_place", "ethnic_group", "nationality", "birth_place")),
        *("requester.id_paper_date", "requester.id_paper_place", "requester.relation"),
    ],
    "1.000656": ["deceased.id_paper_date", "deceased.id_paper_place", "deceased.death_date", "deceased.death_place"],
    "1.000894": ["party_a.times_married", "party_a.id_paper_date", "party_a.id_paper_place", "party_b.times_married"],
    "1.004873": ["subject.period", "subject.id_paper_date", "subject.id_paper_place", "request.purpose"],
    "3.000333": [
        *("person." + name for name in ("other_name", "temporary_residence", "id_paper_date", "id_paper_place")),
        *("father.birth_date", "mother.birth_date", "spouse.birth_date", "history", "request.purpose"),
    ],
    "1.004194": ["head.full_name", "head.relation", "head.personal_number"],
    "1.004222": ["members", "request.content"],
    "1.001612": ["business.name", "business.line", "business.capital", "business.workers", "insurance.payment"],
    "1.001776": ["benefit.other", "disability.kind", "request.content", "request.account"],
}


@pytest.mark.parametrize("wanted", FORMS, ids=name_of)
def test_what_no_register_tells_is_empty_for_everybody(wanted: GoldenForm) -> None:
    fields = fill_golden(SERVED, wanted).assembled.fields
    for name in ALWAYS_EMPTY[wanted.code]:
        assert fields[name].value is None, name
        assert fields[name].why is not None, name


def test_the_false_friends_of_the_test_set_are_all_named() -> None:
    named = {
        (code, friend.field, friend.attribute, friend.source)
        for code, one in SERVED.procedures.items()
        for friend in one.false_friends
    }
    assert named >= {
        ("1.001193", "child.birth_place", "birth_registration_place", None),
        ("1.001193", "child.native_place", "native_place", None),
        ("1.001193", "child.ethnic_group", "ethnic_group", None),
        ("1.001193", "child.nationality", "nationality", None),
        ("3.000333", "person.birth_place", "birth_registration_place", None),
        ("3.000333", "person.temporary_residence", "current_residence", None),
        ("1.004873", "subject.marital_status", "marital_status", "population"),
        ("1.000894", "party_a.times_married", "marital_status", None),
        ("1.004194", "head.full_name", "head_name", None),
        ("1.001612", "premises.place", "permanent_residence", None),
        ("1.001612", "business.name", "business_name", None),
        ("1.001776", "person.marital_status", "marital_status", "population"),
        ("1.001776", "disability.kind", "disability_degree", None),
    }
    for code, one in SERVED.procedures.items():
        declared = {field.id for field in one.fields if field.id.endswith((".phone", ".email"))}
        assert {(code, name, name.partition(".")[2], "population") for name in declared} <= named


def test_the_other_partys_part_waits_in_the_own_form_and_is_planned_in_theirs() -> None:
    own, theirs = (fill_golden(SERVED, GoldenForm("1.000894", "self", 3, party)) for party in (1, 2))
    for name, envelope in own.assembled.fields.items():
        if name.startswith("party_b."):
            assert (envelope.status, envelope.value) == ("withheld", None)
            assert envelope.why is not None
            assert envelope.why.code == "PF-126"
    assert own.policy_ids == ("1.000894/party_a",)
    assert theirs.policy_ids == ("1.000894/party_b",)
    assert theirs.assembled.fields["party_b.full_name"].value == "TRẦN THỊ BƯỞI"
    assert theirs.assembled.fields["party_a.full_name"].value is None


def test_a_parent_fills_their_own_part_and_of_the_other_name_number_and_nationality() -> None:
    told = {
        who: {name for name, one in fill_golden(SERVED, form).assembled.fields.items() if one.value is not None}
        for who, form in (("mother", GoldenForm("1.001193", "self", 3)), ("father", GoldenForm("1.001193", "self", 1)))
    }
    short = {"full_name", "personal_number", "nationality"}
    for who, other in (("mother", "father"), ("father", "mother")):
        assert {name.partition(".")[2] for name in told[who] if name.startswith(f"{other}.")} == short
        assert {name.partition(".")[2] for name in told[who] if name.startswith(f"{who}.")} == {
            *short,
            "birth_date",
            "ethnic_group",
            "residence",
        }
        assert not any(name.startswith(("child.", "registration.")) for name in told[who])


def test_of_a_person_whose_sex_is_not_known_neither_parents_part_is_guessed() -> None:
    wanted = GoldenForm("1.001193", "self", 3)
    filled = fill_golden(SERVED, wanted, unknown=frozenset({"sex"}))
    for name in ("mother.full_name", "father.full_name", "mother.personal_number"):
        assert filled.assembled.fields[name].status == "withheld"
        assert filled.assembled.fields[name].value is None


# every line of every procedure: bent, it shows in a rule, in a form or in the matrix


@cache
def book() -> Book:
    return read_book([BUILT_IN])


def with_field(procedure: Procedure, field: FormField) -> Procedure:
    fields = tuple(field if each.id == field.id else each for each in procedure.fields)
    return procedure.model_copy(update={"fields": fields})


def bent_fills(procedure: Procedure) -> Iterator[tuple[str, Procedure]]:
    alike = {name: one.type for name, one in SERVED.attributes.items()}
    for field in procedure.fields:
        for position, fill in enumerate(field.fill):
            where = f"{field.id}[{position}]"
            rest = (*field.fill[:position], *field.fill[position + 1 :])
            yield f"{where} dropped", with_field(procedure, field.model_copy(update={"fill": rest}))
            # of the type's only attribute (phone, e-mail) there is no other: then the name of a person stands in
            other = next(
                (name for name, kind in alike.items() if kind == alike[fill.attribute] and name != fill.attribute),
                "full_name",
            )
            for what, update in {
                f"fills from {other}": {"attribute": other},
                "without its condition": {"when": None},
                **{f"for {relation} or not": {"relations": flipped(fill, relation)} for relation in RELATIONS},
            }.items():
                bent = fill.model_copy(update=update)
                if bent == fill or not bent.relations:
                    continue
                fills = (*field.fill[:position], bent, *field.fill[position + 1 :])
                yield f"{where} {what}", with_field(procedure, field.model_copy(update={"fill": fills}))


def flipped(fill: Fill, relation: str) -> tuple[str, ...]:
    left = tuple(each for each in fill.relations if each != relation)
    return left if relation in fill.relations else (*fill.relations, relation)


def bent_fields(procedure: Procedure) -> Iterator[tuple[str, Procedure]]:
    words = Text(vi="khác", en="other")
    for field in procedure.fields:
        if field.fill:
            lock = "editable" if field.lock != "editable" else "confirm"
            yield f"{field.id} lock", with_field(procedure, field.model_copy(update={"lock": lock}))
        elif field.party == 1:
            yield f"{field.id} by hand", with_field(procedure, field.model_copy(update={"by_hand": words}))
        if procedure.parties:
            party = 3 - field.party
            yield f"{field.id} party", with_field(procedure, field.model_copy(update={"party": party}))
        fewer = tuple(each for each in procedure.fields if each.id != field.id)
        yield f"{field.id} gone", procedure.model_copy(update={"fields": fewer})
    for party in procedure.parties:
        waits = (party.model_copy(update={"waits": words}),)
        yield "what the other party is awaited with", procedure.model_copy(update={"parties": waits})
    for condition in procedure.conditions:
        unknown = "withheld" if condition.unknown == "confirm" else "confirm"
        for what, update in {"unknown": {"unknown": unknown}, "note": {"note": words}, "sex": {"sex": None}}.items():
            bent = condition.model_copy(update=update)
            if bent != condition:
                others = tuple(bent if each == condition else each for each in procedure.conditions)
                yield f"condition {condition.id} {what}", procedure.model_copy(update={"conditions": others})


MUTANTS = {
    f"{code} {what}": bent
    for code, procedure in SERVED.procedures.items()
    for what, bent in (*bent_fills(procedure), *bent_fields(procedure))
}


def shows(bent: Procedure) -> bool:
    """Tell whether a bent procedure is refused by the check of the book, compiles to other rules, or fills another
    form than the reviewed ones."""
    if procedure_problems(bent.code, bent, SERVED.attributes):
        return True
    bundle = PolicyBundle(dataclasses.replace(book(), procedures={bent.code: bent}))
    if bundle.cedar_text(bent.code) != (FOLDER / f"{bent.code}.cedar").read_text(encoding="utf-8"):
        return True
    reviewed = [wanted for wanted in FORMS if wanted.code == bent.code]
    return any(golden_bytes(wanted, fill_golden(bundle, wanted)) != wanted.path.read_bytes() for wanted in reviewed)


def test_there_are_mutants_of_every_fill_of_every_procedure() -> None:
    fills = sum(len(field.fill) for one in SERVED.procedures.values() for field in one.fields)
    assert len([name for name in MUTANTS if name.endswith("dropped")]) == fills
    assert len(MUTANTS) > 5 * fills


@pytest.mark.parametrize("code", sorted(SERVED.procedures))
def test_no_line_of_a_procedure_changes_unseen(code: str) -> None:
    unseen = [name for name, bent in MUTANTS.items() if bent.code == code and not shows(bent)]
    assert unseen == []


@pytest.mark.parametrize("code", sorted(SERVED.procedures))
@pytest.mark.parametrize("change", [{"minimum_level": 1}, {"basis": "contract"}])
def test_level_and_basis_of_a_procedure_show_in_its_matrix(code: str, change: dict[str, object]) -> None:
    bent = SERVED.procedures[code].model_copy(update=change)
    bundle = PolicyBundle(dataclasses.replace(book(), procedures={code: bent}))
    reviewed = read_snapshot((FOLDER / f"{code}.matrix.txt").read_text(encoding="utf-8"))
    assert compare(reviewed, release_matrix(bundle, [code]))
