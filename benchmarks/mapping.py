"""What reading one record of 40 fields costs, from JSON and from XML: getters, readers, outcomes (µs, best of several).

python -m benchmarks.mapping
"""

import json
import time
import timeit
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from gateway.connector_runtime.contract import Found, Provenance
from gateway.connector_runtime.contract.document import read_document, read_json
from gateway.connector_runtime.manifest_parts import CodeList, FieldRow
from gateway.connector_runtime.mapping.address import Basis
from gateway.connector_runtime.mapping.field_table import FieldTable
from gateway.connector_runtime.mapping.path import Shape
from gateway.vocabulary.areas import shipped_lists

LIMITS = {"json": 20.0, "xml": 150.0}
"""Microseconds a record may cost: JSON without its parsing, XML with it."""

_GROUPS = ("person", "birth", "card", "place", "work", "family", "contact", "note")
_PARTS = ("ho_ten", "so", "ghi_chu", "ma", "noi_cap")


def record() -> dict[str, dict[str, str]]:
    """Return an invented record of 40 members in eight groups, half of it Vietnamese text, with codes and dates."""
    made = {
        group: {part: f"Phường Bắc Kạn số {n}" if n % 2 else f"{group}-{n}" for n, part in enumerate(_PARTS)}
        for group in _GROUPS
    }
    made["birth"]["so"] = "1975-05-12"
    made["card"]["so"] = "999175000003"
    made["card"]["ma"] = "01"
    return made


def rows(shape: Shape) -> list[FieldRow]:
    """Return the field table of that record."""
    between = "/" if shape == "xml" else "."
    made = []
    for group in _GROUPS:
        for part in _PARTS:
            members: dict[str, Any] = {"to": f"{group}_{part}", "from": f"{group}{between}{part}", "type": "text"}
            if (group, part) == ("birth", "so"):
                members["type"] = "date"
            elif (group, part) == ("card", "so"):
                members |= {"type": "number", "lengths": (12,)}
            elif (group, part) == ("card", "ma"):
                members |= {"type": "code", "codes": "branches"}
            made.append(FieldRow(**members))
    return made


def measure() -> dict[str, float]:
    """Return the cost of one record in microseconds: `json`, `xml`, and what parsing alone costs."""
    codes = {"branches": CodeList(list="x", version="1", values={"01": "centre"})}
    basis = Basis(lists=shipped_lists(), code_lists=codes, unknown=frozenset({""}))
    told = Provenance(source="x", as_of=date(2026, 1, 1), retrieved_at=datetime(2026, 1, 1, tzinfo=UTC))
    members = record()
    body = json.dumps(members, ensure_ascii=False).encode()
    xml = "".join(f"<{g}>{''.join(f'<{p}>{v}</{p}>' for p, v in m.items())}</{g}>" for g, m in members.items())
    document = f"<record>{xml}</record>".encode()
    tables = {shape: FieldTable(rows(shape), shape, basis) for shape in ("json", "xml")}
    asked = frozenset(row.to for row in rows("json"))
    from_json = tables["json"].read(members, asked, told)
    if from_json != tables["xml"].read(read_document(document), asked, told) or len(from_json) != 40:
        raise RuntimeError("both shapes must come to the same forty values")
    if not all(isinstance(one, Found) for one in from_json.values()):
        raise RuntimeError("a field was not read")
    return {
        "json": _best(lambda: tables["json"].read(members, asked, told)),
        "json parsing": _best(lambda: read_json(body)),
        "xml": _best(lambda: tables["xml"].read(read_document(document), asked, told)),
        "xml parsing": _best(lambda: read_document(document)),
    }


def say(figures: dict[str, float]) -> None:
    """Print the figures."""
    print("\nmapping of a record of 40 fields: µs per record, best of seven")
    for name, cost in figures.items():
        limit = f"  (at most {LIMITS[name]:.0f})" if name in LIMITS else ""
        print(f"{name:16}{cost:8.1f}{limit}")


def _best(run: Callable[[], object], number: int = 2000) -> float:
    # the time of this process alone: what other programs take meanwhile is not the price of a record
    return min(timeit.repeat(run, timer=time.process_time, number=number, repeat=7)) / number * 1e6


if __name__ == "__main__":
    say(measure())
