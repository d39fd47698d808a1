"""A province as JSON lines that any program can read: one object a line, `kind` first."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from gateway.vocabulary.working_days import national_days
from tests.dossiers.indicators.small_province import ROWS, SmallProvince


def export_lines(province: SmallProvince) -> Iterator[str]:
    """Yield the lines of a province: the present, its calendar, units, procedures, receipts, feedback, dossiers."""
    days = (date(2025, 1, 1) + timedelta(days=n) for n in range(500))
    yield _line("present", {"at": province.as_of})
    yield _line("calendar", {"working_days": [day for day in days if national_days().is_working_day(day)]})
    for kind, rows in (
        ("unit", ROWS),
        ("procedure", province.procedures.values()),
        ("receipt", province.receipts.values()),
        ("feedback", province.feedback),
        ("dossier", province.dossiers),
    ):
        for row in rows:
            yield _line(kind, _plain(row))
    for (unit, month), count in province.reported.items():
        yield _line("reported", {"unit": unit, "month": f"{month // 12:04d}-{month % 12 + 1:02d}", "count": count})


def _line(kind: str, members: dict[str, Any]) -> str:
    return json.dumps({"kind": kind, **_plain(members)}, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value
