"""The organisation accounts of the demo, beside the fourteen people. All are invented."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from gateway.vocabulary.organisation import Organisation
from gateway.vocabulary.persona import Account, Persona, persona


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationPersona:
    """One invented organisation account. Indexes start at 101, beside those of the people."""

    index: int
    organisation: Organisation
    representative: Persona
    note_vi: str
    note_en: str

    @property
    def full_name(self) -> str:
        """The name of the person who signs in."""
        return self.representative.full_name

    @property
    def account(self) -> Account:
        """The organisation's own account: it has no level, whatever level the representative's has."""
        return Account(level=None)


@cache
def organisation_personas() -> tuple[OrganisationPersona, ...]:
    """Return all, in order."""
    tables = tomllib.loads(files("gateway.vocabulary").joinpath("organisations.toml").read_text("utf-8"))
    return tuple(_read(row) for row in tables["organisation"])


def _read(row: Mapping[str, Any]) -> OrganisationPersona:
    members = dict(row)
    told = {name: members.pop(name) for name in ("kind", "name", "tax_code", "business_code") if name in members}
    representative = persona(members.pop("representative"))
    return OrganisationPersona(organisation=Organisation(**told), representative=representative, **members)
