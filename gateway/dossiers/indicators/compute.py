"""The indicators of a unit and a period from counted dossiers, procedures and feedback: pure, in whole numbers.

Nothing is read twice: the cells of the unit are added up by what formulas can still tell apart, and every formula asks
each of those sums once. Fractions are exact until `points` rounds them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from gateway.dossiers.indicators.bits import Limits, feedback_bits, procedure_bits, trait_bits
from gateway.dossiers.indicators.expression import some_bits
from gateway.dossiers.indicators.facts import CountingUnits, Feedback, ListedProcedure
from gateway.dossiers.indicators.judge import Count, part_of
from gateway.dossiers.indicators.period import Period, first_day, month_of, vietnam_day
from gateway.dossiers.indicators.points import points_of, rounded
from gateway.dossiers.indicators.profile import Cell
from gateway.dossiers.indicators.report import Claimed, Figure, GroupFigure, Report
from gateway.dossiers.indicators.rules import Indicator, Rules
from gateway.dossiers.indicators.tally import Tally
from gateway.dossiers.indicators.words import ENDED, LATE
from gateway.dossiers.units import Boundary, Level
from gateway.vocabulary.working_days import WorkingDays

DAY_SECONDS = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that figures are made of. `reported` is what the reporting system says was received, by unit and month."""

    tally: Tally
    procedures: Mapping[str, ListedProcedure]
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


class Seen(NamedTuple):
    """What formulas can tell apart in a period: all bits, and whether the dossier was received in it."""

    procedure: str
    bits: int
    received: bool


class Scope:
    """Which cells and which units a question is about."""

    def __init__(self, question: Question, evidence: Evidence) -> None:
        self.question = question
        self.cut_off = question.period.cut_off(question.as_of)
        self._procedures = evidence.procedures
        self._units = evidence.units
        self._cut_off_day = self.cut_off.toordinal()
        self._traits = cache(lambda code: trait_bits(self._procedures.get(code)))
        self.has = cache(self._has)
        self.knows = cache(lambda unit, month: bool(self._counts_for(unit, month)))

    def in_period(self, cell: Cell) -> bool:
        """Tell whether a dossier of this cell was received or ended in the period."""
        return self.question.period.holds(cell.received) or self.question.period.holds(cell.ended)

    def seen(self, cell: Cell) -> Seen:
        """Return what formulas see of a cell at the cut-off."""
        bits = cell.bits | self._traits(cell.procedure)
        if cell.ended is not None and cell.ended <= self.question.period.last:
            bits |= ENDED
        if cell.late_day is not None and cell.late_day < self._cut_off_day:
            bits |= LATE
        return Seen(cell.procedure, bits, self.question.period.holds(cell.received))

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
    made: dict[str, Figure] = {}
    ratios: dict[str, Fraction | None] = {}
    for indicator in rules.indicators:
        count = _count(indicator, sums, evidence, rules, scope)
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


Sums = Mapping[Seen, tuple[int, int]]


def _sum_up(tally: Tally, scope: Scope) -> tuple[Sums, int]:
    """Return dossiers and seconds by what formulas see, and how many dossiers of the period have no known unit."""
    sums: dict[Seen, list[int]] = defaultdict(lambda: [0, 0])
    unplaced = 0
    for cell, weight in tally:
        if not scope.in_period(cell):
            continue
        if scope.has(cell.unit, cell.received):
            found = sums[scope.seen(cell)]
            found[0] += weight.dossiers
            found[1] += weight.seconds
        elif not scope.knows(cell.unit, cell.received):
            unplaced += weight.dossiers
    return {seen: (found[0], found[1]) for seen, found in sums.items()}, unplaced


def _count(indicator: Indicator, sums: Sums, evidence: Evidence, rules: Rules, scope: Scope) -> Count:
    count = Count.of(indicator.formula)
    if indicator.unit == "dossier":
        for seen, (dossiers, seconds) in sums.items():
            if seen.received or indicator.counted == "handled":
                measured = seconds if indicator.measure == "days" else dossiers
                count.add(part_of(indicator.formula, seen.bits), dossiers, measured)
        return count
    limits = Limits(evidence.days, rules.deadlines, scope.question.period, scope.cut_off)
    if indicator.unit == "procedure":
        for bits in _procedure_bits(indicator, sums, scope, limits):
            count.add(part_of(indicator.formula, bits), 1, 1)
        return count
    for entry in evidence.feedback:
        month = month_of(vietnam_day(entry.received_at))
        if scope.question.period.holds(month) and scope.has(entry.unit, month):
            count.add(part_of(indicator.formula, feedback_bits(entry, limits)), 1, 1)
    return count


def _procedure_bits(indicator: Indicator, sums: Sums, scope: Scope, limits: Limits) -> Iterator[int]:
    """Yield the bits of every listed procedure, with what `some(…)` found among its dossiers received in the period."""
    dossiers: dict[str, set[int]] = defaultdict(set)
    for seen in sums:
        if seen.received:
            dossiers[seen.procedure].add(seen.bits)
    formula = indicator.formula
    for procedure in scope.listed():
        yield procedure_bits(procedure, limits) | some_bits(formula.somes, dossiers[procedure.code])


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
