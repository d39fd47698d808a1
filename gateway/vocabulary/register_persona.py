"""What the province's own registers hold of the invented people: insurance, land, business, social protection, results.

The personas' entries stand in `register_personas.toml`. Those of generated people are made from the person alone, so
that the same seed gives the same bytes and no chance is used up.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from gateway.vocabulary.address import Address
from gateway.vocabulary.areas import shipped_lists
from gateway.vocabulary.persona import Persona, personas

AS_OF = "2026-11-20"

InsuranceState = Literal["paying", "paused", "pension"]
BusinessState = Literal["active", "paused", "closed"]
Poverty = Literal["poor", "near_poor", "none"]
Disability = Literal["very_severe", "severe", "mild"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Insurance:
    """A person's social insurance: the ten-digit number, whether they pay, and since which month (`2016-03`)."""

    number: str
    state: InsuranceState
    since: str | None = None
    as_of: str = AS_OF


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """The parcel certified to a person where they live; `issued_on` may be a year, `area` is square metres."""

    certificate: str
    issued_on: str
    parcel: str
    sheet: str
    area: str
    purpose: Literal["homestead", "perennial", "business"]
    place: Address | None
    as_of: str = AS_OF


@dataclass(frozen=True, slots=True, kw_only=True)
class Business:
    """The household business that stands in a person's name."""

    name: str
    code: str
    registered_on: str
    line: str
    place: Address | None
    state: BusinessState
    as_of: str = AS_OF


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What a commune certified: the household's poverty and the person's disability, None where nobody ever looked."""

    poverty: Poverty | None = None
    poverty_since: str | None = None
    disability: Disability | None = None
    disability_certificate: str | None = None
    as_of: str = AS_OF


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A digitised result of an earlier procedure: its kind in the results' list, and the document's own number."""

    kind: Literal["disability_certificate", "land_certificate"]
    number: str
    agency: str
    issued_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """What each register holds of one person; None where it does not know them."""

    insurance: Insurance | None = None
    parcel: Parcel | None = None
    business: Business | None = None
    protection: Protection | None = None
    results: tuple[Result, ...] = ()


def entries_of(person: Persona) -> Entries:
    """Return what the registers hold of a persona or of a generated person."""
    return _written()[person.index] if person.index <= len(personas()) else _derived(person)


@cache
def _written() -> Mapping[int, Entries]:
    text = files("gateway.vocabulary").joinpath("register_personas.toml").read_text("utf-8")
    rows = {row["index"]: row for row in tomllib.loads(text)["entry"]}
    return {one.index: _read(one, rows.get(one.index, {})) for one in personas()}


def _read(person: Persona, row: Mapping[str, Any]) -> Entries:
    known: dict[str, Any] = {}
    for name, kind in (("insurance", Insurance), ("protection", Protection)):
        if name in row:
            known[name] = kind(**row[name])
    for name, placed in (("parcel", Parcel), ("business", Business)):
        if name in row:
            # where the person lives, unless the entry names another place
            written = row[name].get("place")
            place = shipped_lists().address(**written) if written else person.permanent_residence
            known[name] = placed(**{**row[name], "place": place})
    return Entries(**known, results=tuple(Result(**one) for one in row.get("results", ())))


def _derived(person: Persona) -> Entries:
    """Return what a generated person gets: every kind of gap comes round with the index."""
    index = person.index
    if person.personal_number is None or person.representative is not None:
        return Entries()
    states: tuple[InsuranceState, ...] = ("paying", "paused", "pension")
    levels: tuple[Poverty, ...] = ("none", "near_poor", "poor")
    certificate = f"KT-99-{index:06d}" if index % 8 == 3 else None
    home = person.permanent_residence
    return Entries(
        insurance=None
        if index % 5 == 0
        else Insurance(
            number=f"99{index:08d}", state=states[index % 3], since=f"{2000 + index % 20}-{1 + index % 12:02d}"
        ),
        parcel=None if index % 3 else _parcel(index, home),
        business=None if index % 7 else _business(index, person, home),
        protection=Protection(
            poverty=levels[index % 3],
            poverty_since=f"{2018 + index % 8}" if index % 3 else None,
            disability="severe" if certificate else None,
            disability_certificate=certificate,
        ),
        results=(Result(kind="disability_certificate", number=certificate, agency="H00.01.02", issued_on="2022-06-01"),)
        if certificate
        else (),
    )


def _parcel(index: int, home: Address | None) -> Parcel:
    return Parcel(
        certificate=f"ZZ {index:06d}",
        issued_on=f"{1995 + index % 30}" if index % 2 else f"{2010 + index % 15}-{1 + index % 12:02d}-15",
        parcel=str(1 + index % 400),
        sheet=str(1 + index % 60),
        area=f"{80 + index % 300}.5",
        purpose="homestead" if index % 2 else "perennial",
        place=home,
    )


def _business(index: int, person: Persona, home: Address | None) -> Business:
    return Business(
        name=f"Hộ kinh doanh {person.full_name}",
        code=f"99{index:08d}-{index % 1000:03d}",
        registered_on=f"{2012 + index % 12}-{1 + index % 12:02d}-20",
        line="4711",
        place=home,
        state="active" if index % 2 else "paused",
    )
