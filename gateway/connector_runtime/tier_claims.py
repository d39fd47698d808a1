"""What a manifest itself must say for a tier (experience.md §2.6): the same rules where the exam is taken and where its
report is handed in, so that no report is worth more than its manifest."""

from collections.abc import Iterator
from datetime import date, timedelta

from gateway.connector_runtime.manifest import Manifest

_QUARTER = timedelta(days=92)
_YEAR = timedelta(days=366)
_NIGHTS = timedelta(days=2)
_FASTEST_MS = 800


def missing_claims(manifest: Manifest, tier: str, today: date) -> Iterator[str]:
    """Yield what a manifest does not say and a tier (`bronze`, `silver`, `gold`, `platinum`) wants, on a day in
    Vietnam."""
    quality = manifest.quality
    if tier == "bronze" and len(set(manifest.owner.contacts)) < 2:
        yield "two contacts"
    if tier == "silver" and not _within(quality.answered_on, today, _QUARTER):
        yield "`quality.answered_on`: the owner answered within the last quarter"
    if tier == "gold":
        if quality.fill_rate_percent is None or quality.freshness is None:
            yield "`quality.fill_rate_percent` and `quality.freshness`"
        if not quality.known_limits:
            yield "`quality.known_limits`"
        if not _within(quality.rotation_rehearsed_on, today, _YEAR) and manifest.auth.kind != "none":
            yield "`quality.rotation_rehearsed_on`: a credential was replaced on trial within a year"
    if tier == "platinum":
        if quality.p95_ms is None or quality.p95_ms >= _FASTEST_MS:
            yield f"`quality.p95_ms` under {_FASTEST_MS} for 30 days"
        if manifest.kind == "code":
            yield "no code"
        if not _within(quality.sandbox_run_on, today, _NIGHTS):
            yield "`quality.sandbox_run_on`: the exam ran against the live sandbox last night"


def _within(day: date | None, today: date, span: timedelta) -> bool:
    return day is not None and today - span <= day <= today
