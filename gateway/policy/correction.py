"""What a citizen needs to have wrong entries put right: which register, who keeps it, where to go, what to bring.

Pure, and without a value of anybody: a slip is about fields of a form, by their names.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from gateway.policy.bundle import PolicyBundle
from gateway.policy.catalogue import Attribute, Correction
from gateway.policy.procedure import Fill, FormField, Procedure

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A register that a field is filled from, and who keeps it."""

    label: Text
    keeper: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionedField:
    """A field of a form that registers fill; `item` is its place on the printed form, `attributes` are those it may be
    filled with."""

    id: str
    label: Text
    item: str | None
    attributes: tuple[str, ...]
    registers: tuple[Register, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way to have entries corrected, and the fields it is for: where and how in a sentence, papers, the page on
    which it begins, and, where there are, the telephone number and the list of offices."""

    where: Text
    papers: tuple[Text, ...]
    url: str
    phone: str | None
    offices: str | None
    fields: tuple[QuestionedField, ...]


def correctable(bundle: PolicyBundle, procedure: Procedure) -> tuple[QuestionedField, ...]:
    """Return the fields that some register may fill, in the order of the form. What is typed by hand or declared by
    the person is corrected where it is written and stands on no slip."""
    return tuple(_questioned(bundle, field) for field in procedure.fields if _attributes(bundle, field))


def channels_for(bundle: PolicyBundle, procedure: Procedure, fields: Collection[str]) -> tuple[Channel, ...]:
    """Return where the given fields are corrected, those with one channel together; unknown fields are passed over."""
    grouped: dict[str, tuple[Correction, list[QuestionedField]]] = {}
    for field in procedure.fields:
        for fill in _fills(bundle, field) if field.id in fields else ():
            correction = bundle.correction(fill.attribute, fill.source)
            # a field that two registers fill has one way, unless one of them begins its corrections elsewhere
            held = grouped.setdefault(f"{correction.vi}|{correction.url}", (correction, []))[1]
            if all(one.id != field.id for one in held):
                held.append(_questioned(bundle, field))
    return tuple(
        Channel(
            where={"vi": correction.vi, "en": correction.en},
            papers=tuple(paper.wire() for paper in correction.papers),
            url=correction.url,
            phone=correction.phone,
            offices=correction.offices,
            fields=tuple(held),
        )
        for correction, held in grouped.values()
    )


def _questioned(bundle: PolicyBundle, field: FormField) -> QuestionedField:
    return QuestionedField(
        id=field.id,
        label=field.label.wire(),
        item=field.item,
        attributes=tuple(attribute.id for attribute in _attributes(bundle, field)),
        registers=tuple(_registers(bundle, field)),
    )


def _fills(bundle: PolicyBundle, field: FormField) -> tuple[Fill, ...]:
    return tuple(fill for fill in field.fill if not bundle.attributes[fill.attribute].self_declared)


def _attributes(bundle: PolicyBundle, field: FormField) -> tuple[Attribute, ...]:
    found = {fill.attribute: bundle.attributes[fill.attribute] for fill in _fills(bundle, field)}
    return tuple(found.values())


def _registers(bundle: PolicyBundle, field: FormField) -> Iterator[Register]:
    for name in dict.fromkeys(fill.source for fill in field.fill):
        source = bundle.sources[name]
        if not source.self_declared:
            keeper = source.authority.wire() if source.authority is not None else {}
            yield Register(label=source.label.wire(), keeper=keeper)
