"""Conditions of formulas, such as `online and (electronic_result or not result_due)`: data, never code.

    condition = term *( "or" term )      term   = factor *( "and" factor )
    factor    = "not" factor / "(" condition ")" / "some" "(" condition ")" / word

`some(…)` stands in formulas that count procedures alone: at least one counted dossier of the procedure meets it.
A condition is read once and becomes nested closures over the bits of `words`; nothing is evaluated as Python.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gateway.dossiers.indicators.words import WORDS, About, words_about
from gateway.policy.document import did_you_mean

Test = Callable[[int], bool]
"""Tells whether a condition holds of the bits of one thing."""

_PART = re.compile(r"\s*(?:([a-z][a-z0-9_]*)|([()]))")
_OPERATORS = ("and", "or", "not", "some", "all")
_AT_CUT_OFF = frozenset({"late", "ended"})


class ConditionWrong(ValueError):
    """A condition that cannot be read; `offset` is where in its text, from 0."""

    def __init__(self, offset: int, sentence: str) -> None:
        super().__init__(sentence)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that was read: its text, and the test."""

    text: str
    test: Test


_SOME = 64


def read_condition(text: str, about: About, somes: list[Condition]) -> Condition:
    """Read a condition about `about`; `all` holds of everything. What stands inside `some(…)` is added to `somes`, the
    list of the whole formula: the test asks for its answer by its place there. Raises ConditionWrong."""
    reader = _Reader(text, about, somes)
    test = reader.condition()
    reader.end()
    return Condition(text, test)


def some_bits(met: Sequence[bool]) -> int:
    """Return the bits that say which of a formula's `somes` a procedure meets."""
    return sum(1 << (_SOME + place) for place, one in enumerate(met) if one)


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str, about: About, somes: list[Condition]) -> None:
        self._text = text
        self._about = about
        self._somes = somes
        self._inside_some = False
        self._parts = [*_parts(text), (len(text), "")]
        self._next = 0

    def condition(self) -> Test:
        """Read alternatives."""
        found = self._term()
        while self._take("or"):
            found = _either(found, self._term())
        return found

    def end(self) -> None:
        """Nothing may be left."""
        offset, part = self._parts[self._next]
        if part:
            raise ConditionWrong(offset, f"`{part}` stands where the condition should end, or `and` or `or` is missing")

    def _term(self) -> Test:
        found = self._factor()
        while self._take("and"):
            found = _both(found, self._factor())
        return found

    def _factor(self) -> Test:
        offset, part = self._parts[self._next]
        self._next += 1
        if part == "not":
            return _negated(self._factor())
        if part == "(":
            found = self.condition()
            self._close(offset)
            return found
        if part == "some":
            return self._some(offset)
        if part == "all":
            return lambda _: True
        if not part or part in {")", "and", "or"}:
            self._next -= 1
            raise ConditionWrong(
                offset, f"a word is missing before `{part}`" if part else "a word is missing at the end"
            )
        return _bit(self._bit_of(offset, part))

    def _some(self, offset: int) -> Test:
        if self._about != "procedure":
            raise ConditionWrong(
                offset, f"`some(…)` stands in formulas that count procedures, not in one about a {self._about}"
            )
        if not self._take("("):
            raise ConditionWrong(offset, "`some` is followed by a condition in brackets")
        start = self._parts[self._next][0]
        self._about, self._inside_some = "dossier", True
        test = self.condition()
        self._about, self._inside_some = "procedure", False
        text = self._text[start : self._parts[self._next][0]].strip()
        self._close(offset)
        self._somes.append(Condition(text, test))
        return _bit(_SOME + len(self._somes) - 1)

    def _bit_of(self, offset: int, word: str) -> int:
        own: tuple[About, ...] = ("dossier", "procedure") if self._about == "dossier" else (self._about,)
        known = words_about(*own)
        if word in _AT_CUT_OFF and self._inside_some:
            raise ConditionWrong(offset, f"`{word}` depends on the cut-off and cannot stand inside `some(…)`")
        if word in known:
            return WORDS[word].bit
        if word in WORDS:
            raise ConditionWrong(offset, f"`{word}` is about a {WORDS[word].about}, the formula about a {self._about}")
        raise ConditionWrong(offset, f"unknown word `{word}`{did_you_mean(word, [*known, *_OPERATORS])}")

    def _take(self, part: str) -> bool:
        if self._parts[self._next][1] != part:
            return False
        self._next += 1
        return True

    def _close(self, opened: int) -> None:
        if not self._take(")"):
            raise ConditionWrong(opened, "a bracket is opened here and never closed")


def _parts(text: str) -> Iterator[tuple[int, str]]:
    position = 0
    while text[position:].strip():
        found = _PART.match(text, position)
        if found is None:
            offset = position + len(text[position:]) - len(text[position:].lstrip())
            raise ConditionWrong(
                offset, f"`{text[offset]}` has no meaning here; words are small letters, digits and `_`"
            )
        yield found.start(found.lastindex or 0), found[found.lastindex or 0]
        position = found.end()


def _bit(position: int) -> Test:
    mask = 1 << position
    return lambda bits: bits & mask != 0


def _negated(inner: Test) -> Test:
    return lambda bits: not inner(bits)


def _both(left: Test, right: Test) -> Test:
    return lambda bits: left(bits) and right(bits)


def _either(left: Test, right: Test) -> Test:
    return lambda bits: left(bits) or right(bits)
