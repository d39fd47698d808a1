"""Opening the storage a URL names, whole: store, keys, index, journal, tree, checkpoints, leases."""

from collections.abc import Sequence
from datetime import datetime

from gateway.audit.journal import Checkpoints, Journal, Leases, Tree
from gateway.storage.citizen_keys import ShreddableKeys
from gateway.storage.encryption import KeyedIndex, Sealer
from gateway.storage.failure import StoreMisfit
from gateway.storage.parts import Database, Durability, Finding, RedisFront
from gateway.storage.rows import micros
from gateway.storage.sealed import SealedStore
from gateway.vocabulary.clock import Randomness

HEAD = "0001"  # the newest revision; a test compares it with the scripts


class Storage:
    """Everything that is kept, behind the contracts of the lower floors."""

    def __init__(self, database: Database, front: RedisFront | None, sealer: Sealer, keys: ShreddableKeys) -> None:
        self._database = database
        self._front = front
        self._backend = front.backend if front else database.backend
        self.store = SealedStore(self._backend, sealer, keys)
        self.keys = keys
        self.index: KeyedIndex
        self.journal: Journal = database.log
        self.tree: Tree = database.log
        self.checkpoints: Checkpoints = database.notes
        self.leases: Leases = database.notes

    async def check(self) -> list[Finding]:
        """Return what `gate06 doctor` and `/readyz` show: database, migrations, Redis, its functions, its AOF."""
        findings = await self._database.check()
        if self._front:
            findings += await self._front.check()
        return findings

    async def durability(self) -> Durability | None:
        """Return what Redis survives, None without Redis. Raises StorageUnavailable."""
        return await self._front.durability() if self._front else None

    @property
    def remembers_since(self) -> datetime | None:
        """Return since when no single-use mark was forgotten: the start of Redis; None without Redis."""
        return self._front.remembers_since() if self._front else None

    async def purge(self, now: datetime) -> int:
        """Delete expired rows whose tombstone window is over, never events; return how many."""
        return await self._backend.purge(micros(now))

    async def rotate(self, now: datetime) -> int:
        """Re-wrap data keys and reseal records that a retired master key still holds; return how many."""
        return await self.keys.rewrap() + await self.store.reseal(now)

    async def close(self) -> None:
        """Close connections."""
        if self._front:
            await self._front.close()
        await self._database.close()


async def open_storage(
    store_url: str,
    redis_url: str | None = None,
    *,
    master_key: bytes,
    randomness: Randomness,
    migrate: bool = True,
    retired_master_keys: Sequence[bytes] = (),
) -> Storage:
    """Open `sqlite:///PATH` or `postgresql://…`, with Redis in front of it when `redis_url` is given.

    `master_key` has 32 bytes; retired ones still open what they sealed until `Storage.rotate` is done. Without
    `migrate` an old database is refused. Raises StoreMisfit, MasterKeyWrong, StorageUnavailable.
    """
    sealer = Sealer((master_key, *retired_master_keys), randomness)
    database = await _open_database(store_url, migrate=migrate)
    front: RedisFront | None = None
    try:
        if redis_url is not None:
            from gateway.storage.redis.opening import open_front

            front = await open_front(redis_url, database.backend, randomness)
        storage = Storage(database, front, sealer, ShreddableKeys(front.backend if front else database.backend, sealer))
        storage.index = KeyedIndex(await storage.keys.blind_index_key())
    except BaseException:
        if front is not None:
            await front.close()
        await database.close()
        raise
    return storage


async def _open_database(store_url: str, *, migrate: bool) -> Database:
    if store_url.startswith("sqlite:"):
        from gateway.storage.sqlite.database import open_sqlite

        return await open_sqlite(store_url, HEAD, migrate=migrate)
    if store_url.startswith(("postgresql://", "postgres://")):
        from gateway.storage.postgresql.database import open_postgresql

        return await open_postgresql(store_url, HEAD, migrate=migrate)
    raise StoreMisfit("a store is `sqlite:///PATH` or `postgresql://…`")
