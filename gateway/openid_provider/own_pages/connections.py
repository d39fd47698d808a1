"""“My connections”: portals with a living grant, ended all at once; portals that are blocked, opened again."""

from collections.abc import Iterable
from datetime import UTC, datetime

from gateway.audit.event import GrantRevoked, PortalUnblocked
from gateway.consent.access_history import Access, last_use
from gateway.consent.portal_block import block_address
from gateway.consent.record import consent_of
from gateway.openid_provider.consents import consent_url
from gateway.openid_provider.grant import Grant, grant_of
from gateway.openid_provider.house import House
from gateway.openid_provider.notice import identity_claims
from gateway.openid_provider.own_pages.door import Visit, frame_of, service_of
from gateway.openid_provider.own_pages.usage import forms_of, load_history, title_of
from gateway.openid_provider.own_pages.views import Connection, ConsentRow, MyConnections, by_name
from gateway.vocabulary.store import Change, Kind, Remove, Revoke, StoredEvent

_ALL = 100_000


async def connections_page(house: House, visit: Visit) -> MyConnections:
    """Return the page, the portal used last first."""
    grants = await living_grants(house, visit.citizen_id)
    history = await load_history(house, visit.citizen_id)
    by_portal: dict[str, list[Grant]] = {}
    for grant in grants:
        by_portal.setdefault(grant.client_id, []).append(grant)
    connections = [_connection(house, client_id, held, history) for client_id, held in by_portal.items()]
    connections.sort(key=lambda one: one.last_used or one.since, reverse=True)
    blocks = await house.listing.select(Kind.PORTAL_BLOCK, subject=visit.citizen_id, limit=_ALL)
    return MyConnections(
        frame=frame_of(house, visit, "connections", "/connections"),
        connections=tuple(connections),
        consents=tuple(await _consents(house, visit.citizen_id)),
        blocked=tuple(
            sorted(
                (
                    (service_of(house, record.body["client_id"]), datetime.fromtimestamp(record.body["at"], UTC))
                    for record in blocks
                ),
                key=lambda block: by_name(block[0]),
            )
        ),
    )


async def _consents(house: House, citizen_id: str) -> list[ConsentRow]:
    """Return what the person was asked to agree to, the newest first."""
    records = await house.listing.select(Kind.CONSENT, subject=citizen_id, limit=_ALL)
    found = [consent for record in records if (consent := consent_of(record)) is not None]
    found.sort(key=lambda one: one.given_at, reverse=True)
    now = house.clock.now()
    return [
        ConsentRow(
            service=service_of(house, one.client_id),
            title=title_of(house, one.procedure),
            state=one.state_at(now),
            at=one.happenings[-1].at,
            address=consent_url(house, one.id),
        )
        for one in found
    ]


async def living_grants(house: House, citizen_id: str, client_id: str | None = None) -> list[Grant]:
    """Return the person's living grants, of one portal or of all."""
    now = house.clock.now()
    records = await house.listing.select(Kind.GRANT, subject=citizen_id, limit=_ALL)
    grants = [grant for record in records if (grant := grant_of(record, now)) is not None]
    return [grant for grant in grants if client_id in {None, grant.client_id}]


def _connection(house: House, client_id: str, grants: list[Grant], history: list[Access]) -> Connection:
    scopes = list(dict.fromkeys(scope for grant in grants for scope in grant.scopes))
    # each grant tells what its own sign-in knew
    told = [label for grant in grants for label in identity_claims(grant.scopes, grant.citizen)]
    return Connection(
        service=service_of(house, client_id),
        since=min(grant.granted_at for grant in grants),
        covers=tuple({label["vi"]: label for label in told}.values()),
        forms=forms_of(house, scopes),
        dossiers=tuple(dict.fromkeys(grant.dossier for grant in grants if grant.dossier)),
        last_used=last_use(history, client_id),
        until=max(grant.expires_at for grant in grants),
    )


async def withdraw(house: House, visit: Visit, client_id: str) -> None:
    """End every grant of a portal in one commit with its event; without a living grant nothing happens."""
    grants = await living_grants(house, visit.citizen_id, client_id)
    if grants:
        event = await tell_end(house, visit, client_id, "withdrawn_by_citizen")
        await house.store.commit(ends_of(grants), [event], now=house.clock.now())
    await sweep(house, visit.citizen_id, client_id, grants)


async def sweep(house: House, citizen_id: str, client_id: str, ended: Iterable[Grant]) -> None:
    """End what was granted in another tab while the others ended: one look more, after the commit."""
    known = {grant.id for grant in ended}
    late = [one for one in await living_grants(house, citizen_id, client_id) if one.id not in known]
    if late:
        await house.store.commit(ends_of(late), now=house.clock.now())


def ends_of(grants: Iterable[Grant]) -> list[Change]:
    """Return the changes that end grants."""
    return [Revoke(grant.id) for grant in grants]


async def tell_end(house: House, visit: Visit, client_id: str | None, outcome: str) -> StoredEvent:
    """Return the event of ended grants."""
    return await house.evidence.tell(
        GrantRevoked,
        outcome=outcome,
        actor_kind="citizen",
        citizen_id=visit.citizen_id,
        portal=client_id,
        trace_id=visit.browser.trace_id,
    )


async def unblock(house: House, visit: Visit, client_id: str) -> None:
    """Open a portal again; one that is not blocked stays as it is."""
    address = block_address(visit.citizen_id, client_id)
    (block,) = await house.store.load(address)
    if block is None:
        return
    event = await house.evidence.tell(
        PortalUnblocked,
        outcome="unblocked",
        actor_kind="citizen",
        citizen_id=visit.citizen_id,
        portal=client_id,
        trace_id=visit.browser.trace_id,
    )
    await house.store.commit([Remove(address)], [event], now=house.clock.now())
