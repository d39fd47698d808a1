"""Working days of Vietnamese offices: what the days of a legal time limit are counted in.

Monday to Friday without public holidays; a Saturday that is worked in exchange for a free day counts. The days are data
(`public_holidays.toml`, with the source of every year); an operator's own file of the same shape goes before it, year
by year, so that what is announced late needs no new version.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_SATURDAY = 5

Knowledge = Literal["announced", "by_law", "unknown"]
"""What is known of a year: all its days, those that the law itself fixes, or the few that have a date of their own."""

DayOfYear = Annotated[str, Field(pattern=r"^[0-9]{2}-[0-9]{2}$")]


class CalendarRefused(ValueError):
    """A file of holidays that cannot be counted by; the text says what is wrong where."""


class _Year(BaseModel):
    """The days of a year as a file says them (`MM-DD`): `closed` beside weekends, `open` Saturdays; `announced` tells
    whether the yearly decision is in them, `source` who says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    closed: tuple[DayOfYear, ...]
    open: tuple[DayOfYear, ...] = ()
    announced: bool = True
    source: Annotated[tuple[str, ...], Field(min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    fixed: tuple[DayOfYear, ...] = ()
    year: Mapping[int, _Year] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The calendar that limits are counted by: `fixed` are the free days with a date of their own (`MM-DD`), `closed`
    and `opened` the other ones, `years` what is known of each year."""

    fixed: frozenset[str]
    closed: frozenset[date]
    opened: frozenset[date]
    years: Mapping[int, Knowledge]

    @classmethod
    def load(cls, own: Path | None = None) -> "WorkingDays":
        """Return the nation's days, with an operator's file before them. Raises CalendarRefused."""
        known = _national()
        told = known if own is None else _File(fixed=known.fixed, year={**known.year, **_read(own).year})
        years = told.year.items()
        return cls(
            fixed=frozenset(told.fixed),
            closed=frozenset(_day(number, day) for number, year in years for day in year.closed),
            opened=frozenset(_day(number, day) for number, year in years for day in year.open),
            years={number: "announced" if year.announced else "by_law" for number, year in years},
        )

    def knows(self, year: int) -> Knowledge:
        """Return what is known of a year."""
        return self.years.get(year, "unknown")

    def is_working_day(self, day: date) -> bool:
        """Tell whether offices are open on a day."""
        if day in self.opened:
            return True
        return day.weekday() < _SATURDAY and day not in self.closed and f"{day:%m-%d}" not in self.fixed

    def after(self, start: datetime, count: int) -> date:
        """Return the last day of a limit of `count` working days: the day of `start`, in Vietnam, is not counted (Civil
        Code, article 147)."""
        day = start.astimezone(VIETNAM).date()
        while count:
            day += timedelta(days=1)
            count -= self.is_working_day(day)
        return day


@cache
def national_days() -> WorkingDays:
    """Return the days that come with this version."""
    return WorkingDays.load()


@cache
def _national() -> _File:
    text = files("gateway.vocabulary").joinpath("public_holidays.toml").read_text("utf-8")
    return _File.model_validate(tomllib.loads(text))


def _read(file: Path) -> _File:
    try:
        told = _File.model_validate(tomllib.loads(file.read_text("utf-8")))
    except OSError:
        raise CalendarRefused(f"`{file}` cannot be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise CalendarRefused(f"`{file}` is not TOML: {trouble}") from None
    except ValidationError as trouble:
        first = trouble.errors(include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CalendarRefused(f"`{file}`, `{where}`: {first['msg']}") from None
    if told.fixed:
        raise CalendarRefused(f"`{file}`, `fixed`: days of every year are the law's; write days under `[year.N]`")
    for number, year in told.year.items():
        for day in (*year.closed, *year.open):
            _day(number, day)
        weekdays = [day for day in year.open if _day(number, day).weekday() < _SATURDAY]
        if weekdays:
            raise CalendarRefused(f"`{file}`, `year.{number}.open`: `{weekdays[0]}` is no Saturday or Sunday")
    return told


def _day(year: int, text: str) -> date:
    try:
        return date.fromisoformat(f"{year:04d}-{text}")
    except ValueError:
        raise CalendarRefused(f"`year.{year}`: there is no day `{text}`") from None
