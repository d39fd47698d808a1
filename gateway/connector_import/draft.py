"""What a description proposes: the question, where the record is, and the fields; each guess with what to confirm."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.connector_import.guess import MIDNIGHT, PERSON, date_form, input_of, is_about, is_updated, snake, type_of
from gateway.connector_import.node import Node, Path, Place, at, places

MOST_FIELDS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A proposed field; `path` from the record on, `is_moment` when a time stands beside the date."""

    to: str
    path: Path
    type: str
    label: str
    form: str | None = None
    is_moment: bool = False
    values: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Question:
    """A proposed question; `header` is of SOAP alone. `inputs` it uses, and what could not be filled (`open`), each as
    a sentence."""

    method: Literal["GET", "POST"] = "POST"
    path: str = ""
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    header: str = ""
    action: str = ""
    inputs: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Draft:
    """Everything that a folder is written from. `answer` is the answer's tree, `record` the way to the record in it,
    `samples` bodies by file name with the status they come with."""

    kind: Literal["rest", "soap"]
    title: str
    url: str
    question: Question
    answer: Node
    record: Path
    auth: Mapping[str, str] = field(default_factory=lambda: {"kind": "none"})
    outcomes: list[tuple[str, str]] = field(default_factory=list)
    samples: dict[str, tuple[bytes, int]] = field(default_factory=dict)
    description_hash: str = ""
    notes: list[str] = field(default_factory=list)


def find_record(answer: Node) -> Path:
    """Return the way to the part that is most likely the one record: the nearest that says whom it is about, else the
    one with the most plain parts. A part that holds a person's marks and nothing else belongs to what stands around."""
    objects = [Place((), answer), *(one for one in places(answer) if one.node.kind == "object")]
    told = [one for one in objects if any(is_about(child.name) == "personal_number" for child in one.node.children)]
    if told:
        nearest = min(told, key=lambda one: len(one.path))
        bare = len(nearest.path) > 1 and not nearest.several and _only_marks(nearest.node)
        return nearest.path[:-1] if bare else nearest.path
    return max(objects, key=lambda one: sum(child.kind == "text" for child in one.node.children)).path


def fill_member(node: Node, made: Question, where: str) -> str | None:
    """Return the template of one member of a question: an input by its name, else the only or the given value; None to
    leave it out. What nothing says is added to `open`."""
    wanted = input_of(node.name)
    if wanted is not None and (wanted != "old_number" or node.required):
        if wanted not in made.inputs:
            made.inputs.append(wanted)
        form = date_form(node) if wanted == "birth_date" else None
        midnight = MIDNIGHT.get(node.form, "") if wanted == "birth_date" else ""
        if midnight:
            made.open.append(f"{where} is a moment: a birth date goes as its midnight, and one without its day cannot")
        return f"{{{wanted}:{form}}}{midnight}" if form else f"{{{wanted}}}"
    if not node.required:
        return None
    given = node.example if node.example is not None else next(iter(node.values), None)
    made.open.append(f"{where} is {f'always `{given}`' if given is not None else 'wanted, and nothing says with what'}")
    return "fill-in" if given is None else str(given).replace("{", "").replace("}", "")


def fields_of(draft: Draft, name: str) -> list[Field]:
    """Return the proposed fields of a record. What cannot be a field is told in `draft.notes`."""
    found: dict[str, Field] = {}
    record = at(draft.answer, draft.record)
    cut: list[Path] = [way] if (way := _marks_at(record)) else []
    for mark in at(record, way).children:
        if mark.kind == "text" and is_about(mark.name) and (*way, mark.name) not in about_of(draft).values():
            draft.notes.append(f"`{mark.name}` may be nil: it is not in `record.about`, where each must always be told")
    for one in places(record):
        if any(one.path[: len(path)] == path for path in cut):
            continue
        if any('"' in part or not part.isprintable() for part in one.path):
            cut.append(one.path)
            shown = ".".join("".join(sign for sign in part if sign.isprintable()) for part in one.path)
            draft.notes.append(f"`{shown}` was left out: its name holds a sign that no path can write")
            continue
        if (why := _left_out(one)) is not None:
            if why:
                draft.notes.append(f"`{'.'.join(one.path)}` was left out: {why}")
                cut.append(one.path)
            continue
        to = f"{name}_{snake(one.node.name)}"[:60]
        if to in found:
            to = f"{name}_{snake('_'.join(one.path[-2:]))}"[:60]
        if to in found or len(found) >= MOST_FIELDS:
            draft.notes.append(
                f"`{'.'.join(one.path)}` was left out: its name is taken, or {MOST_FIELDS} fields are there"
            )
            continue
        found[to] = Field(
            to=to,
            path=one.path,
            type=type_of(one.node),
            label=one.node.text.strip().splitlines()[0][:120] if one.node.text.strip() else one.node.name,
            form=date_form(one.node),
            is_moment=one.node.form in MIDNIGHT,
            values=one.node.values,
        )
    return list(found.values())


def about_of(draft: Draft) -> dict[str, Path]:
    """Return which members of the record say whom it is about, each by its way from the record on."""
    record = at(draft.answer, draft.record)
    way = _marks_at(record)
    marks = [child for child in at(record, way).children if child.kind == "text" and is_about(child.name)]
    sure = any(child.required and not child.nillable for child in marks)
    told = {is_about(child.name): (*way, child.name) for child in marks if not (sure and _may_be_nil(child))}
    return {name: told[name] for name in PERSON if name in told}


def _may_be_nil(mark: Node) -> bool:
    """Tell whether a mark may be missing where the record is the person's all the same; a number says most of all."""
    return mark.nillable and is_about(mark.name) != "personal_number"


def _marks_at(record: Node) -> Path:
    """Return the way to the part of a record that holds its person's marks: the record, or one part of nothing else."""
    if any(is_about(child.name) for child in record.children):
        return ()
    parts = [one.name for one in record.children if one.kind == "object" and not one.many and _only_marks(one)]
    return (parts[0],) if len(parts) == 1 else ()


def _only_marks(node: Node) -> bool:
    return all(child.kind == "text" and is_about(child.name) for child in node.children) and bool(node.children)


def as_of(draft: Draft) -> Node | None:
    """Return the member of the record that says how old it is."""
    return next((one for one in at(draft.answer, draft.record).children if is_updated(one.name)), None)


def _left_out(one: Place) -> str | None:
    """Return why a part is no field, empty when that needs no word, None for a part that is one."""
    if one.several:
        return "it may stand several times; choose one by a member, `list[kind=x].name`"
    if one.node.kind == "object":
        other = any(is_about(child.name) in {"personal_number", "full_name"} for child in one.node.children)
        return "it is about somebody else" if other else one.node.cut
    if one.node.kind != "text":
        return "a truth or a file is no value of a form"
    if len(one.path) == 1 and (is_about(one.node.name) is not None or is_updated(one.node.name)):
        return ""
    return None
