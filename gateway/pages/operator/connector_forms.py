"""The forms of a version's page: which steps it offers, to whom, and the body each makes of what was typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.connector_lifecycle.failure import StepMalformed
from gateway.connector_lifecycle.lifecycle import ACTIONS
from gateway.connector_lifecycle.orders import Order, read_order
from gateway.connector_lifecycle.release import Release, StepName
from gateway.connector_lifecycle.steps import DUTIES, may_take
from gateway.openid_provider.parameters import Parameters
from gateway.vocabulary.officer import Officer, StaffRole

OFFERED: Final[tuple[StepName, ...]] = ("submit", "approve", "reject", "publish", "resume", "suspend", "retire")
"""Manifests and reports are handed in by command or API: they are files, and longer than a form takes."""

_NUMBERS = frozenset({"share", "minutes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StepForm:
    """A step that the version's state allows. `needs` are the roles that would be needed when the visitor has none of
    them: the button is there, and says so; `mine` tells that they prepared or approved it already."""

    step: StepName
    needs: tuple[StaffRole, ...] = ()
    mine: bool = False

    @property
    def closed(self) -> bool:
        """Whether this visitor cannot take it."""
        return bool(self.needs) or self.mine


def forms_for(release: Release, officer: Officer, now: datetime) -> tuple[StepForm, ...]:
    """Return the forms of a version for somebody."""
    return tuple(_form(step, release, officer) for step in OFFERED if may_take(step, release, now))


def _form(step: StepName, release: Release, officer: Officer) -> StepForm:
    needed = DUTIES[step]
    needs = () if set(needed) & set(officer.roles) else needed
    done = {one.by for one in release.approvals()} | release.prepared_by()
    return StepForm(step=step, needs=needs, mine=step == "approve" and officer.reference in done)


def order_of(step: StepName, form: Parameters) -> Order:
    """Return the body of a step from its form. Raises StepMalformed."""
    members: dict[str, Any] = {name: value for name, value in form.items() if name not in {"csrf", "step"}}
    if step == "suspend":
        members["notice"] = {"vi": members.pop("notice_vi", ""), "en": members.pop("notice_en", "")}
    for name in _NUMBERS & members.keys():
        if not (members[name].isascii() and members[name].isdigit() and len(members[name]) < 6):
            raise StepMalformed(f"`{name}` is not a number")
        members[name] = int(members[name])
    if "force" in members:
        members["force"] = members["force"] == "yes"
    return read_order(ACTIONS[step].order, members)


def step_of(text: str) -> StepName | None:
    """Return a step that the pages offer, by its name in an address."""
    return next((step for step in OFFERED if step == text), None)


def reports_checks(report: Mapping[str, Any] | None) -> tuple[Mapping[str, Any], ...]:
    """Return the checks of a report as they are shown."""
    checks = (report or {}).get("checks", ())
    return tuple(one for one in checks if isinstance(one, Mapping))
