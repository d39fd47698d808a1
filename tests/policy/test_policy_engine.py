"""The engine's traps: whatever is not a clean Allow refuses."""

import pytest

from gateway.policy.engine import Grammar, Judge, Question, read_rules

SCHEMA = """
entity Portal;
entity AttributeSet;
entity Attribute in [AttributeSet] = { class: String };
action "release" appliesTo { principal: Portal, resource: Attribute, context: { level: Long, note?: String } };
"""
PERMIT_ALL = '@id("a/permit") permit (principal, action, resource);'
FORBID_LOW = '@id("a/forbid") forbid (principal, action, resource) when { context.level < 2 };'
FORBID_ERRING = '@id("a/erring") forbid (principal, action, resource) when { context.level + 9223372036854775807 < 0 };'
ENTITIES = [{"uid": {"type": "Attribute", "id": "sex"}, "attrs": {"class": "basic"}, "parents": []}]


def judge(text: str) -> Judge:
    return Judge(Grammar(SCHEMA), read_rules(text), ENTITIES)


def test_allow_without_error_is_the_only_permit() -> None:
    asked = [Question("sex", {"level": 2}), Question("sex", {"level": 1})]
    permitted, refused = judge(PERMIT_ALL + FORBID_LOW).judge("p", asked)
    assert (permitted.permitted, permitted.policy_ids, permitted.erred) == (True, ("a/permit",), False)
    assert (refused.permitted, refused.policy_ids, refused.erred) == (False, ("a/forbid",), False)


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"level": "2"},
        {"level": True},
        {"level": 2.5},
        {"level": 2**63},
        {"level": 2, "unknown": 1},
        {"level": None},
    ],
)
def test_a_context_that_does_not_fit_the_schema_refuses(context: dict[str, object]) -> None:
    [verdict] = judge(PERMIT_ALL).judge("p", [Question("sex", context)])  # type: ignore[arg-type]
    assert not verdict.permitted
    assert verdict.erred


def test_a_forbid_that_errs_is_not_skipped() -> None:
    [verdict] = judge(PERMIT_ALL + FORBID_ERRING).judge("p", [Question("sex", {"level": 2})])
    assert not verdict.permitted
    assert verdict.erred


def test_an_attribute_without_an_entity_refuses_where_a_rule_looks_at_it() -> None:
    text = (
        PERMIT_ALL + '@id("a/class") forbid (principal, action, resource is Attribute) when { resource.class == "x" };'
    )
    [verdict] = judge(text).judge("p", [Question("nobody", {"level": 2})])
    assert not verdict.permitted
    assert verdict.erred


def test_nothing_permits_names_no_rule() -> None:
    [verdict] = judge(FORBID_LOW).judge("p", [Question("sex", {"level": 2})])
    assert (verdict.permitted, verdict.policy_ids, verdict.erred) == (False, (), False)


def test_rules_that_do_not_fit_the_schema_are_complained_about() -> None:
    grammar = Grammar(SCHEMA)
    assert grammar.complaints(PERMIT_ALL + FORBID_LOW) == []
    assert grammar.complaints("forbid (principal, action, resource) when { context.levle < 2 };")
    assert grammar.complaints('forbid (principal, action, resource) when { context.note == "" };')
    assert grammar.complaints("nonsense")


@pytest.mark.parametrize("text", ["permit (", "permit (principal == ?principal, action, resource);"])
def test_text_that_is_no_rule_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        read_rules(text)
