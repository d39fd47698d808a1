"""What was registered against what was received, character by character, for the developer's eyes (dev only).

Letters that look alike are not alike: every received letter outside printable ASCII carries its code point, and what
cannot be seen is written out. Long values are cut after the first difference, with the number of letters left out.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from urllib.parse import unquote, urlsplit

from markupsafe import Markup

Row = tuple[str, str]
_LONGEST = 600
"""Longer values are shown and compared in their beginning; comparing is quadratic."""
_NOTHING = "∅"


@dataclass(frozen=True, slots=True)
class Difference:
    """`position` of the first difference (from 1; 0: none), the letters there, and `kinds`: what it looks like."""

    position: int
    registered: str
    received: str
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """The developer's rows, marked, and the difference; None when there is nothing to compare."""

    rows: tuple[tuple[str, str | Markup], ...]
    difference: Difference | None


def explain_rows(rows: Sequence[Row]) -> Explained:
    """Mark `registered…` and `received…` against each other; of several registered values the nearest is taken."""
    registered = [value for label, value in rows if label.startswith("registered")]
    received = next((value for label, value in rows if label.startswith("received")), None)
    if not registered or received is None:
        return Explained(tuple((label, visible(value)) for label, value in rows), None)
    nearest = max(registered, key=lambda value: _likeness(value, received))
    left, right = mark_difference(nearest, received)
    marked = {("registered", nearest): left, ("received", received): right}
    shown = tuple((label, marked.get((label.partition(" ")[0], value)) or visible(value)) for label, value in rows)
    return Explained(shown, find_difference(nearest, received))


def find_difference(registered: str, received: str) -> Difference:
    """Return where two texts first differ, and what kind of difference it looks like."""
    same = _same_letters(registered, received)
    if registered == received:
        return Difference(0, "", "", ())
    kinds = tuple(kind for kind, looks in _KINDS.items() if _holds(looks, registered, received))
    return Difference(same + 1, name_letter(registered[same:]), name_letter(received[same:]), kinds)


def mark_difference(registered: str, received: str) -> tuple[Markup, Markup]:
    """Return both texts with the differing runs in `<mark>`: nothing before the first difference is marked."""
    same = _same_letters(registered, received)
    left = right = visible(registered[:same])
    tails = registered[same : same + _LONGEST], received[same : same + _LONGEST]
    for kind, start, end, other_start, other_end in SequenceMatcher(None, *tails, autojunk=False).get_opcodes():
        mine, theirs = visible(tails[0][start:end]), visible(tails[1][other_start:other_end])
        if kind == "equal":
            left, right = left + mine, right + theirs
            continue
        left += Markup("<mark>{}</mark>").format(mine or _NOTHING)
        right += Markup("<mark>{}</mark>").format(theirs or _NOTHING)
    return left + _left_out(registered, same), right + _left_out(received, same)


def visible(text: str) -> Markup:
    """Return a text whose letters can be told apart: `а‹U+0430›` for a letter outside ASCII, `‹U+200B›` unseen."""
    return Markup("").join(_visible(letter) for letter in text)


def name_letter(text: str) -> str:
    """Return the first letter of a text with code point and Unicode name; `∅` where the text has ended."""
    if not text:
        return _NOTHING
    letter = text[0]
    shown = f"{letter} " if _is_seen(letter) else ""
    return f"{shown}U+{ord(letter):04X} {unicodedata.name(letter, '')}".strip()


def _visible(letter: str) -> Markup | str:
    if "!" <= letter <= "~":
        return letter
    return Markup("{}<small>‹U+{:04X}›</small>").format(letter if _is_seen(letter) else "", ord(letter))


def _is_seen(letter: str) -> bool:
    """Whether a letter shows, and stays by itself: no space, no control character, no combining mark."""
    return unicodedata.category(letter)[0] in "LNPS"


def _same_letters(registered: str, received: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(registered, received, strict=False)))


def _left_out(text: str, same: int) -> str:
    left_out = len(text) - same - _LONGEST
    return f" … (+{left_out})" if left_out > 0 else ""


def _likeness(value: str, received: str) -> float:
    return SequenceMatcher(None, value[:_LONGEST], received[:_LONGEST], autojunk=False).ratio()


def _holds(looks: Callable[[str, str], bool], registered: str, received: str) -> bool:
    try:
        return looks(registered, received)
    except ValueError:  # what was received is no address at all
        return False


_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_KINDS: dict[str, Callable[[str, str], bool]] = {
    "missing": lambda registered, received: not received,
    "slash": lambda registered, received: registered.rstrip("/") == received.rstrip("/"),
    "case": lambda registered, received: registered.lower() == received.lower(),
    "encoding": lambda registered, received: unquote(registered) == unquote(received),
    "letters": lambda registered, received: any(not "!" <= letter <= "~" for letter in received),
    "scheme": lambda registered, received: urlsplit(registered)[1:] == urlsplit(received)[1:],
    "port": lambda registered, received: (
        urlsplit(registered).hostname == urlsplit(received).hostname
        and urlsplit(registered).port != urlsplit(received).port
    ),
    "machine": lambda registered, received: (
        urlsplit(registered).hostname != urlsplit(received).hostname
        and {urlsplit(registered).hostname, urlsplit(received).hostname} <= _THIS_MACHINE
    ),
    "query": lambda registered, received: (
        urlsplit(registered)[:3] == urlsplit(received)[:3] and urlsplit(registered)[3:] != urlsplit(received)[3:]
    ),
}
"""What a difference looks like; the words of each stand in `layout/developer.toml`."""
