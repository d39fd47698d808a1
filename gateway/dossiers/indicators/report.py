"""The figures of a unit and a period, and their wire shape (design.md §15: members may be added, none renamed)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from gateway.dossiers.indicators.period import Period, day_begins
from gateway.dossiers.indicators.rules import Group, Indicator
from gateway.dossiers.units import Boundary, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The numerator as sending systems claim it, and the value it would give."""

    numerator: int
    value: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One indicator: whole counts, and its value in percent (or days), None without a denominator; `points` is None for
    what is shown only, `excluded` the number of each exclusion of the rules."""

    indicator: Indicator
    numerator: int
    denominator: int
    value: Decimal | None
    points: Decimal | None
    excluded: tuple[int, ...] = ()
    claimed: Claimed | None = None

    def wire(self) -> dict[str, Any]:
        """Return it as JSON shows it: counts whole, decimals with the places of the rules."""
        exclusions = zip(self.indicator.exclude, self.excluded, strict=True)
        members: dict[str, Any] = {
            "id": self.indicator.id,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "value": _number(self.value),
            "points": _number(self.points),
            "excluded": sum(self.excluded),
            "exclusions": [{**entry.why.wire(), "count": count} for entry, count in exclusions],
            "measure": self.indicator.measure,
            "unit": self.indicator.unit,
            "maximum": self.indicator.maximum,
        }
        if self.claimed is not None:
            members["claimed"] = {"numerator": self.claimed.numerator, "value": _number(self.claimed.value)}
        return members


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigure:
    """A group: the sum of its indicators' points."""

    group: Group
    points: Decimal
    figures: tuple[Figure, ...]

    def wire(self) -> dict[str, Any]:
        """Return it as JSON shows it."""
        return {
            "id": self.group.id,
            "points": _number(self.points),
            "maximum": self.group.maximum,
            "indicators": [figure.wire() for figure in self.figures],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All figures of one unit and period. `cut_off` is the day at whose beginning in Vietnam it was cut off; `unplaced`
    how many dossiers of the period count for nobody because their unit is not known, `undated` how many have no
    reception date and so no period."""

    unit: str
    level: Level | None
    period: Period
    rules: str
    boundary: Boundary
    cut_off: date
    groups: tuple[GroupFigure, ...]
    unplaced: int
    undated: int

    @property
    def total(self) -> Decimal:
        """The sum of the groups' points."""
        return sum((group.points for group in self.groups), Decimal())

    def figure(self, indicator_id: str) -> Figure:
        """Return the figure of an indicator. Raises KeyError."""
        for group in self.groups:
            for figure in group.figures:
                if figure.indicator.id == indicator_id:
                    return figure
        raise KeyError(indicator_id)

    def wire(self) -> dict[str, Any]:
        """Return it as JSON shows it: {unit, period, rules, as_of, total, groups[…]} and what was added since."""
        return {
            "unit": self.unit,
            "level": self.level,
            "period": self.period.text,
            "rules": self.rules,
            "boundary": self.boundary,
            "as_of": day_begins(self.cut_off).isoformat(),
            "total": _number(self.total),
            "groups": [group.wire() for group in self.groups],
            "unplaced": self.unplaced,
            "undated": self.undated,
        }


def _number(value: Decimal | None) -> float | None:
    # a decimal of four places or fewer is the shortest text of its nearest double: JSON shows exactly its digits
    return None if value is None else float(value)
