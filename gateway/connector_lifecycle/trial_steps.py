"""How a trial ends or goes on: the steps the gateway takes by itself, from what was answered meanwhile."""

from dataclasses import replace

from gateway.connector_lifecycle.failure import StepOutOfOrder
from gateway.connector_lifecycle.release import Release, Trial
from gateway.connector_lifecycle.succession import Facts, Moved, own_step, predecessors, require_company, superseded
from gateway.connector_lifecycle.trial import BUDGET_OF, Tried, judge, untried


def settle(release: Release, facts: Facts, tried: Tried | None = None) -> Moved:
    """End a trial well, as the gateway does when its time is over and enough good answers came; time alone ends none,
    and none ends while what it stands beside is suspended. Raises StepOutOfOrder."""
    _require_over(release, facts)
    require_company(release, facts)
    came = tried or untried()
    if judge(came) != "passed":
        raise StepOutOfOrder(f"`{release.name}` goes on: {_came(came)}")
    settled = release.after(own_step("settle", facts), trial=None)
    return Moved(release=settled, others=superseded(predecessors(release, facts), release, facts))


def prolong(release: Release, facts: Facts, tried: Tried | None = None) -> Moved:
    """Let a trial go on until enough good answers came; people are told so once. Raises StepOutOfOrder."""
    trial = _require_over(release, facts)
    if trial.prolonged_at is not None:
        raise StepOutOfOrder(f"the trial of `{release.name}` goes on since {trial.prolonged_at.date()}")
    came = tried or untried()
    longer = release.after(own_step("prolong", facts, _came(came)), trial=replace(trial, prolonged_at=facts.now))
    return Moved(release=longer, told={"count": came.tried.answers})


def _came(tried: Tried) -> str:
    return f"{tried.good} good answers of {tried.tried.answers}, {BUDGET_OF} are needed"


def _require_over(release: Release, facts: Facts) -> Trial:
    if release.state != "published" or release.trial is None or facts.now < release.trial.until:
        raise StepOutOfOrder(f"`{release.name}` has no trial that is over")
    return release.trial


def stop(release: Release, facts: Facts, reason: str) -> Moved:
    """End a trial badly, as the gateway does when too many answers fail. Raises StepOutOfOrder."""
    if release.state != "published" or release.trial is None:
        raise StepOutOfOrder(f"`{release.name}` is not on trial")
    return Moved(release=release.after(own_step("stop", facts, reason), state="suspended", trial=None))
