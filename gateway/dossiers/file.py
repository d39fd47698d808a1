"""A file of things told of dossiers: JSON lines, one JSON list, or one national message; CloudEvents and rows mixed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.dossiers.failure import MessageMalformed
from gateway.dossiers.message import SERVICES
from gateway.dossiers.offer import Way
from gateway.vocabulary.strict_json import JsonRefused, parse_json

Row = tuple[Way, Any]


def read_rows(path: Path) -> Iterator[Row]:
    """Yield what a file holds, line by line: the file may be larger than memory.

    Raises MessageMalformed with file and line; what was yielded before stays good.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield from _rows(line, f"{path.name}:{number}")
    except OSError:
        raise MessageMalformed(f"`{path}` cannot be read") from None


def _rows(line: bytes, place: str) -> Iterator[Row]:
    try:
        sent = parse_json(line)
    except JsonRefused as refused:
        why = "a member is there twice" if refused.rule == "duplicate" else "is no JSON; one thing stands on each line"
        raise MessageMalformed(f"{place}: {why}") from None
    if isinstance(sent, list):
        yield from ((_way(one), one) for one in sent)
    elif isinstance(sent, dict) and "specversion" not in sent and isinstance(sent.get("data"), list):
        way = SERVICES.get(str(sent.get("service", "DongBoHoSoMC")))
        if way is None:
            raise MessageMalformed(f"{place}: `service` is one of {', '.join(f'`{one}`' for one in SERVICES)}")
        yield from ((way, one) for one in sent["data"])
    else:
        yield _way(sent), sent


def _way(one: Any) -> Way:
    if isinstance(one, dict) and "specversion" not in one and "MaHoSo" in one:
        return "step" if "ThoiDiemXuLy" in one else "whole"
    return "event"
