"""Where a value stands: members with dots in JSON (`data.person.name`), steps with slashes in XML (`Person/@id`), a
column of a row. A step may choose one of several by a member of it: `relatives[kind=father].name`.

There are no positions: the first of several is a guess, and nothing is guessed.
"""

import re
from dataclasses import dataclass
from typing import Literal

Shape = Literal["json", "xml", "row"]

_LONGEST = 300
_DEEPEST = 16
_CHOICE = (
    r"""(?:\[\s*(?P<key>@?[^\s\[\]=."'/]+)\s*=\s*(?:'(?P<one>[^']*)'|"(?P<two>[^"]*)"|(?P<bare>[^\]'"]*?))\s*\])?"""
)
_MEMBER = re.compile(rf"""(?:"(?P<quoted>[^"]+)"|(?P<name>[^\s.\[\]"'$*?/]+)){_CHOICE}""")
_OF_XML = r"[^\W\d][\w.\-·\u0300-\u036f\u203f\u2040]*"  # XML 1.0 §2.3 without colons: in any script
_ELEMENT = re.compile(rf"(?:{_OF_XML}:)?(?P<name>@?{_OF_XML}){_CHOICE}")
_COLUMN = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class PathInvalid(ValueError):
    """A path nobody can follow; the text says what to write instead."""


@dataclass(frozen=True, slots=True)
class Step:
    """One member, element or (`@name`) attribute; `where` the member that chooses among several, and its value."""

    name: str
    where: tuple[str, str] | None = None

    def __str__(self) -> str:
        return self.name if self.where is None else f"{self.name}[{self.where[0]}={self.where[1]}]"


def parse_path(text: str, shape: Shape) -> tuple[Step, ...]:
    """Return the steps of a path; `.` is the record itself, without any. Raises PathInvalid.

    XML names lose prefix and capitals, as the reader of foreign documents leaves them.
    """
    if text.strip() == ".":
        return ()
    if not text.strip() or len(text) > _LONGEST:
        raise PathInvalid(f"a path has 1 to {_LONGEST} characters")
    if shape == "row":
        if not _COLUMN.fullmatch(text):
            raise PathInvalid("a column is written in small letters, digits and `_`, as the view names it")
        return (Step(text),)
    steps = tuple(_steps(text, shape))
    if len(steps) > _DEEPEST:
        raise PathInvalid(f"a path has at most {_DEEPEST} steps")
    if any(step.name.startswith("@") for step in steps[:-1]):
        raise PathInvalid("an attribute holds nothing: it can only be the last step")
    return steps


def _steps(text: str, shape: Shape) -> list[Step]:
    pattern, between = (_MEMBER, ".") if shape == "json" else (_ELEMENT, "/")
    found, at = [], 0
    while True:
        match = pattern.match(text, at)
        if match is None:
            raise PathInvalid(_advice(text, at, shape))
        found.append(_step(match, shape))
        at = match.end()
        if at == len(text):
            return found
        if text[at] != between:
            raise PathInvalid(_advice(text, at, shape))
        at += 1


def _step(match: re.Match[str], shape: Shape) -> Step:
    parts = match.groupdict()
    name = parts.get("quoted") or parts["name"]
    key = parts["key"]
    if shape == "xml":
        name, key = name.lower(), key.lower() if key else key
    if key is None:
        return Step(name)
    value = next(one for one in (parts["one"], parts["two"], parts["bare"]) if one is not None)
    return Step(name, (key, value))


def _advice(text: str, at: int, shape: Shape) -> str:
    rest = text[at:]
    if shape == "json" and text.startswith("$"):
        return f"a path begins with a member's name: write `{text.lstrip('$.')}`"
    if re.match(r"\[\s*\d+\s*\]", rest):
        return "a path names no position, since the first of several is a guess: choose by a member, `[kind=father]`"
    if shape == "xml" and rest.startswith("/"):
        return "write every step from the record on: `//` may find something else tomorrow"
    if shape == "json" and "/" in rest:
        return "members are divided by dots: `data.person.name`"
    example = "data.person.name" if shape == "json" else "Person/Name"
    return f"the path cannot be read from character {at + 1} on; it looks like `{example}`"
