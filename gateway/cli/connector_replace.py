"""`gate06 connector replace-credentials` and `restore-credentials`: tested first, then swapped, kept for a day.

The next secret is written beside the present one and shown to the running source. Only when the source takes it is the
file renamed, which every worker of this machine notices within two seconds; on several machines run it on each.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.connection import Config, Redis, Store, settings_of
from gateway.cli.connector_proof import beyond_a_probe, judge_by_random_ones
from gateway.cli.connector_table import ConnectorTable, find_table, is_as_approved, probe, read_files
from gateway.cli.exit_codes import Exit
from gateway.cli.operating import Operating, operating
from gateway.cli.output import talk
from gateway.connector_lifecycle.credentials import tell_swap
from gateway.connector_lifecycle.steps import require_duty
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
from gateway.vocabulary.clock import SystemClock

_Name = Annotated[str, typer.Argument(help="The connector's name in the settings.")]
_Unproven = Annotated[bool, typer.Option("--unproven", help="Swap what no probe proves; the event says so.")]


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
    table = find_table(settings_of(store, redis, config), connector)
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
    table = find_table(settings_of(store, redis, config), connector)
    now = SystemClock().now()
    left = {one.file for one in leftovers_of(table.one) if not one.is_next and not one.over(now)}
    names = [name for name, file in table.files.items() if before_of(file) in left]
    if not names:
        talk(f"`{connector}` has no secret before that is younger than {KEPT_FOR.total_seconds() / 3600:.0f} hours")
        raise typer.Exit(Exit.NOT_FOUND)
    raise typer.Exit(asyncio.run(_restore(table, names)))


async def _replace(
    table: ConnectorTable, given: Mapping[str, Path], silent: tuple[str, ...], *, is_unproven_fine: bool
) -> Exit:
    async with operating(table.settings) as desk:
        require_duty(desk.operator, "credentials")
        if not await is_as_approved(table, desk.storage):
            return Exit.NEEDS_APPROVAL
        try:
            made = {name: put_next(table.files[name], file.read_bytes()) for name, file in given.items()}
            refused = await _refused(table, made)
            if refused is not None:
                return refused
            heard = [name for name in given if name not in silent]
            judged = await judge_by_random_ones(table, table.tried(made), heard)
            if "undecided" in judged.values():
                talk(f"{table.name} stopped answering while it was asked; nothing was changed, ask again later")
                return Exit.REMOTE
            anything = [one for one, said in judged.items() if said == "unchecked"]
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


async def _restore(table: ConnectorTable, names: list[str]) -> Exit:
    async with operating(table.settings) as desk:
        require_duty(desk.operator, "credentials")
        if not await is_as_approved(table, desk.storage):
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


async def _refused(table: ConnectorTable, files: Mapping[str, Path]) -> Exit | None:
    """Return why other files may not take the place: what is wrong with them, or that the source refuses them."""
    changed = table.tried(files)
    if wrong := table.unfit(changed):
        for found in wrong:
            talk(f"{found.reference.name}: {found.wrong}")
        return Exit.CHECK_FAILED
    health = await probe(table, changed)
    talk(f"{table.name} with {' and '.join(files)}: {health.state}{f', {health.detail}' if health.detail else ''}")
    if health.state == "up":
        return None
    talk("nothing was changed; the secrets in use stay as they are")
    return Exit.REMOTE


def _say_unproven(names: Sequence[str]) -> None:
    said = ", ".join(f"`{name}`" for name in names)
    talk(
        f"no probe proves {said}: what is wrong would be taken too; ask about a test person with `gate06 connector try`"
    )
    talk("`--unproven` swaps it all the same, and the event says so")


async def _tell(
    desk: Operating, table: ConnectorTable, names: list[str], files: list[Path], unproven: Sequence[str]
) -> None:
    """Store the event of a swap; a swap without evidence is taken back."""
    try:
        event = await tell_swap(desk.evidence, desk.operator, table.name, names, "replaced", unproven=unproven)
        await desk.storage.store.commit([], [event], now=desk.now())
    except BaseException:
        take_back(files)
        raise


def _given(table: ConnectorTable, secrets: list[str]) -> dict[str, Path]:
    given = read_files(secrets, list(table.files))
    for file in given.values():
        if not file.is_file():
            raise typer.BadParameter(f"`{file}` is no file; write NAME=FILE with the one that holds the new secret")
    return given
