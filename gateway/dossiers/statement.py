"""One thing said of one dossier, by one system, at one time: what intake keeps and folding reads.

`members` are what was said, in our names and JSON-able: times are seconds since 1970 (UTC), flags booleans. What was
not said is not in it. Nothing of the owner is, but two keyed tags (`owner`, `check`), worthless without our key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from gateway.audit.canonical import canonical_bytes
from gateway.dossiers.dossier import DossierStatus


class Said(StrEnum):
    """What kind of thing was said: an event's type (behind `gate06.dossier.`), or a national message."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    SUPPLEMENTED = "supplemented"
    TRANSFERRED = "transferred"
    PAID = "paid"
    FINISHED = "finished"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    WHOLE = "whole"  # DongBoHoSoMC: the dossier as the sender has it, all of it
    STEP = "step"  # CapNhatTienDoHoSoMC: one row of the trace


TYPE_PREFIX = "gate06.dossier."
EVENT_KINDS = tuple(kind for kind in Said if kind not in {Said.WHOLE, Said.STEP})

_S = DossierStatus
STATUSES: Mapping[Said, tuple[DossierStatus, ...]] = {
    Said.RECEIVED: (_S.NEW,),
    Said.ACCEPTED: (_S.ACCEPTED, _S.IN_PROCESS),
    Said.SUPPLEMENT_REQUESTED: (_S.SUPPLEMENT_REQUESTED,),
    Said.SUPPLEMENTED: (_S.IN_PROCESS, _S.ACCEPTED),
    Said.TRANSFERRED: (_S.IN_PROCESS, _S.ACCEPTED),
    Said.PAID: (),
    Said.FINISHED: (_S.DONE,),
    Said.RETURNED: (_S.RETURNED,),
    Said.WITHDRAWN: (_S.WITHDRAWN,),
    Said.STOPPED: (_S.STOPPED, _S.NOT_ACCEPTED),
}
"""The statuses an event of a type can have; the first is meant when the event says none. A payment says nothing of it,
so it may name any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """`sender` is the client whose token it came with, `source` and `id` are the event's own; the three together name
    it for ever. `at` is the time it is true from, by the sender, never when it arrived."""

    sender: str
    source: str
    id: str
    at: datetime
    kind: Said
    members: Mapping[str, Any]

    @property
    def name(self) -> tuple[str, str, str]:
        """What makes it one thing: said again, it counts once."""
        return self.sender, self.source, self.id

    @property
    def place(self) -> tuple[datetime, str, str, str]:
        """Where it stands among all that was said of the dossier: by time, and by name where times are equal."""
        return self.at, *self.name

    def body(self) -> dict[str, Any]:
        """Return the JSON-able form kept in a dossier's record."""
        return {
            "sender": self.sender,
            "source": self.source,
            "id": self.id,
            "at": self.at.astimezone(UTC).isoformat(),
            "kind": str(self.kind),
            "members": dict(self.members),
        }

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Statement":
        """Read what `body` wrote."""
        return cls(
            sender=body["sender"],
            source=body["source"],
            id=body["id"],
            at=datetime.fromisoformat(body["at"]),
            kind=Said(body["kind"]),
            members=body["members"],
        )

    def same_words(self, other: "Statement") -> bool:
        """Tell whether another statement says the same, whoever said it and whenever it is dated."""
        return self.kind is other.kind and canonical_bytes(dict(self.members)) == canonical_bytes(dict(other.members))
