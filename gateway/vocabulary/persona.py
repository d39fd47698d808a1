"""The fourteen people of the demo: one file for simulators, tests, documentation and demo (design.md §16).

All of them are invented; their numbers start with 999, a province code that was never issued.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from gateway.vocabulary.address import Address
from gateway.vocabulary.areas import shipped_lists

AccountState = Literal["active", "locked", "closed", "not_activated", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person's account at the identity provider; `state` none when there is no account at all."""

    type: Literal["citizen", "foreigner"] = "citizen"
    level: Literal[1, 2] | None = 2
    state: AccountState = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """What a register tells of a relative: name and number, nothing more. `relation` only of a head of household."""

    name: str
    number: str | None = None
    nationality: str = "VN"
    relation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationBehaviour:
    """How the population register treats a person: whether it knows them, and after how many seconds it answers."""

    known: bool = True
    slow_seconds: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CivilStatus:
    """What only the civil status register says of a person, and how it behaves.

    `known` is False for somebody whose papers were never entered; `marital_status` is `single`, `married`, `divorced`
    or `widowed`, None when no marriage office said; `birth_place` is where the person was born, which is not where
    the birth was registered.
    """

    known: bool = True
    slow_seconds: float = 0
    marital_status: Literal["single", "married", "divorced", "widowed"] | None = None
    birth_place: Address | None = None
    as_of: str = "2026-11-20"


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """One invented person.

    `birth_date` is the text of a PartialDate (`1941`, `1975-05-12`), `death_date` and `as_of` are full dates.
    `ethnic_group`, `religion`, `marital_status` and `blood_type` are codes of the population register.
    `civil_status_sex` is what the civil status register says where it differs; `guardian` a persona's index,
    `representative` whom the registers name as the legal representative of a minor. `account` is at the identity
    provider, `population` how the population source behaves, `civil_status` what that register holds.
    """

    index: int
    personal_number: str | None
    old_number: str | None
    passport_number: str | None
    full_name: str
    birth_date: str
    sex: Literal["male", "female"]
    account: Account
    population: PopulationBehaviour
    ethnic_group: str | None
    religion: str | None
    nationality: str
    marital_status: str | None
    blood_type: str | None
    birth_registration_place: Address | None
    native_place: Address | None
    permanent_residence: Address | None
    current_residence: Address | None
    father: Relative | None
    mother: Relative | None
    spouse: Relative | None
    head_of_household: Relative | None
    household_number: str | None
    as_of: str
    note_vi: str
    note_en: str
    death_date: str | None = None
    civil_status_sex: Literal["male", "female"] | None = None
    guardian: int | None = None
    representative: Relative | None = None
    civil_status: CivilStatus = CivilStatus()


@cache
def personas() -> tuple[Persona, ...]:
    """Return all fourteen, in order."""
    tables = tomllib.loads(files("gateway.vocabulary").joinpath("personas.toml").read_text("utf-8"))
    return tuple(_read(row) for row in tables["persona"])


def persona(index: int) -> Persona:
    """Return the persona of an index from 1. Raises LookupError when there is none."""
    for one in personas():
        if one.index == index:
            return one
    raise LookupError(f"no persona `{index}`: they are numbered 1 to {len(personas())}")


def _read(row: Mapping[str, Any]) -> Persona:
    known = dict(row)
    for name in ("birth_registration_place", "native_place", "permanent_residence", "current_residence"):
        known[name] = shipped_lists().address(**known[name]) if name in known else None
    for name in ("father", "mother", "spouse", "head_of_household", "representative"):
        known[name] = Relative(**known[name]) if name in known else None
    for name in _OPTIONAL:
        known.setdefault(name, None)
    known.setdefault("nationality", "VN")
    known.setdefault("as_of", "2026-11-22")
    known["account"] = Account(**known.get("account", {}))
    if known["account"].level == 0:
        known["account"] = Account(type=known["account"].type, level=None, state=known["account"].state)
    known["population"] = PopulationBehaviour(**known.get("population", {}))
    known["civil_status"] = _read_civil_status(known.get("civil_status", {}))
    return Persona(**known)


def _read_civil_status(row: Mapping[str, Any]) -> CivilStatus:
    born = {"birth_place": shipped_lists().address(**row["birth_place"])} if "birth_place" in row else {}
    return CivilStatus(**{**row, **born})


_OPTIONAL = (
    "personal_number",
    "old_number",
    "passport_number",
    "ethnic_group",
    "religion",
    "marital_status",
    "blood_type",
    "household_number",
)
