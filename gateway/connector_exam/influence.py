"""Which member of a sample a field follows: every member is changed alone, and whoever changes with it follows it.

So the exam learns how a connector reads without looking into it, and code is examined as a manifest is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.connector_exam.room import Case, Room
from gateway.connector_exam.sample_tree import Leaf
from gateway.connector_exam.subject import Told
from gateway.connector_runtime.contract import Found

_MOST_LEAVES = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """A field and a member of the sample it follows."""

    attribute: str
    leaf: Leaf


async def follow(room: Room, case: Case) -> list[Followed]:
    """Return every pair of field and member of a case.

    A member that takes the whole answer with it (whom it is about, a status) belongs to no field.
    """
    usual = await room.baseline(case)
    found: list[Followed] = []
    for leaf in case.tree.leaves()[:_MOST_LEAVES]:
        moved: set[str] = set()
        for text in _others(leaf.text):
            told = await room.told(case, case.tree.put(leaf, text))
            if told.trouble is not None or told.error:
                continue
            moved |= {name for name in usual.outcomes if _value(told, name) != _value(usual, name)}
        found += [Followed(attribute=name, leaf=leaf) for name in sorted(moved)]
    return found


def declared_names(room: Room, attribute: str) -> frozenset[str]:
    """Return every word by which a field row may name members of the source, in lower case."""
    row = room.candidate.manifest.fields[room.candidate.index_of(attribute)]
    texts = [row.source, *row.from_parts, row.expr or "", row.precision_from or ""]
    if row.address is not None:
        parts = (getattr(row.address, name) for name in ("province", "district", "commune", "detail", "country"))
        texts += [part for part in parts if part]
        record = room.candidate.manifest.record
        texts += [record.as_of] if record is not None and record.as_of else []  # how old a place is tells its list
    return frozenset(_words(" ".join(texts)))


def _others(text: str) -> tuple[str, ...]:
    """Return texts to put in the place of one: garbled, and of the same shape."""
    changed = [f"{text}7", "".join(map(_next, text))]
    # one digit alone, so that a date stays a date: the last of a leading year, and the last of all
    changed += [text[:at] + _next(text[at]) + text[at + 1 :] for at in (3, len(text) - 1) if 0 <= at < len(text)]
    return tuple(dict.fromkeys(one for one in changed if one != text))


def _next(one: str) -> str:
    return str((int(one) + 1) % 10) if one.isascii() and one.isdigit() else one


def _value(told: Told, name: str) -> Any:
    one = told.outcomes.get(name)
    return ("found", one.value) if isinstance(one, Found) else one


def _words(text: str) -> Iterator[str]:
    word = ""
    for one in f"{text} ":
        if one.isalnum() or one in "_@-":
            word += one
        elif word:
            yield word.lower()
            word = ""
