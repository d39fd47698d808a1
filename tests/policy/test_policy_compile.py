"""What a procedure compiles to: stable ids, reviewed text, nothing beyond its own fields."""

import ast
from pathlib import Path

from hypothesis import given, settings

import gateway
from gateway.policy.bundle import BUILT_IN
from gateway.policy.compile import compile_procedure, quote
from gateway.policy.engine import Grammar, read_rules
from gateway.policy.procedure import Procedure
from gateway.vocabulary.purpose import RELATIONS
from tests.policy.books import CT01, procedures, served


def test_the_compiled_rules_are_the_reviewed_ones() -> None:
    golden = (BUILT_IN / f"golden/{CT01}.cedar").read_text(encoding="utf-8")
    assert served().cedar_text(CT01) == golden


def test_ids_are_stable() -> None:
    assert [rule.id for rule in served().permits[CT01]] == [
        "1.004222/applicant",
        "1.004222/applicant.guardian",
        "1.004222/applicant.officer",
        "1.004222/head",
        "1.004222/head.officer",
    ]
    procedure = served().procedures[CT01]
    field = procedure.field("applicant.full_name")
    assert field is not None
    assert procedure.rule_id(field, "self") == "1.004222/applicant"
    assert procedure.rule_id(field, "officer") == "1.004222/applicant.officer"


def test_every_rule_carries_its_law_and_its_words() -> None:
    for rule in served().rules_of(CT01):
        assert rule.annotations["legal_basis"]
        assert rule.annotations["legal_basis_en"]
        assert served().words(rule.id)["vi"]
        assert served().words(rule.id)["en"]
    assert "(unverified)" in read_rules(served().cedar_text(CT01))[0].annotations["legal_basis_en"]


def test_a_guardian_gets_less_than_the_person_and_never_the_head() -> None:
    procedure = served().procedures[CT01]
    own, ward = procedure.attributes_for("self"), procedure.attributes_for("guardian")
    assert ward < own
    assert not any(name.startswith("head_") for name in ward)
    assert procedure.attributes_for("officer") < own


@settings(max_examples=100, deadline=None)
@given(procedure=procedures())
def test_rules_of_any_procedure_validate_and_release_what_its_fields_are_made_of(procedure: Procedure) -> None:
    rules = compile_procedure(procedure)
    text = "\n".join(rule.text for rule in rules)
    assert Grammar((BUILT_IN / "schema.cedarschema").read_text(encoding="utf-8")).complaints(text) == []
    assert [rule.id for rule in read_rules(text)] == [rule.id for rule in rules]
    assert {rule.effect for rule in read_rules(text)} == {"permit"}
    for relation in RELATIONS:
        released = frozenset().union(*(rule.attributes for rule in rules if rule.relation == relation))
        assert released == procedure.attributes_for(relation)


def test_the_order_of_the_file_changes_no_rule() -> None:
    procedure = served().procedures[CT01]
    turned = procedure.model_copy(update={"fields": tuple(reversed(procedure.fields))})
    assert {rule.text for rule in compile_procedure(turned)} == {rule.text for rule in compile_procedure(procedure)}


def test_a_text_cannot_leave_its_quotes() -> None:
    hostile = 'x") permit (principal, action, resource); @y("\\'
    rule = read_rules(f"@id({quote(hostile)}) forbid (principal, action, resource);")
    assert [(each.id, each.effect) for each in rule] == [(hostile, "forbid")]


def test_one_module_knows_the_engine() -> None:
    knowing = set()
    for path in Path(gateway.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.split(".")[0] == "cedarpy" for name in names):
                knowing.add(path.name)
    assert knowing == {"engine.py"}
