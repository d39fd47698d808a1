"""What is searched for, and the search: every value of every persona in every notation it could slip out in."""

import json
import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from gateway.vocabulary.persona import Persona, personas

_GRAM = 6
SHORTEST = {"text": 6, "percent": 8, "base64": 8, "json": 8, "hex": 12}
"""Below these lengths (octets) a notation stands in random text by chance; what is left out is told."""


@dataclass(frozen=True, slots=True)
class Needle:
    """Octets, and whose value in which notation they are; `edged`: digits that count only when they stand alone."""

    octets: bytes
    owner: str
    notation: str
    edged: bool = False


@dataclass(frozen=True, slots=True)
class Find:
    """A value in clear: where, whose, in which notation, at which octet."""

    place: str
    owner: str
    notation: str
    at: int


class Needles:
    """A set of needles, looked for all at once."""

    def __init__(self) -> None:
        self._by_gram: dict[bytes, list[Needle]] = {}
        self._known: set[bytes] = set()
        self.left_out: list[str] = []

    def __len__(self) -> int:
        return len(self._known)

    def add(self, owner: str, value: str) -> None:
        """Add a value in all its notations; tell of those too short to mean anything."""
        missed = set()
        for notation, octets in notations(value):
            if len(octets) < SHORTEST[notation.partition(" ")[0]]:
                missed.add(notation.partition(" ")[0])
            elif octets not in self._known:
                self._known.add(octets)
                edged = octets.isdigit() and len(octets) < 12
                self._by_gram.setdefault(octets[:_GRAM], []).append(Needle(octets, owner, notation, edged))
        if missed:
            self.left_out.append(f"{owner}: too short as {', '.join(sorted(missed))}")

    def search(self, place: str, content: bytes) -> Iterator[Find]:
        """Yield every needle that stands in the content."""
        grams = self._by_gram
        for at in range(len(content) - _GRAM + 1):
            gram = content[at : at + _GRAM]
            if gram in grams:
                for needle in grams[gram]:
                    if content.startswith(needle.octets, at) and not (needle.edged and _amid(content, at, needle)):
                        yield Find(place, needle.owner, needle.notation, at)


def _amid(content: bytes, at: int, needle: Needle) -> bool:
    before, after = content[max(0, at - 1) : at], content[at + len(needle.octets) : at + len(needle.octets) + 1]
    return before.isalnum() or after.isalnum()


def notations(value: str) -> Iterator[tuple[str, bytes]]:
    """Yield (notation, octets): every spelling plain, percent-encoded, as base64, JSON-escaped and hexadecimal."""
    for form, text in spellings(value).items():
        octets = text.encode()
        yield f"text {form}", octets
        for safe in ("", "/", " "):
            yield f"percent {form}", quote(text, safe=safe).encode()
        yield f"percent {form}", quote_plus(text).encode()
        yield f"percent {form}", _lower_percent(quote(text, safe=""))
        yield f"percent {form}", quote(quote(text, safe=""), safe="").encode()
        for offset, encoded in enumerate(alignments(octets)):
            yield f"base64 {form} at {offset}", encoded
            yield f"base64 {form} at {offset}", encoded.replace(b"+", b"-").replace(b"/", b"_")
        escaped = escaped_json(text)
        yield f"json {form}", escaped
        yield f"json {form}", _upper_escapes(escaped)
        yield f"hex {form}", octets.hex().encode()
        yield f"hex {form}", octets.hex().upper().encode()


def spellings(value: str) -> dict[str, str]:
    """Return the ways a value may be written."""
    nfc, nfd = unicodedata.normalize("NFC", value), unicodedata.normalize("NFD", value)
    plain = "".join(letter for letter in nfd if not unicodedata.combining(letter)).replace("đ", "d").replace("Đ", "D")
    found = {"nfc": nfc, "nfd": nfd, "plain": plain, "capitals": nfc.upper(), "plain capitals": plain.upper()}
    found["nfd capitals"] = unicodedata.normalize("NFD", nfc.upper())
    return {form: text for place, (form, text) in enumerate(found.items()) if text not in list(found.values())[:place]}


def alignments(octets: bytes) -> Iterator[bytes]:
    """Yield the base64 letters that stand for these octets whatever surrounds them, at all three places."""
    for before in range(3):
        encoded = b64encode(bytes(before) + octets).rstrip(b"=")
        first = -(-before * 8 // 6)
        whole = (before + len(octets)) * 8 // 6
        yield encoded[first:whole]


def escaped_json(text: str) -> bytes:
    """Return JSON text with every letter beyond ASCII escaped, without quotes."""
    return json.dumps(text, ensure_ascii=True)[1:-1].encode()


def _upper_escapes(escaped: bytes) -> bytes:
    return re.sub(rb"\\u([0-9a-f]{4})", lambda found: b"\\u" + found[1].upper(), escaped)


def _lower_percent(text: str) -> bytes:
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), text).encode()


def persona_needles() -> Needles:
    """Return the needles of all personas and their relatives."""
    needles = Needles()
    for one in personas():
        for name, value in values_of(one):
            needles.add(f"persona {one.index} {name}", value)
    return needles


def values_of(one: Persona) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of everything a register knows of a person that could tell who they are."""
    yield "full_name", one.full_name
    numbers = ("personal_number", "old_number", "passport_number", "household_number")
    yield from ((name, value) for name in numbers if (value := getattr(one, name)) is not None)
    for name in ("birth_date", "death_date"):
        if date := getattr(one, name):
            yield from ((name, value) for value in date_notations(date))
    for name in ("birth_registration_place", "native_place", "permanent_residence", "current_residence"):
        if (place := getattr(one, name)) is not None and place.detail:
            yield f"{name}.detail", place.detail
    for name in ("father", "mother", "spouse", "head_of_household"):
        if (relative := getattr(one, name)) is not None:
            yield f"{name}.name", relative.name
            if relative.number:
                yield f"{name}.number", relative.number


def date_notations(date: str) -> Iterable[str]:
    """Return a full date as people and programs write it; a bare year says nothing and is left to the reader."""
    parts = date.split("-")
    if len(parts) != 3:
        return [date]
    year, month, day = parts
    found = [date, f"{year}{month}{day}", f"{day}{month}{year}", f"{year}/{month}/{day}"]
    for mark in "/-.":
        found += [f"{day}{mark}{month}{mark}{year}", f"{int(day)}{mark}{int(month)}{mark}{year}"]
    return dict.fromkeys(found)
