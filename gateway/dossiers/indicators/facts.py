"""What the indicators read beside dossiers: procedures, prefill receipts, feedback, units. No personal value in any."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from gateway.dossiers.units import Boundary, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedProcedure:
    """A procedure as the province's list states it; what is not known is None or False, and counts for nothing.

    `levels` are the levels of units that handle it (a province has all). `published_on` is when its list entry was
    published, `effective_on` when the legal text takes effect, `decided_on` the publishing decision's date,
    `public_on` since when it is public, `complete` whether with all compulsory parts.
    """

    code: str
    levels: tuple[Level, ...]
    for_persons: bool = False
    result_due: bool = False
    has_fees: bool = False
    offered_online: bool = False
    published_on: date | None = None
    effective_on: date | None = None
    decided_on: date | None = None
    public_on: date | None = None
    complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A prefill receipt: its id, the sources of the values that were released with it, and the dossier it was left for;
    None where it names none. A receipt that names another dossier proves nothing of this one."""

    id: str
    sources: tuple[str, ...]
    dossier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A complaint or question about the work of a unit; `dossier` where it is about one, `complaint` when it is about
    handling or manners, `satisfied` what the person said of the answer, if anything."""

    id: str
    unit: str
    received_at: datetime
    answered_at: datetime | None = None
    complaint: bool = False
    satisfied: bool | None = None
    dossier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What is known beside dossiers when they are read: receipts by id, and dossiers that somebody complained of."""

    receipts: Mapping[str, Receipt] = field(default_factory=dict)
    complained: frozenset[str] = frozenset()


class CountingUnits(Protocol):
    """The units of the province, as a count asks for them; `lineage.Lineage` is the province's own list."""

    def level(self, unit: str, on: date) -> Level | None:
        """Return the level of a unit on a day or, where it did not exist then, at any time; None for an unknown one."""
        ...

    def counts_for(self, unit: str, on: date, boundary: Boundary) -> frozenset[str]:
        """Return every unit that a count of `unit` belongs to on that day: itself and those above, as of then, or its
        successors of today and those above. A unit that was split belongs to what all its successors share: nobody
        guesses. Empty for a unit that is not known."""
        ...


def complained_of(feedback: Mapping[str, Feedback]) -> frozenset[str]:
    """Return the codes of the dossiers with a complaint, or with an answer that somebody disliked."""
    return frozenset(
        entry.dossier
        for entry in feedback.values()
        if entry.dossier is not None and (entry.complaint or entry.satisfied is False)
    )
