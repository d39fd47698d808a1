"""A connector that drifted is asked by no worker, before a restart and after it, until somebody looked at it.

The worker that saw the drift stops the connector at once and stores the finding with its event; the others read the
finding within two seconds. It holds for the connector's version it was made of: a mended connector has another one. A
member of staff who looked and knows better releases it (`connector_lifecycle.quarantine`); the finding stays, with who
released it and why, and the next drift is another one.
"""

import asyncio
from typing import Protocol

import structlog

from gateway.audit.event import Event
from gateway.audit.record import Evidence
from gateway.connector_runtime.drift import Drift
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.store import Insert, Kind, Record, RecordKey, Replace, Store

_log = structlog.get_logger(__name__)

LOOK_EVERY = 2.0  # seconds


class ConnectorQuarantined(Event):
    """A source answers otherwise than it used to, so its connector is not used any more; others are untouched."""

    __slots__ = ()
    name = "ConnectorQuarantined"
    sentence = "a connector was quarantined because its source's answers drifted"


class Watched(Protocol):
    """The connectors; `gateway.connector_runtime.registry.ConnectorRegistry` is them."""

    def versions(self) -> dict[str, str]:
        """Return the manifest version of every source whose drift is watched."""
        ...

    def quarantined(self) -> frozenset[str]:
        """Return the sources that are not asked because they drifted."""
        ...

    def quarantine(self, source: str) -> None:
        """Ask a source no more."""
        ...

    def release(self, source: str) -> None:
        """Ask a source again."""
        ...


class Quarantine:
    """Stores what drifted and applies what is stored. `report` is the registry's `on_drift`."""

    def __init__(self, store: Store, evidence: Evidence, clock: Clock) -> None:
        self._store = store
        self._evidence = evidence
        self._clock = clock
        self._unstored: dict[str, Drift] = {}
        self._news = asyncio.Event()

    def report(self, source: str, drift: Drift) -> None:
        """Take note of a drift; the source is stopped already."""
        self._unstored[source] = drift
        self._news.set()

    async def run(self, connectors: Watched) -> None:
        """Store and apply findings until cancelled."""
        while True:
            try:
                await self.look(connectors)
            except Exception as error:
                _log.warning("quarantine_not_read", reason=type(error).__name__)
            self._news.clear()
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def look(self, connectors: Watched) -> None:
        """Store what drifted, then stop and release as the store says. Raises StorageUnavailable."""
        versions = connectors.versions()
        if not versions:
            return
        for source, drift in list(self._unstored.items()):
            await self._keep(source, versions.get(source, ""), drift)
            del self._unstored[source]
        found = await self._store.load(*map(address_of, versions))
        for (source, version), record in zip(versions.items(), found, strict=True):
            holds = record is not None and record.body["version"] == version and not is_released(record)
            stopped = source in connectors.quarantined()
            if holds and not stopped:
                connectors.quarantine(source)
                _log.error("source_quarantined", connector=source, reason="stored")
            elif not holds and stopped and source not in self._unstored:
                connectors.release(source)
                _log.info("source_released", connector=source)

    async def _keep(self, source: str, version: str, drift: Drift) -> None:
        """Store one finding with its event, once for all workers."""
        address = address_of(source)
        (known,) = await self._store.load(address)
        if known is not None and known.body["version"] == version and not is_released(known):
            return
        now = self._clock.now()
        finding = Record(
            kind=address.kind,
            key=address.key,
            body={"version": version, "sign": drift.sign, "attribute": drift.attribute, "at": now.timestamp()},
            version=1 if known is None else known.version + 1,
        )
        event = await self._evidence.tell(
            ConnectorQuarantined,
            outcome=drift.sign,
            actor_kind="gateway",
            connector=source,
            attributes=(drift.attribute,) if drift.attribute else (),
            extra=(("connector_version", version),),
        )
        change = Insert(finding) if known is None else Replace(finding)
        await self._store.commit([change], [event], now=now)  # lost to another worker: it stored the same finding


def is_released(finding: Record) -> bool:
    """Tell whether somebody let the source be asked again after this finding."""
    return finding.body.get("released") is not None


def address_of(source: str) -> RecordKey:
    """Return where the finding about a source is stored."""
    return RecordKey(Kind.QUARANTINE, source)
