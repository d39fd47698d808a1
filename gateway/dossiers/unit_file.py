"""A province's list of units as CSV: read whole or refused with file, line and column of the first thing wrong."""

import csv
import io
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TypeVar

from gateway.dossiers.codes import CodeRefused, parse_agency
from gateway.dossiers.failure import UnitFileRefused
from gateway.dossiers.units import Level, Unit, Units, UnitsRefused

COLUMNS = ("code", "name_vi", "name_en", "level", "parent", "valid_from", "valid_to", "areas", "became")
"""The columns, in any order; `areas` and `became` hold several codes between spaces."""

_LARGEST = 8_388_608
Value = TypeVar("Value")


def read_units(path: Path) -> Units:
    """Return the list of a file. Raises UnitFileRefused."""
    try:
        octets = path.read_bytes()
    except OSError:
        raise UnitFileRefused(f"`{path}` cannot be read") from None
    if len(octets) > _LARGEST:
        raise UnitFileRefused(f"`{path}` is larger than {_LARGEST} bytes: a list of one province is wanted")
    return parse_units(octets, path.name)


def parse_units(octets: bytes, name: str) -> Units:
    """Return the list of a file's octets; `name` is what complaints call it. Raises UnitFileRefused."""
    try:
        text = unicodedata.normalize("NFC", octets.decode("utf-8-sig"))
    except UnicodeDecodeError as trouble:
        line = octets[: trouble.start].count(b"\n") + 1
        raise UnitFileRefused(f"{name}:{line}: is no UTF-8 text; save it as UTF-8") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        return _read(reader, name)
    except csv.Error as trouble:
        raise UnitFileRefused(f"{name}:{reader.reader.line_num}: is no CSV: {trouble}") from None


def _read(reader: "csv.DictReader[str]", name: str) -> Units:
    columns = tuple(reader.fieldnames or ())
    if set(columns) != set(COLUMNS) or len(columns) != len(COLUMNS):
        raise UnitFileRefused(f"{name}:1: the columns are {', '.join(f'`{one}`' for one in COLUMNS)}")
    lines: dict[tuple[str, date], int] = {}
    units = []
    for row in reader:
        place = _Place(name, reader.line_num)
        if None in row or None in row.values():
            raise UnitFileRefused(f"{name}:{reader.line_num}: has {len(COLUMNS)} columns, no more and no less")
        unit = _unit(row, place)
        if (unit.code, unit.valid_from) in lines:
            earlier = lines[unit.code, unit.valid_from]
            raise place.refused("code", f"has the same unit from the same day as line {earlier}")
        lines[unit.code, unit.valid_from] = reader.line_num
        units.append(unit)
    if not units:
        raise UnitFileRefused(f"{name}: holds no unit")
    try:
        return Units.of(units)
    except UnitsRefused as refused:
        place = _Place(name, lines[refused.code, refused.valid_from])
        raise place.refused(refused.member, str(refused)) from None


class _Place:
    """A line of the file, for what is wrong in it."""

    def __init__(self, name: str, line: int) -> None:
        self._name = name
        self._line = line

    def refused(self, column: str, reason: str) -> UnitFileRefused:
        return UnitFileRefused(f"{self._name}:{self._line}:{column}: {reason}")

    def read(self, row: Mapping[str, str], column: str, how: Callable[[str], Value]) -> Value:
        try:
            return how(row[column].strip())
        except CodeRefused as refused:
            raise self.refused(column, str(refused)) from None
        except ValueError:
            raise self.refused(column, _WANTED[column]) from None


_WANTED = {
    "level": f"is one of {', '.join(Level)}",
    "valid_from": "is a day, YYYY-MM-DD",
    "valid_to": "is a day, YYYY-MM-DD, or empty",
    "name_vi": "is missing",
}


def _unit(row: Mapping[str, str], place: _Place) -> Unit:
    names = {"vi": place.read(row, "name_vi", _present), "en": row["name_en"].strip()}
    return Unit(
        code=place.read(row, "code", parse_agency),
        name={language: name for language, name in names.items() if name},
        level=place.read(row, "level", Level),
        valid_from=place.read(row, "valid_from", date.fromisoformat),
        parent=place.read(row, "parent", _maybe(parse_agency)),
        valid_to=place.read(row, "valid_to", _maybe(date.fromisoformat)),
        areas=tuple(row["areas"].split()),
        became=place.read(row, "became", _codes),
    )


def _present(text: str) -> str:
    if not text:
        raise ValueError
    return text


def _maybe(how: Callable[[str], Value]) -> Callable[[str], Value | None]:
    return lambda text: how(text) if text else None


def _codes(text: str) -> tuple[str, ...]:
    return tuple(parse_agency(code) for code in text.split())
