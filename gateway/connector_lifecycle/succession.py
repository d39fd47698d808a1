"""Versions of one major follow each other: what a step is judged by, who stands beside whom, who took whose place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.connector_lifecycle.failure import StepOutOfOrder
from gateway.connector_lifecycle.release import Release, Step, StepName

VIETNAM: Final = ZoneInfo("Asia/Ho_Chi_Minh")
BACK_FOR: Final = timedelta(days=7)
"""So long a version that another one superseded can be brought back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a step is judged by: the present, the connector's other versions, and the last day a source was used."""

    now: datetime
    others: tuple[Release, ...] = ()
    last_used: date | None = None

    @property
    def today(self) -> date:
        """The day it is in Viet Nam."""
        return self.now.astimezone(VIETNAM).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """The version after a step, other versions that the step changed, and what its event says beside."""

    release: Release
    others: tuple[Release, ...] = ()
    told: Mapping[str, Any] | None = None


def predecessors(release: Release, facts: Facts) -> tuple[Release, ...]:
    """Return the versions of the same major that are in service, or suspended from it, beside this one."""
    return tuple(
        one
        for one in facts.others
        if same_major(one, release)
        and one.number < release.number
        and one.state in {"published", "suspended"}
        and not one.gone(facts.today)
    )


def superseded(older: tuple[Release, ...], by: Release, facts: Facts) -> tuple[Release, ...]:
    """Return versions after another took their place; what was in service can be brought back for a while."""
    step = own_step("retire", facts, f"superseded by {by.manifest.version}")
    until = facts.now + BACK_FOR
    return tuple(
        one.after(
            step,
            state="retired",
            retires_on=facts.today,
            trial=None,
            back_until=until if one.state == "published" else None,
        )
        for one in older
    )


def same_major(one: Release, other: Release) -> bool:
    """Tell whether two versions stand for each other."""
    return one.number[0] == other.number[0]


def rivals_of(release: Release, facts: Facts) -> tuple[Release, ...]:
    """Return the other versions of its major that answer every question, or all that no trial takes."""
    same = (one for one in facts.others if same_major(one, release))
    return tuple(one for one in same if one.serves(facts.today) and one.trial is None)


def require_company(release: Release, facts: Facts) -> None:
    """Raise StepOutOfOrder when nothing stands beside a trial but what is suspended: whoever did it meant the source,
    so the trial answers nothing and proves nothing."""
    beside = predecessors(release, facts)
    if beside and all(one.state == "suspended" for one in beside):
        raise StepOutOfOrder(
            f"`{beside[-1].name}` is suspended: resume it, or publish `{release.name}` with a share of 100 in its place"
        )


def own_step(name: StepName, facts: Facts, reason: str = "") -> Step:
    """Return a step the gateway takes."""
    return Step(name=name, by="gateway", who="Gate06", role=None, at=facts.now, reason=reason)
