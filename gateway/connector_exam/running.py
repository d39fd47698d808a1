"""The running service, asked as it is: one connector at its real test address, and for a view the database itself."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.connector_exam.candidate import Candidate
from gateway.connector_runtime.addresses import AddressPolicy
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings, ZoneName
from gateway.connector_runtime.contract import Answer, Health, Outcome, Question, SourceTrouble
from gateway.connector_runtime.kinds.build import Ways, build_connector
from gateway.connector_runtime.kinds.declared import DeclaredConnector
from gateway.connector_runtime.kinds.sqlview import ViewConnector
from gateway.connector_runtime.outbound import ZoneClient
from gateway.connector_runtime.transports.sqlview import SqlView
from gateway.vocabulary.clock import SystemClock


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAddress:
    """Where the running service is: its address (the manifest's own when empty), the egress zone, the files of the
    secrets that the manifest names, and where its Bearer tokens come from, if it wants any. With `settings` the
    connector's own table counts in their place, as it does for the gateway, and `egress` are the zones."""

    url: str = ""
    zone: ZoneName = "lab"
    secret_files: Mapping[str, Path] = field(default_factory=dict)
    token_url: str | None = None
    settings: ConnectorSettings | None = None
    egress: EgressSettings = field(default_factory=EgressSettings)

    def table(self) -> ConnectorSettings:
        """Return the settings the connector is asked with."""
        if self.settings is None:
            return ConnectorSettings(
                url=self.url,
                zone=self.zone,
                token_url=self.token_url,
                secret_files=dict(self.secret_files),
                timeout_for=5.0,
                officer="999080000200",
                agency_code="H00.00.00",
            )
        return self.settings.model_copy(update={"url": self.url}) if self.url else self.settings


class RunningSource:
    """The running service behind the candidate's connector."""

    def __init__(self, connector: DeclaredConnector | ViewConnector, view: SqlView | None) -> None:
        self._connector = connector
        self.view = view

    async def ask(self, question: Question) -> Mapping[str, Outcome]:
        """Return outcomes by attribute; trouble of the whole call is every attribute's outcome."""
        try:
            answer: Answer = await self._connector.answer(question)
        except SourceTrouble as trouble:
            return dict.fromkeys(question.attributes, trouble.outcome)
        return answer

    async def check(self) -> Health:
        """Probe it."""
        return await self._connector.check()


@asynccontextmanager
async def running_source(candidate: Candidate, address: ServiceAddress) -> AsyncIterator[RunningSource]:
    """Yield the running service. Raises the failures of `build_connector`."""
    settings = address.table()
    client = ZoneClient(settings.zone, address.egress, tls=settings.read_tls())
    ways = Ways(client=client, policy=AddressPolicy(settings.zone, address.egress), clock=SystemClock())
    connector, view = build_connector(candidate.manifest.id, candidate.manifest, settings, ways)
    try:
        yield RunningSource(connector, view)
    finally:
        await client.close()
        if view is not None:
            await view.close()
