"""The counters of a set of rules: one whole number for each numerator, denominator, claim and exclusion of its formulas
about dossiers, and what a dossier with certain bits adds to each. The place of every counter follows from the rules.
"""

from collections.abc import Sequence
from functools import cache

from gateway.dossiers.indicators.expression import Condition
from gateway.dossiers.indicators.judge import Count, part_of
from gateway.dossiers.indicators.rules import Indicator, Rules

Steps = tuple[tuple[int, int], ...]
"""Counters by place, and how much is added to each."""


class Counters:
    """Where the counters of a set of rules stand; the first one counts dossiers."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.width = 1
        self._places: dict[str, int] = {}
        for indicator in rules.indicators:
            if indicator.unit == "dossier":
                self._places[indicator.id] = self.width
                self.width += 3 + len(indicator.exclude)
        self.somes: tuple[Condition, ...] = tuple(
            condition for indicator in rules.indicators for condition in indicator.formula.somes
        )
        self.steps = cache(self._steps)
        self.holding = cache(self._holding)

    def count(self, indicator: Indicator, sums: Sequence[int]) -> Count:
        """Return an indicator's counts out of the sums of all counters."""
        place = self._places[indicator.id]
        end = place + 3 + len(indicator.exclude)
        return Count(sums[place], sums[place + 1], sums[place + 2], list(sums[place + 3 : end]))

    def somes_of(self, indicator: Indicator) -> tuple[int, ...]:
        """Return the places in `somes` of an indicator's own conditions."""
        mine = {id(condition) for condition in indicator.formula.somes}
        return tuple(place for place, condition in enumerate(self.somes) if id(condition) in mine)

    def _steps(self, bits: int) -> tuple[Steps, tuple[int, ...]]:
        """Return what one dossier with these bits adds, and the counters that its handled seconds are added to."""
        steps = [(0, 1)]
        seconds = []
        for indicator_id, place in self._places.items():
            indicator = self.rules.indicator(indicator_id)
            assert indicator is not None
            one = Count.of(indicator.formula)
            one.add(part_of(indicator.formula, bits), 1, 1)
            amounts = [one.numerator, one.denominator, one.claimed, *one.excluded]
            if indicator.measure == "days" and one.numerator:
                seconds.append(place)
                amounts[0] = 0
            steps += [(place + offset, amount) for offset, amount in enumerate(amounts) if amount]
        return tuple(steps), tuple(seconds)

    def _holding(self, bits: int) -> tuple[int, ...]:
        """Return the places in `somes` of the conditions that hold of a dossier with these bits."""
        return tuple(place for place, condition in enumerate(self.somes) if condition.test(bits))
