"""The four stores of the log in memory, with the same promises as the SQL ones; tests only."""

from collections.abc import Sequence
from datetime import datetime

from gateway.audit.journal import Extension, FoundEvent, PendingEvent, TileAddress
from gateway.audit.log import Log
from gateway.vocabulary.store import StoredEvent


class MemoryLog:
    """Journal, Tree, Checkpoints and Leases in one object; every method may be made to fail once."""

    def __init__(self) -> None:
        self.events: list[StoredEvent] = []
        self.order: list[int] = []
        self.held: dict[TileAddress, bytes] = {}
        self.notes: dict[int, str] = {}
        self.lease: dict[str, tuple[str, datetime]] = {}
        self.failing: list[Exception] = []
        self.extensions = 0
        self.reads = 0

    def store(self, *events: StoredEvent) -> None:
        self.events.extend(events)

    def log(self) -> Log:
        return Log(self, self, self, self)

    def _maybe_fail(self) -> None:
        if self.failing:
            raise self.failing.pop(0)

    async def pending(self, limit: int) -> list[PendingEvent]:
        self._maybe_fail()
        taken = set(self.order) if len(self.order) < 5000 else None
        waiting = (
            [place for place in range(len(self.events)) if place not in taken]
            if taken is not None
            else list(range(len(self.order), len(self.events)))
        )
        return [PendingEvent(place, self.events[place].leaf) for place in waiting[:limit]]

    async def entries(self, start: int, end: int) -> list[bytes]:
        return [self.events[place].leaf for place in self.order[start:end]]

    async def find(self, receipt: str) -> FoundEvent | None:
        for place, event in enumerate(self.events):
            if event.receipt == receipt:
                index = self.order.index(place) if place in self.order else None
                return FoundEvent(receipt=receipt, at=event.at, leaf=event.leaf, index=index, client_id=event.client_id)
        return None

    async def of_subject(self, subject_tags: Sequence[str], limit: int) -> list[FoundEvent]:
        found = [event for event in reversed(self.events) if event.subject_tag in subject_tags]
        return [
            FoundEvent(receipt=event.receipt, at=event.at, leaf=event.leaf, index=None, client_id=event.client_id)
            for event in found[:limit]
        ]

    async def size(self) -> int:
        return len(self.order)

    async def tiles(self, addresses: Sequence[TileAddress]) -> list[bytes | None]:
        self.reads += len(addresses)
        return [self.held.get(address) for address in addresses]

    async def extend(self, extension: Extension) -> bool:
        self._maybe_fail()
        if len(self.order) != extension.size_before:
            return False
        assert not set(extension.positions) & set(self.order[-2000:])
        self.order.extend(extension.positions)
        self.held.update(extension.tiles)
        self.extensions += 1
        return True

    async def save(self, size: int, note: str) -> None:
        self._maybe_fail()
        self.notes.setdefault(size, note)

    async def latest(self) -> tuple[int, str] | None:
        return max(self.notes.items(), default=None)

    async def covering(self, size: int) -> tuple[int, str] | None:
        return min(((held, note) for held, note in self.notes.items() if held >= size), default=None)

    async def acquire(self, name: str, holder: str, until: datetime, *, now: datetime) -> bool:
        self._maybe_fail()
        owner, runs_out = self.lease.get(name, (holder, now))
        if owner != holder and now < runs_out:
            return False
        self.lease[name] = (holder, until)
        return True
