"""Finding in free text what looks like a person's number, telephone, e-mail address or date of birth.

Whoever writes a reason for the record may name no citizen. A machine cannot tell names from other words; it can tell
the shapes below, also when they are written with spaces, dots, full-width digits or invisible characters. It says what
and where, never the value.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Final, Literal

PersonalShape = Literal["personal_number", "old_number", "passport", "telephone", "email", "date", "birth_year"]

NUMBERS: Final[frozenset[PersonalShape]] = frozenset({"personal_number", "old_number", "passport"})
WORDS: Final[dict[PersonalShape, str]] = {
    "personal_number": "a personal number (12 digits)",
    "old_number": "an old identity number (9 digits)",
    "passport": "a passport number",
    "telephone": "a telephone number",
    "email": "an e-mail address",
    "date": "a full date, which may be one of birth",
    "birth_year": "a year of birth",
}

_OLD_LENGTH, _LENGTH, _PHONE_LENGTHS = 9, 12, (10, 11)
# groups of one writing have three digits and more; what hangs on a longer code (H55.12.34-260205-0001) is part of it
_SPACED = re.compile(r"(?<!\w)(?<!\w[.\-])(?:\+?84|0\d*|\d{3,})(?:[ .\-()]{1,2}\d{3,})*(?!\w)")
_AT_ONCE: tuple[tuple[PersonalShape, re.Pattern[str]], ...] = (
    ("personal_number", re.compile(r"(?<!\d)\d{12}(?!\d)")),
    ("old_number", re.compile(r"(?<![\w.])\d{9}(?!\w)")),
    ("telephone", re.compile(r"(?<![\w.])(?:\+?84|0)\d{9,10}(?!\w)")),
    ("passport", re.compile(r"(?<!\w)[A-Z]\d{7,8}(?!\w)")),
)
_EMAIL = re.compile(r"[^\s@<>()]+@[^\s@<>()]+\.[^\s@<>()]+")
_DATES = (
    re.compile(r"(?<![\d.])(?P<day>\d{1,2})([/.\-])(?P<month>\d{1,2})\2(?P<year>\d{4})(?!\d)"),
    re.compile(r"(?<!\d)(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<year>\d{4})([/.\-])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<day>\d{2})(?P<month>\d{2})(?P<year>(?:19|20)\d{2})(?!\d)"),
    re.compile(r"ngày\s+(?P<day>\d{1,2})\s+tháng\s+(?P<month>\d{1,2})\s+năm\s+(?P<year>\d{4})", re.IGNORECASE),
)
_BIRTH_YEAR = re.compile(r"(?<!phát )\b(?:sinh(?: năm)?|born(?: in)?|dob)\W{1,3}(?:19|20)\d{2}(?!\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and which character it begins at (from 1, in the text without invisible characters)."""

    shape: PersonalShape
    at: int


def find_personal(text: str) -> Iterator[Found]:
    """Yield what looks like a person's, shape by shape."""
    plain = "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf")
    for match in _EMAIL.finditer(plain):
        yield Found("email", match.start() + 1)
    for pattern in _DATES:
        for match in pattern.finditer(plain):
            if 1 <= int(match["day"]) <= 31 and 1 <= int(match["month"]) <= 12:
                yield Found("date", match.start() + 1)
    for match in _BIRTH_YEAR.finditer(plain):
        yield Found("birth_year", match.start() + 1)
    for at_once, pattern in _AT_ONCE:
        for match in pattern.finditer(plain):
            yield Found(at_once, match.start() + 1)
    for match in _SPACED.finditer(plain):
        shape = _shape_of(match[0])
        if shape is not None:
            yield Found(shape, match.start() + 1)


def _shape_of(written: str) -> PersonalShape | None:
    """Return what digits with separators look like; an address of the Internet is none of a person's."""
    if _is_address(written):
        return None
    digits = re.sub(r"\D", "", written)
    national = re.sub(r"^84", "0", digits) if written.startswith("+") or digits.startswith("84") else digits
    if len(digits) == _LENGTH and not written.startswith("+"):
        return "personal_number"
    if national.startswith("0") and len(national) in _PHONE_LENGTHS:
        return "telephone"
    return "old_number" if len(digits) == _OLD_LENGTH else None


def _is_address(written: str) -> bool:
    try:
        IPv4Address(written)
    except AddressValueError:
        return False
    return True
