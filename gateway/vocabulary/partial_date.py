"""Dates that know how much of themselves is known: nobody is born on an invented 1 January.

Source: OpenID Connect Core §5.1 (`birthdate` may be `YYYY`), QCVN 109:2017/BTTTT (year, year-month, full),
design.md §5 and §7. The canonical text is `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

Precision = Literal["year", "month", "day"]

_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DAY_FIRST = re.compile(r"(\d{1,2})([/.\-])(\d{1,2})\2(\d{4})")
_MONTH_YEAR = re.compile(r"(\d{1,2})[/.\-](\d{4})")


@dataclass(frozen=True, slots=True, order=True)
class PartialDate:
    """A year, optionally with a month, optionally with a day.

    Raises ValueError for a date that does not exist (30 February, month 13, year 0).
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.day is not None and self.month is None:
            raise ValueError("a day without a month is not a date")
        date(self.year, 1 if self.month is None else self.month, 1 if self.day is None else self.day)

    @property
    def precision(self) -> Precision:
        """How much of the date is known."""
        if self.day is not None:
            return "day"
        return "month" if self.month is not None else "year"

    def __str__(self) -> str:
        text = f"{self.year:04d}"
        if self.month is not None:
            text += f"-{self.month:02d}"
        if self.day is not None:
            text += f"-{self.day:02d}"
        return text

    def display(self) -> str:
        """Return it as Vietnamese forms write it: `12/05/1975`, `05/1975` or `1975`."""
        return "/".join(reversed(str(self).split("-")))

    def agrees_with(self, other: "PartialDate") -> bool:
        """Tell whether both may be the same date: equal in every part that both know."""
        pairs = ((self.year, other.year), (self.month, other.month), (self.day, other.day))
        return all(mine == theirs for mine, theirs in pairs if mine is not None and theirs is not None)

    def surely_younger_than(self, years: int, on: date) -> bool:
        """Tell whether somebody born then is younger than `years` on that day, whichever day this may stand for.

        Who is born on 29 February comes of age on 28 February: in doubt somebody is no minor any more.
        """
        first = date(self.year, self.month or 1, self.day or 1)
        try:
            reached = first.replace(year=first.year + years)
        except ValueError:
            reached = date(first.year + years, 2, 28)
        return on < reached

    @classmethod
    def parse(cls, text: str) -> "PartialDate":
        """Read `YYYY[-MM[-DD]]`, `yyyymmdd`, or a Vietnamese date, day first: `d/m/yyyy`, `d-m-yyyy`, `d.m.yyyy`.

        Never month first. Raises ValueError for anything else.
        """
        text = text.strip()
        if match := _ISO.fullmatch(text):
            return cls(*[int(part) for part in match.groups() if part is not None])
        if match := _COMPACT.fullmatch(text):
            return cls(int(match[1]), int(match[2]), int(match[3]))
        if match := _DAY_FIRST.fullmatch(text):
            return cls(int(match[4]), int(match[3]), int(match[1]))
        if match := _MONTH_YEAR.fullmatch(text):
            return cls(int(match[2]), int(match[1]))
        raise ValueError("not a date: write day/month/year, or the year alone")
