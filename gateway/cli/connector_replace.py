"""`gate06 connector replace-credentials` and `restore-credentials`: tested first, then swapped, kept for a day.

The next secret is written beside the present one and shown to the running source. Only when the source takes it is the
file renamed, which every worker of this machine notices within two seconds; on several machines run it on each.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.connection import Config, Redis, Store, settings_of
from gateway.cli.connector_credentials import in_place, probe
from gateway.cli.connector_proof import beyond_a_probe, taken_with_anything
from gateway.cli.doctor_connectors import read_approved
from gateway.cli.exit_codes import Exit
from gateway.cli.operating import Operating, operating
from gateway.cli.output import talk
from gateway.connector_lifecycle.credentials import tell_swap
from gateway.connector_lifecycle.standing import is_content_of
from gateway.connector_lifecycle.steps import require_duty
from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.credential_check import inspect_all, references_of
from gateway.connector_runtime.credential_files import (
    KEPT_FOR,
    before_of,
    leftovers_of,
    next_of,
    promote,
    put_next,
    take_back,
    way_back,
)
from gateway.connector_runtime.making import Installed, carried_by
from gateway.connector_runtime.manifest import Manifest
from gateway.settings import Settings
from gateway.vocabulary.clock import SystemClock

_Name = Annotated[str, typer.Argument(help="The connector's name in the settings.")]
_Unproven = Annotated[bool, typer.Option("--unproven", help="Swap what no probe proves; the event says so.")]


@dataclass(frozen=True, slots=True)
class _Table:
    """A connector of the settings with the secrets it keeps in files, by name."""

    name: str
    settings: Settings
    one: ConnectorSettings
    carried: Installed
    files: Mapping[str, Path]

    @property
    def manifest(self) -> Manifest:
        """What the secrets are for."""
        return self.carried.manifest

    def tried(self, files: Mapping[str, Path]) -> ConnectorSettings:
        """Return the table with other files in the place of some."""
        known = {reference.name: reference for reference in references_of(self.manifest, self.one)}
        changed = self.one
        for name, file in files.items():
            changed = changed.model_copy(update=in_place(known[name], file, changed))
        return changed


def replace_credentials(
    connector: _Name,
    secrets: Annotated[
        list[str], typer.Argument(help="NAME=FILE with the new secret; a key and its certificate both.")
    ],
    *,
    unproven: _Unproven = False,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
) -> None:
    """Replace secrets without an outage. Exit 7 for a file that cannot be used or a probe that proves nothing, 6 when
    the source refuses it, 8 while the secret before is kept or for a manifest nobody approved: nothing is changed."""
    table = _table(settings_of(store, redis, config), connector)
    given = _given(table, secrets)
    if (silent := beyond_a_probe(table.manifest, table.one, given)) and not unproven:
        _say_unproven(silent)
        raise typer.Exit(Exit.CHECK_FAILED)
    if (kept := way_back([table.files[name] for name in given], SystemClock().now())) is not None:
        talk(f"{kept} is the way back and younger than 24 hours: a second replacement would lose it")
        talk("take it back first, or delete it when the source takes it no more; nothing was changed")
        raise typer.Exit(Exit.NEEDS_APPROVAL)
    raise typer.Exit(asyncio.run(_replace(table, given, silent, is_unproven_fine=unproven)))


def restore_credentials(connector: _Name, *, store: Store = None, redis: Redis = None, config: Config = None) -> None:
    """Take the secrets before back, within a day. Exit 4 when there are none, 6 when the source refuses them."""
    table = _table(settings_of(store, redis, config), connector)
    now = SystemClock().now()
    left = {one.file for one in leftovers_of(table.one) if not one.is_next and not one.over(now)}
    names = [name for name, file in table.files.items() if before_of(file) in left]
    if not names:
        talk(f"`{connector}` has no secret before that is younger than {KEPT_FOR.total_seconds() / 3600:.0f} hours")
        raise typer.Exit(Exit.NOT_FOUND)
    raise typer.Exit(asyncio.run(_restore(table, names)))


async def _replace(
    table: _Table, given: Mapping[str, Path], silent: tuple[str, ...], *, is_unproven_fine: bool
) -> Exit:
    async with operating(table.settings) as desk:
        require_duty(desk.operator, "credentials")
        if not await _is_approved(desk, table):
            return Exit.NEEDS_APPROVAL
        try:
            made = {name: put_next(table.files[name], file.read_bytes()) for name, file in given.items()}
            refused = await _refused(table, made)
            if refused is not None:
                return refused
            heard = [name for name in given if name not in silent]
            anything = await taken_with_anything(table.name, table.tried(made), table.carried, heard, table.settings)
            unproven = (*silent, *anything)
            if unproven:
                _say_unproven(unproven)
            if anything and not is_unproven_fine:
                return Exit.CHECK_FAILED
            files = [table.files[name] for name in given]
            promote(files, desk.now())
            await _tell(desk, table, list(given), files, unproven)
        except OSError as error:
            talk(
                f"a file cannot be read or written: {error.filename}: {error.strerror}; run it as who owns the secrets"
            )
            return Exit.CONFIGURATION
        finally:
            for name in given:
                with suppress(OSError):
                    next_of(table.files[name]).unlink(missing_ok=True)
    talk(f"{' and '.join(given)} of `{table.name}` replaced: every worker here takes over within two seconds")
    talk(f"for 24 hours: gate06 connector restore-credentials {table.name}; then have the owner withdraw the old one")
    return Exit.OK


async def _restore(table: _Table, names: list[str]) -> Exit:
    async with operating(table.settings) as desk:
        require_duty(desk.operator, "credentials")
        if not await _is_approved(desk, table):
            return Exit.NEEDS_APPROVAL
        files = [table.files[name] for name in names]
        refused = await _refused(table, {name: before_of(table.files[name]) for name in names})
        if refused is not None:
            return refused
        take_back(files)
        await desk.storage.store.commit(
            [], [await tell_swap(desk.evidence, desk.operator, table.name, names, "restored")], now=desk.now()
        )
    talk(f"{' and '.join(names)} of `{table.name}` are those before again, within two seconds")
    return Exit.OK


async def _refused(table: _Table, files: Mapping[str, Path]) -> Exit | None:
    """Return why other files may not take the place: what is wrong with them, or that the source refuses them."""
    changed = table.tried(files)
    wrong = [one for one in inspect_all(table.manifest, changed, SystemClock().now()) if one.state == "wrong"]
    for found in wrong:
        talk(f"{found.reference.name}: {found.wrong}")
    if wrong:
        return Exit.CHECK_FAILED
    health = await probe(table.name, changed, table.settings, table.carried)
    talk(f"{table.name} with {' and '.join(files)}: {health.state}{f', {health.detail}' if health.detail else ''}")
    if health.state == "up":
        return None
    talk("nothing was changed; the secrets in use stay as they are")
    return Exit.REMOTE


async def _is_approved(desk: Operating, table: _Table) -> bool:
    """Tell whether the folder holds what was approved, before a secret is shown to the address it names."""
    named = f"{table.manifest.id} {table.manifest.version}"
    known = next((one for one in (await read_approved(desk.storage)).releases if one.name == named), None)
    if known is None:
        same = table.settings.unpublished_allowed
    else:
        same = is_content_of(table.carried, known) and (
            known.was_published or known.state == "approved" or table.settings.unpublished_allowed
        )
    if not same:
        talk(f"`{table.name}` holds a manifest that is not the approved {named}: no secret was shown to its address")
        talk("install what was approved again, or have this content approved under another number")
    return same


def _say_unproven(names: Sequence[str]) -> None:
    said = ", ".join(f"`{name}`" for name in names)
    talk(
        f"no probe proves {said}: what is wrong would be taken too; ask about a test person with `gate06 connector try`"
    )
    talk("`--unproven` swaps it all the same, and the event says so")


async def _tell(desk: Operating, table: _Table, names: list[str], files: list[Path], unproven: Sequence[str]) -> None:
    """Store the event of a swap; a swap without evidence is taken back."""
    try:
        event = await tell_swap(desk.evidence, desk.operator, table.name, names, "replaced", unproven=unproven)
        await desk.storage.store.commit([], [event], now=desk.now())
    except BaseException:
        take_back(files)
        raise


def _table(settings: Settings, name: str) -> _Table:
    one = settings.connectors.by_name().get(name)
    if one is None:
        known = ", ".join(f"`{other}`" for other in sorted(settings.connectors.by_name())) or "none"
        talk(f"the settings have no table `connectors.{name}`; they have {known}")
        raise typer.Exit(Exit.NOT_FOUND)
    carried = carried_by(name, one, settings.connectors.path)
    files = {one.name: one.file for one in references_of(carried.manifest, one) if one.file is not None}
    return _Table(name, settings, one, carried, files)


def _given(table: _Table, secrets: list[str]) -> dict[str, Path]:
    given = {}
    for secret in secrets:
        name, _, file = secret.partition("=")
        if name not in table.files or not Path(file).is_file():
            known = ", ".join(f"`{other}`" for other in table.files) or "none: the settings hold no file"
            raise typer.BadParameter(f"write NAME=FILE with a file that is there and one of {known}")
        given[name] = Path(file)
    return given
