"""From a procedure's file to its rules: the least attribute set per relation, and the Cedar text that grants it.

A rule's id is `<code>/<block>` for the person themselves and `<code>/<block>.<relation>` for others; it stands in
events and manifests, so it never changes with the order of the file or the wording of a text.
"""

from dataclasses import dataclass
from typing import Any

from gateway.policy.catalogue import Attribute
from gateway.policy.procedure import Procedure, rule_id
from gateway.vocabulary.purpose import RELATIONS, Relation

_WHO = {
    "self": {"vi": "chính người nộp hồ sơ", "en": "the person who files"},
    "guardian": {"vi": "người giám hộ", "en": "a guardian"},
    "officer": {"vi": "cán bộ một cửa", "en": "a desk officer"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """A permit made from a procedure: these attributes, for this block of the form, its party and this relation."""

    id: str
    procedure: str
    block: str
    party: int
    relation: Relation
    attributes: frozenset[str]
    text: str


def compile_procedure(procedure: Procedure) -> tuple[CompiledRule, ...]:
    """Return the permits of a procedure, ordered by block as in the form, then by relation."""
    blocks = {field.block: field.party for field in procedure.fields}
    rules = []
    for block, party in blocks.items():
        for relation in RELATIONS:
            released = frozenset(
                fill.attribute
                for field in procedure.fields
                if field.block == block
                for fill in field.fills_for(relation)
            )
            if released:
                rules.append(_compile_block(procedure, block, party, relation, released))
    return tuple(rules)


def _compile_block(
    procedure: Procedure, block: str, party: int, relation: Relation, attributes: frozenset[str]
) -> CompiledRule:
    name = rule_id(procedure.code, block, relation)
    other = procedure.party(party)
    who = other.label.wire() if other else _WHO[relation]
    bases = dict.fromkeys((procedure.basis, "consent"))
    text = "\n".join(
        [
            f"// releases: {', '.join(sorted(attributes))}",
            f"@id({quote(name)})",
            f"@legal_basis({quote(_law(procedure, 'vi', 'chưa kiểm chứng'))})",
            f"@legal_basis_en({quote(_law(procedure, 'en', 'unverified'))})",
            f"@vi({quote(_vi(procedure, who['vi']))})",
            f"@en({quote(_en(procedure, who['en']))})",
            "permit (",
            "  principal is Portal,",
            '  action == Action::"release",',
            f"  resource in AttributeSet::{quote(name)}",
            ") when {",
            f"  context.procedure == {quote(procedure.code)} &&",
            f"  context.relation == {quote(relation)} &&",
            f"  context.party == {party} &&",
            f"  [{', '.join(quote(basis) for basis in bases)}].contains(context.basis)",
            "};",
        ]
    )
    return CompiledRule(
        id=name,
        procedure=procedure.code,
        block=block,
        party=party,
        relation=relation,
        attributes=attributes,
        text=text,
    )


def _law(procedure: Procedure, language: str, doubt: str) -> str:
    texts = ((text.wire()[language], text.read == "unverified") for text in procedure.legal_basis)
    return "; ".join(f"{text} ({doubt})" if unverified else text for text, unverified in texts)


def _vi(procedure: Procedure, who: str) -> str:
    return f"Mẫu {procedure.form.name} của thủ tục {procedure.code} cần thông tin này cho {who}"


def _en(procedure: Procedure, who: str) -> str:
    return f"Form {procedure.form.name} of procedure {procedure.code} needs it for {who}"


def quote(text: str) -> str:
    """Return `text` as a Cedar string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def attribute_entities(attributes: dict[str, Attribute], rules: tuple[CompiledRule, ...]) -> list[dict[str, Any]]:
    """Return the entities of a slice: every attribute of the catalogue, and the sets of these rules as its parents.

    Grants stand in entities, not in rule text, so the cost of a decision does not grow with their number.
    """
    sets = [{"uid": {"type": "AttributeSet", "id": rule.id}, "attrs": {}, "parents": []} for rule in rules]
    members = [
        {
            "uid": {"type": "Attribute", "id": attribute.id},
            "attrs": {"class": attribute.sensitivity, "self_declared": attribute.self_declared},
            "parents": [{"type": "AttributeSet", "id": rule.id} for rule in rules if attribute.id in rule.attributes],
        }
        for attribute in attributes.values()
    ]
    return [*sets, *members]
