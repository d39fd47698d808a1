"""Figures from files alone: what systems told, and what is known beside it, read line by line without any store.

Whoever holds the files can compute a published figure again. The things told of one dossier stand together in the file
(sorted by dossier, in any order within one), so that a year of them needs no more memory than the longest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from gateway.dossiers.codes import DossierCode
from gateway.dossiers.dossier import Dossier
from gateway.dossiers.failure import NotTaken
from gateway.dossiers.file import read_rows
from gateway.dossiers.fold import fold
from gateway.dossiers.indicators.facts import Beside, Feedback, ListedProcedure, Receipt, complained_of
from gateway.dossiers.indicators.failure import EvidenceFileRefused
from gateway.dossiers.indicators.period import read_period
from gateway.dossiers.offer import Offer, Reading
from gateway.dossiers.statement import Statement

Line = TypeVar("Line")
_SENDER = "file"


@dataclass(frozen=True, slots=True)
class BesideFiles:
    """What a folder holds: `procedures.jsonl`, `receipts.jsonl`, `feedback.jsonl`, `reported.jsonl`; any may miss.
    `reported` is by unit and month."""

    procedures: Mapping[str, ListedProcedure] = field(default_factory=dict)
    receipts: Mapping[str, Receipt] = field(default_factory=dict)
    feedback: Mapping[str, Feedback] = field(default_factory=dict)
    reported: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def beside(self) -> Beside:
        """Return what a profile asks of it."""
        return Beside(receipts=self.receipts, complained=complained_of(self.feedback))

    def receipts_by_dossier(self) -> dict[str, list[str]]:
        """Return the receipts that name a dossier, by its code."""
        found: dict[str, list[str]] = {}
        for receipt in self.receipts.values():
            if receipt.dossier is not None:
                found.setdefault(receipt.dossier, []).append(receipt.id)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What the reporting system says a unit received in a month, `2026-11`."""

    unit: str
    month: Annotated[str, Field(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$")]
    count: Annotated[int, Field(ge=0)]


class _NoTags:
    """Reading wants keys for tags of the owner; nothing read here is kept, so no tag is made."""

    def blind(self, purpose: str, value: str) -> str:
        """Return no tag."""
        return ""


def read_beside(folder: Path) -> BesideFiles:
    """Read the files of a folder. Raises EvidenceFileRefused."""
    if not folder.is_dir():
        raise EvidenceFileRefused(f"`{folder}` is no folder")
    return BesideFiles(
        procedures={one.code: one for one in _lines(folder / "procedures.jsonl", TypeAdapter(ListedProcedure))},
        receipts={one.id: one for one in _lines(folder / "receipts.jsonl", TypeAdapter(Receipt))},
        feedback={one.id: one for one in _lines(folder / "feedback.jsonl", TypeAdapter(Feedback))},
        reported={
            (one.unit, read_period(one.month).first): one.count
            for one in _lines(folder / "reported.jsonl", TypeAdapter(Reported))
        },
    )


def read_dossiers(path: Path, beside: BesideFiles, now: datetime) -> Iterator[Dossier]:
    """Yield the dossiers that a file tells of, folded. Raises MessageMalformed for what is no JSON, EvidenceFileRefused
    for a thing that intake would not take and for a dossier that stands in two places."""
    reading = Reading(_SENDER, now, _NoTags())
    offers = (_accepted(reading.offer(way, raw), number) for number, (way, raw) in enumerate(read_rows(path), 1))
    receipts = beside.receipts_by_dossier()
    seen: set[str] = set()
    for code, told in groupby(offers, key=lambda one: one[0]):
        if code.text in seen:
            raise EvidenceFileRefused(f"`{path.name}`: `{code.text}` stands in two places; sort the file by dossier")
        seen.add(code.text)
        yield fold(code, (statement for _, statement in told), receipts.get(code.text, ()))


def _accepted(offer: Offer, number: int) -> tuple[DossierCode, Statement]:
    if isinstance(offer.told, NotTaken) or offer.code is None:
        reason = offer.told.detail if isinstance(offer.told, NotTaken) else "names no dossier"
        raise EvidenceFileRefused(f"the {number}. thing told: {reason}")
    return offer.code, offer.told


def _lines(path: Path, adapter: TypeAdapter[Line]) -> Iterator[Line]:
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield adapter.validate_json(line)
            except ValidationError as trouble:
                first = trouble.errors(include_url=False, include_input=False)[0]
                member = ".".join(str(part) for part in first["loc"]) or "line"
                raise EvidenceFileRefused(f"{path.name}:{number}: `{member}`: {first['msg'].lower()}") from None
