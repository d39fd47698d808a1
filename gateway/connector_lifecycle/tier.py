"""Which of the four tiers a version reached (experience.md §2.6), as its report says and its checks bear out.

The exam computes the tier. Here it is computed again: from the report's own checks, where one that was let off or is
not there is not passed, and from what the manifest says on the day the report was handed in. What the report calls
itself can only lower it. Who handed the report in answers for its checks (docs/decisions/0070).
"""

from collections.abc import Mapping
from typing import Any, Final

from gateway.connector_lifecycle.release import Release
from gateway.connector_runtime.tier_claims import missing_claims
from gateway.vocabulary.working_days import VIETNAM

TIERS: Final = ("none", "bronze", "silver", "gold", "platinum")
_GROUPS: Final = (
    ("bronze", frozenset({"manifest", "safety"})),
    ("silver", frozenset({"behaviour", "evidence"})),
    ("gold", frozenset({"meaning"})),
)


def tier_of(release: Release) -> str | None:
    """Return one of TIERS, None for a version without a report or whose report names none."""
    report = release.report
    told = report.get("tier") if report is not None else None
    name = told.get("name") if isinstance(told, Mapping) else None
    if report is None or not isinstance(name, str) or name not in TIERS:
        return None
    return min(name, _by_checks(report), _by_claims(release), key=TIERS.index)


def _by_claims(release: Release) -> str:
    """Return the highest tier of which the manifest says everything, on the day the report was handed in."""
    handed_in = next((step for step in reversed(release.steps) if step.name == "test"), release.steps[-1])
    day, reached = handed_in.at.astimezone(VIETNAM).date(), TIERS[0]
    for tier in TIERS[1:]:
        if any(True for _ in missing_claims(release.manifest, tier, day)):
            return reached
        reached = tier
    return reached


def _by_checks(report: Mapping[str, Any]) -> str:
    """Return the highest tier that the checks of a report allow."""
    from_groups = {
        str(check.get("id", "")).partition(".")[0]
        for check in report.get("checks", ())
        if check.get("outcome") != "passed"
    }
    reached = "none"
    for tier, groups in _GROUPS:
        if groups & from_groups:
            return reached
        reached = tier
    return "platinum"
