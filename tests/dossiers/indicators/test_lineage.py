"""Whom a unit counts for, then and now: merged, split, renamed in place, ended without a successor."""

from datetime import date

import pytest

from gateway.dossiers.indicators.lineage import Lineage
from gateway.dossiers.units import Boundary, Level, Unit, Units
from tests.dossiers.indicators.small_province import ROWS, RowUnits

TODAY = date(2026, 3, 2)
UNITS = Units.of(
    Unit(
        code=row.code,
        name={"vi": row.code},
        level=Level(row.level),
        valid_from=row.begins,
        parent=row.parent,
        valid_to=row.ends,
        became=row.became,
    )
    for row in ROWS
)


@pytest.mark.parametrize(
    ("unit", "on", "boundary", "counts_for"),
    [
        ("H55.10.01", date(2025, 6, 1), "then", {"H55.10.01", "H55.10", "H55"}),
        ("H55.10.01", date(2025, 6, 1), "now", {"H55.30", "H55"}),  # merged
        ("H55.10.03", date(2025, 6, 1), "now", {"H55"}),  # split: no guess
        ("H55.11.01", date(2025, 6, 1), "then", {"H55.11.01", "H55.11", "H55"}),
        ("H55.11.01", date(2025, 6, 1), "now", {"H55.11.01", "H55"}),  # the same code, no district any more
        ("H55.10", date(2025, 6, 1), "now", {"H55.10", "H55"}),  # ended, nobody took it over
        ("H55.10.01", date(2025, 7, 1), "then", set()),  # ended the day before
        ("H55.30", date(2025, 6, 1), "then", set()),  # not yet
        ("H55", date(2025, 6, 1), "now", {"H55"}),
        ("H77", date(2025, 6, 1), "then", set()),
    ],
)
def test_whom_a_unit_counts_for(unit, on, boundary, counts_for):
    assert Lineage(UNITS, TODAY).counts_for(unit, on, Boundary(boundary)) == counts_for


def test_the_tests_own_units_say_the_same():
    for row in ROWS:
        for month in (5, 6, 7, 8):
            for boundary in Boundary:
                day = date(2025, month, 1)
                ours = Lineage(UNITS, TODAY)
                assert ours.counts_for(row.code, day, boundary) == RowUnits(TODAY).counts_for(row.code, day, boundary)
                assert ours.level(row.code, day) == RowUnits(TODAY).level(row.code, day)


def test_a_unit_of_the_middle_of_a_month_is_found():
    units = Units.of(
        [
            Unit(code="H55", name={"vi": "Tỉnh"}, level=Level.PROVINCE, valid_from=date(2020, 1, 1)),
            Unit(code="H55.01", name={"vi": "Sở"}, level=Level.DEPARTMENT, valid_from=date(2025, 2, 17), parent="H55"),
        ]
    )
    lineage = Lineage(units, TODAY)
    assert lineage.counts_for("H55.01", date(2025, 2, 1), Boundary.THEN) == {"H55.01", "H55"}
    assert lineage.counts_for("H55.01", date(2025, 1, 1), Boundary.THEN) == frozenset()
