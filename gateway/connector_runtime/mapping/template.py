"""Templates of a question: literal text and slots for declared inputs. A value never becomes text of the target.

`{personal_number}` is an input, `{personal_number|old_number}` the first of two that is known,
`{birth_date:yyyymmdd}` an input in one of its forms, `{secret:NAME}` a secret of the operator's settings, `{{` a brace.
There is nothing else: no expression, no filter.
Whoever renders says where the value goes, and it is escaped for that place or refused.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from gateway.connector_runtime.contract import Question
from gateway.connector_runtime.contract.lookup import name_as_key
from gateway.connector_runtime.mapping.readers import UNCARRIED
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.personal_number import strip_grouping

PERSON = ("personal_number", "old_number", "full_name", "birth_date")
ALWAYS = (
    *("request_id", "procedure", "purpose", "officer", "agency_code", "channel"),
    *("requester_number", "requester_name"),
)
"""What is known of every question, beside the person. `requester_…` is whoever asks: the person, a guardian, or the
officer, who is named by the number the staff register knows them by; `channel` 1 at a desk and 2 online (domain.md
§7.2)."""

_DATE_FORMS: Mapping[str, Callable[[PartialDate], str]] = {
    "yyyy-mm-dd": str,
    "yyyymmdd": lambda date: str(date).replace("-", ""),
    "dd/mm/yyyy": lambda date: date.display(),
    "yyyy": lambda date: f"{date.year:04d}",
    # what is known of it, as social insurance says it (loaiNgaySinh): 0 the day, 1 the year alone, 2 the month
    "precision-0-1-2": lambda date: {"day": "0", "year": "1", "month": "2"}[date.precision],
}
_NAME_FORMS = ("as_written", "capitals_with_space", "capitals_no_space")
FORMS: Mapping[str, tuple[str, ...]] = {"birth_date": tuple(_DATE_FORMS), "full_name": _NAME_FORMS}

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_SLOT = re.compile(r"([a-z_]+(?:\s*\|\s*[a-z_]+)*)(?::([a-z0-9_/-]+))?")
SECRET_SLOT = re.compile(r"secret:([a-z][a-z0-9_-]{1,40})")

Target = Literal["path", "query", "header", "json", "xml", "bind"]


class TemplateInvalid(ValueError):
    """A template nobody can fill; the text says which slot and what is known."""


class Unaskable(ValueError):
    """An input is missing, or holds what its target cannot carry; the text names the input, never its value."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Inputs of which the first known one is meant, and the form it is written in."""

    names: tuple[str, ...]
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """Pieces of a text: literal ones and slots."""

    pieces: tuple[str | Slot, ...]

    @property
    def names(self) -> frozenset[str]:
        """The inputs it uses."""
        return frozenset(name for piece in self.pieces if isinstance(piece, Slot) for name in piece.names)

    def render(self, inputs: Mapping[str, str | PartialDate | None], target: Target) -> str:
        """Return the text with every value escaped for the target. Raises Unaskable."""
        escape = _ESCAPES[target]
        return "".join(piece if isinstance(piece, str) else escape(*_written(piece, inputs)) for piece in self.pieces)


def parse_template(text: str, known: frozenset[str]) -> Template:
    """Read a template whose inputs are among `known`. Raises TemplateInvalid."""
    pieces: list[str | Slot] = []
    at = 0
    for match in _PIECE.finditer(text):
        if match.start() > at:
            pieces.append(text[at : match.start()])
        at = match.end()
        if match[0] in {"{{", "}}"}:
            pieces.append(match[0][0])
        elif match[1] is None:
            raise TemplateInvalid("a brace stands alone: write `{{` for a brace, `{full_name}` for an input")
        else:
            pieces.append(_slot(match[1], known))
    if at < len(text):
        pieces.append(text[at:])
    return Template(tuple(pieces))


def inputs_of(question: Question, *, officer: str, agency_code: str) -> dict[str, str | PartialDate | None]:
    """Return every input of a question by its name; numbers without grouping."""
    return {
        "personal_number": strip_grouping(question.personal_number or "") or None,
        "old_number": strip_grouping(question.old_number or "") or None,
        "full_name": question.full_name or None,
        "birth_date": question.birth_date,
        "request_id": question.request_id,
        "procedure": question.procedure,
        "purpose": question.purpose,
        "officer": question.officer_ref or officer or None,
        "agency_code": agency_code or None,
        "channel": "1" if question.officer_ref else "2",
        **_requester(question),
    }


def _requester(question: Question) -> dict[str, str | None]:
    """Return who asks: accountability is lost where the person's own number stands for somebody else's."""
    if question.officer_ref:
        return {"requester_number": question.officer_ref, "requester_name": question.officer_ref}
    if question.requester_number or question.requester_name:
        return {"requester_number": question.requester_number, "requester_name": question.requester_name}
    return {"requester_number": question.personal_number, "requester_name": question.full_name or None}


def _slot(text: str, known: frozenset[str]) -> Slot:
    if SECRET_SLOT.fullmatch(text.strip()):
        return Slot((text.strip(),))
    match = _SLOT.fullmatch(text.strip())
    if match is None:
        raise TemplateInvalid(f"`{{{text}}}` is no slot: write an input's name, as in `{{full_name}}`")
    names, form = tuple(name.strip() for name in match[1].split("|")), match[2]
    for name in names:
        if name not in known:
            listed = ", ".join(f"`{one}`" for one in sorted(known))
            raise TemplateInvalid(f"`{{{name}}}` is not a declared input; declared: {listed}")
        if form is not None and form not in FORMS.get(name, ()):
            forms = ", ".join(f"`{one}`" for one in FORMS.get(name, ())) or "none"
            raise TemplateInvalid(f"`{name}` has no form `{form}`; its forms: {forms}")
    return Slot(names, form)


def _written(slot: Slot, inputs: Mapping[str, str | PartialDate | None]) -> tuple[str, str]:
    for name in slot.names:
        value = inputs.get(name)
        if value is not None:
            return _in_form(value, slot.form), name
    raise Unaskable(f"`{' or '.join(slot.names)}` is not known of this person")


def _in_form(value: str | PartialDate, form: str | None) -> str:
    if isinstance(value, PartialDate):
        return _DATE_FORMS[form or "yyyy-mm-dd"](value)
    return value if form is None else name_as_key(value, form)


def _for_path(value: str, name: str) -> str:
    if not value or value in {".", ".."}:
        raise Unaskable(f"`{name}` cannot stand in a path")
    return _quoted(value, name)


def _quoted(value: str, name: str) -> str:
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise Unaskable(f"`{name}` holds a character no address can carry") from None


def _for_header(value: str, name: str) -> str:
    # RFC 9110 §5.5: what is beyond visible ASCII is opaque there, and a line break would begin another header
    if not value.isascii() or not value.isprintable():
        raise Unaskable(f"`{name}` holds a character no header can carry")
    return value


def _plain(value: str, name: str) -> str:
    """The writer of the target escapes: nothing is spliced into a text. Only what none can carry is refused."""
    if UNCARRIED.search(value):
        raise Unaskable(f"`{name}` holds a character no message can carry")
    return value


_ESCAPES: Mapping[Target, Callable[[str, str], str]] = {
    "path": _for_path,
    "query": _quoted,
    "header": _for_header,
    "json": _plain,
    "xml": _plain,
    "bind": _plain,
}
