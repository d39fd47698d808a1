"""What a form needs and from whom: a procedure and a relation become planned fields and one question per source.

Pure. A plan depends on the policy book only, so it is made once and serves every citizen.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from gateway.assurance.life import DEATH
from gateway.policy.bundle import PolicyBundle
from gateway.policy.failure import AttributeNotPermitted
from gateway.policy.procedure import Condition, Fill, FormField, Procedure
from gateway.prefill.envelope import Why
from gateway.vocabulary.form_preview import Text
from gateway.vocabulary.purpose import Relation

Lock = Literal["locked", "confirm", "editable"]

# Asked along wherever the procedure's own rules allow it: a record of somebody else must show itself.
GUARDING = frozenset({"full_name", "sex"})

NUMBER = "personal_number"
"""What the house itself has to know of somebody whom an officer names by an old number: whose history it is."""


class Way(NamedTuple):
    """One permitted way to fill a field: the attribute of a source, under a condition or none; `answered` when the
    condition is said to hold."""

    source: str
    attribute: str
    condition: Condition | None
    answered: bool = False


class Head(NamedTuple):
    """What every envelope of one field from one source has in common."""

    source_label: Text
    correction: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedField:
    """A field of the form. `ways` in the order of precedence; without any, `by_hand` says why.

    `mask` is the catalogue's mask rule, `words` the texts of a code by its value. `waits` says why a field of the
    other party is not filled yet; then nobody is asked for it, whatever `ways` the procedure states. The `ways` of an
    `unconnected` field lead to registers this installation has no connector for.
    """

    id: str
    label: Text
    type: str
    lock: Lock
    rule: str
    ways: tuple[Way, ...] = ()
    heads: Mapping[str, Head]
    self_declared: bool = False
    mask: str = "shown"
    words: Mapping[str, Text]
    by_hand: Text | None = None
    waits: Text | None = None
    unconnected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """The fields in the order of the form; `attributes` all they are made of; `asked_of` per register its attributes
    (what people declare of themselves is asked of nobody); `guards` those added to unmask a stranger's record;
    `life_of` the registers asked whether they record a death, `named_by` those asked for the personal number of
    somebody who is named by an old one: for the house itself, told to nobody.

    `party` is whose part is filled; the fields of another party wait. `closed` gives for fields that nobody agreed to
    tell the reason; nothing is asked for them. `checks` are what the house itself has to know, per register: that a
    guardian may act, and of which sex somebody is where a condition depends on it. They are asked whatever the form
    needs, are in no field, and are never told. `asks` are the conditions that decide about a field, with their
    questions, and `answered` those that the portal answered.
    """

    procedure: Procedure
    relation: Relation
    fields: tuple[PlannedField, ...]
    attributes: frozenset[str]
    asked_of: Mapping[str, frozenset[str]]
    guards: frozenset[str]
    party: int = 1
    closed: Mapping[str, Why] = field(default_factory=dict)
    checks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    life_of: frozenset[str] = frozenset()
    named_by: frozenset[str] = frozenset()
    asks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    answered: tuple[str, ...] = ()

    def questions(self, permitted: Collection[str], *, unnamed: bool = False) -> Mapping[str, frozenset[str]]:
        """Return what each source is asked for, of what is permitted; a source with nothing to ask is left out.
        `unnamed`: the person's number is not known yet, so every register that holds it is asked for it, too."""
        return _questions(self, frozenset(permitted), unnamed)


@lru_cache(maxsize=512)
def _questions(plan: Plan, permitted: frozenset[str], unnamed: bool) -> Mapping[str, frozenset[str]]:
    """They rest on plan and rules alone, so they are worked out once for everybody whose form is so planned."""
    wanted = {source: attributes & permitted for source, attributes in plan.asked_of.items()}
    questions = {source: attributes for source, attributes in wanted.items() if attributes - plan.guards}
    for source, attributes in plan.checks.items():
        questions[source] = questions.get(source, frozenset()) | attributes
    if questions:
        questions |= {source: questions.get(source, frozenset()) | {DEATH} for source in plan.life_of}
    if questions and unnamed:
        questions |= {source: questions.get(source, frozenset()) | {NUMBER} for source in plan.named_by}
    return MappingProxyType(questions)


def plan_form(
    bundle: PolicyBundle,
    procedure: Procedure,
    relation: Relation,
    fields: Iterable[str] | None = None,
    *,
    party: int = 1,
    connected: frozenset[str] | None = None,
) -> Plan:
    """Plan a whole form, or the fields asked for, to be filled about one party.

    Nothing is planned of registers that are not `connected` (None: all are): a province that has one register fills
    what that one knows. Raises AttributeNotPermitted naming in `excess` the fields the form does not have.
    """
    wanted = None if fields is None else frozenset(fields)
    if wanted is not None:
        unknown = sorted(wanted - {one.id for one in procedure.fields})
        if unknown:
            raise AttributeNotPermitted("the form has no such field", excess=unknown)
    view = _View(relation, party, connected)
    planned = tuple(
        _plan_field(one, procedure, view, bundle) for one in procedure.fields if wanted is None or one.id in wanted
    )
    filled = tuple(one for one in planned if one.waits is None and not one.unconnected)
    attributes = frozenset(way.attribute for one in filled for way in one.ways)
    guards = (GUARDING & procedure.attributes_for(relation, party)) - attributes
    return Plan(
        procedure=procedure,
        relation=relation,
        fields=planned,
        attributes=attributes | guards,
        asked_of=_asked_of(filled, GUARDING & procedure.attributes_for(relation, party), bundle),
        guards=guards,
        party=party,
        checks=_reachable(_checks(procedure, relation, filled, bundle), connected),
        # an officer who records a death fills the form of somebody dead
        life_of=frozenset()
        if procedure.about_the_dead and relation == "officer"
        else _sources_of(DEATH, bundle, connected),
        named_by=_sources_of(NUMBER, bundle, connected) if relation == "officer" else frozenset(),
        asks=_asks(procedure, filled),
    )


def close_fields(plan: Plan, closed: Mapping[str, Why], agreed: Collection[str]) -> Plan:
    """Return a plan in which fields stay empty for a reason, and nothing is asked beyond the attributes agreed to."""
    left = [one for one in plan.fields if one.waits is None and one.id not in closed]
    needed: dict[str, set[str]] = {}
    for one in left:
        for way in one.ways:
            needed.setdefault(way.source, set()).add(way.attribute)
    guards = plan.guards & frozenset(agreed)
    asked_of = {source: names & (guards | needed.get(source, set())) for source, names in plan.asked_of.items()}
    return replace(
        plan,
        attributes=guards.union(*needed.values()),
        asked_of={source: names for source, names in asked_of.items() if names},
        guards=guards,
        closed=closed,
        checks={source: kept for source, names in plan.checks.items() if (kept := names & frozenset(agreed))},
    )


class _View(NamedTuple):
    """For whom a form is planned, about which party, and from which registers."""

    relation: Relation
    party: int
    connected: frozenset[str] | None


def _plan_field(field: FormField, procedure: Procedure, view: _View, bundle: PolicyBundle) -> PlannedField:
    relation, party, connected = view
    stated = field.fills_for(relation)
    reached = [
        fill
        for fill in stated
        if connected is None or fill.source in connected or bundle.sources[fill.source].self_declared
    ]
    fills = tuple(reached) or stated
    other = None if field.party == party else procedure.party(max(field.party, party))
    members: dict[str, Any] = {
        "id": field.id,
        "label": field.label.wire(),
        "type": field.type,
        "rule": procedure.rule_id(field, relation),
        "waits": other.waits.wire() if other else None,
    }
    by_hand = field.by_hand.wire() if field.by_hand else None
    if not fills:
        return PlannedField(**members, lock="editable", heads={}, words={}, by_hand=by_hand)
    first = bundle.attributes[fills[0].attribute]
    return PlannedField(
        **members,
        lock=field.lock,
        ways=tuple(Way(fill.source, fill.attribute, procedure.condition(fill.when)) for fill in fills),
        heads={fill.source: _head(fill, bundle) for fill in fills},
        self_declared=first.self_declared,
        mask=first.mask,
        words={value: text.wire() for value, text in first.values.items()},
        by_hand=by_hand,
        unconnected=not reached,
    )


def _head(fill: Fill, bundle: PolicyBundle) -> Head:
    return Head(bundle.sources[fill.source].label.wire(), bundle.correction(fill.attribute, fill.source).url)


def _checks(
    procedure: Procedure, relation: Relation, filled: Iterable[PlannedField], bundle: PolicyBundle
) -> dict[str, frozenset[str]]:
    """Return what the house has to know, of every register the procedure asks for this relation."""
    asked = {fill.source for one in procedure.fields for fill in one.fills_for(relation)}
    checks: dict[str, frozenset[str]] = {}
    for source in sorted(asked):
        held = {name for name, attribute in bundle.attributes.items() if source in attribute.sources}
        wanted: set[str] = set()
        if any(way.condition and way.condition.sex for one in filled for way in one.ways if way.source == source):
            wanted |= held & {"sex"}
        naming = {name for name in held if bundle.attributes[name].may_represent}
        if relation == "guardian" and naming:
            wanted |= naming | held & {"birth_date", "full_name"}
        if wanted:
            checks[source] = frozenset(wanted)
    return checks


def _asked_of(
    planned: Iterable[PlannedField], guarding: frozenset[str], bundle: PolicyBundle
) -> dict[str, frozenset[str]]:
    asked: dict[str, set[str]] = {}
    for one in planned:
        for way in one.ways:
            if not bundle.sources[way.source].self_declared:
                asked.setdefault(way.source, set()).add(way.attribute)
    for source, attributes in asked.items():
        attributes.update(name for name in guarding if source in bundle.attributes[name].sources)
    return {source: frozenset(attributes) for source, attributes in asked.items()}


def _reachable(checks: dict[str, frozenset[str]], connected: frozenset[str] | None) -> dict[str, frozenset[str]]:
    """Return the checks of connected registers; all of them where none is, since what nobody can check stays open."""
    if connected is None:
        return checks
    return {source: names for source, names in checks.items() if source in connected} or checks


def _asks(procedure: Procedure, filled: Iterable[PlannedField]) -> dict[str, Mapping[str, Any]]:
    deciding = {way.condition.id for one in filled for way in one.ways if way.condition is not None}
    return {one.id: asked_condition(one, None) for one in procedure.conditions if one.id in deciding}


def asked_condition(condition: Condition, answer: bool | None) -> dict[str, Any]:
    """Return a condition as a form shows it. `sex` says for whom alone it can hold: it is the procedure's word, the
    same for everybody, so it tells nothing of the person."""
    told: dict[str, Any] = {"question": condition.question.wire(), "answer": answer}
    return told | ({"sex": condition.sex} if condition.sex else {})


def _sources_of(attribute: str, bundle: PolicyBundle, connected: frozenset[str] | None) -> frozenset[str]:
    known = bundle.attributes.get(attribute)
    sources = frozenset(known.sources) if known is not None else frozenset()
    return sources if connected is None else sources & connected
