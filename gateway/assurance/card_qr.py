"""The text in the QR code of an identity card: help for typing, never evidence of identity.

Seven parts split by `|` (cards with a chip, 2021 to 2024): number, old number (often empty), full name, birth date
`ddMMyyyy`, sex, residence, day of issue `ddMMyyyy`. Cards of July 2024 may bring more parts; what they mean is not
published, so they are handed on unread in `rest`. Cards always have seven; some software that hands a scan on drops
the old number where it is empty. Those six parts are read by their shapes, and said to be so; six that lack anything
else are no card. Nothing is signed: anybody can print such a code. Source: domain.md §3, experience.md §1.5; the
issuing police in the press of 2021 and public parsers agree on the seven parts, Circular 16/2024/TT-BCA Art. 6 says
what newer codes hold and not how. No register is asked, a number that looks real is read like any other, today is
handed in.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeVar

from gateway.assurance.number_rules import NumberWarning, number_warnings
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.person_name import clean_name, strip_marks
from gateway.vocabulary.personal_number import NumberRefused, OldNumber, PersonalNumber, strip_grouping

LONGEST = 3000
"""No QR code holds more letters (version 40: 2953 octets)."""

Sex = Literal["male", "female"]
CardWarning = (
    Literal[
        "not_a_card",
        "is_an_address",
        "number_invalid",
        "old_number_invalid",
        "full_name_invalid",
        "full_name_unusual",
        "birth_date_invalid",
        "birth_date_partial",
        "sex_unknown",
        "address_empty",
        "issued_on_invalid",
        "issued_before_birth",
        "letters_lost",
        "more_parts",
        "old_number_left_out",
    ]
    | NumberWarning
)
UNREADABLE: frozenset[CardWarning] = frozenset(
    {"not_a_card", "is_an_address", "number_invalid", "full_name_invalid", "birth_date_invalid", "issued_on_invalid"}
)
"""With one of these the text is no card that may fill a form; what could be read is told all the same."""

_PARTS = 7
_OLDEST = 130
"""Years; nobody who holds such a card is older."""
_ADDRESS_OF_A_PAGE = re.compile(r"\s*(?:[a-z][a-z0-9+.\-]*://|www\.)", re.IGNORECASE)
_DAY = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{4})")
_SEXES: dict[str, Sex] = {"nam": "male", "nu": "female"}
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardText:
    """What a code says. Dates are `YYYY[-MM[-DD]]`; `issued_on` is a whole day; None is what could not be read."""

    number: str | None = None
    old_number: str | None = None
    full_name: str | None = None
    birth_date: PartialDate | None = None
    sex: Sex | None = None
    address: str | None = None
    issued_on: PartialDate | None = None
    rest: tuple[str, ...] = ()
    warnings: tuple[CardWarning, ...] = ()

    @property
    def readable(self) -> bool:
        """Whether it is a card's text: number, name and both dates could be read."""
        return UNREADABLE.isdisjoint(self.warnings)


def parse_card(text: str, today: date) -> CardText:
    """Read the text of a card's QR code as a scanner types it; never raises, the warnings say what is odd.

    `today` is the day in Vietnam: nobody is born after it, no card was issued after it.
    """
    if _ADDRESS_OF_A_PAGE.match(text):
        return CardText(warnings=("is_an_address",))
    parts = [_clean(part) for part in text.split("|")] if len(text) <= LONGEST else []
    left_out = _lacks_old_number(parts)
    if left_out:
        parts.insert(1, "")
    if len(parts) < _PARTS:
        return CardText(warnings=("not_a_card",))
    reading = _Reading()
    number, old, name, born, sex, address, issued = parts[:_PARTS]
    read_number = reading.take(PersonalNumber.parse, number, "number_invalid")
    card = CardText(
        number=None if read_number is None else str(read_number),
        old_number=reading.take(_old_number, old, "old_number_invalid") if old else None,
        full_name=reading.take(clean_name, name, "full_name_invalid"),
        birth_date=reading.take(lambda part: _born_by(_birth_date(part), today), born, "birth_date_invalid"),
        sex=reading.take(_sex, sex, "sex_unknown"),
        address=address or None,
        issued_on=reading.take(lambda part: _not_after(_day(part), today), issued, "issued_on_invalid"),
        rest=tuple(parts[_PARTS:]),
    )
    numbers = () if read_number is None else number_warnings(read_number, birth_date=card.birth_date, sex=card.sex)
    missing: tuple[CardWarning, ...] = ("old_number_left_out",) if left_out else ()
    return replace(card, warnings=(*reading.troubles, *_oddities(card), *missing, *numbers))


def _lacks_old_number(parts: list[str]) -> bool:
    """Tell six parts that are a card's without its empty old number, by what only they can be in that order."""
    if len(parts) != _PARTS - 1:
        return False
    try:
        PersonalNumber.parse(parts[0])
        _birth_date(parts[2])
        _sex(parts[3])
        _day(parts[5])
    except ValueError:
        return False
    return any(letter.isalpha() for letter in parts[1])


def _not_after(read: PartialDate, today: date) -> PartialDate:
    if (read.year, read.month or 0, read.day or 0) > (today.year, today.month, today.day):
        raise ValueError("a day that has not come")
    return read


def _born_by(read: PartialDate, today: date) -> PartialDate:
    if read.year < today.year - _OLDEST:
        raise ValueError("nobody is that old")
    return _not_after(read, today)


class _Reading:
    """Reads part after part and keeps the warning of each that cannot be read."""

    def __init__(self) -> None:
        self.troubles: list[CardWarning] = []

    def take(self, read: Callable[[str], Read], part: str, warning: CardWarning) -> Read | None:
        try:
            return read(part)
        except ValueError:
            self.troubles.append(warning)
            return None


def _oddities(card: CardText) -> tuple[CardWarning, ...]:
    """Return what was read and is still odd: a person looks, nothing is refused by it."""
    name, born, issued = card.full_name or "", card.birth_date, card.issued_on
    said = (name, card.address or "", *card.rest)
    found: dict[CardWarning, bool] = {
        # names hold letters, marks, spaces and apostrophes; mark-up or a digit is a forged or a broken code
        "full_name_unusual": any(unicodedata.category(letter)[0] in "NSC" or letter in '<>&"/\\{}' for letter in name),
        "birth_date_partial": born is not None and born.precision != "day",
        "address_empty": card.address is None,
        "issued_before_birth": born is not None and issued is not None and _before(issued, born),
        "letters_lost": any("\N{REPLACEMENT CHARACTER}" in text for text in said),
        "more_parts": bool(card.rest),
    }
    return tuple(warning for warning, true in found.items() if true)


def _clean(part: str) -> str:
    """Return a part in NFC without control and invisible characters (a scanner ends with CR or LF), single spaces."""
    spaced = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in part)
    visible = "".join(letter for letter in spaced if unicodedata.category(letter) != "Cf")
    return " ".join(unicodedata.normalize("NFC", visible).split())


def _old_number(part: str) -> str:
    """Nine digits, or twelve: the last identity cards before the chip had them too."""
    digits = strip_grouping(part)
    try:
        return str(OldNumber(digits))
    except NumberRefused:
        return str(PersonalNumber(digits))


def _day(part: str) -> PartialDate:
    """Read `ddMMyyyy`, strictly: month first or year first is no date."""
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", part))
    if found is None:
        raise ValueError("not ddMMyyyy")
    return PartialDate(int(found[3]), int(found[2]), int(found[1]))


def _birth_date(part: str) -> PartialDate:
    """Read `ddMMyyyy`, or with zeros (or nothing) for what is not known: nobody is born on an invented 1 January."""
    digits = unicodedata.normalize("NFKC", part).rjust(8, "0")
    found = _DAY.fullmatch(digits)
    if found is None or len(part) not in {4, 8}:
        raise ValueError("not ddMMyyyy")
    day, month, year = (int(one) for one in found.groups())
    if not month and day:
        raise ValueError("a day without a month")
    return PartialDate(year, month or None, day or None)


def _sex(part: str) -> Sex:
    try:
        return _SEXES[strip_marks(part).casefold()]
    except KeyError:
        raise ValueError("neither Nam nor Nữ") from None


def _before(issued: PartialDate, born: PartialDate) -> bool:
    """Whether a card was issued before its holder was born: compared in what both know."""
    return (issued.year, issued.month if born.month else 0, issued.day if born.day else 0) < (
        born.year,
        born.month or 0,
        born.day or 0,
    )
