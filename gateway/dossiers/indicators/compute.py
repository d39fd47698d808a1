"""The indicators of a unit and a period from counted dossiers, procedures and feedback: pure, in whole numbers.

The rows of the unit are added up as the cut-off sees each; procedures and feedback, of which there are few, are asked
one by one. Fractions are exact until `points` rounds them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache

from gateway.dossiers.indicators.bits import Limits, feedback_bits, procedure_bits
from gateway.dossiers.indicators.expression import some_bits
from gateway.dossiers.indicators.facts import CountingUnits, Feedback, ListedProcedure
from gateway.dossiers.indicators.judge import Count, part_of
from gateway.dossiers.indicators.period import Period, first_day, month_of, vietnam_day
from gateway.dossiers.indicators.points import points_of, rounded
from gateway.dossiers.indicators.profile import Cell
from gateway.dossiers.indicators.report import Claimed, Figure, GroupFigure, Report
from gateway.dossiers.indicators.rules import Indicator, Rules
from gateway.dossiers.indicators.tally import Row, Sums, Tally
from gateway.dossiers.indicators.words import ENDED, LATE
from gateway.dossiers.units import Boundary, Level
from gateway.vocabulary.working_days import WorkingDays

DAY_SECONDS = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that figures are made of. `reported` is what the reporting system says was received, by unit and month."""

    tally: Tally
    units: CountingUnits
    days: WorkingDays
    feedback: Sequence[Feedback] = ()
    reported: Mapping[tuple[str, int], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whose figures of which period, with the units of then or now. With `level` only the units of that level (as their
    dossiers came) count: digitisation by level is this question asked for each. `as_of` is the present."""

    unit: str
    period: Period
    boundary: Boundary
    as_of: datetime
    level: Level | None = None


class Scope:
    """Which dossiers and which units a question is about."""

    def __init__(self, question: Question, evidence: Evidence) -> None:
        self.question = question
        self.cut_off = question.period.cut_off(question.as_of)
        self._procedures = evidence.tally.procedures
        self._units = evidence.units
        self._cut_off_day = self.cut_off.toordinal()
        self.has = cache(self._has)
        self.knows = cache(lambda unit, month: bool(self._counts_for(unit, month)))

    def in_period(self, row: Row | Cell) -> bool:
        """Tell whether a dossier of this row was received or ended in the period."""
        return self.question.period.holds(row.received) or self.question.period.holds(row.ended)

    def state(self, row: Row | Cell) -> int:
        """Return how the cut-off sees a row: the bits ENDED and LATE."""
        ended = row.ended is not None and row.ended <= self.question.period.last
        late = row.late_day is not None and row.late_day < self._cut_off_day
        return (ENDED if ended else 0) | (LATE if late else 0)

    def counts(self, indicator: Indicator, row: Row | Cell) -> bool:
        """Tell whether an indicator counts a dossier of this row, which is in the period."""
        return indicator.counted == "handled" or self.question.period.holds(row.received)

    def listed(self) -> Iterator[ListedProcedure]:
        """Yield the procedures that the unit, or units of the level, handle."""
        level = self.question.level or self._units.level(self.question.unit, self.question.period.begins)
        for procedure in self._procedures.values():
            if level is Level.PROVINCE or level in procedure.levels:
                yield procedure

    def _counts_for(self, unit: str, month: int) -> frozenset[str]:
        return self._units.counts_for(unit, first_day(month), self.question.boundary)

    def _has(self, unit: str, month: int) -> bool:
        level = self.question.level
        if level is not None and self._units.level(unit, first_day(month)) != level:
            return False
        return self.question.unit in self._counts_for(unit, month)


def compute(evidence: Evidence, rules: Rules, question: Question) -> Report:
    """Compute every indicator of the rules."""
    scope = Scope(question, evidence)
    sums, unplaced = _sum_up(evidence.tally, scope)
    used = _used_procedures(evidence.tally, scope)
    made: dict[str, Figure] = {}
    ratios: dict[str, Fraction | None] = {}
    for indicator in rules.indicators:
        if indicator.unit == "dossier":
            count = evidence.tally.counters.count(indicator, sums[indicator.counted])
        else:
            count = _count_listed(indicator, used, evidence, rules, scope)
        if indicator.denominator_at_least is not None:
            count.denominator = max(count.denominator, _reported(evidence, scope))
        times = Fraction(1) if indicator.times is None else ratios[indicator.times]
        ratios[indicator.id] = _ratio(count.numerator, count.denominator, times, indicator)
        made[indicator.id] = _figure(indicator, count, ratios[indicator.id], times, rules)
    groups = []
    for group in rules.groups:
        figures = tuple(made[indicator.id] for indicator in rules.in_group(group.id))
        points = sum((figure.points for figure in figures if figure.points is not None), Decimal())
        groups.append(GroupFigure(group=group, points=points, figures=figures))
    return Report(
        unit=question.unit,
        level=question.level,
        period=question.period,
        rules=rules.id,
        boundary=question.boundary,
        cut_off=scope.cut_off,
        groups=tuple(groups),
        unplaced=unplaced,
        undated=evidence.tally.undated,
    )


def _sum_up(tally: Tally, scope: Scope) -> tuple[dict[str, Sums], int]:
    """Return the sums of all counters, of what was received in the period and of all that was handled in it, and how
    many dossiers of the period have no known unit."""
    nothing = [0] * tally.counters.width
    received, ended = [nothing], [nothing]
    unplaced = 0
    for row, seen in tally.rows():
        if not scope.in_period(row):
            continue
        sums = seen[scope.state(row)]
        if scope.has(row.unit, row.received):
            (received if scope.question.period.holds(row.received) else ended).append(sums)
        elif not scope.knows(row.unit, row.received):
            unplaced += sums[0]
    both = [[sum(column) for column in zip(*part, strict=True)] for part in (received, ended)]
    return {"received": both[0], "handled": [sum(pair) for pair in zip(*both, strict=True)]}, unplaced


def _used_procedures(tally: Tally, scope: Scope) -> Mapping[int, set[str]]:
    """Return for each condition inside `some(…)` the procedures with a dossier received in the period that meets it."""
    used: dict[int, set[str]] = defaultdict(set)
    for use, sums in tally.uses():
        if scope.question.period.holds(use.received) and scope.has(use.unit, use.received):
            for place, dossiers in enumerate(sums):
                if dossiers:
                    used[place].add(use.procedure)
    return used


def _count_listed(
    indicator: Indicator, used: Mapping[int, set[str]], evidence: Evidence, rules: Rules, scope: Scope
) -> Count:
    count = Count.of(indicator.formula)
    limits = Limits(evidence.days, rules.deadlines, scope.question.period, scope.cut_off)
    if indicator.unit == "procedure":
        places = evidence.tally.counters.somes_of(indicator)
        for procedure in scope.listed():
            met = [procedure.code in used.get(place, ()) for place in places]
            count.add(part_of(indicator.formula, procedure_bits(procedure, limits) | some_bits(met)), 1, 1)
        return count
    for entry in evidence.feedback:
        month = month_of(vietnam_day(entry.received_at))
        if scope.question.period.holds(month) and scope.has(entry.unit, month):
            count.add(part_of(indicator.formula, feedback_bits(entry, limits)), 1, 1)
    return count


def _reported(evidence: Evidence, scope: Scope) -> int:
    return sum(
        count
        for (unit, month), count in evidence.reported.items()
        if scope.question.period.holds(month) and scope.has(unit, month)
    )


def _ratio(numerator: int, denominator: int, times: Fraction | None, indicator: Indicator) -> Fraction | None:
    if denominator == 0 or times is None:
        return None
    scale = DAY_SECONDS if indicator.measure == "days" else 1
    return max(Fraction(numerator, denominator * scale), Fraction(0)) * times


def _figure(indicator: Indicator, count: Count, ratio: Fraction | None, times: Fraction | None, rules: Rules) -> Figure:
    def shown(value: Fraction | None) -> Decimal | None:
        if value is None:
            return rounded(Fraction(0), rules.rounding) if rules.zero_denominator == "zero" else None
        return rounded(value * (100 if indicator.measure == "percent" else 1), rules.rounding)

    claimed = None
    if indicator.claimed is not None:
        claimed_ratio = _ratio(count.claimed, count.denominator, times, indicator)
        claimed = Claimed(numerator=count.claimed, value=shown(claimed_ratio))
    return Figure(
        indicator=indicator,
        numerator=max(count.numerator, 0),
        denominator=count.denominator,
        value=shown(ratio),
        points=points_of(ratio, indicator, rules.rounding),
        excluded=tuple(count.excluded),
        claimed=claimed,
    )
