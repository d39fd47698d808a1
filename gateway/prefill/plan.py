"""What a form needs and from whom: a procedure and a relation become planned fields and one question per source.

Pure. A plan depends on the policy book only, so it is made once and serves every citizen.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from gateway.assurance.life import DEATH
from gateway.policy.bundle import PolicyBundle
from gateway.policy.catalogue import Attribute
from gateway.policy.failure import AttributeNotPermitted
from gateway.policy.procedure import Condition, Fill, FormField, Procedure
from gateway.vocabulary.form_preview import Text
from gateway.vocabulary.purpose import Relation

Lock = Literal["locked", "confirm", "editable"]

# Asked along wherever the procedure's own rules allow it: a record of somebody else must show itself.
GUARDING = frozenset({"full_name", "sex"})

# Whose form it may be while the registers record a death: an officer's, who records just that.
_OF_THE_DEAD: frozenset[Relation] = frozenset({"officer"})


class Way(NamedTuple):
    """One permitted way to fill a field: the attribute of a source, under a condition or none."""

    source: str
    attribute: str
    condition: Condition | None


class Head(NamedTuple):
    """What every envelope of one field from one source has in common."""

    source_label: Text
    correction: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedField:
    """A field of the form. `ways` in the order of precedence; without any, `by_hand` says why.

    `mask` is the catalogue's mask rule, `words` the texts of a code by its value.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The fields in the order of the form; `attributes` all they are made of; `asked_of` per register its attributes
    (what people declare of themselves is asked of nobody); `guards` those added to unmask a stranger's record;
    `life_of` the registers asked whether they record a death: for the house itself, told to nobody."""

    procedure: Procedure
    relation: Relation
    fields: tuple[PlannedField, ...]
    attributes: frozenset[str]
    asked_of: Mapping[str, frozenset[str]]
    guards: frozenset[str]
    life_of: frozenset[str] = frozenset()

    def questions(self, permitted: Collection[str]) -> dict[str, frozenset[str]]:
        """Return what each source is asked for, of what is permitted; a source with nothing to ask is left out."""
        wanted = {source: attributes & frozenset(permitted) for source, attributes in self.asked_of.items()}
        questions = {source: attributes for source, attributes in wanted.items() if attributes - self.guards}
        if questions:
            questions |= {source: questions.get(source, frozenset()) | {DEATH} for source in self.life_of}
        return questions


def plan_form(
    bundle: PolicyBundle, procedure: Procedure, relation: Relation, fields: Iterable[str] | None = None
) -> Plan:
    """Plan a whole form, or the fields asked for.

    Raises AttributeNotPermitted naming in `excess` the fields the form does not have.
    """
    wanted = None if fields is None else frozenset(fields)
    if wanted is not None:
        unknown = sorted(wanted - {field.id for field in procedure.fields})
        if unknown:
            raise AttributeNotPermitted("the form has no such field", excess=unknown)
    planned = tuple(
        _plan_field(field, procedure, relation, bundle)
        for field in procedure.fields
        if wanted is None or field.id in wanted
    )
    attributes = frozenset(way.attribute for field in planned for way in field.ways)
    guards = (GUARDING & procedure.attributes_for(relation)) - attributes
    return Plan(
        procedure=procedure,
        relation=relation,
        fields=planned,
        attributes=attributes | guards,
        asked_of=_asked_of(planned, GUARDING & procedure.attributes_for(relation), bundle),
        guards=guards,
        life_of=frozenset() if relation in _OF_THE_DEAD else _sources_of_life(bundle),
    )


def _plan_field(field: FormField, procedure: Procedure, relation: Relation, bundle: PolicyBundle) -> PlannedField:
    fills = field.fills_for(relation)
    members: dict[str, Any] = {
        "id": field.id,
        "label": field.label.wire(),
        "type": field.type,
        "rule": procedure.rule_id(field, relation),
    }
    if not fills:
        by_hand = field.by_hand.wire() if field.by_hand else None
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
    )


def _head(fill: Fill, bundle: PolicyBundle) -> Head:
    attribute: Attribute = bundle.attributes[fill.attribute]
    return Head(bundle.sources[fill.source].label.wire(), attribute.correction.url)


def _asked_of(
    planned: Iterable[PlannedField], guarding: frozenset[str], bundle: PolicyBundle
) -> dict[str, frozenset[str]]:
    asked: dict[str, set[str]] = {}
    for field in planned:
        for way in field.ways:
            if not bundle.sources[way.source].self_declared:
                asked.setdefault(way.source, set()).add(way.attribute)
    for source, attributes in asked.items():
        attributes.update(name for name in guarding if source in bundle.attributes[name].sources)
    return {source: frozenset(attributes) for source, attributes in asked.items()}


def _sources_of_life(bundle: PolicyBundle) -> frozenset[str]:
    known = bundle.attributes.get(DEATH)
    return frozenset(known.sources) if known is not None else frozenset()
