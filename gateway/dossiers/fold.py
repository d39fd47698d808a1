"""Folding: everything said of a dossier, in whatever order and however often, gives one dossier.

The law: what was said is a set, read in the order of its own times (`Statement.place`), never of arrival. Of two
statements about one member the later one counts; a late correction is merely a statement with its own time. A whole
message (`whole`) puts its lists in the place of earlier ones, an event adds to them and changes what has the same id.
What an event merely implies (it `finished` at its time) counts only where nobody said it in so many words.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.dossiers.codes import DossierCode
from gateway.dossiers.dossier import (
    Channel,
    Claims,
    Dossier,
    DossierStatus,
    Fee,
    Moment,
    Paper,
    Result,
    Supplement,
)
from gateway.dossiers.members import from_seconds
from gateway.dossiers.statement import STATUSES, Said, Statement

_IMPLIED: Mapping[Said, str] = {
    Said.RECEIVED: "filed_at",
    Said.ACCEPTED: "received_at",
    Said.FINISHED: "ended_at",
    Said.WITHDRAWN: "ended_at",
    Said.STOPPED: "ended_at",
    Said.RETURNED: "returned_at",
}
_BEGINS: Mapping[DossierStatus, tuple[str, ...]] = {
    DossierStatus.NEW: ("filed_at", "received_at"),
    DossierStatus.ACCEPTED: ("received_at",),
    DossierStatus.NOT_ACCEPTED: ("refused_at",),
    DossierStatus.DONE: ("ended_at",),
    DossierStatus.RETURNED: ("returned_at", "ended_at"),
}
"""Which of a whole message's own times a status began at; what it does not tell began when the message is dated."""
_TIMES = ("received_at", "due_at", "ended_at", "filed_at", "returned_at")
_COLLECTED = ("inputs", "results", "fees")


@dataclass(slots=True)
class _Folding:
    """A fold under way: the members so far, what events implied, the lists by id, the timeline."""

    said: dict[str, Any] = field(default_factory=dict)
    implied: dict[str, Any] = field(default_factory=dict)
    lists: dict[str, dict[str, Any]] = field(default_factory=lambda: {name: {} for name in _COLLECTED})
    supplements: dict[int, list[int | None]] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)
    receipts: set[str] = field(default_factory=set)

    def take(self, statement: Statement, receiving: str) -> None:
        members = statement.members
        whole = statement.kind is Said.WHOLE
        for name, value in members.items():
            if name in _COLLECTED:
                self._collect(name, value, anew=whole)
            elif name == "receipts":
                self.receipts.update(value)
            elif name == "supplements":
                self._supplement_list(value, anew=whole)
            else:
                self.said[name] = value
        implied = _IMPLIED.get(statement.kind)
        if implied is not None:
            self.implied[implied] = int(statement.at.timestamp())
        self._supplement(statement)
        status = status_of(statement)
        if status is not None:
            self.said["status"] = int(status)
            unit = self.said.get("handling_unit") or receiving
            self.moments.append(Moment(status=status, at=_began(status, statement), unit=unit))

    def _collect(self, name: str, items: Mapping[str, Any], *, anew: bool) -> None:
        kept = {} if anew else self.lists[name]
        for identity, item in items.items():
            if item is None:
                kept.pop(identity, None)
            else:
                kept[identity] = item
        self.lists[name] = kept

    def _supplement_list(self, items: Iterable[list[int | None]], *, anew: bool) -> None:
        kept = {} if anew else self.supplements
        kept.update({item[0]: list(item) for item in items if item[0] is not None})
        self.supplements = kept

    def _supplement(self, statement: Statement) -> None:
        at = int(statement.at.timestamp())
        if statement.kind is Said.SUPPLEMENT_REQUESTED:
            known = self.supplements.get(at, [at, None, None])
            self.supplements[at] = [at, statement.members.get("supplement_due", known[1]), known[2]]
        elif statement.kind is Said.SUPPLEMENTED:
            waiting = [one for one in self.supplements.values() if one[2] is None and (one[0] or 0) <= at]
            if waiting:
                max(waiting, key=lambda one: one[0] or 0)[2] = at


def fold(code: DossierCode, statements: Iterable[Statement], receipts: Iterable[str] = ()) -> Dossier:
    """Return the dossier that was told of, its receipts with those that `receipts` adds. Raises ValueError when nothing
    was said."""
    once = {statement.name: statement for statement in sorted(statements, key=lambda one: one.place)}
    told = sorted(once.values(), key=lambda one: one.place)
    if not told:
        raise ValueError("nothing was said of this dossier")
    folding = _Folding()
    for statement in told:
        folding.take(statement, code.agency)
    said = folding.said
    times = {name: _time(said.get(name, folding.implied.get(name))) for name in _TIMES}
    return Dossier(
        code=code.text,
        updated_at=told[-1].at,
        procedure=said.get("procedure"),
        receiving_unit=code.agency,
        handling_unit=said.get("handling_unit"),
        channel=None if "channel" not in said else Channel(said["channel"]),
        status=None if "status" not in said else DossierStatus(said["status"]),
        supplements=tuple(
            Supplement(asked_at=from_seconds(asked), due_at=_time(due), answered_at=_time(answered))
            for asked, (_, due, answered) in sorted(folding.supplements.items())
        ),
        fees=tuple(Fee(code=one, amount=amount) for one, amount in sorted(folding.lists["fees"].items())),
        paid_online=said.get("paid_online"),
        inputs=tuple(Paper(id=one, **paper) for one, paper in sorted(folding.lists["inputs"].items())),
        results=tuple(Result(id=one, **paper) for one, paper in sorted(folding.lists["results"].items())),
        claimed=Claims(
            has_digitised_part=said.get("has_digitised_part"),
            vneid_verified=said.get("vneid_verified"),
            databases=tuple(said.get("databases", ())),
        ),
        receipts=tuple(sorted(folding.receipts.union(receipts))),
        moments=_timeline(folding.moments),
        **times,
    )


def status_of(statement: Statement) -> DossierStatus | None:
    """Return the status that a statement says or means; None for one that says nothing of it."""
    stated = statement.members.get("status")
    if stated is not None:
        return DossierStatus(stated)
    meant = STATUSES.get(statement.kind, ())
    return meant[0] if meant else None


def _began(status: DossierStatus, statement: Statement) -> datetime:
    if statement.kind is Said.WHOLE:
        for name in _BEGINS.get(status, ()):
            if name in statement.members:
                return from_seconds(statement.members[name])
    return statement.at


def _timeline(moments: Iterable[Moment]) -> tuple[Moment, ...]:
    """Return moments in order; one that repeats the status and unit before it says nothing new."""
    found: list[Moment] = []
    for moment in sorted(moments, key=lambda one: one.at):
        if not found or (found[-1].status, found[-1].unit) != (moment.status, moment.unit):
            found.append(moment)
    return tuple(found)


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else from_seconds(seconds)
