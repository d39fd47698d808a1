"""The two persons of one dossier: bound by the gateway's own record to portal, procedure and dossier.

The first person who agrees on a dossier is its first party, the next other person who agrees its second. Nobody
changes that afterwards: a withdrawal closes what is told and leaves the place taken, and whoever comes third is
neither. Knowing the dossier's number opens nothing; only a page that named the other party does (`Consent.other_id`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from gateway.vocabulary.store import Insert, Kind, Record, RecordKey, Replace

_KEPT_FOR = timedelta(days=365)
SEATS_A_DAY = 5
"""Dossiers of two persons that somebody may join within a day: each place is taken for good, and a dossier's number can
be guessed."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A party: the internal id of the person and the consent that counts last."""

    citizen_id: str
    consent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who the parties of a dossier are so far, in the order in which they agreed. `version` 0: nothing is stored."""

    address: RecordKey
    seats: tuple[Seat, ...] = ()
    version: int = 0

    def holds(self, citizen_id: str) -> bool:
        """Tell whether the person is one of the parties already."""
        return any(seat.citizen_id == citizen_id for seat in self.seats)

    def admits(self, citizen_id: str) -> bool:
        """Tell whether the person is one of the two, or may become it."""
        return len(self.seats) < 2 or self.holds(citizen_id)

    def other_than(self, citizen_id: str) -> Seat | None:
        """Return the other party, for one who is admitted."""
        return next((seat for seat in self.seats if seat.citizen_id != citizen_id), None)

    def place_of(self, citizen_id: str) -> int:
        """Return 0 for the first party and 1 for the second: where the person sits or would sit."""
        return next((place for place, seat in enumerate(self.seats) if seat.citizen_id == citizen_id), len(self.seats))

    def seating(self, seat: Seat) -> "Parties":
        """Return them with a consent of one of the two in force."""
        place = self.place_of(seat.citizen_id)
        return replace(self, seats=(*self.seats[:place], seat, *self.seats[place + 1 :]), version=self.version + 1)

    def change(self, now: datetime) -> Insert | Replace:
        """Return the change that stores them; lost when somebody else took a place meanwhile."""
        record = Record(
            kind=self.address.kind,
            key=self.address.key,
            expires_at=now + _KEPT_FOR,
            version=self.version,
            body={"seats": [[seat.citizen_id, seat.consent_id] for seat in self.seats]},
        )
        return Insert(record) if self.version == 1 else Replace(record)


def parties_address(client_id: str, procedure: str, dossier: str) -> RecordKey:
    """Return where the parties of a portal's dossier are stored."""
    return RecordKey(Kind.DOSSIER_PARTIES, sha256("\x1f".join([client_id, procedure, dossier]).encode()).hexdigest())


def parties_of(address: RecordKey, record: Record | None) -> Parties:
    """Read what is stored; nobody sits yet when nothing is."""
    if record is None:
        return Parties(address=address)
    seats: list[list[Any]] = record.body["seats"]
    return Parties(address=address, seats=tuple(Seat(*seat) for seat in seats), version=record.version)


@dataclass(frozen=True, slots=True)
class SeatsTaken:
    """How many dossiers a person joined in the day that ends at `until`; `version` 0: nothing is stored."""

    address: RecordKey
    count: int
    until: datetime
    version: int

    @property
    def full(self) -> bool:
        """Tell whether they may join no other today."""
        return self.count >= SEATS_A_DAY

    def change(self) -> Insert | Replace:
        """Return the change that counts one more; lost when they joined another at the same moment."""
        record = Record(
            kind=self.address.kind,
            key=self.address.key,
            expires_at=self.until,
            version=self.version + 1,
            body={"joined": self.count + 1},
        )
        return Replace(record) if self.version else Insert(record)


def seats_address(citizen_id: str) -> RecordKey:
    """Return where it is counted how many dossiers a person joined."""
    return RecordKey(Kind.COUNTER, f"parties.{citizen_id}")


def seats_taken(citizen_id: str, record: Record | None, now: datetime) -> SeatsTaken:
    """Read the count; that of a day before counts no more."""
    address = seats_address(citizen_id)
    if record is None or record.expires_at is None or not record.alive(now):
        return SeatsTaken(address, 0, now + timedelta(days=1), 0)
    return SeatsTaken(address, record.body["joined"], record.expires_at, record.version)
