"""Which of the four tiers a connector has reached (experience.md §2.6), and what the next one still wants."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from gateway.connector_exam.candidate import Candidate
from gateway.connector_exam.finding import Group, Result

TierName = Literal["none", "bronze", "silver", "gold", "platinum"]
LABELS: dict[TierName, str] = {
    "none": "Chưa xếp hạng",
    "bronze": "Đồng",
    "silver": "Bạc",
    "gold": "Vàng",
    "platinum": "Bạch kim",
}
_QUARTER = timedelta(days=92)
_YEAR = timedelta(days=366)
_NIGHTS = timedelta(days=2)
_FASTEST_MS = 800
_SHORTEST_README = 200


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier, and what is missing for the next one."""

    name: TierName
    missing: tuple[str, ...]

    def wire(self) -> dict[str, Any]:
        """Return it as the report shows it."""
        return {"name": self.name, "label": LABELS[self.name], "missing": list(self.missing)}


def tier_of(candidate: Candidate, results: Sequence[Result], today: date) -> Tier:
    """Return the highest tier of which nothing is missing; a check that is let off does not count as passed."""
    reached: TierName = "none"
    for name, wants in _TIERS:
        missing = tuple(wants(candidate, results, today))
        if missing:
            return Tier(reached, missing)
        reached = name
    return Tier(reached, ())


def _bronze(candidate: Candidate, results: Sequence[Result], _: date) -> Iterator[str]:
    yield from _unpassed(results, "manifest", "safety")
    readme = candidate.folder / "README.md"
    if not readme.is_file() or len(readme.read_text("utf-8", "replace")) < _SHORTEST_README:
        yield "README.md in Vietnamese: what the source holds, whom to ask, what is not known"
    if len(set(candidate.manifest.owner.contacts)) < 2:
        yield "two contacts"


def _silver(candidate: Candidate, results: Sequence[Result], today: date) -> Iterator[str]:
    yield from _unpassed(results, "behaviour", "evidence")
    answered = candidate.manifest.quality.answered_on
    if not _within(answered, today, _QUARTER):
        yield "`quality.answered_on`: the owner answered within the last quarter"


def _gold(candidate: Candidate, results: Sequence[Result], today: date) -> Iterator[str]:
    quality = candidate.manifest.quality
    yield from _unpassed(results, "meaning")
    if quality.fill_rate_percent is None or quality.freshness is None:
        yield "`quality.fill_rate_percent` and `quality.freshness`"
    if not quality.known_limits:
        yield "`quality.known_limits`"
    if not _within(quality.rotation_rehearsed_on, today, _YEAR) and candidate.manifest.auth.kind != "none":
        yield "`quality.rotation_rehearsed_on`: a credential was replaced on trial within a year"


def _platinum(candidate: Candidate, _: Sequence[Result], today: date) -> Iterator[str]:
    quality = candidate.manifest.quality
    if quality.p95_ms is None or quality.p95_ms >= _FASTEST_MS:
        yield f"`quality.p95_ms` under {_FASTEST_MS} for 30 days"
    if candidate.manifest.kind == "code":
        yield "no code"
    if not _within(quality.sandbox_run_on, today, _NIGHTS):
        yield "`quality.sandbox_run_on`: the exam ran against the live sandbox last night"


_TIERS: tuple[tuple[TierName, Callable[[Candidate, Sequence[Result], date], Iterator[str]]], ...] = (
    ("bronze", _bronze),
    ("silver", _silver),
    ("gold", _gold),
    ("platinum", _platinum),
)


def _unpassed(results: Sequence[Result], *groups: Group) -> Iterator[str]:
    for one in results:
        if one.check.group in groups and one.verdict != "passed":
            yield f"check `{one.check.id}` passed"


def _within(day: date | None, today: date, span: timedelta) -> bool:
    return day is not None and today - span <= day <= today
