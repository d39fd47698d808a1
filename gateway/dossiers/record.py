"""How dossiers and dead letters are kept: one record per dossier with all that was said of it, one per dead letter."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from gateway.dossiers.codes import DossierCode, parse_dossier_code
from gateway.dossiers.dossier import Dossier
from gateway.dossiers.failure import NotTaken
from gateway.dossiers.fold import fold
from gateway.dossiers.offer import Offer, Way
from gateway.dossiers.statement import Statement
from gateway.vocabulary.store import Kind, Record, RecordKey

LETTERS_KEPT_FOR = timedelta(days=14)
"""A dead letter holds what a sender sent, a person's name with it perhaps: it is gone before a request to delete that
person's records is due (20 days, Decree 356/2025)."""


def dossier_address(code: DossierCode) -> RecordKey:
    """Return where a dossier is kept."""
    return RecordKey(Kind.DOSSIER, code.text)


def statements_of(record: Record | None) -> list[Statement]:
    """Return what was said of a dossier so far, in the order it came."""
    return [] if record is None else [Statement.of(body) for body in record.body["said"]]


def dossier_record(code: DossierCode, said: Sequence[Mapping[str, Any]], version: int) -> Record:
    """Return the record of a dossier with everything said of it, as `Statement.body` writes it."""
    return Record(kind=Kind.DOSSIER, key=code.text, body={"said": [*said]}, version=version)


def check_address(tag: str) -> RecordKey:
    """Return where it is kept that a dossier's code and four digits belong together. A wrong pair and an unknown code
    are both no record: looking tells nothing more."""
    return RecordKey(Kind.DOSSIER_CHECK, tag)


def newest_check(record: Record) -> str | None:
    """Return the tag that opens a dossier now: the owner may have been corrected."""
    tagged = [statement for statement in statements_of(record) if "check" in statement.members]
    return str(max(tagged, key=lambda one: one.place).members["check"]) if tagged else None


def dossier_of(record: Record) -> Dossier:
    """Return the dossier that a record tells of."""
    return fold(parse_dossier_code(record.key), statements_of(record))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Something that was offered and not taken. `id` is the same for the same words of the same sender; `raw` is what
    came, as JSON text: it is shown to nobody and only read again. `code` and `reason` say why, `dossier` which one."""

    id: str
    sender: str
    way: Way
    raw: str
    whole_at: datetime | None
    event_id: str | None
    dossier: str | None
    code: str
    reason: str
    at: datetime

    @classmethod
    def about(cls, offer: Offer, refused: NotTaken, sender: str, at: datetime) -> "DeadLetter":
        """Return the letter that an offer leaves."""
        raw = json.dumps(offer.raw, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        name = sha256("\x1f".join((sender, offer.way, raw)).encode("utf-8", "replace")).hexdigest()
        return cls(
            id=f"dl_{name[:32]}",
            sender=sender,
            way=offer.way,
            raw=raw,
            whole_at=offer.whole_at,
            event_id=offer.id,
            dossier=None if offer.code is None else offer.code.text,
            code=refused.code,
            reason=refused.detail or refused.title,
            at=at,
        )

    @property
    def address(self) -> RecordKey:
        """Where it is kept."""
        return RecordKey(Kind.DEAD_LETTER, self.id)

    def record(self) -> Record:
        """Return it as it is kept."""
        body = {**self.wire(), "raw": self.raw, "whole_at": self.whole_at and self.whole_at.isoformat()}
        return Record(kind=Kind.DEAD_LETTER, key=self.id, body=body, expires_at=self.at + LETTERS_KEPT_FOR)

    def wire(self) -> dict[str, Any]:
        """Return what operators are shown: where it came from and why it waits, nothing of what it says."""
        return {
            "id": self.id,
            "sender": self.sender,
            "way": self.way,
            "event": self.event_id,
            "dossier": self.dossier,
            "code": self.code,
            "reason": self.reason,
            "at": self.at.isoformat(),
        }

    @classmethod
    def of(cls, record: Record) -> "DeadLetter":
        """Read what `record` wrote."""
        body = record.body
        return cls(
            id=record.key,
            sender=body["sender"],
            way=cast("Way", body["way"]),
            raw=body["raw"],
            whole_at=None if body["whole_at"] is None else datetime.fromisoformat(body["whole_at"]),
            event_id=body["event"],
            dossier=body["dossier"],
            code=body["code"],
            reason=body["reason"],
            at=datetime.fromisoformat(body["at"]),
        )
