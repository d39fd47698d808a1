"""A portal that a person closed to themselves: no sign-in of theirs succeeds there until they open it again."""

from datetime import datetime
from hashlib import sha256

from gateway.vocabulary.store import Kind, Record, RecordKey


def block_address(citizen_id: str, client_id: str) -> RecordKey:
    """Return where a block is stored: under a hash that says nothing to anybody without the internal id."""
    return RecordKey(Kind.PORTAL_BLOCK, sha256(f"{citizen_id}\x1f{client_id}".encode()).hexdigest())


def block_record(citizen_id: str, client_id: str, now: datetime) -> Record:
    """Return what is stored. It has no end: only the person opens the portal again."""
    return Record(
        kind=Kind.PORTAL_BLOCK,
        key=block_address(citizen_id, client_id).key,
        subject=citizen_id,
        body={"client_id": client_id, "at": now.timestamp()},
    )
