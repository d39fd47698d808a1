"""How a version is told, to programs and on pages. A manifest and a report hold nothing of a citizen."""

from collections.abc import Iterable
from typing import Any

from gateway.connector_lifecycle.compare import compare, minimum_bump, proofs_of
from gateway.connector_lifecycle.release import Release, Trial
from gateway.connector_lifecycle.steps import APPROVALS_NEEDED
from gateway.connector_lifecycle.tier import tier_of
from gateway.vocabulary.collation import collation_key


def release_row(release: Release) -> dict[str, Any]:
    """Return what lists show of a version."""
    trial = release.trial
    return {
        "connector": release.connector,
        "version": release.manifest.version,
        "kind": release.manifest.kind,
        "state": release.state,
        "tier": tier_of(release),
        "name": {"vi": release.manifest.name.vi, "en": release.manifest.name.en},
        "owner": release.manifest.owner.org,
        "package": release.package,
        "package_sha256": release.package_sha256,
        "manifest_sha256": release.manifest_sha256,
        "report_sha256": release.report_sha256,
        "approvals": len(release.approvals()),
        "approvals_needed": APPROVALS_NEEDED,
        "trial": None if trial is None else _trial(trial),
        "notice": None if release.notice is None else dict(release.notice),
        "retires_on": None if release.retires_on is None else release.retires_on.isoformat(),
        "back_until": None if release.back_until is None else release.back_until.isoformat(timespec="seconds"),
    }


def _trial(trial: Trial) -> dict[str, Any]:
    since = trial.prolonged_at
    return {
        "share": trial.share,
        "until": trial.until.isoformat(timespec="seconds"),
        "prolonged_at": None if since is None else since.isoformat(timespec="seconds"),
    }


def release_document(release: Release) -> dict[str, Any]:
    """Return everything of a version: its manifest, its report, and every step with who took it."""
    steps = [
        {
            "step": step.name,
            "by": step.by,
            "name": step.who,
            "role": step.role,
            "at": step.at.isoformat(timespec="seconds"),
            "reason": step.reason,
        }
        for step in release.steps
    ]
    report = None if release.report is None else dict(release.report)
    return release_row(release) | {"steps": steps, "manifest": release.text, "report": report}


def difference_document(older: Release, newer: Release) -> dict[str, Any]:
    """Return how two versions differ."""
    differences = compare(older.manifest, newer.manifest)
    return {
        "connector": newer.connector,
        "from": older.manifest.version,
        "to": newer.manifest.version,
        "minimum_bump": minimum_bump(differences),
        "differences": [one.wire() for one in differences],
        "proofs": {
            name: {"before": before, "after": proofs_of(newer.manifest)[name]}
            for name, before in proofs_of(older.manifest).items()
        },
    }


def by_name(releases: Iterable[Release]) -> list[Release]:
    """Return releases in the Vietnamese order of the names that the highest versions give their connectors, each
    connector's versions from the lowest."""
    ordered = sorted(releases, key=lambda one: one.number)
    names = {one.connector: one.manifest.name.vi for one in ordered}
    return sorted(ordered, key=lambda one: (collation_key(names[one.connector]), one.connector, one.number))


def connector_rows(releases: Iterable[Release]) -> list[dict[str, Any]]:
    """Return one row per connector with its versions, oldest first; connectors by name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for release in by_name(releases):
        found.setdefault(release.connector, []).append(release_row(release))
    return [{"connector": name, "versions": rows} for name, rows in found.items()]
