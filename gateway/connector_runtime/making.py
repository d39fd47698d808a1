"""Making a connector of a table of the settings: from an installed class, or from a folder with a manifest alone.

It is made once when the gateway starts, and again when its secrets were replaced.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple, Protocol

from gateway.connector_runtime.addresses import AddressPolicy
from gateway.connector_runtime.configuration import ConnectorSettings, EgressSettings, TransportName
from gateway.connector_runtime.contract import Connector, Equipment, OutboundClient, Transport
from gateway.connector_runtime.failure import InvalidManifest, SecretUnreadable, TransportUnset, UnknownConnector
from gateway.connector_runtime.folders import find_folders, read_hashed
from gateway.connector_runtime.kinds.build import Ways, build_connector
from gateway.connector_runtime.manifest import Manifest, read_manifest
from gateway.connector_runtime.manifest_failure import TransportReserved
from gateway.connector_runtime.outbound import ZoneClient
from gateway.connector_runtime.package_digest import installed_package
from gateway.connector_runtime.transports.lgsp import LgspTransport
from gateway.connector_runtime.transports.lgsp_json import LgspJsonTransport
from gateway.connector_runtime.transports.lgsp_wrapper import LgspWrapperTransport
from gateway.connector_runtime.transports.ndxp import NdxpTransport
from gateway.vocabulary.clock import Clock, Randomness

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


class Made(NamedTuple):
    """A connector, what it was made of, and what only it holds open."""

    connector: Connector
    carried: Installed
    opened: tuple[Closing, ...]


class Maker:
    """Makes connectors, of one gateway. What several share of a zone is held open here."""

    def __init__(self, egress: EgressSettings, clock: Clock, folders: Sequence[Path], chance: Randomness) -> None:
        self._egress = egress
        self._clock = clock
        self._chance = chance
        self._installed = {point.name: point for point in entry_points(group=GROUP)}
        self._found = find_folders(folders)
        self._zones: dict[str, ZoneClient] = {}

    def make(self, source: str, settings: ConnectorSettings, known: Installed | None = None) -> Made:
        """Return a connector with the secrets as they are now. Raises a ConnectorFailure (CN-1xx).

        Raises InvalidManifest before anything is made where it carries something else than `known`.
        """
        if source in self._installed and settings.folder is None:
            make, carried = _load_class(self._installed[source])
            _require_same(source, carried, known)
            client, opened = self._client(source, settings)
            return Made(make(_equip(source, carried.manifest, settings, client, self._clock)), carried, opened)
        folder = _folder_of(source, settings, self._found, self._installed)
        manifest, digest = read_hashed(folder)
        carried = Installed(manifest, digest, None)
        _require_same(source, carried, known)
        client, opened = self._client(source, settings)
        transport = make_transport(source, manifest, settings, client, self._clock) if manifest.transport else None
        policy = AddressPolicy(settings.zone, self._egress)
        ways = Ways(client=client, policy=policy, clock=self._clock, transport=transport, chance=self._chance)
        connector, view = build_connector(source, manifest, settings, ways)
        return Made(connector, carried, opened + ((view,) if view else ()))

    async def close(self) -> None:
        """Close what several connectors share."""
        for client in self._zones.values():
            await client.close()

    def _client(self, source: str, settings: ConnectorSettings) -> tuple[ZoneClient, tuple[Closing, ...]]:
        """Return a connector's way out: its zone's, or its own for its certificate. Raises SecretUnreadable."""
        try:
            tls = settings.read_tls()
        except OSError as error:
            said = error.strerror or type(error).__name__
            raise SecretUnreadable(f"a certificate file of connector `{source}` cannot be used: {said}") from None
        if tls is None:
            zone = self._zones.setdefault(settings.zone, ZoneClient(settings.zone, self._egress))
            return zone, ()
        own = ZoneClient(settings.zone, self._egress, tls=tls)
        return own, (own,)


def _require_same(source: str, carried: Installed, known: Installed | None) -> None:
    if known is not None and carried != known:
        raise InvalidManifest(f"connector `{source}` holds other content than before: what is asked would be another")


def carried_by(source: str, settings: ConnectorSettings, folders: Sequence[Path]) -> Installed:
    """Return what a table of the settings carries, without making its connector. Raises a ConnectorFailure."""
    installed = {point.name: point for point in entry_points(group=GROUP)}
    if source in installed and settings.folder is None:
        return _load_class(installed[source])[1]
    return Installed(*read_hashed(_folder_of(source, settings, find_folders(folders), installed)), package=None)


def _load_class(point: EntryPoint) -> tuple[Callable[[Equipment], Connector], Installed]:
    try:
        make: Callable[[Equipment], Connector] = point.load()
        text = files(point.module.rpartition(".")[0]).joinpath("manifest.toml").read_text("utf-8")
        package = installed_package(point)
    except (ImportError, AttributeError, OSError) as error:
        raise UnknownConnector(f"connector `{point.name}` cannot be loaded: {type(error).__name__}") from error
    manifest = read_manifest(text, f"{point.name}/manifest.toml")
    return make, Installed(manifest, sha256(text.encode()).hexdigest(), package.name, package.sha256)


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
