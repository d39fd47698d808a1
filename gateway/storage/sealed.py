"""The store everybody else sees: records in clear on this side, sealed rows on the other."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from gateway.storage.citizen_keys import ShreddableKeys, erasure
from gateway.storage.encryption import DataKey, Sealer, row_context
from gateway.storage.rows import SHORT_LIVED, Backend, Row, Step, Work, from_micros, micros
from gateway.vocabulary.store import (
    Change,
    Insert,
    Kind,
    Outcome,
    Put,
    Record,
    RecordKey,
    Remove,
    Replace,
    Require,
    Revoke,
    Spend,
    StoredEvent,
    Verdict,
)

DONE = Verdict(Outcome.DONE)
WRITING = {Insert: "insert", Put: "put", Replace: "replace"}
_KINDS = {str(kind): kind for kind in Kind}


class SealedStore:
    """`Store`, `Listing` and `Agenda` over a backend. Records of an erased citizen read as if they were not there.

    Beyond the contract's StorageUnavailable: `commit` raises CitizenErased for a record of an erased citizen,
    every method raises SealBroken for a row that was altered or moved. `Remove` of a `citizen_key` is an erasure
    in the same transaction; the other changes of that kind are refused (ValueError).
    """

    def __init__(self, backend: Backend, sealer: Sealer, keys: ShreddableKeys) -> None:
        self._backend = backend
        self._sealer = sealer
        self._keys = keys
        self._ordinal = 0

    async def load(self, *addresses: RecordKey) -> tuple[Record | None, ...]:
        """Return the records in the order asked, in one round trip; None where there is none."""
        rows = await self._backend.load(addresses)
        keys: dict[str, DataKey | None] = {}
        subjects = {row.subject for row in rows if row is not None and row.subject is not None}
        if subjects:
            keys = await self._keys.find(subjects)
        return tuple([None if row is None else self._open(row, keys) for row in rows])

    async def commit(self, changes: Sequence[Change], events: Sequence[StoredEvent] = (), *, now: datetime) -> Verdict:
        """Apply all changes and store all events in one atomic operation, or nothing at all."""
        keys: dict[str, DataKey] = {}
        durable = bool(events)
        for change in changes:
            if isinstance(change, (Insert, Put, Replace)):
                subject = change.record.subject
                if subject is not None and subject not in keys:
                    keys[subject] = await self._keys.obtain(subject)
        at = micros(now)
        steps = []
        for change in changes:
            step = self._step(change, keys, at)
            durable = durable or (step.kind not in SHORT_LIVED and step.verb != "require")
            steps.append(step)
        settled = await self._backend.commit(Work(steps, events, at, durable))
        if settled.lost_at is not None:
            return Verdict(settled.outcome, settled.lost_at)
        for step in steps:
            if step.kind == Kind.CITIZEN_KEY:
                self._keys.forget(step.key)
        return DONE

    async def select(
        self, kind: Kind, *, subject: str | None = None, group: str | None = None, limit: int = 1000
    ) -> list[Record]:
        """Return the records of a kind, newest first, optionally of one citizen or one grant."""
        return await self._open_all(await self._backend.select(kind, subject, group, limit))

    async def earliest(self, kind: Kind, *, before: str, limit: int = 1000) -> list[Record]:
        """Return the active records of a durable kind whose key is below `before`, in the order of their keys.

        Raises ValueError for a short-lived kind: those may stand in Redis, which keeps no order.
        """
        if kind in SHORT_LIVED:
            raise ValueError("only durable kinds are read in the order of their keys")
        return await self._open_all(await self._backend.earliest(kind, before, limit))

    async def _open_all(self, rows: Sequence[Row]) -> list[Record]:
        keys = await self._keys.find({row.subject for row in rows if row.subject is not None})
        opened = (self._open(row, keys) for row in rows)
        return [record for record in opened if record is not None]

    async def reseal(self, now: datetime) -> int:
        """Seal durable records under the current house key that a retired one seals; return how many."""
        done = 0
        for kind in Kind:
            if kind in SHORT_LIVED or kind is Kind.CITIZEN_KEY:
                continue
            for row in await self._backend.select(kind, None, None, 1 << 40):
                if row.subject is not None or self._sealer.is_current(row.sealed):
                    continue
                context = row_context(row.kind, row.key, None, row.group)
                sealed = self._sealer.seal_for_house(self._sealer.open_for_house(row.sealed, context), context)
                step = Step("replace", kind, row.key, row._replace(sealed=sealed, version=row.version + 1))
                settled = await self._backend.commit(Work([step], (), micros(now), durable=True))
                done += settled.lost_at is None
        return done

    def _open(self, row: Row, keys: dict[str, DataKey | None]) -> Record | None:
        kind, key, sealed, expires_at, group, subject, state, version, _ = row
        body: Any
        if kind == Kind.CITIZEN_KEY:
            body = {}
        elif subject is None:
            body = orjson.loads(self._sealer.open_for_house(sealed, row_context(kind, key, None, group)))
        else:
            data_key = keys.get(subject)
            if data_key is None:
                return None
            context = row_context(kind, key, subject, group)
            body = orjson.loads(self._sealer.open_for_citizen(data_key, sealed, context))
        return Record(
            kind=_KINDS[kind],
            key=key,
            body=body,
            expires_at=None if expires_at is None else from_micros(expires_at),
            group=group,
            subject=subject,
            state=state,
            version=version,
        )

    def _step(self, change: Change, keys: dict[str, DataKey], now: int) -> Step:
        match change:
            case Spend(address, revoke_on_replay):
                return Step("spend", address.kind, address.key, None, revoke_on_replay)
            case Require(address):
                return Step("require", address.kind, address.key)
            case Remove(address):
                if address.kind is Kind.CITIZEN_KEY:
                    return erasure(address.key)
                return Step("remove", address.kind, address.key)
            case Revoke(group):
                return Step("revoke", Kind.GRANT, group)
            case _:
                record = change.record
                if record.kind is Kind.CITIZEN_KEY:
                    raise ValueError("data keys are made by the storage itself")
                return Step(WRITING[type(change)], record.kind, record.key, self._seal(record, keys, now))

    def _seal(self, record: Record, keys: dict[str, DataKey], now: int) -> Row:
        if "\0" in record.key:
            raise ValueError("a record's key holds no NUL")
        body = orjson.dumps(record.body)
        context = row_context(record.kind, record.key, record.subject, record.group)
        if record.subject is None:
            sealed = self._sealer.seal_for_house(body, context)
        else:
            sealed = self._sealer.seal_for_citizen(keys[record.subject], body, context)
        self._ordinal = max(self._ordinal + 1, now)
        return Row(
            record.kind,
            record.key,
            sealed,
            None if record.expires_at is None else micros(record.expires_at),
            record.group,
            record.subject,
            record.state,
            record.version,
            self._ordinal,
        )
