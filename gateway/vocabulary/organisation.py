"""An organisation that a person acts for.

An organisation's account has no level (Decree 69/2024), is opened by its representative, and signs that person in:
the organisation is something said beside the person, never instead of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

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
