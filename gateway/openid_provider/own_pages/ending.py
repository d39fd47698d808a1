"""Ending everything that a portal has from a person: its grants, the consents that stand, the notices remembered, and
the sign-ins there, of which the portal is told.

A grant alone is not all: a consent that stands tells the person's part of a form to the other party, and a notice that
is remembered lets the next request be answered in silence. So all three end in the same commit, with an event for the
grants and one for every consent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.audit.event import GrantRevoked
from gateway.consent.failure import ConsentNotStored
from gateway.consent.notice import is_memory_of
from gateway.consent.record import Consent, consent_of
from gateway.consent.withdraw import tell_withdrawal, withdrawing
from gateway.openid_provider.backchannel_logout import farewells
from gateway.openid_provider.consents import desk_of
from gateway.openid_provider.grant import Grant, grant_of
from gateway.openid_provider.house import House
from gateway.openid_provider.own_pages.door import Visit
from gateway.vocabulary.store import Change, Kind, Record, Remove, Revoke, StoredEvent

_ALL = 100_000
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends, as the changes and events of one commit. Lost when a sign-in came to rest on a consent meanwhile."""

    changes: tuple[Change, ...]
    events: tuple[StoredEvent, ...]


async def ending_of(
    house: House, visit: Visit, client_id: str | None, outcome: str, *, everywhere: bool = False
) -> Ending:
    """Return what ends everything that a portal, or None: any portal, has from the person; empty when it has nothing.

    `outcome` is that of the grants' event; `everywhere` tells portals too that have nothing any more, whose own
    sessions may still stand. Raises StorageUnavailable, CitizenErased.
    """
    now = house.clock.now()
    stored = await house.listing.select(Kind.GRANT, subject=visit.citizen_id, limit=_ALL)
    grants = _living(stored, now, client_id)
    consents = await _open_consents(house, visit.citizen_id, client_id)
    memories = await _memories(house, visit.citizen_id, client_id)
    changes: list[Change] = [change for consent in consents for change in withdrawing(consent, now)]
    changes += [Revoke(grant.id) for grant in grants]
    changes += [Remove(memory.address) for memory in memories]
    if grants or everywhere:
        changes += farewells(house, stored, client_id=client_id)
    events = [await _tell_end(house, visit, client_id, outcome)] if grants else []
    desk, trace_id = desk_of(house), visit.browser.trace_id
    events += [await tell_withdrawal(consent, desk, trace_id) for consent in consents]
    return Ending(tuple(_once(changes)), tuple(events))


async def end_all(house: House, visit: Visit, client_id: str | None, outcome: str) -> None:
    """End it, and look again until nothing is left: another tab may have granted something meanwhile.

    Raises StorageUnavailable, CitizenErased; ConsentNotStored for somebody who agrees anew at every turn.
    """
    for _ in range(_TRIES):
        ending = await ending_of(house, visit, client_id, outcome)
        if not ending.changes:
            return
        await house.store.commit(ending.changes, ending.events, now=house.clock.now())
    raise ConsentNotStored


async def living_grants(house: House, citizen_id: str, client_id: str | None = None) -> list[Grant]:
    """Return the person's living grants, of one portal or of all."""
    records = await house.listing.select(Kind.GRANT, subject=citizen_id, limit=_ALL)
    return _living(records, house.clock.now(), client_id)


def _living(records: Iterable[Record], now: datetime, client_id: str | None) -> list[Grant]:
    grants = [grant for record in records if (grant := grant_of(record, now)) is not None]
    return [grant for grant in grants if client_id in {None, grant.client_id}]


async def _open_consents(house: House, citizen_id: str, client_id: str | None) -> list[Consent]:
    now = house.clock.now()
    records = await house.listing.select(Kind.CONSENT, subject=citizen_id, limit=_ALL)
    consents = [consent for record in records if (consent := consent_of(record)) is not None]
    return [one for one in consents if one.opens(now) and client_id in {None, one.client_id}]


async def _memories(house: House, citizen_id: str, client_id: str | None) -> list[Record]:
    records = await house.listing.select(Kind.NOTICE_MEMORY, subject=citizen_id, limit=_ALL)
    return [record for record in records if is_memory_of(record, client_id)]


async def _tell_end(house: House, visit: Visit, client_id: str | None, outcome: str) -> StoredEvent:
    return await house.evidence.tell(
        GrantRevoked,
        outcome=outcome,
        actor_kind="citizen",
        citizen_id=visit.citizen_id,
        portal=client_id,
        trace_id=visit.browser.trace_id,
    )


def _once(changes: Iterable[Change]) -> list[Change]:
    """Return the changes without a grant's second end: it may live and rest on a consent as well."""
    seen: set[str] = set()
    kept: list[Change] = []
    for change in changes:
        if isinstance(change, Revoke):
            if change.group in seen:
                continue
            seen.add(change.group)
        kept.append(change)
    return kept
