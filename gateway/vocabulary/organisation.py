"""An organisation that a person acts for, and the invented ones of the demo.

An organisation's account has no level (Decree 69/2024), is opened by its representative, and signs that person in:
the organisation is something said beside the person, never instead of them.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from gateway.vocabulary.persona import Account, Persona, persona

OrganisationKind = Literal["business", "organisation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Who is represented: `tax_code` is 10 digits, or 13 for a dependent unit; `business_code` the number of the
    business registration, None for who has none. `kind` is what the account says it is."""

    kind: OrganisationKind
    name: str
    tax_code: str
    business_code: str | None = None

    def body(self) -> dict[str, str]:
        """Return the JSON-able form, without what is not known."""
        members = {"kind": self.kind, "name": self.name, "tax_code": self.tax_code, "business_code": self.business_code}
        return {name: value for name, value in members.items() if value is not None}

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Organisation":
        """Read what `body` wrote."""
        return cls(**body)


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
