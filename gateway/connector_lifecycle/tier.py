"""Which of the four tiers a version reached (experience.md §2.6), as its report says and its checks bear out.

The exam computes the tier. Here it is read from the report that was handed in, and held against that report's own
checks: a check that was let off or is not there is not passed, whatever the report calls itself.
"""

from collections.abc import Mapping
from typing import Any, Final

from gateway.connector_lifecycle.release import Release

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
    most = _borne_out(report)
    if most == "platinum" and release.manifest.kind == "code":
        most = "gold"
    return min(name, most, key=TIERS.index)


def _borne_out(report: Mapping[str, Any]) -> str:
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
