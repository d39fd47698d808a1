"""Counts of dossiers that add up: the tally of a whole is the sum of the tallies of its parts, in any order.

A row is what a period and a cut-off can tell apart: unit, month of reception, month of end, first late day. In it stand
the counters of the rules, once for each way in which a cut-off may see it. `add` and `remove` move one dossier, which
has one row; a store may keep rows as they are and do the same with increments.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gateway.dossiers.dossier import Dossier
from gateway.dossiers.indicators.bits import trait_bits
from gateway.dossiers.indicators.counters import Counters
from gateway.dossiers.indicators.facts import Beside, ListedProcedure
from gateway.dossiers.indicators.profile import Cell, Weight, profile
from gateway.dossiers.indicators.words import ENDED, LATE


class Row(NamedTuple):
    """Dossiers that periods and cut-offs cannot tell apart (`profile.Cell` has the members' meaning)."""

    unit: str
    received: int
    ended: int | None
    late_day: int | None


class Use(NamedTuple):
    """A procedure in a unit and month of reception."""

    unit: str
    received: int
    procedure: str


Sums = list[int]


class Tally:
    """Counters of dossiers under one set of rules and one list of procedures; empty rows are not kept."""

    def __init__(self, counters: Counters, procedures: Mapping[str, ListedProcedure]) -> None:
        self.counters = counters
        self.procedures = procedures
        self.undated = 0  # dossiers without a reception date: no period counts them, and nobody loses sight of them
        self._rows: dict[Row, dict[int, Sums]] = {}
        self._uses: dict[Use, Sums] = {}
        self._traits = {code: trait_bits(listed) for code, listed in procedures.items()}

    def add(self, profiled: tuple[Cell, Weight] | None) -> None:
        """Count a dossier by its profile."""
        self._move(profiled, 1)

    def remove(self, profiled: tuple[Cell, Weight] | None) -> None:
        """Take a dossier out that was counted with this profile."""
        self._move(profiled, -1)

    def merge(self, other: "Tally") -> None:
        """Add everything that another tally of the same rules and procedures counted."""
        self.undated += other.undated
        for row, seen in other._rows.items():
            for state, sums in seen.items():
                own = self._seen(row, state)
                own[:] = [mine + theirs for mine, theirs in zip(own, sums, strict=True)]
        for use, sums in other._uses.items():
            self._add_use(use, enumerate(sums))

    def rows(self) -> Iterator[tuple[Row, Mapping[int, Sums]]]:
        """Yield every row with its counters, by the bits ENDED and LATE under which a cut-off sees it."""
        return iter(self._rows.items())

    def uses(self) -> Iterator[tuple[Use, Sums]]:
        """Yield for every use of a procedure how many dossiers meet each condition inside `some(…)`."""
        return iter(self._uses.items())

    def __eq__(self, other: object) -> bool:
        """Two tallies are equal when they count the same."""
        return isinstance(other, Tally) and self._all() == other._all()

    __hash__ = None  # type: ignore[assignment]

    def _all(self) -> tuple[object, ...]:
        return self._rows, self._uses, self.undated

    def _move(self, profiled: tuple[Cell, Weight] | None, by: int) -> None:
        if profiled is None:
            self.undated += by
            return
        cell, weight = profiled
        bits = cell.bits | self._traits.get(cell.procedure, 0)
        row = Row(cell.unit, cell.received, cell.ended, cell.late_day)
        for state in _states(row):
            steps, timed = self.counters.steps(bits | state)
            sums = self._seen(row, state)
            for place, amount in steps:
                sums[place] += by * amount
            for place in timed:
                sums[place] += by * weight.seconds
            self._forget_empty_row(row, state)
        holding = self.counters.holding(bits)
        if holding:
            self._add_use(Use(cell.unit, cell.received, cell.procedure), [(place, by) for place in holding])

    def _seen(self, row: Row, state: int) -> Sums:
        seen = self._rows.setdefault(row, {})
        sums = seen.get(state)
        if sums is None:
            sums = seen[state] = [0] * self.counters.width
        return sums

    def _forget_empty_row(self, row: Row, state: int) -> None:
        seen = self._rows[row]
        if not seen[state][0]:
            del seen[state]
            if not seen:
                del self._rows[row]

    def _add_use(self, use: Use, moves: Iterable[tuple[int, int]]) -> None:
        sums = self._uses.get(use)
        if sums is None:
            sums = self._uses[use] = [0] * len(self.counters.somes)
        for place, amount in moves:
            sums[place] += amount
        if not any(sums):
            del self._uses[use]


def _states(row: Row) -> Iterator[int]:
    """Yield the bits under which a period that holds the row may see it: ended or not yet, late or not yet."""
    ends = [0] if row.ended is None else [ENDED] if row.ended <= row.received else [0, ENDED]
    for ended in ends:
        yield ended
        if row.late_day is not None:
            yield ended | LATE


def tally_of(
    dossiers: Iterable[tuple[Dossier, Beside]], counters: Counters, procedures: Mapping[str, ListedProcedure]
) -> Tally:
    """Count dossiers; each comes once, as what is known of it and beside it now."""
    tally = Tally(counters, procedures)
    for dossier, beside in dossiers:
        tally.add(profile(dossier, beside, counters.rules.reading))
    return tally
