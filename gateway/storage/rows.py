"""What a backend sees: sealed rows, steps over them and the answer. Times are microseconds since 1970 (UTC).

The rules every backend follows when a record is to be spent or required, first match decides: there is none
(`unknown`), it or its grant is revoked or its grant is missing (`revoked`), it was used (`replay`), its time is
over (`expired`). Whatever changes a stored row raises its version, so that a stale `Replace` loses. A revoked
grant stays revoked whatever is written over it.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from gateway.vocabulary.store import CONSENT_KEPT_FOR, Kind, Outcome, RecordKey, StorageUnavailable, StoredEvent

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# Kinds whose loss with a machine's power would break a promise: their commits wait for the disk.
SHORT_LIVED = frozenset(
    {
        Kind.ATTEMPT,
        Kind.UPSTREAM_STATE,
        Kind.UPSTREAM_SESSION,
        Kind.SESSION,
        Kind.PUSHED_REQUEST,
        Kind.CODE,
        Kind.ACCESS_TOKEN,
        Kind.KEPT_ANSWERS,
        Kind.REPLAY_MARK,
        Kind.FORM,
        Kind.UNSENT_REPORT,
        Kind.COUNTER,
    }
)
TOMBSTONE_FOR = timedelta(minutes=10)
GRANT_KEPT_FOR = timedelta(days=1)
# Values of a citizen go soon after their time; nothing is ever replayed against these kinds.
PERSONAL_KEPT_FOR = timedelta(minutes=1)


def micros(at: datetime) -> int:
    """Return the microseconds since 1970 of an aware time."""
    return (at - EPOCH) // MICROSECOND


def from_micros(value: int) -> datetime:
    """Return the aware time in UTC of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=value)


def kept_for(kind: str) -> timedelta:
    """Return how long an expired record stays, so that a replay is told from an unknown key."""
    if kind == Kind.GRANT:
        return GRANT_KEPT_FOR
    if kind == Kind.CONSENT:
        return CONSENT_KEPT_FOR
    return PERSONAL_KEPT_FOR if kind in {Kind.KEPT_ANSWERS, Kind.FORM, Kind.UNSENT_REPORT} else TOMBSTONE_FOR


class Row(NamedTuple):
    """A record with its body sealed; `ordinal` rises with every record stored (newest first in listings)."""

    kind: str
    key: str
    sealed: bytes
    expires_at: int | None
    group: str | None
    subject: str | None
    state: str
    version: int
    ordinal: int


class Step(NamedTuple):
    """One change: verb `insert put replace spend require remove revoke mark`.

    `revoke` has the grant as `key`; `mark` stores a single-use mark for (kind, key) until `until`.
    """

    verb: str
    kind: str
    key: str
    row: Row | None = None
    revoke_on_replay: bool = False
    until: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """What one commit asks of a backend; `durable` commits wait for the disk."""

    steps: Sequence[Step]
    events: Sequence[StoredEvent]
    now: int
    durable: bool


class Settled(NamedTuple):
    """How it ended; `group` names the grant of the losing record when that is revoked, or was by a replay."""

    outcome: Outcome
    lost_at: int | None = None
    group: str | None = None


class RefusedWrite(StorageUnavailable):
    """A backend answered that it did not store a commit: nothing of it is there, certainly."""


class Backend(Protocol):
    """Sealed rows under one roof. Every method raises StorageUnavailable."""

    def load(self, addresses: Sequence[RecordKey]) -> Awaitable[list[Row | None]]:
        """Return the rows in the order asked; `state` is `revoked` when the grant is revoked or missing."""
        ...

    def commit(self, work: Work) -> Awaitable[Settled]:
        """Apply all steps and store all events, or nothing."""
        ...

    def select(self, kind: str, subject: str | None, group: str | None, limit: int) -> Awaitable[list[Row]]:
        """Return the rows of a kind, newest first."""
        ...

    def earliest(self, kind: str, before: str, limit: int) -> Awaitable[list[Row]]:
        """Return the active rows of a durable kind whose key is below `before`, in the order of their keys."""
        ...

    def revoked_grants(self) -> Awaitable[list[str]]:
        """Return the keys of all revoked grants."""
        ...

    def purge(self, now: int) -> Awaitable[int]:
        """Delete rows whose tombstone window is over; return how many."""
        ...


def judge(state: str, expires_at: int | None, now: int) -> Outcome | None:
    """Return why a record with this read state cannot be spent or required, None when it can."""
    if state == "revoked":
        return Outcome.REVOKED
    if state != "active":
        return Outcome.REPLAY
    if expires_at is not None and expires_at <= now:
        return Outcome.EXPIRED
    return None
