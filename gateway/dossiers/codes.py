"""The codes of a dossier: the agency's in both its forms, the dossier's own, the procedure's.

An agency is `H55` (a province) or `H55.19` (a unit of it); the older form counts from the other end: `000.00.19.H55`
and `000.00.00.H55` (Decision 20/2020/QĐ-TTg). A dossier is agency, day and counter: `H55.19-230601-0001`. What a
procedure is called differs from sector to sector, so its code is checked for shape only.
"""

import re
from dataclasses import dataclass
from datetime import date

_AGENCY = re.compile(r"[A-Z][0-9]{2}(?:\.[0-9A-Z]{1,5}){0,4}")
_OLD_AGENCY = re.compile(r"([0-9]{2,5}\.(?:[0-9A-Z]{1,5}\.){0,3})([A-Z][0-9]{2})")
_DOSSIER = re.compile(r"(?P<agency>[0-9A-Z.]{3,40})-(?P<day>[0-9]{6})-(?P<counter>[0-9]{4,8})")
_PROCEDURE = re.compile(r"[A-Z0-9][A-Za-z0-9_.-]{1,59}")
_SUFFIX = re.compile(r"(?:\.0{2,3}){0,3}\.[A-Z][0-9]{2}$")
_EMPTY = re.compile(r"0+")


class CodeRefused(ValueError):
    """A text is no such code. The message says what one looks like and repeats nothing of the text."""


def parse_agency(text: str) -> str:
    """Return an agency's code in the present form, from either. Raises CodeRefused."""
    written = text.strip().upper()
    old = _OLD_AGENCY.fullmatch(written)
    if old is not None:
        parts = [part for part in reversed(old[1].rstrip(".").split(".")) if not _EMPTY.fullmatch(part)]
        return ".".join([old[2], *parts])
    if not _AGENCY.fullmatch(written):
        raise CodeRefused("an agency is written `H55`, `H55.19` or, as before, `000.00.19.H55`")
    return written


def is_within(agency: str, whole: str) -> bool:
    """Tell whether an agency is `whole` itself or a part of it, by their codes."""
    return agency == whole or agency.startswith(f"{whole}.")


@dataclass(frozen=True, slots=True)
class DossierCode:
    """A dossier's code (MaHoSo) and what it says: the unit that received it and the day."""

    text: str
    agency: str
    day: date


def parse_dossier_code(text: str) -> DossierCode:
    """Return a dossier's code with its agency in the present form. Raises CodeRefused."""
    found = _DOSSIER.fullmatch(text.strip().upper())
    if found is None:
        raise CodeRefused("a dossier is written agency, day and counter: `H55.19-230601-0001`")
    agency = parse_agency(found["agency"])
    digits = found["day"]
    try:
        day = date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        raise CodeRefused("the middle of a dossier's code is a day, yyMMdd") from None
    return DossierCode(f"{agency}-{digits}-{found['counter']}", agency, day)


def parse_procedure(text: str) -> str:
    """Return a procedure's code (MaTTHC) without a province's ending, such as `.000.00.00.H56`. Raises CodeRefused."""
    written = text.strip()
    if not _PROCEDURE.fullmatch(written):
        raise CodeRefused("a procedure's code is letters, digits, dots and underscores: `1.004222`")
    return _SUFFIX.sub("", written)
