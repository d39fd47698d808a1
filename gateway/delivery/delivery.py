"""What waits to be told: one record, keyed by the time of its next try so that a look finds what is due first."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.vocabulary.clock import Randomness
from gateway.vocabulary.store import Change, Insert, Kind, Record, Remove, Replace

_MARGIN = timedelta(hours=1)
_LAST = "~"  # behind every letter an id has


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Something to be told by one channel to one receiver (a client id, or what the channel calls it).

    `content` is what the channel writes from: references and times, never a value of a citizen. `citizen_id` is whom
    it is about; with `sealed_for_citizen` it is unreadable after their erasure, and then nobody is told. `tries` counts
    those begun. After `give_up_at` there is no further try. `version` is that of the stored record.
    """

    id: str
    channel: str
    receiver: str
    content: Mapping[str, Any]
    citizen_id: str | None
    sealed_for_citizen: bool = False
    begun_at: datetime
    give_up_at: datetime
    due_at: datetime
    tries: int = 0
    version: int = 1

    def record(self) -> Record:
        """Return what is stored."""
        return Record(
            kind=Kind.DELIVERY,
            key=f"{due_key(self.due_at)}{self.id}",
            subject=self.citizen_id if self.sealed_for_citizen else None,
            version=self.version,
            expires_at=self.give_up_at + _MARGIN,
            body={
                "id": self.id,
                "channel": self.channel,
                "receiver": self.receiver,
                "content": dict(self.content),
                "citizen_id": self.citizen_id,
                "begun_at": self.begun_at.timestamp(),
                "give_up_at": self.give_up_at.timestamp(),
                "due_at": self.due_at.timestamp(),
                "tries": self.tries,
            },
        )

    def booked(self, at: datetime) -> "Delivery":
        """Return it as it stands once a try has begun and the next one is booked."""
        return replace(self, due_at=at, tries=self.tries + 1, version=1)

    def moved(self, at: datetime) -> "Delivery":
        """Return it with its next try at another time."""
        return replace(self, due_at=at, version=1)


def delivery_of(record: Record) -> Delivery:
    """Read a stored delivery."""
    body = record.body
    return Delivery(
        id=body["id"],
        channel=body["channel"],
        receiver=body["receiver"],
        content=body["content"],
        citizen_id=body["citizen_id"],
        sealed_for_citizen=record.subject is not None,
        begun_at=datetime.fromtimestamp(body["begun_at"], UTC),
        give_up_at=datetime.fromtimestamp(body["give_up_at"], UTC),
        due_at=datetime.fromtimestamp(body["due_at"], UTC),
        tries=body["tries"],
        version=record.version,
    )


def due_key(at: datetime) -> str:
    """Return the beginning of the keys of what is due at an instant: its millisecond in hexadecimal."""
    return f"{int(at.timestamp() * 1000):012x}"


def due_before(now: datetime) -> str:
    """Return the key that everything due by now is below."""
    return due_key(now) + _LAST


EVERYTHING = _LAST
"""The key that every delivery is below."""


def new_id(randomness: Randomness) -> str:
    """Return the id of a new delivery."""
    return randomness.octets(16).hex()


def hand_in(delivery: Delivery) -> Change:
    """Return the change that puts a delivery into the queue: it belongs into the commit of what it tells of."""
    return Insert(delivery.record())


def rebooking(stored: Delivery, booked: Delivery) -> list[Change]:
    """Return the changes that put one booking in the place of another, lost when somebody else did so meanwhile.

    The replacement comes first because it alone can lose: it holds the row until the end of the commit.
    """
    claimed = replace(stored, version=stored.version + 1).record()
    return [Replace(claimed), Remove(claimed.address), Insert(booked.record())]
