"""The only module that knows Cedar. Every trap of the engine ends here.

The schema is always given: without it a `forbid` that errs is skipped and the answer may be Allow. Anything but
Allow without a single diagnostic error is a refusal. Rules keep their `@id` as policy id, so positions never show.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cedarpy

Policy = Mapping[str, Any]
"""One policy in Cedar's JSON form."""


class Verdict(NamedTuple):
    """What the engine said: `policy_ids` decided, sorted; `erred` when it could not decide (then not permitted)."""

    permitted: bool
    policy_ids: tuple[str, ...]
    erred: bool


class Question(NamedTuple):
    """May the portal have the attribute, under these facts?"""

    attribute: str
    context: Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the book. `policy` is its JSON form; `named` the attributes it mentions by name."""

    id: str
    effect: str
    annotations: Mapping[str, str]
    policy: Policy
    named: frozenset[str]

    @property
    def names_action(self) -> bool:
        """Whether it names the action it is about, as every rule must."""
        return bool(self.policy["action"]["op"] == "==")


class Grammar:
    """The schema: the words that rules may use. Raises ValueError when the text is not a schema."""

    def __init__(self, text: str) -> None:
        self.handle = cedarpy.Schema.from_str(text)

    def complaints(self, text: str) -> list[str]:
        """Return what strict validation says against the rules in `text`; empty when they are sound."""
        result = cedarpy.validate_policies(text, self.handle)
        if result.validation_passed:
            return []
        return [str(error) for error in result.errors] or ["rules do not validate"]


def read_rules(text: str) -> list[Rule]:
    """Read Cedar text into rules. A rule without `@id` gets an empty id. Raises ValueError on a syntax error."""
    document = json.loads(cedarpy.policies_to_json_str(text))
    if document["templates"]:
        raise ValueError("templates are not used here: write a rule")
    rules = []
    for policy in document["staticPolicies"].values():
        annotations = {name: value or "" for name, value in policy.get("annotations", {}).items()}
        named = frozenset(_named_attributes(policy))
        rules.append(Rule(annotations.get("id", ""), policy["effect"], annotations, policy, named))
    return rules


def _named_attributes(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("type") == "Attribute" and isinstance(node.get("id"), str):
            yield node["id"]
        for inner in node.values():
            yield from _named_attributes(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _named_attributes(inner)


class Judge:
    """Rules and entities of one procedure, parsed once, asked many times."""

    def __init__(self, grammar: Grammar, rules: Sequence[Rule], entities: Sequence[Mapping[str, Any]]) -> None:
        policies = {rule.id: rule.policy for rule in rules}
        document = {"templates": {}, "staticPolicies": policies, "templateLinks": []}
        self._policies = cedarpy.PolicySet.from_json_str(json.dumps(document))
        self._entities = cedarpy.Entities.from_json_str(json.dumps(list(entities)), schema=grammar.handle)
        self._schema = grammar.handle

    def judge(self, client_id: str, questions: Sequence[Question]) -> list[Verdict]:
        """Answer each question, in order. Never raises for a strange fact: that is a refusal that erred."""
        requests = [
            {
                "principal": {"type": "Portal", "id": client_id},
                "action": {"type": "Action", "id": "release"},
                "resource": {"type": "Attribute", "id": question.attribute},
                "context": dict(question.context),
            }
            for question in questions
        ]
        results = cedarpy.is_authorized_batch(requests, self._policies, self._entities, self._schema)
        return [_verdict(result) for result in results]


def _verdict(result: cedarpy.AuthzResult) -> Verdict:
    decided = result.decision is not cedarpy.Decision.NoDecision
    erred = bool(result.diagnostics.errors) or not decided
    permitted = bool(result.allowed) and not erred
    return Verdict(permitted, tuple(sorted(result.diagnostics.reasons)), erred)
