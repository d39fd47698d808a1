"""What a member of staff was called, and where they worked, when they did something.

Evidence names staff by reference. The subject's record, sealed, keeps each name and agency with the sign-in that first
showed it, so that a citizen reads who it was at that time, also after a marriage or a transfer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.vocabulary.officer import Officer
from gateway.vocabulary.store import Kind, RecordKey, Store

_REFERENCE = "staff:"


@dataclass(frozen=True, slots=True)
class Called:
    """A name and the code of an agency."""

    full_name: str
    agency: str


def remembered(before: Mapping[str, Any] | None, officer: Officer, now: datetime) -> list[dict[str, Any]]:
    """Return the names to store with an officer's subject: those of before, and this one if it is another."""
    names = [] if before is None else [dict(one) for one in before.get("names", ())]
    if before is not None and not names:  # a subject of before names were kept: it was called so until now
        names = [{"since": 0.0, "full_name": before["full_name"], "agency": before["agency"]}]
    called = {"full_name": officer.full_name, "agency": officer.agency}
    if not names or {name: names[-1][name] for name in called} != called:
        names.append({"since": now.timestamp() if names else 0.0, **called})
    return names


async def called_at(store: Store, acts: Iterable[tuple[str, datetime]]) -> dict[tuple[str, datetime], Called]:
    """Return what members of staff were called when they acted, by (reference, time); an unknown one is left out."""
    wanted = {(reference, at) for reference, at in acts if reference.startswith(_REFERENCE)}
    references = sorted({reference for reference, _ in wanted})
    addresses = [RecordKey(Kind.STAFF_SUBJECT, one.removeprefix(_REFERENCE)) for one in references]
    records = await store.load(*addresses) if addresses else ()
    names = {
        reference: record.body.get("names") or [{"since": 0.0, **record.body}]
        for reference, record in zip(references, records, strict=True)
        if record is not None
    }
    return {(reference, at): _called(names[reference], at) for reference, at in wanted if reference in names}


def _called(names: list[dict[str, Any]], at: datetime) -> Called:
    known = [one for one in names if one["since"] <= at.timestamp()] or names[:1]
    return Called(known[-1]["full_name"], known[-1]["agency"])
