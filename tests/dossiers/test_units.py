"""Units keep their dates: mergers are followed, splits are not guessed, a file is taken whole or refused by place."""

from datetime import date

import pytest

from gateway.dossiers.failure import UnitFileRefused
from gateway.dossiers.unit_file import COLUMNS, parse_units
from gateway.dossiers.units import Boundary, Unit, Units

HEAD = ",".join(COLUMNS)
LAST, FIRST = "2025-06-30", "2025-07-01"
LIST = f"""{HEAD}
H99,Tỉnh Mẫu,Sample province,province,,2000-01-01,,19,
H99.2,Huyện Một,District one,district,H99,2000-01-01,{LAST},164,
H99.2.1,Xã An,An commune,commune,H99.2,2000-01-01,{LAST},05431,H99.40
H99.2.2,Xã Bình,Binh commune,commune,H99.2,2000-01-01,{LAST},05432,H99.40
H99.2.3,Xã Cao,Cao commune,commune,H99.2,2000-01-01,{LAST},05433,H99.40 H99.41
H99.40,Xã An Bình,An Binh commune,commune,H99,{FIRST},,05431,
H99.41,Xã Dương,Duong commune,commune,H99,{FIRST},2026-02-28,05433,H99.42
H99.42,Phường Dương,Duong ward,commune,H99,2026-03-01,,05433,
H99.05,Sở Mẫu,Sample department,department,H99,2000-01-01,,,
"""
THEN, TODAY = date(2025, 3, 3), date(2026, 11, 27)


@pytest.fixture(scope="module")
def units() -> Units:
    return parse_units(LIST.encode(), "units.csv")


def reading(units: Units, code: str, boundary: Boundary, day: date = THEN) -> tuple[str, list[str]]:
    present = units.read(code, day, boundary, TODAY)
    assert present is not None
    return present.unit.code, [one.code for one in present.candidates]


def test_a_merged_unit_is_read_then_as_itself_and_now_as_its_successor(units: Units) -> None:
    assert reading(units, "H99.2.1", Boundary.THEN) == ("H99.2.1", [])
    assert reading(units, "H99.2.1", Boundary.NOW) == ("H99.40", [])
    assert reading(units, "H99.2.2", Boundary.NOW) == ("H99.40", [])


def test_a_split_unit_is_not_guessed_and_its_candidates_are_followed_to_today(units: Units) -> None:
    assert reading(units, "H99.2.3", Boundary.NOW) == ("H99.2.3", ["H99.40", "H99.42"])


def test_a_renamed_unit_leads_on_and_a_district_without_successor_stays_what_it_was(units: Units) -> None:
    assert reading(units, "H99.41", Boundary.NOW, date(2025, 9, 1)) == ("H99.42", [])
    assert reading(units, "H99.2", Boundary.NOW) == ("H99.2", [])


def test_a_code_stands_for_nothing_outside_its_dates(units: Units) -> None:
    assert units.on("H99.40", date(2025, 6, 30)) is None
    assert units.on("H99.2.1", date(2025, 6, 30)) is not None
    assert units.read("H99.2.1", date(2025, 7, 1), Boundary.NOW, TODAY) is None
    assert units.on("H98", THEN) is None


def test_what_is_below_a_unit_depends_on_the_day(units: Units) -> None:
    assert [unit.code for unit in units.within("H99", THEN)] == [
        *("H99", "H99.05", "H99.2", "H99.2.1", "H99.2.2", "H99.2.3"),
    ]
    assert [unit.code for unit in units.within("H99", TODAY)] == ["H99", "H99.05", "H99.40", "H99.42"]
    assert list(units.within("H98", TODAY)) == []


def test_units_come_back_from_their_stored_form(units: Units) -> None:
    assert Units.of(Unit.of(unit.body()) for unit in reversed(units.all)).all == units.all


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("H99.50,Xã Mới,,commune,H99.2,2025-07-01,,,", "11:parent: does not exist"),
        ("H99.50,Xã Mới,,commune,H99,2025-07-01,2025-06-01,,", "11:valid_to: is before"),
        ("H99.50,Xã Mới,,commune,H99,2025-07-01,,,H99.40", "11:became: a unit without"),
        ("H99.50,Xã Mới,,commune,H99,2025-07-01,2025-08-01,,H99.77", "11:became: names a unit that does not exist"),
        ("H99.50,Xã Mới,,commune,H99,2025-07-01,2025-08-01,,H99.40 H99.40", "11:became: names a unit twice"),
        ("H99.40,Xã Khác,,commune,H99,2026-07-01,,,", "11:valid_from: another unit"),
        ("H99.40,Xã Khác,,commune,H99,2025-07-01,,,", "11:code: has the same unit from the same day as line 7"),
        ("H99.50,Xã Mới,,commune,H99.50,2025-07-01,,,", "11:parent: leads back"),
        ("H99.50,,,commune,H99,2025-07-01,,,", "11:name_vi: is missing"),
        ("H99.50,Xã Mới,,ward,H99,2025-07-01,,,", "11:level: is one of province"),
        ("H99.50,Xã Mới,,commune,H99,01/07/2025,,,", "11:valid_from: is a day"),
        ("xa-moi,Xã Mới,,commune,H99,2025-07-01,,,", "11:code: an agency is written"),
        ("H99.50,Xã Mới,,commune,H99,2025-07-01,,", "11: has 9 columns"),
        ('H99.50,"Xã Mới,,commune,H99,2025-07-01,,,', "11: is no CSV"),
    ],
)
def test_a_wrong_line_is_named_by_line_and_column(line: str, place: str) -> None:
    with pytest.raises(UnitFileRefused, match=place.replace("(", r"\(")):
        parse_units((LIST + line + "\n").encode(), "units.csv")


@pytest.mark.parametrize(
    ("octets", "place"),
    [
        (b"code,name\n", "units.csv:1: the columns are"),
        (HEAD.encode() + b"\n", "units.csv: holds no unit"),
        (HEAD.encode() + b"\nH99,\xff,,province,,2000-01-01,,,\n", "units.csv:2: is no UTF-8"),
    ],
)
def test_a_file_that_is_no_list_is_refused(octets: bytes, place: str) -> None:
    with pytest.raises(UnitFileRefused, match=place):
        parse_units(octets, "units.csv")


def test_an_older_agency_code_names_the_same_unit() -> None:
    units = parse_units(f"{HEAD}\n000.00.00.H99,Tỉnh Mẫu,,province,,2000-01-01,,,\n".encode(), "units.csv")
    assert units.on("H99", THEN) is not None
