"""The joints: adapters between folders that do not know each other, each as thin as its two protocols allow."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from gateway.openid_provider.bearer import Caller, read_caller
from gateway.openid_provider.house import House
from gateway.prefill.bearer import Bearer
from gateway.storage.sealed import SealedStore
from gateway.vocabulary.store import Change, Kind, Record, RecordKey, StoredEvent, Verdict


class NoticingStore:
    """A store that tells the sequencer when it has stored an event."""

    def __init__(self, store: SealedStore, notify: Callable[[], None]) -> None:
        self._store = store
        self._notify = notify

    async def load(self, *addresses: RecordKey) -> tuple[Record | None, ...]:
        """Load."""
        return await self._store.load(*addresses)

    async def select(
        self, kind: Kind, *, subject: str | None = None, group: str | None = None, limit: int = 1000
    ) -> list[Record]:
        """Select."""
        return await self._store.select(kind, subject=subject, group=group, limit=limit)

    async def commit(self, changes: Sequence[Change], events: Sequence[StoredEvent] = (), *, now: datetime) -> Verdict:
        """Commit, then wake the sequencer."""
        verdict = await self._store.commit(changes, events, now=now)
        if events:
            self._notify()
        return verdict


class TokenBearers:
    """Prefill's `BearerReader` over the provider's access tokens."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def read(self, authorization: Sequence[str], *, method: str, url: str) -> Bearer:
        """Return the caller. Raises InvalidToken, InvalidRequest."""
        return bearer_from(await read_caller(self._house, authorization))


def bearer_from(caller: Caller) -> Bearer:
    """Return prefill's view of a caller."""
    portal, grant = caller.portal, caller.grant
    known: dict[str, Any] = {
        "client_id": portal.client_id,
        "scopes": caller.access.scopes,
        "portal_procedures": frozenset(portal.procedures),
        "portal_attributes": None if portal.attributes is None else frozenset(portal.attributes),
        "verifies": frozenset(portal.verifies),
    }
    if grant is None:
        return Bearer(**known)
    return Bearer(
        **known,
        procedures=grant.may_prefill(caller.access.scopes),
        grant_id=grant.id,
        subject=grant.subject,
        citizen=grant.citizen,
        dossier=grant.dossier,
        session_alive=caller.session_alive,
        granted_at=grant.granted_at,
        consent_id=grant.consent_id,
    )


class TokenClients:
    """The log's `ClientReader` over the provider's access tokens."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def client_id(self, authorization: Sequence[str], *, method: str, url: str) -> str:
        """Return the client behind a token. Raises InvalidToken, InvalidRequest."""
        return (await read_caller(self._house, authorization)).portal.client_id
