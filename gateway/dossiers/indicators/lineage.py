"""Whom a unit's dossiers count for: itself and everything above it, with the boundaries of then or of now."""

from datetime import date, timedelta

from gateway.dossiers.units import Boundary, Level, Unit, Units


class Lineage:
    """The province's units, as a count asks for them (`facts.CountingUnits`). `today` is the day of “now”.

    Counts are kept by month, so a unit that began or ended in the middle of one is looked for on its first and on its
    last day.
    """

    def __init__(self, units: Units, today: date) -> None:
        self._units = units
        self._today = today

    def level(self, unit: str, on: date) -> Level | None:
        """Return the level of a unit in a month or, where it did not exist then, at any time."""
        found = self._in_month(unit, on) or next((one for one in self._units.all if one.code == unit), None)
        return None if found is None else found.level

    def counts_for(self, unit: str, on: date, boundary: Boundary) -> frozenset[str]:
        """Return the units that a count of this one belongs to. Of a unit that was split, read with the boundaries of
        now, what all its successors belong to: nobody guesses which of them it would be."""
        found = self._in_month(unit, on)
        if found is None:
            return frozenset()
        if boundary is Boundary.THEN:
            return self._above(found, on)
        present = self._units.present(found, self._today)
        shared = [self._above(one, self._today) for one in present.candidates or (present.unit,)]
        return frozenset.intersection(*shared)

    def _in_month(self, unit: str, day: date) -> Unit | None:
        last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        return self._units.on(unit, day) or self._units.on(unit, last)

    def _above(self, unit: Unit, day: date) -> frozenset[str]:
        """Return a unit and those above it on a day; of a unit that is no more, on its own last day."""
        if unit.valid_to is not None:
            day = min(day, unit.valid_to)
        day = max(day, unit.valid_from)
        found = {unit.code}
        above: Unit | None = unit
        while above is not None and above.parent is not None and above.parent not in found:
            found.add(above.parent)
            above = self._units.on(above.parent, day)
        return frozenset(found)
