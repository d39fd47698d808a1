"""The connectors of this installation: found through entry points, described by manifests, set up by settings."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from typing import Self

from gateway.connector_runtime.call import Limits, OnLate, SourceCaller
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings, TransportName, ZoneName
from gateway.connector_runtime.contract import (
    Answer,
    Connector,
    Equipment,
    Health,
    OutboundClient,
    Question,
    Refused,
    Transport,
    VerifiesMatch,
)
from gateway.connector_runtime.failure import SecretUnreadable, UnknownConnector
from gateway.connector_runtime.health import check_connectors
from gateway.connector_runtime.manifest import Manifest, read_manifest
from gateway.connector_runtime.outbound import ZoneClient
from gateway.connector_runtime.steering import Steering, Unsteered
from gateway.connector_runtime.transports.lgsp import LgspTransport
from gateway.connector_runtime.transports.ndxp import NdxpTransport
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.provenance import Found, Unavailable

GROUP = "gate06.connectors"

_TRANSPORTS: Mapping[TransportName, Callable[[ConnectorSettings, OutboundClient, Clock], Transport]] = {
    "ndxp": NdxpTransport,
    "lgsp": LgspTransport,
}


@dataclass(frozen=True, slots=True)
class Installed:
    """What a table of the settings carries: the manifest, the SHA-256 of its text, and the package (`name==version`)
    whose code answers, None where the manifest says it all."""

    manifest: Manifest
    sha256: str
    package: str | None


class ConnectorRegistry:
    """Asks sources and knows what they are called. `steering` has its say before every question."""

    def __init__(
        self,
        callers: Iterable[SourceCaller],
        manifests: Mapping[str, Manifest],
        clients: Iterable[ZoneClient] = (),
        *,
        installed: Mapping[str, Installed] | None = None,
        steering: Steering | None = None,
    ) -> None:
        self._callers = {caller.source: caller for caller in callers}
        self._manifests = dict(manifests)
        self._clients = tuple(clients)
        self.installed: Mapping[str, Installed] = dict(installed or {})
        self._steering = steering or Unsteered()

    @classmethod
    def load(
        cls,
        settings: Mapping[str, ConnectorSettings],
        *,
        egress: EgressSettings,
        clock: Clock,
        steering: Steering | None = None,
    ) -> Self:
        """Make every connector that has settings.

        Raises UnknownConnector, UnknownManifestKey, InvalidManifest, SecretUnreadable or TransportUnset: the gateway
        does not start with a connector it cannot understand.
        """
        installed = {point.name: point for point in entry_points(group=GROUP)}
        clients: dict[ZoneName, ZoneClient] = {}
        callers, installed_tables = [], {}
        for source, one in settings.items():
            if source not in installed:
                known = ", ".join(f"`{name}`" for name in sorted(installed)) or "none"
                raise UnknownConnector(f"no connector `{source}` is installed; known: {known}")
            make, carried = _load_class(installed[source])
            manifest = carried.manifest
            client = clients.setdefault(one.zone, ZoneClient(one.zone, egress))
            connector = make(_equip(source, manifest, one, client, clock))
            limits = Limits(late_for=one.late_for, concurrency=one.concurrency)
            callers.append(SourceCaller(source, connector, clock, provides=manifest.provides, limits=limits))
            installed_tables[source] = carried
        manifests = {source: one.manifest for source, one in installed_tables.items()}
        return cls(callers, manifests, clients.values(), installed=installed_tables, steering=steering)

    async def ask(self, questions: Mapping[str, Question], *, on_late: OnLate | None = None) -> dict[str, Answer]:
        """Ask every source at once and return, per source, an outcome for every attribute asked.

        Each question's own deadline counts. A source's trouble stays its own; an unknown source is Unavailable.
        `on_late(source, answer)` is awaited later for each source whose attributes came back as `late`.
        """
        answers = await asyncio.gather(*(self._ask(source, one, on_late) for source, one in questions.items()))
        return dict(zip(questions, answers, strict=True))

    async def verify(self, source: str, question: Question) -> bool | Refused | Unavailable:
        """Return whether a source holds this person just so; its trouble is an outcome, as in `ask`.

        Raises CannotVerify when the source's connector does not have this ability.
        """
        table = self._steering.route(source, question.request_id)
        if isinstance(table, Unavailable):
            return table
        caller = self._callers.get(table)
        return Unavailable(reason="unreachable") if caller is None else await caller.verify(question)

    def can_verify(self, source: str) -> bool:
        """Tell whether a source is connected whose connector has `verify`."""
        return source in self._callers and isinstance(self._callers[source].connector, VerifiesMatch)

    async def check_all(self) -> dict[str, Health]:
        """Probe every source without asking about a person; a source under outage is degraded at best."""
        found = await check_connectors({source: caller.connector for source, caller in self._callers.items()})
        for source, health in found.items():
            if health.state == "up" and self._callers[source].breaker.state == "open":
                found[source] = Health("degraded", "calls are paused after failures")
        return found

    def labels(self, source: str) -> dict[str, str]:
        """Return what people call a source, `vi` and `en`; the id itself for an unknown one."""
        manifest = self._manifests.get(source)
        return {"vi": manifest.name.vi, "en": manifest.name.en} if manifest else {"vi": source, "en": source}

    def sources(self) -> dict[str, frozenset[str]]:
        """Return every source with the attributes it provides."""
        return {source: manifest.provides for source, manifest in self._manifests.items()}

    async def close(self) -> None:
        """End every call under way and close the connections."""
        await asyncio.gather(*(caller.close() for caller in self._callers.values()))
        await asyncio.gather(*(client.close() for client in self._clients))

    async def _ask(self, source: str, question: Question, on_late: OnLate | None) -> Answer:
        table = self._steering.route(source, question.request_id)
        if isinstance(table, Unavailable):
            return dict.fromkeys(sorted(question.attributes), table)
        caller = self._callers.get(table)
        if caller is None:
            return dict.fromkeys(sorted(question.attributes), Unavailable(reason="unreachable"))

        later = None if on_late is None else self._later(source, table, on_late)
        return self._told(source, table, await caller.ask(question, later))

    def _later(self, source: str, table: str, on_late: OnLate) -> OnLate:
        async def later(_: str, answer: Answer) -> None:
            await on_late(source, self._told(source, table, answer))

        return later

    def _told(self, source: str, table: str, answer: Answer) -> Answer:
        """Tell the steering how a question came out; return the answer in the name of the source that was asked."""
        self._steering.observe(source, table, answer)
        return answer if table == source else _in_the_name_of(source, answer)


def _in_the_name_of(source: str, answer: Answer) -> Answer:
    """Return an answer that another table gave for a source: what people read is the source they know."""
    return {
        name: replace(outcome, provenance=replace(outcome.provenance, source=source))
        if isinstance(outcome, Found)
        else outcome
        for name, outcome in answer.items()
    }


def _load_class(point: EntryPoint) -> tuple[Callable[[Equipment], Connector], Installed]:
    try:
        make: Callable[[Equipment], Connector] = point.load()
        text = files(point.module.rpartition(".")[0]).joinpath("manifest.toml").read_text("utf-8")
    except (ImportError, AttributeError, OSError) as error:
        raise UnknownConnector(f"connector `{point.name}` cannot be loaded: {type(error).__name__}") from error
    manifest = read_manifest(text, f"{point.name}/manifest.toml")
    package = f"{point.dist.name}=={point.dist.version}" if point.dist is not None else "unpacked==0"
    return make, Installed(manifest, sha256(text.encode()).hexdigest(), package)


def _equip(
    source: str, manifest: Manifest, settings: ConnectorSettings, client: OutboundClient, clock: Clock
) -> Equipment:
    make = _TRANSPORTS[manifest.choose_transport(settings.transport)]
    try:
        transport = make(settings, client, clock)
    except OSError as error:
        raise SecretUnreadable(f"a secret file of connector `{source}` cannot be read: {error.strerror}") from None
    return Equipment(
        source=source,
        transport=transport,
        clock=clock,
        officer=settings.officer,
        agency_code=settings.agency_code,
        options=manifest.fill_options(settings.options),
    )
