"""Connectors and what was approved of them, joined: the watch steers the registry, the desk serves API and pages."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.application.connector_meter import ConnectorMeter, tell_overdue
from gateway.audit.record import Evidence
from gateway.connector_lifecycle.catalogue import AttributeCatalogue
from gateway.connector_lifecycle.endpoints import ConnectorDesk
from gateway.connector_lifecycle.figures import Counting, Figures
from gateway.connector_lifecycle.impact import PortalUse
from gateway.connector_lifecycle.lifecycle import Lifecycle, Records
from gateway.connector_lifecycle.quarantine import QuarantineDesk
from gateway.connector_lifecycle.watch import Watch
from gateway.connector_runtime.credential_watch import CredentialWatch
from gateway.connector_runtime.means import OnDrift
from gateway.connector_runtime.registry import ConnectorRegistry, Shared
from gateway.openid_provider.clients import ClientRegistry
from gateway.openid_provider.house import House
from gateway.openid_provider.staff_realm.command import OPERATE
from gateway.openid_provider.staff_realm.failure import NotForStaff
from gateway.openid_provider.staff_realm.grant import read_officer
from gateway.policy.bundle import PolicyBundle
from gateway.settings import Settings
from gateway.staff.roles import Operator
from gateway.vocabulary.clock import Clock, Randomness, text_token
from gateway.vocabulary.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The registry with what steers it."""

    registry: ConnectorRegistry
    lifecycle: Lifecycle
    watch: Watch
    figures: Figures
    credentials: CredentialWatch
    quarantines: QuarantineDesk

    async def run(self, store: Store) -> None:
        """Look again and again at what is approved and at the secrets, until cancelled."""
        async with asyncio.TaskGroup() as looking:
            looking.create_task(self.watch.run(self.registry.installed, store))
            looking.create_task(self.credentials.run(self.registry))

    def desk(self, policy: PolicyBundle, clients: ClientRegistry, issuer: str) -> ConnectorDesk:
        """Return what the endpoints and pages work with."""
        return ConnectorDesk(
            lifecycle=self.lifecycle,
            watch=self.watch,
            figures=self.figures,
            catalogue=AttributeCatalogue(policy, self.registry.installed),
            policy=policy,
            portals=RegisteredPortals(clients),
            quarantines=self.quarantines,
            issuer=issuer,
        )


async def connect(
    settings: Settings, store: Records, evidence: Evidence, clock: Clock, randomness: Randomness, *, on_drift: OnDrift
) -> Connected:
    """Load the connectors of the settings and look once at what is approved: before that nothing is asked.

    Raises what `ConnectorRegistry.load` raises, StorageUnavailable.
    """
    figures = Figures(store, clock)
    lifecycle = Lifecycle(store, evidence, clock, figures)
    counting = Counting(clock, text_token(randomness, 96))
    watch = Watch(lifecycle, counting, clock, unpublished_allowed=settings.unpublished_allowed, overdue=tell_overdue)
    credentials = CredentialWatch(settings.connectors.by_name())
    registry = ConnectorRegistry.load(
        settings.connectors.by_name(),
        egress=settings.egress,
        clock=clock,
        folders=settings.connectors.path,
        shared=Shared(randomness, store, on_drift, ConnectorMeter()),
        steering=watch,
    )
    await watch.look(registry.installed)
    return Connected(
        registry=registry,
        lifecycle=lifecycle,
        watch=watch,
        figures=figures,
        credentials=credentials,
        quarantines=QuarantineDesk(store, evidence, clock),
    )


class RegisteredPortals:
    """The impact list's `Portals` over the provider's registry."""

    def __init__(self, clients: ClientRegistry) -> None:
        self._clients = clients

    def all(self) -> Iterable[PortalUse]:
        """Return the portals of the citizens' realm."""
        return [
            PortalUse(client_id=one.client_id, name=one.display_name, procedures=frozenset(one.procedures))
            for one in self._clients.all()
            if one.realm == "citizen"
        ]


class TokenOperators:
    """The connector API's `OperatorReader` over the staff realm's tokens."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def read(self, authorization: Sequence[str]) -> Operator:
        """Return the operator. Raises NotForStaff, InvalidToken, InvalidRequest."""
        access = await read_officer(self._house, authorization)
        if OPERATE not in access.scopes:
            refused = {
                "WWW-Authenticate": f'Bearer realm="gate06-staff", error="insufficient_scope", scope="{OPERATE}"'
            }
            raise NotForStaff("the access token does not carry the scope `operate`", headers=refused)
        return Operator.of(access.grant.officer)
