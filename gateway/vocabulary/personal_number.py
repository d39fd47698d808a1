"""The 12-digit personal number: read tolerantly, judged mildly.

Structure PPP G YY NNNNNN (Decree 137/2015 Art. 13, Circular 07/2016 Art. 7): province or country of birth
registration, century and sex, last two digits of the birth year, six random digits. There is no check digit, and
Law 26/2023 Art. 12 keeps the twelve digits without fixing the parts: so the parts give warnings, never refusals
(`gateway.assurance.number_rules`). A number is personal: nothing here puts it into an exception text.
"""

import unicodedata
from dataclasses import dataclass
from typing import Literal

SYNTHETIC_PREFIX = "999"

Hint = Literal["empty", "not_digits", "leading_zero_lost", "old_number", "wrong_length"]

_SAID = {
    "empty": "no number given",
    "not_digits": "a personal number has digits only",
    "leading_zero_lost": "one or two digits are missing: a spreadsheet may have dropped the zeros in front",
    "old_number": "this is an old 9-digit number; the personal number has 12 digits",
    "wrong_length": "a personal number has 12 digits",
}


class NumberRefused(ValueError):
    """A text that is not a personal number; `hint` says what it looks like. The text itself is never repeated."""

    def __init__(self, hint: Hint) -> None:
        super().__init__(_SAID[hint])
        self.hint: Hint = hint


def strip_grouping(text: str) -> str:
    """Return `text` in NFKC (full-width digits become ASCII) without white space, dots and invisible characters."""
    if text.isascii() and text.isdigit():
        return text
    folded = unicodedata.normalize("NFKC", text)
    return "".join(
        character
        for character in folded
        if character != "." and not character.isspace() and unicodedata.category(character) != "Cf"
    )


@dataclass(frozen=True, slots=True)
class PersonalNumber:
    """Twelve ASCII digits. Raises NumberRefused for anything else; `parse` reads what people type."""

    digits: str

    def __post_init__(self) -> None:
        if hint := _refusal(self.digits):
            raise NumberRefused(hint)

    def __str__(self) -> str:
        return self.digits

    def __repr__(self) -> str:
        return "PersonalNumber(…)"

    @classmethod
    def parse(cls, text: str) -> "PersonalNumber":
        """Read a number as people type it: spaces, dots, zero-width characters, full-width digits.

        Raises NumberRefused with a hint: 10 or 11 digits have probably lost leading zeros (never padded here),
        9 digits are an old number.
        """
        return cls(strip_grouping(text))

    @property
    def register_code(self) -> str:
        """The province (001-096) or country code of birth registration."""
        return self.digits[:3]

    @property
    def birth_year(self) -> int:
        """The birth year its parts say: 1900 to 2399."""
        return 1900 + 100 * (int(self.digits[3]) // 2) + int(self.digits[4:6])

    @property
    def sex(self) -> Literal["male", "female"]:
        """The sex its parts say: an even fourth digit is male."""
        return "male" if int(self.digits[3]) % 2 == 0 else "female"

    @property
    def synthetic(self) -> bool:
        """Whether it lies in the range 999…, which no authority issues: people of tests and demonstrations."""
        return self.digits.startswith(SYNTHETIC_PREFIX)


@dataclass(frozen=True, slots=True)
class OldNumber:
    """A 9-digit number of the former identity card: a searchable alias, never a login name."""

    digits: str

    def __post_init__(self) -> None:
        if not (self.digits.isascii() and self.digits.isdigit() and len(self.digits) == 9):
            raise NumberRefused("wrong_length")

    def __str__(self) -> str:
        return self.digits

    def __repr__(self) -> str:
        return "OldNumber(…)"

    @classmethod
    def parse(cls, text: str) -> "OldNumber":
        """Read an old number as people type it. Raises NumberRefused."""
        return cls(strip_grouping(text))


def parse_any_number(text: str) -> PersonalNumber | OldNumber:
    """Read a personal number or, when there are nine digits, an old one; dashes may group the digits, too. Raises
    NumberRefused."""
    # not in `strip_grouping`: a dash belongs to other numbers (`…-001`), whose canonical form keeps it
    digits = "".join(character for character in strip_grouping(text) if unicodedata.category(character) != "Pd")
    return OldNumber(digits) if len(digits) == 9 else PersonalNumber(digits)


def _refusal(digits: str) -> Hint | None:
    if not digits:
        return "empty"
    if not (digits.isascii() and digits.isdigit()):
        return "not_digits"
    by_length: dict[int, Hint] = {9: "old_number", 10: "leading_zero_lost", 11: "leading_zero_lost"}
    return None if len(digits) == 12 else by_length.get(len(digits), "wrong_length")
