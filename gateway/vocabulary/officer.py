"""A member of staff as the gateway knows them: desk officer or operator; never a citizen, even as the same person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

StaffRole = Literal[
    "security_officer",
    "registration_officer",
    "service_admin",
    "system_admin",
    "auditor",
    "observer",
    "desk_officer",
]
"""The six roles of an operator, and the officer at a one-stop desk, who operates nothing."""

STAFF_ROLES: tuple[StaffRole, ...] = get_args(StaffRole)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffAccount:
    """What an identity provider of the staff realm says of an account beside its name.

    `number` is the person's number in the staff register, the same in every account of theirs; `agency` the code of
    the agency they work for; `roles` those of ours that the provider's own were mapped to. `register_code` is how
    registers know them, None when the provider does not say; `code_by_reference` lets our reference stand in for it.
    """

    number: str
    agency: str
    roles: tuple[StaffRole, ...] = ()
    register_code: str | None = field(default=None, repr=False)
    code_by_reference: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """The identity snapshot of a staff sign-in. `id` is random, and no citizen's; `level` is that of the account they
    signed in with, None when the provider does not say. `register_code` names them to registers (`MaCanBo`) and to
    nobody else; without one no register is asked for them."""

    id: str
    full_name: str
    agency: str
    roles: tuple[StaffRole, ...] = ()
    level: int | None = None
    register_code: str | None = field(default=None, repr=False)

    @property
    def reference(self) -> str:
        """How evidence names them: stable, and a name only for whoever may look it up."""
        return f"staff:{self.id}"

    def body(self) -> dict[str, Any]:
        """Return the JSON-able form kept, sealed, in records."""
        known = {"id": self.id, "full_name": self.full_name, "agency": self.agency, "level": self.level}
        return known | {"roles": list(self.roles), "register_code": self.register_code}

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Officer":
        """Read what `body` wrote."""
        return cls(**{**body, "roles": tuple(body["roles"])})
