"""A procedure as its file states it: legal basis, form fields, who may fill which field from where, and the
false friends that must never be filled (`policies/procedures/<code>_<slug>.toml`).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gateway.policy.catalogue import Attribute, ValueType
from gateway.policy.document import Strict, Text, did_you_mean
from gateway.vocabulary.purpose import RELATIONS, Basis, Relation

Lock = Literal["locked", "confirm", "editable"]
Applicant = Literal["person", "organisation"]
"""Who may file: a person for themselves, or one who represents an organisation."""
Verified = Literal["verified", "secondary", "unverified"]


class LegalText(Strict):
    """A legal text and its article. `read` says how far it was checked: read at its source, by a secondary source
    (press, law firm), or from memory; an unverified entry is shown as such to whoever reviews the procedure."""

    vi: str
    en: str
    read: Verified
    note: str | None = None

    def wire(self) -> dict[str, str]:
        """Return it as JSON shows it."""
        return {"vi": self.vi, "en": self.en}


class FormPaper(Strict):
    """The printed form behind the fields: its name, the version (a date), how far the list of fields was checked."""

    name: str
    version: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    read: Verified
    note: str | None = None


class Condition(Strict):
    """A fact that decides whether a field may be filled. While it is not known the field is filled with lock
    `confirm` and `note`, or withheld. With `sex` it can hold only for a person of that sex: a woman is nobody's
    father, so what would be true of a father is not offered to her. The sex is the sign-in's or, where that does not
    say, asked of the registers for this purpose and told to nobody."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    question: Text
    note: Text
    unknown: Literal["confirm", "withheld"]
    sex: Literal["male", "female"] | None = None

    def possible_for(self, sex: str | None) -> bool:
        """Tell whether it may hold for a person of this sex; of one whose sex is not known it may."""
        return self.sex is None or sex is None or sex == self.sex


class Party(Strict):
    """Another person whose part of the form waits for them: `waits` is the reason beside each of its fields.

    A form has party 1, the person who acts, and at most one other. What the other party's fields may be filled
    with is stated like any fill, and is about the other party: it is told after their own sign-in, never before.
    """

    number: Literal[2]
    label: Text
    waits: Text


class Fill(Strict):
    """One permitted way to fill a field: an attribute of a source, for these relations, under a condition."""

    source: str
    attribute: str
    relations: Annotated[tuple[Relation, ...], Field(min_length=1)]
    when: str | None = None


class Column(Strict):
    """A column of a table that people fill by hand."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    label: Text
    type: ValueType
    required: bool = True


class FormField(Strict):
    """One field. `item` is its number on the printed form, or its name in the portals' interface; a field the form
    does not have says its `need`.

    `by_hand` says why nobody fills it, for every relation that no `fill` serves. `party` is whose part it stands in.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$")]
    label: Text
    type: ValueType | Literal["table"]
    required: bool
    lock: Lock
    item: str | None = None
    need: Text | None = None
    fill: tuple[Fill, ...] = ()
    by_hand: Text | None = None
    columns: tuple[Column, ...] = ()
    party: Literal[1, 2] = 1

    @property
    def block(self) -> str:
        """The part of the form it stands in: `applicant` of `applicant.full_name`."""
        return self.id.partition(".")[0]

    def fills_for(self, relation: Relation) -> tuple[Fill, ...]:
        """Return the ways this relation may fill it, in the order of the file; empty when it is typed by hand."""
        return tuple(fill for fill in self.fill if relation in fill.relations)


SignInAge = Annotated[int, Field(ge=300, le=86_400)]
"""Seconds since a person last authenticated: a shorter time would pass while they read the notice."""


class FalseFriend(Strict):
    """An attribute that looks right for a field and is not. Without `source` it is wrong from every source, without
    `relations` whoever asks: of a dead person an officer is told what the one who signed in would only be guessing."""

    field: str
    attribute: str
    source: str | None = None
    relations: tuple[Relation, ...] = RELATIONS
    reason: Text

    def forbids(self, field_id: str, fill: Fill) -> bool:
        """Tell whether a fill of a field is this false friend."""
        return (
            (self.field, self.attribute) == (field_id, fill.attribute)
            and self.source in {None, fill.source}
            and bool(set(self.relations) & set(fill.relations))
        )


class Procedure(Strict):
    """An administrative procedure and its form. `max_age_s` is how old the citizen's sign-in may be when its form is
    filled, in seconds; None asks no more than a living session."""

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.]{2,39}$")]
    title: Text
    agency: Text
    purpose: Text
    kept_for: Text
    basis: Basis
    minimum_level: Literal[1, 2]
    max_age_s: SignInAge | None = None
    about_the_dead: bool = False  # an officer's form that records a death
    applicants: Annotated[tuple[Applicant, ...], Field(min_length=1)] = ("person",)
    form: FormPaper
    legal_basis: Annotated[tuple[LegalText, ...], Field(min_length=1)]
    conditions: tuple[Condition, ...] = ()
    parties: tuple[Party, ...] = ()
    fields: Annotated[tuple[FormField, ...], Field(min_length=1)]
    false_friends: tuple[FalseFriend, ...] = ()

    @model_validator(mode="after")
    def _unique_fields(self) -> Self:
        ids = [field.id for field in self.fields]
        doubled = sorted({name for name in ids if ids.count(name) > 1})
        if doubled:
            raise ValueError(f"field `{doubled[0]}` stands twice")
        return self

    def admits(self, organisation: object | None) -> bool:
        """Tell whether this applicant may file it: `organisation` is whom the person acts for, if anybody."""
        return ("person" if organisation is None else "organisation") in self.applicants

    def level_of(self, account_level: int | None, organisation: object | None) -> int | None:
        """Return the account level that its rules judge: an organisation's account has none and needs none."""
        return account_level if organisation is None else self.minimum_level

    @property
    def form_version(self) -> str:
        """The version of the printed form, a date."""
        return self.form.version

    def field(self, field_id: str) -> FormField | None:
        """Return the field of that id, or None."""
        return next((field for field in self.fields if field.id == field_id), None)

    def condition(self, condition_id: str | None) -> Condition | None:
        """Return the condition of that id, or None."""
        return next((condition for condition in self.conditions if condition.id == condition_id), None)

    def party(self, number: int) -> Party | None:
        """Return the other party of that number, or None: party 1 needs no entry."""
        return next((party for party in self.parties if party.number == number), None)

    def attributes_for(self, relation: Relation, party: int = 1) -> frozenset[str]:
        """Return the least attribute set: what the fields of a party that this relation may fill are made of."""
        return frozenset(
            fill.attribute for field in self.fields if field.party == party for fill in field.fills_for(relation)
        )

    def rule_id(self, field: FormField, relation: Relation) -> str:
        """Return the stable id of the compiled rule that releases the field's attributes to this relation."""
        return rule_id(self.code, field.block, relation)


def rule_id(code: str, block: str, relation: Relation) -> str:
    """Return `1.004222/applicant` for the person themselves, `1.004222/applicant.officer` for others."""
    return f"{code}/{block}" if relation == "self" else f"{code}/{block}.{relation}"


def procedure_problems(name: str, procedure: Procedure, attributes: Mapping[str, Attribute]) -> list[str]:
    """Return what is wrong with a procedure beside the catalogue, as `file:key` and a sentence."""
    problems: list[str] = []
    for position, field in enumerate(procedure.fields):
        where = f"{name}:fields[{position}]"
        problems += _field_problems(where, field, procedure)
        for number, fill in enumerate(field.fill):
            problems += _fill_problems(f"{where}.fill[{number}]", fill, field, procedure, attributes)
    problems += _party_problems(name, procedure)
    for position, friend in enumerate(procedure.false_friends):
        problems += _friend_problems(f"{name}:false_friends[{position}]", friend, procedure, attributes)
    return problems


def _field_problems(where: str, field: FormField, procedure: Procedure) -> Iterator[str]:
    unserved = [relation for relation in RELATIONS if not field.fills_for(relation)]
    if unserved and field.by_hand is None:
        yield f"`{where}` `{field.id}` is not filled for `{'`, `'.join(unserved)}` and `by_hand` does not say why"
    if field.by_hand is not None and not unserved:
        yield f"`{where}.by_hand` of `{field.id}` explains nothing: every relation fills it"
    if field.item is None and field.need is None:
        yield f"`{where}` `{field.id}` has neither the form's `item` nor a `need`: least data means none"
    if not field.fill and field.lock != "editable":
        yield f"`{where}.lock` of `{field.id}` is `{field.lock}`: what is typed by hand is editable"
    if (field.type == "table") != bool(field.columns):
        yield f"`{where}.columns` of `{field.id}`: a table has columns and nothing else has"


def _party_problems(name: str, procedure: Procedure) -> Iterator[str]:
    for party in procedure.parties:
        if all(field.party != party.number for field in procedure.fields):
            yield f"`{name}:parties` declares party {party.number} and no field is theirs"
    blocks: dict[str, int] = {}
    for position, field in enumerate(procedure.fields):
        where = f"{name}:fields[{position}]"
        if field.party != 1 and procedure.party(field.party) is None:
            yield f"`{where}.party` of `{field.id}` is {field.party}, which `parties` does not declare"
        if field.party != 1 and any(fill.relations != ("self",) for fill in field.fill):
            yield f"`{where}.fill` of `{field.id}`: only the other party in person opens their part, relation `self`"
        if blocks.setdefault(field.block, field.party) != field.party:
            yield f"`{where}.party` of `{field.id}`: the block `{field.block}` belongs to one party"


def _fill_problems(
    where: str, fill: Fill, field: FormField, procedure: Procedure, attributes: Mapping[str, Attribute]
) -> Iterator[str]:
    attribute = attributes.get(fill.attribute)
    if attribute is None:
        near = did_you_mean(fill.attribute, list(attributes))
        yield f"`{where}.attribute` names unknown attribute `{fill.attribute}`{near}"
        return
    if fill.source not in attribute.sources:
        yield f"`{where}.source`: `{fill.source}` does not hold `{fill.attribute}`"
    if attribute.type != field.type:
        yield f"`{where}.attribute`: `{fill.attribute}` is a {attribute.type}, field `{field.id}` a {field.type}"
    if attribute.self_declared and field.lock == "locked":
        yield f"`{where}`: `{fill.attribute}` is declared by the person and cannot lock `{field.id}`"
    if fill.when is not None and procedure.condition(fill.when) is None:
        yield f"`{where}.when` names unknown condition `{fill.when}`"
    if fill.when is not None and field.lock != "confirm":
        yield f"`{where}.when`: a field filled under a condition has lock `confirm`"
    for friend in procedure.false_friends:
        if friend.forbids(field.id, fill):
            yield f"`{where}`: `{fill.attribute}` is a false friend of `{field.id}` and must never fill it"


def _friend_problems(
    where: str, friend: FalseFriend, procedure: Procedure, attributes: Mapping[str, Attribute]
) -> Iterator[str]:
    if procedure.field(friend.field) is None:
        known = [field.id for field in procedure.fields]
        yield f"`{where}.field` names unknown field `{friend.field}`{did_you_mean(friend.field, known)}"
    if friend.attribute not in attributes:
        near = did_you_mean(friend.attribute, list(attributes))
        yield f"`{where}.attribute` names unknown attribute `{friend.attribute}`{near}"
