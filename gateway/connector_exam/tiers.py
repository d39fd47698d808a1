"""Which of the four tiers a connector has reached (experience.md §2.6), and what the next one still wants."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from gateway.connector_exam.candidate import Candidate
from gateway.connector_exam.finding import Group, Result
from gateway.connector_runtime.tier_claims import missing_claims

TierName = Literal["none", "bronze", "silver", "gold", "platinum"]
LABELS: dict[TierName, str] = {
    "none": "Chưa xếp hạng",
    "bronze": "Đồng",
    "silver": "Bạc",
    "gold": "Vàng",
    "platinum": "Bạch kim",
}
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


def _bronze(candidate: Candidate, results: Sequence[Result], today: date) -> Iterator[str]:
    yield from _unpassed(results, "manifest", "safety")
    readme = candidate.folder / "README.md"
    if not readme.is_file() or len(readme.read_text("utf-8", "replace")) < _SHORTEST_README:
        yield "README.md in Vietnamese: what the source holds, whom to ask, what is not known"
    yield from missing_claims(candidate.manifest, "bronze", today)


def _silver(candidate: Candidate, results: Sequence[Result], today: date) -> Iterator[str]:
    yield from _unpassed(results, "behaviour", "evidence")
    yield from missing_claims(candidate.manifest, "silver", today)


def _gold(candidate: Candidate, results: Sequence[Result], today: date) -> Iterator[str]:
    yield from _unpassed(results, "meaning")
    yield from missing_claims(candidate.manifest, "gold", today)


def _platinum(candidate: Candidate, _: Sequence[Result], today: date) -> Iterator[str]:
    yield from missing_claims(candidate.manifest, "platinum", today)


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
