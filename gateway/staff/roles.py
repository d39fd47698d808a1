"""Who may do what: one row per changing verb. An operator without the role is told which one it wants."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.staff.failure import NobodySignedIn, RoleMissing
from gateway.vocabulary.officer import STAFF_ROLES, Officer, StaffRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Whoever runs a command. `reference` names them in evidence: `staff:<id>`, or `local:<uid>` on a developer's own
    machine, where one person is everybody (`alone`)."""

    reference: str
    name: str
    roles: tuple[StaffRole, ...]
    alone: bool = False

    @classmethod
    def of(cls, officer: Officer) -> "Operator":
        """Return the operator that a member of staff is."""
        return cls(reference=officer.reference, name=officer.full_name, roles=officer.roles)

    @classmethod
    def local(cls, uid: int) -> "Operator":
        """Return the user of this machine; only a developer's gateway takes them for one."""
        return cls(reference=f"local:{uid}", name="", roles=STAFF_ROLES, alone=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A verb's row: the roles that may ask for it, and those that may agree; `approves` empty: one person is enough."""

    asks: tuple[StaffRole, ...]
    approves: tuple[StaffRole, ...] = ()


DUTIES: Mapping[str, Duty] = {
    "key.rotate": Duty(asks=("security_officer", "system_admin")),
    # only a key that still verifies can be retired by hand, which ends sign-ins and forms under way
    "key.retire": Duty(asks=("security_officer", "system_admin"), approves=("security_officer",)),
    "portal.add": Duty(asks=("registration_officer",), approves=("registration_officer", "security_officer")),
    "portal.change": Duty(asks=("registration_officer",), approves=("registration_officer", "security_officer")),
    # one person each: an answer takes nothing from anybody, and a wait for a second would use up the law's days
    "report.take": Duty(asks=("security_officer", "service_admin")),
    "report.answer": Duty(asks=("security_officer", "service_admin")),
    "report.close": Duty(asks=("security_officer", "service_admin")),
    # one person each: what is imported or said again is in the log, and the next import or correction mends it
    "areas.import": Duty(asks=("registration_officer", "service_admin")),
    "dossier.import": Duty(asks=("service_admin",)),
    "dossier.replay": Duty(asks=("service_admin", "system_admin")),
}
REPORT_READERS: tuple[StaffRole, ...] = ("security_officer", "service_admin", "auditor", "observer")
"""Who may look at reports on the pages; nothing in them leads to a person."""


def require_role(operator: Operator, verb: str) -> StaffRole:
    """Return the role in which an operator may ask for a verb. Raises RoleMissing."""
    return held_role(operator, DUTIES[verb].asks, verb)


def require_approver(operator: Operator, verb: str) -> StaffRole:
    """Return the role in which an operator may agree to a verb, or refuse it. Raises RoleMissing."""
    return held_role(operator, DUTIES[verb].approves, verb)


def wants_second(operator: Operator, verb: str) -> bool:
    """Tell whether a verb waits for a second person when this operator asks for it."""
    return bool(DUTIES[verb].approves) and not operator.alone


def require_named(operator: Operator, about: str) -> None:
    """Refuse the user of a developer's machine as one of two people: behind them may be whoever asked, who has merely
    signed out. Raises NobodySignedIn."""
    if operator.alone:
        raise NobodySignedIn(f"{about} takes two people with names, and the user of this machine has none")


def held_role(operator: Operator, wanted: tuple[StaffRole, ...], verb: str) -> StaffRole:
    """Return the first of the wanted roles that an operator holds. Raises RoleMissing that names the verb."""
    for role in wanted:
        if role in operator.roles:
            return role
    named = " or ".join(f"`{role}`" for role in wanted)
    held = ", ".join(f"`{role}`" for role in operator.roles) or "none"
    raise RoleMissing(f"`{verb}` wants the role {named}; yours: {held}", missing=wanted)
