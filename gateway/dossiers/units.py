"""Units with their dates: three levels before 1 July 2025, two since, and what each former unit went to.

A unit is a code for a time: the same code may stand for another unit later. A former unit names what it `became`. One
successor is a merger or a new name, and its past can be read with the boundaries of now; several are a split, and
nobody can say from the unit alone to which of them a dossier would belong: it stays what it was, with its candidates.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple


class Level(StrEnum):
    """The level of a unit; districts ended on 30 June 2025."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"
    DEPARTMENT = "department"


class Boundary(StrEnum):
    """With whose boundaries a series is read: those of its own time, or those of now."""

    THEN = "then"
    NOW = "now"


class UnitsRefused(ValueError):
    """A list of units that contradicts itself. `code` and `valid_from` name the unit, `member` what is wrong in it."""

    def __init__(self, unit: "Unit", member: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.valid_from, self.member = unit.code, unit.valid_from, member


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit from `valid_from` to the day `valid_to` (the last one; None: still).

    `code` and `parent` are agency codes, `areas` codes of administrative areas it serves, `became` the codes of the
    units that took it over on the day after its last.
    """

    code: str
    name: Mapping[str, str]
    level: Level
    valid_from: date
    parent: str | None = None
    valid_to: date | None = None
    areas: tuple[str, ...] = ()
    became: tuple[str, ...] = ()

    def valid_on(self, day: date) -> bool:
        """Tell whether it existed on a day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def body(self) -> dict[str, Any]:
        """Return the JSON-able form."""
        return {
            "code": self.code,
            "name": dict(self.name),
            "level": str(self.level),
            "valid_from": self.valid_from.isoformat(),
            "parent": self.parent,
            "valid_to": None if self.valid_to is None else self.valid_to.isoformat(),
            "areas": list(self.areas),
            "became": list(self.became),
        }

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Unit":
        """Read what `body` wrote."""
        return cls(
            code=body["code"],
            name=dict(body["name"]),
            level=Level(body["level"]),
            valid_from=date.fromisoformat(body["valid_from"]),
            parent=body["parent"],
            valid_to=None if body["valid_to"] is None else date.fromisoformat(body["valid_to"]),
            areas=tuple(body["areas"]),
            became=tuple(body["became"]),
        )


class Present(NamedTuple):
    """What a unit of some day is on another, later one: itself or its one successor (`unit`), or, after a split, the
    unit as it was and the `candidates`, in the order of their codes."""

    unit: Unit
    candidates: tuple[Unit, ...] = ()

    @property
    def split(self) -> bool:
        """Whether nobody can say which unit it is now."""
        return bool(self.candidates)


@dataclass(frozen=True)
class Units:
    """A whole list. Build it with `of`, which refuses one that contradicts itself."""

    all: tuple[Unit, ...]

    @classmethod
    def of(cls, units: Iterable[Unit]) -> "Units":
        """Return a list in the order of codes and dates. Raises UnitsRefused."""
        listed = cls(tuple(sorted(units, key=lambda unit: (unit.code, unit.valid_from))))
        for unit in listed.all:
            listed._check(unit)
        return listed

    @cached_property
    def _by_code(self) -> Mapping[str, tuple[Unit, ...]]:
        found: dict[str, list[Unit]] = {}
        for unit in self.all:
            found.setdefault(unit.code, []).append(unit)
        return {code: tuple(units) for code, units in found.items()}

    def on(self, code: str, day: date) -> Unit | None:
        """Return the unit a code stood for on a day; None when it stood for none."""
        return next((unit for unit in self._by_code.get(code, ()) if unit.valid_on(day)), None)

    def read(self, code: str, day: date, boundary: Boundary, today: date) -> Present | None:
        """Return the unit that something of `day` counts for: of its own time, or of `today`."""
        unit = self.on(code, day)
        if unit is None:
            return None
        return Present(unit) if boundary is Boundary.THEN else self.present(unit, today)

    def present(self, unit: Unit, today: date) -> Present:
        """Follow a unit to what it is on a day. A split on the way ends it: its candidates are followed, it is not."""
        while unit.valid_to is not None and unit.valid_to < today and unit.became:
            successors = self._successors(unit)
            if len(successors) > 1:
                return Present(unit, self._last(successors, today))
            unit = successors[0]
        return Present(unit)

    def within(self, code: str, day: date) -> Iterator[Unit]:
        """Yield the unit of a code on a day and every unit below it on that day."""
        top = self.on(code, day)
        if top is None:
            return
        yield top
        for unit in self.all:
            if unit.parent == code and unit.code != code and unit.valid_on(day):
                yield from self.within(unit.code, day)

    def _last(self, units: Iterable[Unit], today: date) -> tuple[Unit, ...]:
        found: dict[str, Unit] = {}
        for unit in units:
            reached = self.present(unit, today)
            found.update({one.code: one for one in reached.candidates or (reached.unit,)})
        return tuple(found[code] for code in sorted(found))

    def _successors(self, unit: Unit) -> list[Unit]:
        assert unit.valid_to is not None
        first = date.fromordinal(unit.valid_to.toordinal() + 1)
        return [found for code in unit.became if (found := self.on(code, first)) is not None]

    def _check(self, unit: Unit) -> None:
        if unit.valid_to is not None and unit.valid_to < unit.valid_from:
            raise UnitsRefused(unit, "valid_to", "is before `valid_from`")
        twins = [one for one in self._by_code[unit.code] if one is not unit]
        if any(one.valid_on(unit.valid_from) for one in twins):
            raise UnitsRefused(unit, "valid_from", "another unit has the same code at that time")
        if unit.parent is not None:
            self._check_parent(unit)
        if unit.became and unit.valid_to is None:
            raise UnitsRefused(unit, "became", "a unit without `valid_to` has no successor")
        if len(set(unit.became)) < len(unit.became):
            raise UnitsRefused(unit, "became", "names a unit twice")
        if unit.became and len(self._successors(unit)) < len(unit.became):
            raise UnitsRefused(unit, "became", "names a unit that does not exist on the day after `valid_to`")

    def _check_parent(self, unit: Unit) -> None:
        assert unit.parent is not None
        above, seen = self.on(unit.parent, unit.valid_from), {unit.code}
        if above is None:
            raise UnitsRefused(unit, "parent", "does not exist on `valid_from`")
        while above is not None:
            if above.code in seen:
                raise UnitsRefused(unit, "parent", "leads back to the unit itself")
            seen.add(above.code)
            above = None if above.parent is None else self.on(above.parent, unit.valid_from)
