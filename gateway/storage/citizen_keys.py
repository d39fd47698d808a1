"""Data keys of citizens: random, wrapped by the key encryption key, one row each; erasing one is shredding.

A key stays in memory for a few seconds only, so that an erasure on one worker takes effect on all. An erased key
leaves a tombstone without key material, so that the same citizen id never gets a key again.
"""

from collections.abc import Iterable
from time import perf_counter
from typing import NamedTuple

from gateway.storage.encryption import DataKey, Sealer, row_context
from gateway.storage.failure import MasterKeyWrong, SealBroken
from gateway.storage.rows import Backend, Row, Step, Work
from gateway.vocabulary.store import CitizenErased, Kind, RecordKey

REMEMBERED_FOR = 5.0  # seconds
REMEMBERED_COUNT = 4096
ERASED = "erased"
BLIND_INDEX_KEY = "~blind-index"  # no citizen id starts with `~`; kept here so that it outlives the master key


class _Remembered(NamedTuple):
    until: float
    key: DataKey | None


class ShreddableKeys:
    """`CitizenKeys` over rows of kind `citizen_key`, which only this module reads and writes."""

    def __init__(self, backend: Backend, sealer: Sealer) -> None:
        self._backend = backend
        self._sealer = sealer
        self._remembered: dict[str, _Remembered] = {}

    async def derive(self, citizen_id: str, purpose: str) -> bytes:
        """Return 32 bytes derived (HKDF-SHA-256) from the citizen's data key for `purpose`.

        The data key is made when the citizen has none yet. Raises CitizenErased after an erasure.
        """
        return (await self.obtain(citizen_id)).derive(f"gate06 citizen: {purpose}")

    async def erase(self, citizen_id: str) -> None:
        """Destroy the data key: every record sealed with it, and every reference derived from it, is lost."""
        await self._backend.commit(Work([erasure(citizen_id)], (), 0, durable=True))
        self.forget(citizen_id)

    async def obtain(self, citizen_id: str) -> DataKey:
        """Return the citizen's data key, made now when there is none. Raises CitizenErased."""
        remembered = self._recall(citizen_id)
        if remembered is None:
            row = (await self._backend.load([_address(citizen_id)]))[0] or await self._create(citizen_id)
            remembered = self._remember(citizen_id, row)
        if remembered.key is None:
            raise CitizenErased
        return remembered.key

    async def find(self, citizen_ids: Iterable[str]) -> dict[str, DataKey | None]:
        """Return the data keys there are; None for a citizen who was erased or never had one."""
        found: dict[str, DataKey | None] = {}
        missing = []
        for citizen_id in citizen_ids:
            remembered = self._recall(citizen_id)
            if remembered is None:
                missing.append(citizen_id)
            else:
                found[citizen_id] = remembered.key
        if missing:
            rows = await self._backend.load([_address(citizen_id) for citizen_id in missing])
            for citizen_id, row in zip(missing, rows, strict=True):
                found[citizen_id] = None if row is None else self._remember(citizen_id, row).key
        return found

    def forget(self, citizen_id: str) -> None:
        """Drop a key from memory."""
        self._remembered.pop(citizen_id, None)

    async def blind_index_key(self) -> bytes:
        """Return the blind-index key, stored wrapped on first use. Raises MasterKeyWrong."""
        row = (await self._backend.load([_address(BLIND_INDEX_KEY)]))[0]
        if row is None:
            row = await self._create(BLIND_INDEX_KEY, self._sealer.current.blind_index)
        try:
            return self._unwrap(row)
        except SealBroken as error:
            raise MasterKeyWrong("the blind index of this store was made with another master key") from error

    async def rewrap(self) -> int:
        """Wrap every key that a retired master key wraps under the current one; return how many."""
        done = 0
        for row in await self._backend.select(Kind.CITIZEN_KEY, None, None, 1 << 40):
            if row.state == ERASED or self._sealer.is_current(row.sealed):
                continue
            wrapped = self._sealer.wrap(self._unwrap(row), _context(row.key))
            changed = row._replace(sealed=wrapped, version=row.version + 1)
            step = Step("replace", Kind.CITIZEN_KEY, row.key, changed)
            settled = await self._backend.commit(Work([step], (), 0, durable=True))
            done += settled.lost_at is None
        return done

    def _recall(self, citizen_id: str) -> _Remembered | None:
        remembered = self._remembered.get(citizen_id)
        if remembered is not None and remembered.until < perf_counter():
            del self._remembered[citizen_id]
            return None
        return remembered

    def _remember(self, citizen_id: str, row: Row) -> _Remembered:
        key = None if row.state == ERASED else DataKey.of(self._unwrap(row))
        while len(self._remembered) >= REMEMBERED_COUNT:
            del self._remembered[next(iter(self._remembered))]
        remembered = self._remembered[citizen_id] = _Remembered(perf_counter() + REMEMBERED_FOR, key)
        return remembered

    async def _create(self, citizen_id: str, secret: bytes | None = None) -> Row:
        """Store a new wrapped key unless another worker was faster; return the row that is there."""
        wrapped = self._sealer.wrap(secret or self._sealer.new_secret(), _context(citizen_id))
        row = Row(Kind.CITIZEN_KEY, citizen_id, wrapped, None, None, None, "active", 1, 0)
        settled = await self._backend.commit(
            Work([Step("insert", Kind.CITIZEN_KEY, citizen_id, row)], (), 0, durable=True)
        )
        if settled.lost_at is None:
            return row
        return (await self._backend.load([_address(citizen_id)]))[0] or row

    def _unwrap(self, row: Row) -> bytes:
        return self._sealer.unwrap(row.sealed, _context(row.key))


def erasure(citizen_id: str) -> Step:
    """Return the step that puts a tombstone in the place of a citizen's wrapped key."""
    row = Row(Kind.CITIZEN_KEY, citizen_id, b"", None, None, None, ERASED, 1, 0)
    return Step("put", Kind.CITIZEN_KEY, citizen_id, row)


def _address(citizen_id: str) -> RecordKey:
    return RecordKey(Kind.CITIZEN_KEY, citizen_id)


def _context(citizen_id: str) -> bytes:
    return row_context(Kind.CITIZEN_KEY, citizen_id, None, None)
