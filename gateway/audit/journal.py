"""What the log needs of storage: the journal of stored events, the tree built over them, and a lease.

Events are stored by `Store.commit` in the transaction of their step. The sequencer reads the pending ones in
storing order and extends the tree by compare-and-swap on its size, so that two sequencers can never fork it even
if both believe they hold the lease. Only SQL backends implement this; Redis never holds an event.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event that is stored and not yet in the tree; `position` is its place in storing order."""

    position: int
    leaf: bytes


class TileAddress(NamedTuple):
    """C2SP tlog-tiles: level 0 holds leaf hashes, tile `number` of a level holds up to 256 hashes."""

    level: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """One step of the tree: positions in order get the indices `size_before`, `size_before + 1`, …

    `tiles` maps an address to the concatenated 32-byte hashes of the whole (maybe partial) tile.
    """

    size_before: int
    positions: Sequence[int]
    tiles: Mapping[TileAddress, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEvent:
    """An event looked up by its receipt; `index` is None until it is sequenced."""

    receipt: str
    at: datetime
    leaf: bytes
    index: int | None
    client_id: str | None


class Journal(Protocol):
    """Stored events."""

    async def pending(self, limit: int) -> list[PendingEvent]:
        """Return events that are not in the tree yet, in storing order."""
        ...

    async def entries(self, start: int, end: int) -> list[bytes]:
        """Return the leaves with index `start` (inclusive) to `end` (exclusive), in order."""
        ...

    async def find(self, receipt: str) -> FoundEvent | None:
        """Return the event with this receipt."""
        ...

    async def of_subject(self, subject_tags: Sequence[str], limit: int) -> list[FoundEvent]:
        """Return the newest events that carry one of the keyed references."""
        ...


class Tree(Protocol):
    """The tiles over the sequenced events."""

    async def size(self) -> int:
        """Return the number of sequenced events."""
        ...

    async def tiles(self, addresses: Sequence[TileAddress]) -> list[bytes | None]:
        """Return tiles in the order asked."""
        ...

    async def extend(self, extension: Extension) -> bool:
        """Store an extension in one transaction if the size is still `size_before`; False otherwise."""
        ...


class Checkpoints(Protocol):
    """Signed checkpoints (C2SP signed notes), by tree size."""

    async def save(self, size: int, note: str) -> None:
        """Store a checkpoint; the first one saved for a size stays."""
        ...

    async def latest(self) -> tuple[int, str] | None:
        """Return the newest checkpoint."""
        ...

    async def covering(self, size: int) -> tuple[int, str] | None:
        """Return the smallest checkpoint whose size is at least `size`."""
        ...


class Leases(Protocol):
    """Named leases, so that one node sequences at a time."""

    async def acquire(self, name: str, holder: str, until: datetime, *, now: datetime) -> bool:
        """Take or renew a lease that is free, expired or already held by `holder`."""
        ...
