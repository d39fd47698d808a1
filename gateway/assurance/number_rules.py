"""Warnings about the parts of a personal number; nobody is refused by one.

Source: domain.md §2 (Decree 137/2015 Art. 13, Circular 07/2016). A corrected sex or birth date may keep the
number, and the list of country codes is not published: the verified record decides, a warning only asks to look.
"""

from typing import Literal

from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.personal_number import PersonalNumber

NumberWarning = Literal["unknown_register_code", "birth_year_differs", "sex_differs", "synthetic"]

# The 63 provinces as they were when numbers began; mergers changed no number.
_CODES = (
    "001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 035 036 037 038 "
    "040 042 044 045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 070 072 074 075 077 079 080 082 "
    "083 084 086 087 089 091 092 093 094 095 096"
)
PROVINCE_CODES = frozenset(_CODES.split())


def number_warnings(
    number: PersonalNumber, *, birth_date: PartialDate | None = None, sex: str | None = None
) -> tuple[NumberWarning, ...]:
    """Return what does not fit between a number and what else is known of the person."""
    found: list[NumberWarning] = []
    if number.synthetic:
        found.append("synthetic")
    elif number.register_code not in PROVINCE_CODES:
        found.append("unknown_register_code")
    if birth_date is not None and birth_date.year != number.birth_year:
        found.append("birth_year_differs")
    if sex in {"male", "female"} and sex != number.sex:
        found.append("sex_differs")
    return tuple(found)
