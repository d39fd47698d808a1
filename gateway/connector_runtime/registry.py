"""The connectors of this installation: found through entry points, described by manifests, set up by settings."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from pathlib import Path
from typing import Protocol, Self

from gateway.connector_runtime.addresses import AddressPolicy
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
from gateway.connector_runtime.failure import SecretUnreadable, TransportUnset, UnknownConnector
from gateway.connector_runtime.folders import find_folders, read_folder
from gateway.connector_runtime.health import check_connectors
from gateway.connector_runtime.kinds.build import Ways, build_connector
from gateway.connector_runtime.manifest import Manifest, read_manifest
from gateway.connector_runtime.outbound import ZoneClient
from gateway.connector_runtime.transports.lgsp import LgspTransport
from gateway.connector_runtime.transports.ndxp import NdxpTransport
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.provenance import Unavailable

GROUP = "gate06.connectors"

_TRANSPORTS: Mapping[TransportName, Callable[[ConnectorSettings, OutboundClient, Clock], Transport]] = {
    "ndxp": NdxpTransport,
    "lgsp": LgspTransport,
}


class Closing(Protocol):
    """Something that is held open for calls."""

    async def close(self) -> None:
        """Close it."""
        ...


class ConnectorRegistry:
    """Asks sources and knows what they are called."""

    def __init__(
        self, callers: Iterable[SourceCaller], manifests: Mapping[str, Manifest], clients: Iterable[Closing] = ()
    ) -> None:
        self._callers = {caller.source: caller for caller in callers}
        self._manifests = dict(manifests)
        self._clients = tuple(clients)

    @classmethod
    def load(
        cls,
        settings: Mapping[str, ConnectorSettings],
        *,
        egress: EgressSettings,
        clock: Clock,
        folders: Sequence[Path] = (),
    ) -> Self:
        """Make every connector that has settings: an installed class, or a folder with a manifest alone.

        `folders` are looked through beside the built-in ones. Raises a ConnectorFailure (CN-1xx): the gateway does
        not start with a connector it cannot understand.
        """
        installed = {point.name: point for point in entry_points(group=GROUP)}
        found = find_folders(folders)
        clients: dict[ZoneName, ZoneClient] = {}
        closing: list[Closing] = []
        callers, manifests = [], {}
        for source, one in settings.items():
            client = clients.setdefault(one.zone, ZoneClient(one.zone, egress))
            connector: Connector
            if source in installed and one.folder is None:
                make, manifest = _load_class(installed[source])
                connector = make(_equip(source, manifest, one, client, clock))
            else:
                manifest = read_folder(_folder_of(source, one, found, installed))
                transport = make_transport(source, manifest, one, client, clock) if manifest.transport else None
                ways = Ways(client=client, policy=AddressPolicy(one.zone, egress), clock=clock, transport=transport)
                connector, opened = build_connector(source, manifest, one, ways)
                closing += [opened] if opened else []
            limits = Limits(late_for=one.late_for, concurrency=one.concurrency)
            callers.append(SourceCaller(source, connector, clock, provides=manifest.provides, limits=limits))
            manifests[source] = manifest
        return cls(callers, manifests, [*clients.values(), *closing])

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
        caller = self._callers.get(source)
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
        caller = self._callers.get(source)
        if caller is None:
            return dict.fromkeys(sorted(question.attributes), Unavailable(reason="unreachable"))
        return await caller.ask(question, on_late)


def _load_class(point: EntryPoint) -> tuple[Callable[[Equipment], Connector], Manifest]:
    try:
        make: Callable[[Equipment], Connector] = point.load()
        text = files(point.module.rpartition(".")[0]).joinpath("manifest.toml").read_text("utf-8")
    except (ImportError, AttributeError, OSError) as error:
        raise UnknownConnector(f"connector `{point.name}` cannot be loaded: {type(error).__name__}") from error
    return make, read_manifest(text, f"{point.name}/manifest.toml")


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
    """Return the bus a connector is asked over. Raises InvalidManifest, TransportUnset, SecretUnreadable."""
    make = _TRANSPORTS[manifest.choose_transport(settings.transport)]
    if not settings.url:
        raise TransportUnset(f"`connectors.{source}.url` is missing: the service's address at the bus")
    try:
        return make(settings, client, clock)
    except OSError as error:
        raise SecretUnreadable(f"a secret file of connector `{source}` cannot be read: {error.strerror}") from None


def _folder_of(
    source: str, settings: ConnectorSettings, found: Mapping[str, Path], installed: Mapping[str, EntryPoint]
) -> Path:
    """Return where the manifest of a connector without code is. Raises UnknownConnector."""
    folder = settings.folder or found.get(source)
    if folder is None:
        known = ", ".join(f"`{name}`" for name in sorted({*installed, *found})) or "none"
        raise UnknownConnector(f"no connector `{source}` is installed; known: {known}")
    return folder
