"""“My connections”: portals with a living grant, ended all at once; portals that are blocked, opened again."""

from datetime import UTC, datetime

from gateway.audit.event import PortalUnblocked
from gateway.consent.access_history import Access, last_use
from gateway.consent.portal_block import block_address
from gateway.consent.record import consent_of
from gateway.openid_provider.consents import consent_url
from gateway.openid_provider.grant import Grant
from gateway.openid_provider.house import House
from gateway.openid_provider.notice import identity_claims
from gateway.openid_provider.own_pages.door import Visit, frame_of, service_of
from gateway.openid_provider.own_pages.ending import end_all, living_grants
from gateway.openid_provider.own_pages.usage import load_history, title_of
from gateway.openid_provider.own_pages.views import Connection, ConsentRow, MyConnections, by_name
from gateway.openid_provider.target import resource_names
from gateway.vocabulary.store import Kind, Remove

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


def _connection(house: House, client_id: str, grants: list[Grant], history: list[Access]) -> Connection:
    # named by a scope or by authorization details: either opens the form
    codes = [code for grant in grants for code in sorted(grant.may_prefill(grant.scopes))]
    # each grant tells what its own sign-in knew
    names = resource_names(house)
    told = [label for grant in grants for label in identity_claims(grant.asked, grant.citizen, names)]
    return Connection(
        service=service_of(house, client_id),
        since=min(grant.granted_at for grant in grants),
        covers=tuple({label["vi"]: label for label in told}.values()),
        forms=tuple(title_of(house, code) for code in dict.fromkeys(codes)),
        dossiers=tuple(dict.fromkeys(grant.dossier for grant in grants if grant.dossier)),
        last_used=last_use(history, client_id),
        until=max(grant.expires_at for grant in grants),
    )


async def withdraw(house: House, visit: Visit, client_id: str) -> None:
    """End everything that a portal has from the person; where it has nothing, nothing happens."""
    await end_all(house, visit, client_id, "withdrawn_by_citizen")


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
