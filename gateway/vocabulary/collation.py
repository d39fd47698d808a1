"""Order and search of what people read in Vietnamese: the dictionary's order of letters, names by the given name.

The order is that of CLDR's `vi` collation for letters, digits and spaces (tests compare it with ICU): a ă â, d đ,
e ê, o ô ơ and u ư are letters of their own; marks of tone count only between words that are else the same, and
capitals after that. What still is the same is told apart by its code points, so that every order is total.
"""

import unicodedata
from collections.abc import Callable, Iterable
from typing import TypeVar

from gateway.vocabulary.person_name import fold_name

Item = TypeVar("Item")
Key = tuple[tuple[tuple[int, int], ...], tuple[int, ...], tuple[int, ...], str]

_LETTERS = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_RANKS = {letter: rank for rank, letter in enumerate(_LETTERS)}
# Marks of tone in the order of the dictionary: none, huyền, hỏi, ngã, sắc, nặng.
_TONES = {"̀": 1, "̉": 2, "̃": 3, "́": 4, "̣": 5}
_OTHER_MARKS = 6
_STROKES = str.maketrans({"ƀ": "b", "Ƀ": "B"})


def collation_key(text: str) -> Key:
    """Return the key that puts texts into Vietnamese order."""
    primary: list[tuple[int, int]] = []
    secondary: list[int] = []
    tertiary: list[int] = []
    for letter, marks in _clusters(" ".join(text.split())):
        primary.append(_primary(letter))
        secondary.append(_secondary(marks))
        tertiary.append(int(letter != letter.lower()))
    return tuple(primary), tuple(secondary), tuple(tertiary), unicodedata.normalize("NFC", text)


def person_key(full_name: str) -> tuple[Key, Key, Key, str]:
    """Return the key that puts people into order: by the given name (the last word), then family, then the words
    between. A name is never stored in parts; these are for the order alone."""
    family, *middle = full_name.split() or [""]
    given = middle.pop() if middle else family
    return (
        collation_key(given),
        collation_key(family),
        collation_key(" ".join(middle)),
        unicodedata.normalize("NFC", full_name),
    )


def find(
    query: str, items: Iterable[Item], text_of: Callable[[Item], str], order: Callable[[str], object] = collation_key
) -> list[Item]:
    """Return the items whose text has every word of the query at the beginning of one of its words, whatever marks,
    capitals, apostrophes and đ are written like; first those that have it exactly as it was typed, then by `order`.

    Without a word in the query all items are found.
    """
    wanted = fold_name(query).split()
    found = [item for item in items if _has(wanted, fold_name(text_of(item)).split())]
    exact = unicodedata.normalize("NFC", " ".join(query.split())).casefold()

    def rank(item: Item) -> tuple[bool, object]:
        text = text_of(item)
        return exact not in unicodedata.normalize("NFC", " ".join(text.split())).casefold(), order(text)

    return sorted(found, key=rank)


def _has(wanted: list[str], words: list[str]) -> bool:
    parts = [part for word in words for part in (word, *word.split("-"))]
    return all(any(part.startswith(one) for part in parts) for one in wanted)


def _clusters(text: str) -> Iterable[tuple[str, str]]:
    """Return letters of the alphabet (ă, â, ê, ô, ơ, ư among them) with the marks that are left on each."""
    letter, marks = "", ""
    for character in unicodedata.normalize("NFD", text.translate(_STROKES)):
        if not unicodedata.combining(character):
            if letter:
                yield letter, marks
            letter, marks = character, ""
            continue
        whole = unicodedata.normalize("NFC", letter + character)
        if len(whole) == 1 and whole.lower() in _RANKS:
            letter = whole
        else:
            marks += character
    if letter:
        yield letter, marks


def _primary(letter: str) -> tuple[int, int]:
    low = letter.lower()
    if low in _RANKS:
        return 3, _RANKS[low]
    if letter.isdigit():
        return 2, unicodedata.digit(letter, 0)
    return (0 if letter.isspace() else 1 if not letter.isalpha() else 4), ord(low[0])


def _secondary(marks: str) -> int:
    return max((_TONES.get(mark, _OTHER_MARKS) for mark in marks), default=0)
