"""The connectors of this installation: found through entry points, described by manifests, set up by settings."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, Protocol, Self

from gateway.connector_runtime.addresses import AddressPolicy
from gateway.connector_runtime.call import OnLate, SourceCaller, Waiting
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings, TransportName
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
from gateway.connector_runtime.failure import InvalidManifest, SecretUnreadable, TransportUnset, UnknownConnector
from gateway.connector_runtime.folders import find_folders, read_hashed
from gateway.connector_runtime.health import check_connectors
from gateway.connector_runtime.kinds.build import Ways, build_connector
from gateway.connector_runtime.limits import Limits
from gateway.connector_runtime.manifest import Manifest, read_manifest
from gateway.connector_runtime.manifest_failure import TransportReserved
from gateway.connector_runtime.means import Means, OnDrift
from gateway.connector_runtime.meter import Meter, Unmetered
from gateway.connector_runtime.outbound import ZoneClient
from gateway.connector_runtime.package_digest import installed_package
from gateway.connector_runtime.quota import Quotas
from gateway.connector_runtime.steering import Steering, Unsteered
from gateway.connector_runtime.transports.lgsp import LgspTransport
from gateway.connector_runtime.transports.lgsp_json import LgspJsonTransport
from gateway.connector_runtime.transports.lgsp_wrapper import LgspWrapperTransport
from gateway.connector_runtime.transports.ndxp import NdxpTransport
from gateway.vocabulary.clock import Clock, Randomness, SystemRandomness
from gateway.vocabulary.correction import CorrectionStart
from gateway.vocabulary.provenance import Found, Unavailable
from gateway.vocabulary.store import Store

GROUP = "gate06.connectors"

_TRANSPORTS: Mapping[TransportName, Callable[[ConnectorSettings, OutboundClient, Clock], Transport]] = {
    "ndxp": NdxpTransport,
    "lgsp": LgspTransport,
    "lgsp_wrapper": LgspWrapperTransport,
    "lgsp_json": LgspJsonTransport,
}  # `ndop` is a name without a transport: a class with `speech`, `send` and `check` goes here when NDOP is published


class Closing(Protocol):
    """Something that is held open for calls."""

    async def close(self) -> None:
        """Close it."""
        ...


@dataclass(frozen=True, slots=True)
class Installed:
    """What a table of the settings carries: the manifest, the SHA-256 of its text, and the package (`name==version`,
    and the digest of its files) whose code answers, None where the manifest says it all."""

    manifest: Manifest
    sha256: str
    package: str | None
    package_sha256: str | None = None


class Shared(NamedTuple):
    """What every caller of an installation works with, beside the clock; daily quotas are counted in `store`."""

    chance: Randomness = SystemRandomness()
    store: Store | None = None
    on_drift: OnDrift | None = None
    meter: Meter | None = None


class ConnectorRegistry:
    """Asks sources and knows what they are called. `steering` has its say before every question."""

    def __init__(
        self,
        callers: Iterable[SourceCaller],
        manifests: Mapping[str, Manifest],
        clients: Iterable[Closing] = (),
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
        folders: Sequence[Path] = (),
        shared: Shared | None = None,
        steering: Steering | None = None,
    ) -> Self:
        """Make every connector that has settings: an installed class, or a folder with a manifest alone.

        `folders` are looked through beside the built-in ones. Raises a ConnectorFailure (CN-1xx): the gateway does
        not start with a connector it cannot understand.
        """
        installed = {point.name: point for point in entry_points(group=GROUP)}
        found = find_folders(folders)
        clients: dict[str, ZoneClient] = {}
        closing: list[Closing] = []
        callers, carried = [], {}
        for source, one in settings.items():
            client = _client_of(source, one, egress, clients)
            connector: Connector
            if source in installed and one.folder is None:
                make, carried[source] = _load_class(installed[source])
                manifest = carried[source].manifest
                connector = make(_equip(source, manifest, one, client, clock))
            else:
                folder = _folder_of(source, one, found, installed)
                manifest, digest = read_hashed(folder)
                carried[source] = Installed(manifest, digest, None)
                transport = make_transport(source, manifest, one, client, clock) if manifest.transport else None
                policy, chance = AddressPolicy(one.zone, egress), (shared or Shared()).chance
                ways = Ways(client=client, policy=policy, clock=clock, transport=transport, chance=chance)
                connector, opened = build_connector(source, manifest, one, ways)
                closing += [opened] if opened else []
            limits = manifest.limits_under(one)
            means = _means_of(source, manifest, limits, clock, shared or Shared())
            callers.append(SourceCaller(source, connector, means, provides=manifest.provides, limits=limits))
        manifests = {source: one.manifest for source, one in carried.items()}
        return cls(callers, manifests, [*clients.values(), *closing], installed=carried, steering=steering)

    async def ask(
        self, questions: Mapping[str, Question], *, on_late: OnLate | None = None, portal: str = ""
    ) -> dict[str, Answer]:
        """Ask every source at once and return, per source, an outcome for every attribute asked.

        Each question's own deadline counts. A source's trouble stays its own; an unknown source is Unavailable.
        `on_late(source, answer)` is awaited later for each source whose attributes came back as `late`. `portal` is
        whose daily quota the calls are counted in; connectors never see it.
        """
        begun = [self._begin(source, question, on_late, portal) for source, question in questions.items()]
        answers: dict[str, Answer] = {}
        try:
            # every call is under way: waiting for one after the other takes as long as the slowest
            for source, table, call in begun:
                answer = await call.answer() if isinstance(call, Waiting) else call
                answers[source] = answer if table is None else self._told(source, table, answer)
        except BaseException:
            for source, _, call in begun:
                if isinstance(call, Waiting) and source not in answers:
                    call.leave()
            raise
        return answers

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
            caller = self._callers[source]
            if caller.quarantined:
                found[source] = Health("down", "quarantined: its answers drifted")
            elif health.state == "up" and caller.breaker.state == "open":
                found[source] = Health("degraded", "calls are paused after failures")
        return found

    def labels(self, source: str) -> dict[str, str]:
        """Return what people call a source, `vi` and `en`; the id itself for an unknown one."""
        manifest = self._manifests.get(source)
        return {"vi": manifest.name.vi, "en": manifest.name.en} if manifest else {"vi": source, "en": source}

    def sources(self) -> dict[str, frozenset[str]]:
        """Return every source with the attributes it provides."""
        return {source: manifest.provides for source, manifest in self._manifests.items()}

    def correction_starts(self) -> dict[str, CorrectionStart]:
        """Return where corrections begin, of every source whose manifest says so."""
        starts = {source: manifest.correction for source, manifest in self._manifests.items()}
        return {source: start for source, start in starts.items() if start is not None}

    def quarantine(self, source: str) -> None:
        """Ask a source no more until it is released; calls under way end as they would. Unknown sources stay so."""
        if source in self._callers:
            self._callers[source].quarantined = True

    def release(self, source: str) -> None:
        """Let a source be asked again."""
        if source in self._callers:
            self._callers[source].quarantined = False

    def quarantined(self) -> frozenset[str]:
        """Return the sources that are not asked because they drifted."""
        return frozenset(source for source, caller in self._callers.items() if caller.quarantined)

    def versions(self) -> dict[str, str]:
        """Return the manifest version of every source whose drift is watched."""
        return {
            source: manifest.version for source, manifest in self._manifests.items() if self._callers[source].watched
        }

    async def close(self) -> None:
        """End every call under way and close the connections."""
        await asyncio.gather(*(caller.close() for caller in self._callers.values()))
        await asyncio.gather(*(client.close() for client in self._clients))

    def _begin(self, source: str, question: Question, on_late: OnLate | None, portal: str) -> "Begun":
        """Put a question to the table that answers for a source, if one may be asked."""
        table = self._steering.route(source, question.request_id)
        if isinstance(table, Unavailable):
            return Begun(source, None, dict.fromkeys(sorted(question.attributes), table))
        caller = self._callers.get(table)
        if caller is None:
            silent = Unavailable(reason="unreachable")
            return Begun(source, None, dict.fromkeys(sorted(question.attributes), silent))
        later = None if on_late is None else self._later(source, table, on_late)
        return Begun(source, table, caller.begin(question, later, portal=portal))

    def _later(self, source: str, table: str, on_late: OnLate) -> OnLate:
        async def later(_: str, answer: Answer) -> None:
            await on_late(source, self._told(source, table, answer))

        return later

    def _told(self, source: str, table: str, answer: Answer) -> Answer:
        """Tell the steering how a question came out; return the answer in the name of the source that was asked."""
        self._steering.observe(source, table, answer)
        return answer if table == source else _in_the_name_of(source, answer)


class Begun(NamedTuple):
    """A question under way, or answered already; `table` is None when nothing was asked."""

    source: str
    table: str | None
    call: Waiting | Answer


def carried_by(source: str, settings: ConnectorSettings, folders: Sequence[Path]) -> Installed:
    """Return what a table of the settings carries, without making its connector. Raises a ConnectorFailure."""
    installed = {point.name: point for point in entry_points(group=GROUP)}
    if source in installed and settings.folder is None:
        return _load_class(installed[source])[1]
    return Installed(*read_hashed(_folder_of(source, settings, find_folders(folders), installed)), package=None)


def _means_of(source: str, manifest: Manifest, limits: Limits, clock: Clock, shared: Shared) -> Means:
    """Return what one caller works with. Raises InvalidManifest for quotas that nothing can count."""
    quotas = None
    if limits.daily_total or limits.daily_per_portal or limits.daily_per_procedure:
        if shared.store is None:
            raise InvalidManifest(f"connector `{source}` has a daily quota, and nothing to count it in")
        quotas = Quotas(source, limits, shared.store, clock)
    notice = (manifest.notice.unavailable.vi, manifest.notice.unavailable.en)
    return Means(clock, shared.chance, quotas, shared.on_drift, notice, shared.meter or Unmetered())


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
        package = installed_package(point)
    except (ImportError, AttributeError, OSError) as error:
        raise UnknownConnector(f"connector `{point.name}` cannot be loaded: {type(error).__name__}") from error
    manifest = read_manifest(text, f"{point.name}/manifest.toml")
    return make, Installed(manifest, sha256(text.encode()).hexdigest(), package.name, package.sha256)


def _client_of(
    source: str, settings: ConnectorSettings, egress: EgressSettings, clients: dict[str, ZoneClient]
) -> ZoneClient:
    """Return a connector's way out: its zone's, or its own where it shows a certificate. Raises SecretUnreadable."""
    try:
        tls = settings.read_tls()
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise SecretUnreadable(f"a certificate file of connector `{source}` cannot be used: {said}") from None
    if tls is None:
        return clients.setdefault(settings.zone, ZoneClient(settings.zone, egress))
    return clients.setdefault(f"{settings.zone} {source}", ZoneClient(settings.zone, egress, tls=tls))


def _equip(
    source: str, manifest: Manifest, settings: ConnectorSettings, client: OutboundClient, clock: Clock
) -> Equipment:
    return Equipment(
        source=source,
        transport=make_transport(source, manifest, settings, client, clock),
        clock=clock,
        officer=settings.officer,
        agency_code=settings.agency_code,
        options=manifest.fill_options(settings.options),
    )


def make_transport(
    source: str, manifest: Manifest, settings: ConnectorSettings, client: OutboundClient, clock: Clock
) -> Transport:
    """Return the bus a connector is asked over.

    Raises InvalidManifest, TransportReserved, TransportUnset, SecretUnreadable.
    """
    name = manifest.choose_transport(settings.transport)
    if name not in _TRANSPORTS:
        raise TransportReserved(
            f"`connectors.{source}.transport`: the name `{name}` is kept for a bus not yet published"
        )
    make = _TRANSPORTS[name]
    if not settings.url:
        raise TransportUnset(f"`connectors.{source}.url` is missing: the service's address at the bus")
    try:
        return make(settings, client, clock)
    except OSError as error:
        raise SecretUnreadable(f"a secret file of connector `{source}` cannot be read: {error.strerror}") from None


def manifest_of(source: str, settings: ConnectorSettings, folders: Sequence[Path]) -> Manifest:
    """Return the manifest a table of the settings is about, without making its connector.

    Raises UnknownConnector, UnknownManifestKey, InvalidManifest.
    """
    installed = {point.name: point for point in entry_points(group=GROUP)}
    if source in installed and settings.folder is None:
        return _load_class(installed[source])[1].manifest
    return read_hashed(_folder_of(source, settings, find_folders(folders), installed))[0]


def _folder_of(
    source: str, settings: ConnectorSettings, found: Mapping[str, Path], installed: Mapping[str, EntryPoint]
) -> Path:
    """Return where the manifest of a connector without code is. Raises UnknownConnector."""
    folder = settings.folder or found.get(source)
    if folder is None:
        known = ", ".join(f"`{name}`" for name in sorted({*installed, *found})) or "none"
        raise UnknownConnector(f"no connector `{source}` is installed; known: {known}")
    return folder
