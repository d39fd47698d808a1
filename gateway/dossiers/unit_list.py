"""Where the province's list of units is kept: one record, replaced whole, so that nobody ever reads half a list."""

from collections.abc import Sequence
from datetime import datetime

from gateway.dossiers.units import Unit, Units
from gateway.vocabulary.store import Kind, Put, Record, RecordKey, Store, StoredEvent

_ADDRESS = RecordKey(Kind.UNIT_LIST, "province")


async def load_units(store: Store) -> Units:
    """Return the list, empty when none was imported. Raises StorageUnavailable."""
    (record,) = await store.load(_ADDRESS)
    return Units(()) if record is None else Units.of(Unit.of(body) for body in record.body["units"])


async def store_units(store: Store, units: Units, events: Sequence[StoredEvent], *, now: datetime) -> None:
    """Keep a list in the place of the one before, in one commit with its events. Raises StorageUnavailable."""
    body = {"units": [unit.body() for unit in units.all], "imported_at": now.isoformat()}
    await store.commit([Put(Record(kind=Kind.UNIT_LIST, key=_ADDRESS.key, body=body))], events, now=now)
