"""Counts of dossiers that add up: the tally of a whole is the sum of the tallies of its parts, in any order.

`add` and `remove` move one dossier; a store may keep the cells as rows and do the same with two increments.
"""

from collections.abc import Iterable, Iterator

from gateway.dossiers.dossier import Dossier
from gateway.dossiers.indicators.facts import Beside
from gateway.dossiers.indicators.profile import Cell, Weight, profile
from gateway.dossiers.indicators.rules import Reading

_NOTHING = Weight(0, 0)


class Tally:
    """How many dossiers lie in each cell, with the seconds they were handled; empty cells are not kept."""

    __slots__ = ("_cells", "undated")

    def __init__(self) -> None:
        self._cells: dict[Cell, Weight] = {}
        self.undated = 0  # dossiers without a reception date: no period counts them, and nobody loses sight of them

    def add(self, profiled: tuple[Cell, Weight] | None) -> None:
        """Count a dossier by its profile."""
        self._move(profiled, 1)

    def remove(self, profiled: tuple[Cell, Weight] | None) -> None:
        """Take a dossier out that was counted with this profile."""
        self._move(profiled, -1)

    def merge(self, other: "Tally") -> None:
        """Add everything that another tally counted."""
        self.undated += other.undated
        for cell, weight in other:
            self._increase(cell, weight.dossiers, weight.seconds)

    def __iter__(self) -> Iterator[tuple[Cell, Weight]]:
        """Yield every cell with its weight, in no order."""
        return iter(self._cells.items())

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self._cells)

    def __eq__(self, other: object) -> bool:
        """Two tallies are equal when they count the same."""
        return isinstance(other, Tally) and (self._cells, self.undated) == (other._cells, other.undated)

    __hash__ = None  # type: ignore[assignment]

    def _move(self, profiled: tuple[Cell, Weight] | None, by: int) -> None:
        if profiled is None:
            self.undated += by
            return
        cell, weight = profiled
        self._increase(cell, by * weight.dossiers, by * weight.seconds)

    def _increase(self, cell: Cell, dossiers: int, seconds: int) -> None:
        old = self._cells.get(cell, _NOTHING)
        new = Weight(old.dossiers + dossiers, old.seconds + seconds)
        if new == _NOTHING:
            self._cells.pop(cell, None)
        else:
            self._cells[cell] = new


def tally_of(dossiers: Iterable[Dossier], beside: Beside, reading: Reading) -> Tally:
    """Count dossiers; each stands in `dossiers` once, as what is known of it now."""
    tally = Tally()
    for dossier in dossiers:
        tally.add(profile(dossier, beside, reading))
    return tally
