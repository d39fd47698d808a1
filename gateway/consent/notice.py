"""Remembering a notice: once per portal, scope set and notice version for identity; once per dossier, or per day in
Vietnam without one, for a procedure (design.md §3 "Notice memory").

A memory names what was shown. It counts only for what is told within that: a birth date, a sex or an organisation that
became known since, a claim, an attribute or a rule that came to a form shows the notice again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from gateway.vocabulary.store import Kind, Record, RecordKey

NOTICE_VERSION = "2026-12.1"
"""Of the notice page's sentences: a new version is shown to everybody again."""

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_IDENTITY_FOR = timedelta(days=365)
_DOSSIER_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a notice page was about. `citizen_id` is the internal id; `about_form` tells that a procedure was asked;
    `acting` who acts, the person or the person for an organisation. `told` names everything that would be told: claims,
    attributes of the form, the policy book by which it is told; never a value."""

    citizen_id: str
    client_id: str
    scopes: Sequence[str]
    about_form: bool
    dossier: str | None
    acting: str = ""
    told: frozenset[str] = frozenset()

    def key(self, now: datetime) -> str:
        """Return what the memory is stored under: a hash that says nothing to anybody without the internal id."""
        parts = [self.acting or self.citizen_id, self.client_id, " ".join(sorted(self.scopes)), NOTICE_VERSION]
        if self.about_form:
            parts.append(self.dossier or now.astimezone(_VIETNAM).date().isoformat())
        return sha256("\x1f".join(parts).encode()).hexdigest()

    def remembered_until(self, now: datetime) -> datetime:
        """Return when the notice has to be shown again."""
        if not self.about_form:
            return now + _IDENTITY_FOR
        if self.dossier is not None:
            return now + _DOSSIER_FOR
        midnight = now.astimezone(_VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(days=1)

    def record(self, now: datetime) -> Record:
        """Return the durable memory: its key says it all, its body names the portal by which it can be forgotten,
        and what was shown."""
        return Record(
            kind=Kind.NOTICE_MEMORY,
            key=self.key(now),
            subject=self.citizen_id,
            expires_at=self.remembered_until(now),
            body={"client_id": self.client_id, "shown": sorted(self.told)},
        )

    def is_covered_by(self, memory: Record | None, now: datetime) -> bool:
        """Tell whether nothing is told beyond what the remembered notice showed; one that does not say what it showed
        covers nothing."""
        if memory is None or not memory.alive(now):
            return False
        return "shown" in memory.body and self.told <= set(memory.body["shown"])

    def proof(self) -> str:
        """Return a hash of what is told, by which an answer to the page is known to be about this and no other."""
        return sha256("\x1f".join(sorted(self.told)).encode()).hexdigest()


def memory_address(key: str) -> RecordKey:
    """Return where a memory is stored."""
    return RecordKey(Kind.NOTICE_MEMORY, key)


def is_memory_of(memory: Record, client_id: str | None) -> bool:
    """Tell whether a memory is about a portal, or None: any. One that names no portal counts as everybody's: a page
    too many is shown sooner than one too few."""
    return client_id is None or memory.body.get("client_id", client_id) == client_id
