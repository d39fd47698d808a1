"""A manifest becomes a connector: every template, path and expression is compiled here, before anybody is asked."""

from dataclasses import dataclass, field, replace

from gateway.connector_runtime.addresses import AddressPolicy
from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import OutboundClient, Transport
from gateway.connector_runtime.failure import InvalidManifest, SecretUnreadable
from gateway.connector_runtime.kinds.carrier import BusCarrier, Carrier, EndpointCarrier, choose_url
from gateway.connector_runtime.kinds.credential import Way, make_credential
from gateway.connector_runtime.kinds.declared import (
    Asker,
    DeclaredConnector,
    Speech,
    open_envelope,
    open_json,
    refuse_no_envelope,
)
from gateway.connector_runtime.kinds.envelope_seal import open_envelope_seal
from gateway.connector_runtime.kinds.lint import SHAPES, lint
from gateway.connector_runtime.kinds.question import Needed
from gateway.connector_runtime.kinds.record import RecordReader
from gateway.connector_runtime.kinds.secret_files import read_secret
from gateway.connector_runtime.kinds.secret_slots import read_slots
from gateway.connector_runtime.kinds.signature import open_seal
from gateway.connector_runtime.kinds.signs import Judge, Signs
from gateway.connector_runtime.kinds.sqlview import ViewConnector, view_of
from gateway.connector_runtime.kinds.writing import addressed, rest_writer, soap_writer
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.manifest_place import write_key
from gateway.connector_runtime.mapping.template import parse_template
from gateway.connector_runtime.transports.reply import refuse_status
from gateway.connector_runtime.transports.sqlview import Database, SqlView
from gateway.vocabulary.areas import shipped_lists
from gateway.vocabulary.clock import Clock, Randomness, SystemRandomness


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What the runtime lends: the way out of the house and its address policy, time and chance, and a bus where one is
    set."""

    client: OutboundClient
    policy: AddressPolicy
    clock: Clock
    transport: Transport | None = None
    chance: Randomness = field(default_factory=SystemRandomness)


def require_sound(manifest: Manifest, file: str) -> None:
    """Raise the first thing that is wrong with a manifest, of the failure's own class."""
    if manifest.kind == "code":
        raise InvalidManifest(f"`{file}:kind`: kind `code` is an installed package and never a folder alone")
    for problem in lint(manifest):
        raise problem.failure(f"`{file}:{write_key(problem.key)}`: {problem.text}")


def build_connector(
    source: str, manifest: Manifest, settings: ConnectorSettings, ways: Ways
) -> tuple[DeclaredConnector | ViewConnector, SqlView | None]:
    """Return the connector of a sound manifest under the name `source`, and what it holds open.

    Raises the failures of `require_sound`, HostNotAllowed, SecretUnnamed, SecretUnreadable, CredentialUnfit and
    TransportUnset.
    """
    require_sound(manifest, f"{manifest.id}/manifest.toml")
    asker = Asker(source=source, officer=settings.officer, agency_code=settings.agency_code, clock=ways.clock)
    try:
        if manifest.kind == "sqlview":
            return _view(manifest, settings, ways, asker)
        asker = replace(asker, secrets=read_slots(manifest, settings))
        carrier = _carrier(manifest, settings, ways)
        speech = _sealed(make_speech(manifest), manifest, settings, ways.chance)
    except OSError as error:
        raise SecretUnreadable(f"a secret file of connector `{source}` cannot be read: {error.strerror}") from None
    return DeclaredConnector(asker, speech, carrier), None


def make_speech(manifest: Manifest) -> Speech:
    """Return how a sound manifest of kind rest or soap speaks."""
    assert manifest.operations is not None
    shape, needed = SHAPES[manifest.kind], Needed(manifest.inputs)
    is_soap = manifest.kind == "soap"
    otherwise: Judge = refuse_no_envelope if is_soap else lambda reply, _: refuse_status(reply)
    return Speech(
        needed=needed,
        write=(soap_writer if is_soap else rest_writer)(manifest.operations.lookup, needed.names),
        open=open_envelope if is_soap else open_json,
        signs=Signs(manifest.outcomes, shape, otherwise),
        record=RecordReader(manifest, shape, shipped_lists()),
    )


def _sealed(speech: Speech, manifest: Manifest, settings: ConnectorSettings, chance: Randomness) -> Speech:
    """Return a speech that requires what the source signs. Raises as `open_seal` and `open_envelope_seal`."""
    if manifest.signature is not None:
        return replace(speech, seal=open_seal(manifest.signature, settings))
    if (row := manifest.envelope_signature) is not None:
        assert manifest.operations is not None
        action = manifest.operations.lookup.action
        write = addressed(speech.write, action, chance) if row.bound_by == "relates_to" else speech.write
        return replace(speech, write=write, envelope_seal=open_envelope_seal(row, settings))
    return speech


def _carrier(manifest: Manifest, settings: ConnectorSettings, ways: Ways) -> Carrier:
    if ways.transport is not None:
        return BusCarrier(ways.transport)
    assert manifest.endpoint is not None
    assert manifest.operations is not None
    way = Way(choose_url(settings, manifest.endpoint), ways.client, ways.clock, ways.chance)
    credential = make_credential(manifest.auth, settings, way)
    return EndpointCarrier(
        settings, manifest.endpoint, manifest.operations.check, credential, (ways.client, ways.clock)
    )


def _view(manifest: Manifest, settings: ConnectorSettings, ways: Ways, asker: Asker) -> tuple[ViewConnector, SqlView]:
    assert manifest.endpoint is not None
    assert manifest.operations is not None
    needed = Needed(manifest.inputs)
    where = [parse_template(text, needed.names) for text in manifest.operations.lookup.where.values()]
    database = Database(
        url=choose_url(settings, manifest.endpoint),
        password="" if manifest.auth.kind == "none" else read_secret(manifest.auth, settings),
        timeout_for=min(settings.timeout_for, 10.0),
    )
    view = SqlView(view_of(manifest), database, ways.policy)
    record = RecordReader(manifest, "row", shipped_lists())
    return ViewConnector(asker, view, (needed, where), record, settings.timeout_for), view
