"""Every rule matters: take it away or bend it, and both the matrix and the cases notice."""

import dataclasses
import re
from collections.abc import Iterator

import pytest

from gateway.policy.bundle import BUILT_IN, Book, PolicyBundle
from gateway.policy.cases import CaseFile, case_failures
from gateway.policy.document import read_document
from gateway.policy.engine import Rule, read_rules
from gateway.policy.matrix import CellChange, Matrix, compare, release_matrix, specimen_portals
from gateway.policy.procedure import Fill, FormField, Procedure
from gateway.vocabulary.purpose import RELATIONS
from tests.policy.books import CT01, rehearsed

PRACTICED = "0.000001"
TEXT = (BUILT_IN / "global.cedar").read_text(encoding="utf-8")
RULES = [rule.id for rule in read_rules(TEXT)]
BENDS = [
    ("!context.", "context."),
    (" < ", " <= "),
    (" < ", " > "),
    ("< 2", "< 1"),
    (" == ", " != "),
    (" != ", " == "),
    (" && ", " || "),
    (" && !", " && "),
    ('"law", ', ""),
    (', "consent"', ""),
    ('"law"', '"contract"'),
    ('"consent"', '"emergency"'),
    ('"sensitive"', '"basic"'),
    ('"guardian"', '"officer"'),
    ('"officer"', '"guardian"'),
    ('"self"', '"guardian"'),
    ("resource.self_declared", "!resource.self_declared"),
    ("context.minimum_level", "1"),
    ("context.procedure_basis", '"law"'),
]


def _parts(rules: tuple[Rule, ...] | None = None, procedure: Procedure | None = None) -> Iterator[Matrix]:
    """The matrix of a bent book in parts, so that a mutant is known as soon as one of them differs.

    Two procedures show every rule that crosses procedures; what is bent in the others is looked for in
    `tests/prefill/test_golden_forms.py`.
    """
    book = _small_book()
    if rules is not None:
        book = dataclasses.replace(book, forbids=rules)
    if procedure is not None:
        book = dataclasses.replace(book, procedures={**book.procedures, procedure.code: procedure})
    bundle = PolicyBundle(book)
    for code in reversed(list(book.procedures)):
        for portal in specimen_portals(code):
            yield release_matrix(bundle, [code], [portal])


def _small_book() -> Book:
    book = rehearsed()
    return dataclasses.replace(book, procedures={code: book.procedures[code] for code in (PRACTICED, CT01)})


REVIEWED = list(_parts())


def _changes(parts: Iterator[Matrix]) -> tuple[CellChange, ...]:
    compared = (compare(before, after) for before, after in zip(REVIEWED, parts, strict=True))
    return next((changes for changes in compared if changes), ())


def _conditions() -> Iterator[tuple[str, int, int]]:
    for found in re.finditer(r'@id\("([^"]+)"\).*?when \{(.*?)\};', TEXT, re.DOTALL):
        yield found[1], found.start(2), found.end(2)


def _bent() -> Iterator[tuple[str, str]]:
    for rule, start, end in _conditions():
        for before, after in BENDS:
            for hit in re.finditer(re.escape(before), TEXT[start:end]):
                at = start + hit.start()
                yield f"{rule}: {before} to {after} at {at}", TEXT[:at] + after + TEXT[at + len(before) :]


MUTANTS = dict(_bent())


def test_there_are_mutants_of_every_rule() -> None:
    assert {name.split(":")[0] for name in MUTANTS} == set(RULES)
    assert len(MUTANTS) >= 25


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_bent_rule_shows_in_the_matrix(mutant: str) -> None:
    assert _changes(_parts(tuple(read_rules(MUTANTS[mutant])))), mutant


@pytest.mark.parametrize("rule", RULES)
def test_a_dropped_rule_shows_in_the_matrix_and_fails_its_cases(rule: str) -> None:
    book = rehearsed()
    left = tuple(each for each in book.forbids if each.id != rule)
    assert _changes(_parts(left))
    bundle = PolicyBundle(dataclasses.replace(book, forbids=left))
    cases = read_document(BUILT_IN / "cases/global.toml", CaseFile).cases
    assert [failure for case in cases for failure in case_failures(bundle, "global.toml", case) if rule in failure]


def _other_forms() -> Iterator[tuple[str, Procedure]]:
    procedure = rehearsed().procedures[CT01]
    yield "minimum level", procedure.model_copy(update={"minimum_level": 1})
    yield "basis", procedure.model_copy(update={"basis": "contract"})
    for field in procedure.fields:
        for fill in field.fill:
            for relation in RELATIONS:
                yield f"{field.id} {relation}", _with_fill(procedure, field, _flip(fill, relation))
            swapped = fill.model_copy(update={"attribute": "religion"})
            yield f"{field.id} religion", _with_fill(procedure, field, swapped)


def _flip(fill: Fill, relation: str) -> Fill:
    left = tuple(each for each in fill.relations if each != relation)
    return fill.model_copy(update={"relations": left if relation in fill.relations else (*fill.relations, relation)})


def _with_fill(procedure: Procedure, field: FormField, fill: Fill) -> Procedure:
    fields = tuple(
        each.model_copy(update={"fill": (fill,)}) if each.id == field.id else each for each in procedure.fields
    )
    return procedure.model_copy(update={"fields": fields})


FORMS = dict(_other_forms())
# a profile is refused to anyone but its owner by a rule that crosses procedures, so granting it shows nothing new
COVERED_TWICE = {f"applicant.{name} {relation}" for name in ("phone", "email") for relation in ("guardian", "officer")}


@pytest.mark.parametrize("mutant", sorted(FORMS.keys() - COVERED_TWICE))
def test_a_bent_form_shows_in_the_matrix(mutant: str) -> None:
    changes = _changes(_parts(procedure=FORMS[mutant]))
    assert changes
    assert {change.situation.procedure for change in changes} == {CT01}


@pytest.mark.parametrize("mutant", sorted(COVERED_TWICE))
def test_a_form_cannot_open_what_a_rule_forbids(mutant: str) -> None:
    assert _changes(_parts(procedure=FORMS[mutant])) == ()
