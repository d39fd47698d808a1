"""The portals that the settings of a running gateway declare, as it leaves them in the store for its commands.

A command reads its own settings: what a gateway was started with by flag, or in other files, is not in them. So every
worker writes, at its start and when it reads its settings again, what it knows and from which file. No secret is in it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from gateway.openid_provider.clients import Portal
from gateway.vocabulary.store import Kind, Put, Record, RecordKey, Store

_ADDRESS: Final = RecordKey(Kind.DECLARED_PORTALS, "settings")


def portal_row(portal: Portal, *, origin: str, source: str) -> dict[str, Any]:
    """Return what is told of a portal: `origin` settings or command, `from` the file, variable or command."""
    return {
        "client_id": portal.client_id,
        "name": dict(portal.display_name),
        "agency": dict(portal.display_agency),
        "profile": portal.profile,
        "legacy_until": portal.legacy_until.isoformat() if portal.legacy_until else None,
        "procedures": list(portal.procedures),
        "redirect_uris": list(portal.redirect_uris),
        "origin": origin,
        "from": source,
    }


def declared_rows(portals: Sequence[Portal], origins: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows of the settings' portals; `origins` says where `portal.N` stands."""
    return [
        portal_row(portal, origin="settings", source=origins.get(f"portal.{place}", "settings"))
        for place, portal in enumerate(portals)
    ]


async def declare(store: Store, portals: Sequence[Portal], origins: Mapping[str, str], now: datetime) -> None:
    """Store what this gateway's settings declare, in the place of what stood there. Raises StorageUnavailable."""
    body = {"portals": declared_rows(portals, origins)}
    await store.commit([Put(Record(kind=_ADDRESS.kind, key=_ADDRESS.key, body=body))], [], now=now)


async def load_declared(store: Store) -> list[dict[str, Any]] | None:
    """Return the rows of the gateway that started last with this store; None when none has."""
    (record,) = await store.load(_ADDRESS)
    return None if record is None else [dict(row) for row in record.body["portals"]]
