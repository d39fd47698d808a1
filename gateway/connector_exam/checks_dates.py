"""The check of dates: a year stays a year, and days and months keep their order."""

import re
from typing import Any

from gateway.connector_exam.finding import Fault
from gateway.connector_exam.influence import follow
from gateway.connector_exam.room import Case, Room, found_in
from gateway.connector_exam.sample_tree import Leaf
from gateway.connector_runtime.contract import Found
from gateway.connector_runtime.kinds.lint import SHAPES
from gateway.connector_runtime.mapping.path import parse_path
from gateway.vocabulary.partial_date import PartialDate

_BIRTH = re.compile(r"\{\s*birth_date(:[a-z0-9/-]+)?\s*\}")
_MOMENTS = {"1999-12-30T17:00:00.000Z": "1999-12-31", "1999-12-31T16:59:59Z": "1999-12-31"}


async def check_dates(room: Room) -> list[Fault]:
    """A year stays a year and a month a month; a whole date is read in the order the source writes it."""
    faults = []
    orders = await _date_leaves(room)
    for case, attribute, leaf, form in orders:
        row = room.candidate.manifest.fields[room.candidate.index_of(attribute)]
        for wanted in (PartialDate(1941), PartialDate(1941, 7), PartialDate(1999, 12, 31), PartialDate(1999, 4, 3)):
            told = await room.told(case, case.tree.put(leaf, _written(wanted, form)))
            outcome = told.outcomes.get(attribute)
            if isinstance(outcome, Found) and _agrees(outcome.value, wanted):
                continue
            must = wanted.day is not None or "birth" in attribute or row.precision == "from_source"
            told_by_flag = row.precision_from is not None
            if isinstance(outcome, Found) and not (told_by_flag and _shorter(outcome.value, wanted)):
                what = f"`{attribute}` made `{outcome.value}` of `{_written(wanted, form)}`"
            elif must and not told_by_flag and not isinstance(outcome, Found):
                what = f"`{attribute}` cannot be read from `{_written(wanted, form)}`"
            else:
                continue
            faults.append(
                Fault(
                    what=what,
                    where=room.candidate.place("fields", room.candidate.index_of(attribute)),
                    fix='Write `precision = "from_source"` and the `format` the source writes dates in.',
                )
            )
            break
    return faults + _asked(room) + await _moments(room, orders) + await _flags(room)


def _asked(room: Room) -> list[Fault]:
    """The birth date is sent as far as it is known: by its year alone two people of one year are the same."""
    operations = room.candidate.manifest.operations
    forms = set(_BIRTH.findall("" if operations is None else repr(operations.lookup)))
    if forms != {":yyyy"}:
        return []
    return [
        Fault(
            what="the birth date is sent as its year alone, though more of it is known",
            where=room.candidate.place("operations", "lookup"),
            fix="Send it whole (`{birth_date}`, `{birth_date:dd/mm/yyyy}`); a year that stands alone stays a year.",
        )
    ]


async def _moments(room: Room, places: list[tuple[Case, str, Leaf, str]]) -> list[Fault]:
    """A date written as a moment of UTC is the day it is in Vietnam, or cannot be read; never the day in Greenwich."""
    faults = []
    for case, attribute, leaf, _ in places:
        for text, wanted in _MOMENTS.items():
            outcome = (await room.told(case, case.tree.put(leaf, text))).outcomes.get(attribute)
            if isinstance(outcome, Found) and not _shorter(outcome.value, PartialDate.parse(wanted)):
                faults.append(
                    Fault(
                        what=f"`{attribute}` made `{outcome.value}` of `{text}`, which is {wanted} in Vietnam",
                        where=room.candidate.place("fields", room.candidate.index_of(attribute)),
                        fix="Read it by the contract's `read_date` with its time and its offset, and cut nothing off.",
                    )
                )
                break
    return faults


async def _date_leaves(room: Room) -> list[tuple[Case, str, Leaf, str]]:
    """Return every date field once with a member it follows and the order that member is written in."""
    dates = {row.to for row in room.candidate.manifest.fields if row.type == "date"}
    found: dict[str, list[tuple[Case, Leaf]]] = {}
    for case in room.cases():
        if not dates & found_in(await room.baseline(case)).keys():
            continue
        for followed in await follow(room, case):
            if followed.attribute in dates and _order(followed.leaf.text) is not None:
                found.setdefault(followed.attribute, []).append((case, followed.leaf))
    told = []
    for attribute, places in found.items():
        forms = {form for _, leaf in places if (form := _order(leaf.text)) is not None}
        form = "mdy" if "mdy" in forms else next((one for one in ("dmy", "ymd", "packed") if one in forms), "ymd")
        case, leaf = next(
            (one for one in places if (_order(one[1].text) or "") in {form, "dmy"} and len(one[1].text) > 7), places[0]
        )
        told.append((case, attribute, leaf, form))
    return told


def _order(text: str) -> str | None:
    """Return in which order a date is written; day first unless a second part beyond 12 says otherwise."""
    text = re.split(r"[T ]", text.strip(), maxsplit=1)[0]
    if text.isascii() and text.isdigit():
        return "packed" if len(text) in {4, 6, 8} and 1000 <= int(text[:4]) <= 2999 else None
    parts = re.split(r"[-/.]", text)
    if not 2 <= len(parts) <= 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    if len(parts[0]) == 4:
        return "ymd"
    if len(parts) == 3 and int(parts[1]) > 12:
        return "mdy"
    return "dmy"


def _written(date: PartialDate, form: str) -> str:
    parts = str(date).split("-")
    if form == "packed":
        return "".join(parts)
    if form == "ymd":
        return "-".join(parts)
    if form == "mdy" and len(parts) == 3:
        return "/".join([parts[1], parts[2], parts[0]])
    return "/".join(reversed(parts))


def _agrees(value: Any, wanted: PartialDate) -> bool:
    return str(value) == str(wanted)


def _shorter(value: Any, wanted: PartialDate) -> bool:
    return str(wanted).startswith(str(value))


async def _flags(room: Room) -> list[Fault]:
    """Where the source says apart how much of a date is known, its filling may not come out."""
    faults = []
    for index, row in enumerate(room.candidate.manifest.fields):
        if row.type != "date" or row.precision_from is None:
            continue
        shape = SHAPES.get(room.kind, "json")
        flag = parse_path(row.precision_from, shape)[-1].name
        for case in room.cases():
            leaf = next((one for one in case.tree.leaves() if one.name == flag), None)
            usual = found_in(await room.baseline(case)).get(row.to)
            if leaf is None or usual is None:
                continue
            told = await room.told(case, case.tree.put(leaf, "exam"))
            if isinstance(told.outcomes.get(row.to), Found):
                faults.append(
                    Fault(
                        what=f"`{row.to}` is told although the source's word for its precision is not known",
                        where=room.candidate.place("fields", index, "precision_codes"),
                        fix="List every word of the source; what is not listed is not read.",
                    )
                )
            break
    return faults
