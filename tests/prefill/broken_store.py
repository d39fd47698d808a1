"""A store that stops storing evidence."""

from typing import Any

from gateway.prefill.house import Desk
from gateway.vocabulary.store import StorageUnavailable, StoredEvent
from tests.prefill.lab import Lab


class BrokenStore:
    """A store whose commits with events fail from the n-th on, as a trigger that raises makes them."""

    def __init__(self, store: Any, healthy: int) -> None:
        self._store, self._healthy = store, healthy

    async def load(self, *addresses: Any) -> Any:
        return await self._store.load(*addresses)

    async def commit(self, changes: Any, events: "tuple[StoredEvent, ...]" = (), *, now: Any) -> Any:
        if events:
            self._healthy -= 1
            if self._healthy < 0:
                raise StorageUnavailable
        return await self._store.commit(changes, events, now=now)


def break_store(lab: Lab, healthy: int) -> None:
    """Let the house's commits with events fail after so many."""
    desk = lab.house.desk
    lab.house.desk = Desk(
        store=BrokenStore(desk.store, healthy),
        index=desk.index,
        keys=desk.keys,
        evidence=desk.evidence,
        clock=desk.clock,
        randomness=desk.randomness,
    )
