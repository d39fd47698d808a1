"""The officers and operators of the demo: one file for the simulator, the tests and the documentation."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gateway.vocabulary.officer import STAFF_ROLES, StaffRole

_NEVER_ISSUED = "999"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffPersona:
    """One invented member of staff. `accounts` are their logins; the first is the one they use. `register_code` is how
    registers know them."""

    index: int
    full_name: str
    number: str
    agency: str
    register_code: str
    accounts: tuple[str, ...]
    roles: tuple[StaffRole, ...]
    note_vi: str
    note_en: str


@cache
def staff_personas() -> tuple[StaffPersona, ...]:
    """Return all eight, in order."""
    tables = tomllib.loads(files("gateway.staff").joinpath("people.toml").read_text("utf-8"))
    lists = ("accounts", "roles")
    return tuple(StaffPersona(**{**row, **{name: tuple(row[name]) for name in lists}}) for row in tables["officer"])


def require_invented(people: Iterable[StaffPersona]) -> dict[str, StaffPersona]:
    """Return the people by account.

    Raises ValueError without anybody, for a number that may be somebody's, an unknown role, an account held twice.
    """
    found: dict[str, StaffPersona] = {}
    for person in people:
        if not person.number.startswith(_NEVER_ISSUED) or not set(person.roles).issubset(STAFF_ROLES):
            raise ValueError(f"staff persona `{person.index}` has a real-looking number or an unknown role")
        for account in person.accounts:
            if account in found:
                raise ValueError(f"the account `{account}` is held twice")
            found[account] = person
    if not found:
        raise ValueError("the simulator never starts empty")
    return found
