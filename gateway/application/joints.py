"""The joints: adapters between folders that do not know each other, each as thin as its two protocols allow."""

from collections.abc import Callable, Sequence
from datetime import datetime

from gateway.connector_runtime.contract import SourceTrouble
from gateway.connector_runtime.outbound import ZoneClient
from gateway.identity_providers.contract import IdentityProviderUnavailable, UpstreamAnswerInvalid
from gateway.openid_provider.authorization import procedures_of
from gateway.openid_provider.bearer import Caller, read_caller
from gateway.openid_provider.client_keys import Fetch
from gateway.openid_provider.house import House
from gateway.openid_provider.staff_realm.grant import StaffAccess, is_staff_token, read_officer
from gateway.prefill.bearer import Bearer
from gateway.storage.sealed import SealedStore
from gateway.vocabulary.presented import Presented
from gateway.vocabulary.representation import DeskOfficer
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

    async def read(self, presented: Presented, *, beside: Callable[[str], Sequence[RecordKey]] | None = None) -> Bearer:
        """Return the caller: a portal, with its citizen or alone, or an officer at a desk.

        Raises InvalidToken, InvalidRequest, NotForStaff, AccessProofRefused, AccessNonceWanted.
        """
        if any(is_staff_token(value.rpartition(" ")[2]) for value in presented.authorization):
            return officer_from(self._house, await read_officer(self._house, presented.authorization))
        return bearer_from(await read_caller(self._house, presented, beside))


def officer_from(house: House, access: StaffAccess) -> Bearer:
    """Return prefill's view of an officer; staff without the desk's role stand for nobody and are refused there."""
    grant, officer = access.grant, access.grant.officer
    portal = house.clients.get(grant.client_id)
    at_desk = "desk_officer" in officer.roles
    return Bearer(
        client_id=grant.client_id,
        scopes=access.scopes,
        procedures=frozenset(procedures_of(access.scopes)),
        portal_procedures=frozenset() if portal is None else portal.procedure_codes,
        portal_attributes=None if portal is None else portal.attribute_ids,
        grant_id=grant.id,
        subject=grant.subject,
        session_alive=True,  # a staff token lives no longer than the sign-in it comes from
        granted_at=grant.granted_at,
        officer=DeskOfficer(
            reference=officer.reference,
            agency=officer.agency,
            level=officer.level,
            register_code=officer.register_code,
        )
        if at_desk
        else None,
    )


def bearer_from(caller: Caller) -> Bearer:
    """Return prefill's view of a caller."""
    portal, grant, scopes = caller.portal, caller.grant, caller.access.scopes
    if grant is None:
        return Bearer(
            client_id=portal.client_id,
            scopes=scopes,
            portal_procedures=portal.procedure_codes,
            portal_attributes=portal.attribute_ids,
            verifies=portal.verified_audiences,
        )
    return Bearer(
        client_id=portal.client_id,
        scopes=scopes,
        procedures=grant.may_prefill(scopes),
        portal_procedures=portal.procedure_codes,
        portal_attributes=portal.attribute_ids,
        verifies=portal.verified_audiences,
        grant_id=grant.id,
        subject=grant.subject,
        citizen=grant.citizen,
        dossier=grant.dossier,
        session_alive=caller.session_alive,
        granted_at=grant.granted_at,
        auth_time=grant.auth_time,
        bound=caller.access.jkt is not None,
        consent_id=grant.consent_id,
        beside=caller.beside,
    )


class TokenClients:
    """The log's `ClientReader` over the provider's access tokens."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def client_id(self, presented: Presented) -> str:
        """Return the client behind a token. Raises what `read_caller` raises."""
        return (await read_caller(self._house, presented)).portal.client_id


def documents_by(client: ZoneClient) -> Fetch:
    """Return a way to get what portals publish, within the egress zone of `client`."""

    async def fetch(address: str) -> bytes:
        try:
            reply = await client.send("GET", address, headers=_WANTED, timeout_for=3.0, limit=65_536)
        except SourceTrouble as trouble:
            raise IdentityProviderUnavailable(operator_detail=f"client keys: {trouble.operator_detail}") from None
        if reply.status >= 500 or reply.status == 429:
            raise IdentityProviderUnavailable(operator_detail=f"client keys: status {reply.status}")
        if reply.status != 200:
            raise UpstreamAnswerInvalid(operator_detail=f"client keys: status {reply.status}")
        return reply.body

    return fetch


_WANTED = {"accept": "application/jwk-set+json, application/json"}
