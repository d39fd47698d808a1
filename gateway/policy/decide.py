"""The decision: which of the attributes asked for a portal may have, under these facts, by which rules.

Pure: no clock, no chance, no I/O. Attributes that every rule must treat alike are asked about once, through one
of them; an attribute that some rule names is always asked about on its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from gateway.policy.catalogue import Attribute
from gateway.policy.compile import CompiledRule, attribute_entities
from gateway.policy.document import Text
from gateway.policy.engine import Grammar, Judge, Question, Rule, Verdict
from gateway.policy.failure import REFUSALS
from gateway.policy.procedure import Procedure
from gateway.vocabulary.failure import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalFacts:
    """What the policy knows of a portal. `attributes` None: whatever its procedures compile to."""

    client_id: str
    procedures: frozenset[str]
    attributes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequest:
    """The question. A level, basis or relation that is None is absent and refuses; consent that is absent is none.

    `basis` and `relation` are words of `gateway.vocabulary.purpose`; any other word refuses. `party` is the one of a
    form with two parties whose part is asked for, and the other facts are then about that party.
    """

    portal: PortalFacts
    procedure: str
    attributes: frozenset[str]
    level: int | None = None
    basis: str | None = None
    consent: bool | None = None
    relation: str | None = None
    party: int = 1


@dataclass(frozen=True, slots=True)
class Refused:
    """An attribute that is not told, the rules that said so, and why, in Vietnamese and English."""

    attribute: str
    policy_ids: tuple[str, ...]
    why: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseDecision:
    """The answer. `rules` gives for each permitted attribute the rules that permit it; `policy_ids` every rule
    that decided anything, sorted; `partial` when some attributes are permitted and some refused."""

    decision: Literal["permit", "partial", "deny"]
    permitted: frozenset[str]
    refused: tuple[Refused, ...]
    policy_ids: tuple[str, ...]
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    failure_code: str | None = None

    def failure(self) -> Failure | None:
        """Return the refusal to raise, `excess` naming the refused attributes; None when everything is permitted."""
        if self.failure_code is None:
            return None
        excess = [refused.attribute for refused in self.refused]
        return REFUSALS[self.failure_code](excess=excess)


class Guard(NamedTuple):
    """A refusal that no rule of the book makes: it stands before or after the rules."""

    text: Text
    failure: str


GUARDS: dict[str, Guard] = {
    "guard/unknown-procedure": Guard(
        Text(vi="Không có thủ tục nào mang mã này", en="No procedure has this code"), "PF-001"
    ),
    "guard/unknown-attribute": Guard(
        Text(vi="Danh mục thuộc tính không có tên này", en="The attribute catalogue has no such name"), "PF-007"
    ),
    "guard/nothing-asked": Guard(
        Text(vi="Không hỏi thông tin nào", en="No attribute was asked for"),
        "PF-006",
    ),
    "guard/no-level": Guard(
        Text(vi="Không biết mức độ tài khoản của người này", en="The account level of the person is not known"),
        "GW-1203",
    ),
    "guard/incomplete": Guard(
        Text(vi="Thiếu thông tin mà quy tắc cần", en="A fact the rules need was not given"), "PF-006"
    ),
    "guard/engine": Guard(Text(vi="Bộ quy tắc không quyết định được", en="The rules could not be evaluated"), "PF-006"),
    "guard/nothing-permits": Guard(
        Text(
            vi="Không quy tắc nào cho phép: thủ tục này không cần thông tin đó trong quan hệ này",
            en="No rule permits it: the procedure does not need it in this relation",
        ),
        "PF-007",
    ),
}


class Slice:
    """Everything that decides about one procedure: its permits, the rules that cross procedures, the entities."""

    def __init__(
        self,
        procedure: Procedure,
        permits: tuple[CompiledRule, ...],
        rules: Sequence[Rule],
        attributes: dict[str, Attribute],
        grammar: Grammar,
    ) -> None:
        self.procedure = procedure
        self.permits = permits
        self._rules = {rule.id: rule for rule in rules}
        self._judge = Judge(grammar, rules, attribute_entities(attributes, permits))
        self._kinds = _alike(attributes.values(), permits, rules)

    def decide(self, request: ReleaseRequest) -> ReleaseDecision:
        """Decide about every attribute asked."""
        refused: dict[str, tuple[str, ...]] = {
            name: ("guard/unknown-attribute",) for name in request.attributes if name not in self._kinds
        }
        guard = _absent_fact(request)
        if guard is not None:
            refused = {name: refused.get(name, (guard,)) for name in request.attributes}
            return self._answer({}, refused)
        permitted: dict[str, tuple[str, ...]] = {}
        cells = self._cells(request)
        for names, verdict in zip(cells.values(), self._ask(request, cells), strict=True):
            into, ids = (permitted, verdict.policy_ids) if verdict.permitted else (refused, _refusal_ids(verdict))
            into.update(dict.fromkeys(names, ids))
        return self._answer(permitted, refused)

    def _cells(self, request: ReleaseRequest) -> dict[tuple[int, bool], list[str]]:
        listed = request.portal.attributes
        cells: dict[tuple[int, bool], list[str]] = {}
        for name in sorted(request.attributes & self._kinds.keys()):
            cells.setdefault((self._kinds[name], listed is None or name in listed), []).append(name)
        return cells

    def _ask(self, request: ReleaseRequest, cells: Mapping[tuple[int, bool], list[str]]) -> list[Verdict]:
        facts: dict[str, Any] = {
            "procedure": self.procedure.code,
            "procedure_basis": self.procedure.basis,
            "minimum_level": self.procedure.minimum_level,
            "portal_procedure": self.procedure.code in request.portal.procedures,
            "level": request.level,
            "basis": request.basis,
            "consent": request.consent is True,
            "relation": request.relation,
            "party": request.party,
        }
        questions = [Question(names[0], {**facts, "portal_attribute": listed}) for (_, listed), names in cells.items()]
        return self._judge.judge(request.portal.client_id, questions) if questions else []

    def _answer(self, permitted: dict[str, tuple[str, ...]], refused: dict[str, tuple[str, ...]]) -> ReleaseDecision:
        return conclude(permitted, refused, self._rules)


def conclude(
    permitted: Mapping[str, tuple[str, ...]], refused: Mapping[str, tuple[str, ...]], rules: Mapping[str, Rule]
) -> ReleaseDecision:
    """Put the verdicts of single attributes together."""
    ids = {policy_id for cause in (*permitted.values(), *refused.values()) for policy_id in cause}
    outcome: Literal["permit", "partial", "deny"] = "deny"
    if permitted:
        outcome = "partial" if refused else "permit"
    codes = {_failure_code(policy_id, rules) for cause in refused.values() for policy_id in cause}
    return ReleaseDecision(
        decision=outcome,
        permitted=frozenset(permitted),
        refused=tuple(Refused(name, refused[name], _why(refused[name], rules)) for name in sorted(refused)),
        policy_ids=tuple(sorted(ids)),
        rules=MappingProxyType(dict(permitted)),
        failure_code=next((code for code in REFUSALS if code in codes), None),
    )


def refuse_all(request: ReleaseRequest, guard: str) -> ReleaseDecision:
    """Refuse every attribute asked because of one guard, which decides even when none was asked."""
    refused = conclude({}, dict.fromkeys(request.attributes, (guard,)), {})
    return replace(refused, policy_ids=(guard,), failure_code=GUARDS[guard].failure)


def _absent_fact(request: ReleaseRequest) -> str | None:
    if request.level is None:
        return "guard/no-level"
    if request.basis is None or request.relation is None:
        return "guard/incomplete"
    return None


def _refusal_ids(verdict: Verdict) -> tuple[str, ...]:
    if verdict.erred:
        return ("guard/engine",)
    return verdict.policy_ids or ("guard/nothing-permits",)


def _failure_code(policy_id: str, rules: Mapping[str, Rule]) -> str:
    if policy_id in GUARDS:
        return GUARDS[policy_id].failure
    return rules[policy_id].annotations.get("failure", "PF-007")


def _why(policy_ids: tuple[str, ...], rules: Mapping[str, Rule]) -> Mapping[str, str]:
    texts = [rule_words(policy_id, rules) for policy_id in policy_ids]
    words = {language: "; ".join(text[language] for text in texts) for language in ("vi", "en")}
    return MappingProxyType(words)  # decisions are remembered and shared: nobody may write into one


def rule_words(policy_id: str, rules: Mapping[str, Rule]) -> dict[str, str]:
    """Return what a rule or a guard says, in Vietnamese and English."""
    if policy_id in GUARDS:
        return GUARDS[policy_id].text.wire()
    annotations = rules[policy_id].annotations
    return {"vi": annotations["vi"], "en": annotations["en"]}


def _alike(attributes: Iterable[Attribute], permits: tuple[CompiledRule, ...], rules: Sequence[Rule]) -> dict[str, int]:
    """Number the attributes so that two have the same number only if no rule can tell them apart."""
    named = frozenset().union(*(rule.named for rule in rules))
    numbers: dict[tuple[Any, ...], int] = {}
    kinds: dict[str, int] = {}
    for attribute in attributes:
        sets = frozenset(rule.id for rule in permits if attribute.id in rule.attributes)
        own_name = attribute.id if attribute.id in named else None
        looks = (attribute.sensitivity, attribute.self_declared, sets, own_name)
        kinds[attribute.id] = numbers.setdefault(looks, len(numbers))
    return kinds
