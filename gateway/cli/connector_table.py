"""One connector of the settings with its secrets, for the verbs that show them to a source.

Nothing is shown before the folder is known to hold what was approved: its address, too, may have been changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from gateway.cli.doctor_connectors import read_approved
from gateway.cli.exit_codes import Exit
from gateway.cli.output import talk
from gateway.connector_lifecycle.compare import compare
from gateway.connector_lifecycle.release import Release
from gateway.connector_lifecycle.standing import is_content_of
from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import Health
from gateway.connector_runtime.credential_check import Finding, Reference, inspect_all, references_of
from gateway.connector_runtime.failure import InvalidManifest
from gateway.connector_runtime.making import Installed, carried_by
from gateway.connector_runtime.manifest import Manifest
from gateway.settings import Settings
from gateway.storage.open import Storage
from gateway.vocabulary.clock import SystemClock

_PLACES_TOLD = 10


@dataclass(frozen=True, slots=True)
class ConnectorTable:
    """A connector's table: its name, the settings it stands in, and what its folder or package holds."""

    name: str
    settings: Settings
    one: ConnectorSettings
    carried: Installed

    @property
    def manifest(self) -> Manifest:
        """What the secrets are for."""
        return self.carried.manifest

    @property
    def references(self) -> Mapping[str, Reference]:
        """The secrets it needs, by name."""
        return {one.name: one for one in references_of(self.manifest, self.one)}

    @property
    def files(self) -> Mapping[str, Path]:
        """The secrets that it keeps in files, by name."""
        return {name: one.file for name, one in self.references.items() if one.file is not None}

    def tried(self, files: Mapping[str, Path]) -> ConnectorSettings:
        """Return the table with other files in the place of some secrets."""
        known, changed = self.references, self.one
        for name, file in files.items():
            changed = changed.model_copy(update=_in_place(known[name], file, changed))
        return changed

    def unfit(self, changed: ConnectorSettings) -> list[Finding]:
        """Return what is wrong with the secrets of a changed table, before anything is sent."""
        return [one for one in inspect_all(self.manifest, changed, SystemClock().now()) if one.state == "wrong"]


def find_table(settings: Settings, name: str) -> ConnectorTable:
    """Return a connector's table; ends the command (4) where the settings have none. Raises a ConnectorFailure."""
    one = settings.connectors.by_name().get(name)
    if one is None:
        known = ", ".join(f"`{other}`" for other in sorted(settings.connectors.by_name())) or "none"
        talk(f"the settings have no table `connectors.{name}`; they have {known}")
        raise typer.Exit(Exit.NOT_FOUND)
    return ConnectorTable(name, settings, one, carried_by(name, one, settings.connectors.path))


def read_files(words: Sequence[str], known: Sequence[str]) -> dict[str, Path]:
    """Read NAME=FILE; ends the command (2) for a name that is not known."""
    given = {}
    for word in words:
        name, _, file = word.partition("=")
        if not file or name not in known:
            said = ", ".join(f"`{other}`" for other in known) or "none: the settings hold no file"
            raise typer.BadParameter(f"write NAME=FILE with one of {said}")
        given[name] = Path(file)
    return given


async def is_as_approved(table: ConnectorTable, storage: Storage) -> bool:
    """Tell whether the folder holds what was approved, and say what differs where it does not.

    A developer's gateway (`connectors.unpublished = "allow"`) may ask what nobody handed in yet.
    """
    releases = [one for one in (await read_approved(storage)).releases if one.connector == table.manifest.id]
    known = next((one for one in releases if one.manifest.version == table.manifest.version), None)
    allowed = table.settings.unpublished_allowed
    if known is None:
        same = allowed
    else:
        in_order = known.was_published or known.state == "approved" or allowed
        same = in_order and is_content_of(table.carried, known)
    if not same:
        named = f"{table.manifest.id} {table.manifest.version}"
        talk(f"`{table.name}` holds a manifest that is not the approved {named}: no secret was shown to its address")
        _say_what_differs(table, known, releases)
        talk("install what was approved again, or have this content approved under another number")
    return same


async def probe(table: ConnectorTable, changed: ConnectorSettings) -> Health:
    """Show a source the secrets of a changed table, through its real transport; nobody is asked about.

    Raises InvalidManifest before anything is sent where the folder holds something else than the table did.
    """
    from gateway.connector_runtime.registry import ConnectorRegistry

    name, settings = table.name, table.settings
    registry = ConnectorRegistry.load(
        {name: changed}, egress=settings.egress, clock=SystemClock(), folders=settings.connectors.path
    )
    try:
        if registry.installed[name] != table.carried:
            raise InvalidManifest(f"connector `{name}` was changed while its secrets were being shown")
        return (await registry.check_all())[name]
    finally:
        await registry.close()


def _in_place(reference: Reference, file: Path, one: ConnectorSettings) -> Mapping[str, Any]:
    """Return the members of a table that put another file in the place of a secret."""
    if "." in reference.member:
        return {"secret_files": {**one.secret_files, reference.name: file}}
    if reference.member.endswith("_file"):
        return {reference.member: file}
    return {reference.member: None, f"{reference.member}_file": file}


def _say_what_differs(table: ConnectorTable, known: Release | None, releases: Sequence[Release]) -> None:
    if known is not None and is_content_of(table.carried, known):
        talk(f"{known.name} is {known.state}: two people have yet to approve it")
        return
    told = known or max((one for one in releases if one.was_published), key=lambda one: one.number, default=None)
    if told is None:
        talk(f"nobody has approved any version of {table.manifest.id}")
        return
    found = compare(told.manifest, table.manifest)
    for one in found[:_PLACES_TOLD]:
        talk(f"  {one.place} {one.change}: {one.before or '(nothing)'} -> {one.after or '(nothing)'}")
    if len(found) > _PLACES_TOLD:
        talk(f"  and {len(found) - _PLACES_TOLD} more, compared with {told.name}")
    if (table.carried.package, table.carried.package_sha256) != (told.package, told.package_sha256):
        talk(f"  its package is not the approved {told.package or 'folder without code'}, octet by octet")
    elif not found:
        talk("  only comments, order or spelling of the file differ; it is approved by its octets all the same")
