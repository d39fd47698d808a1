"""`gate06 connector credentials NAME --try SECRET=FILE`: does a source take another secret, and look at it at all?

That a source answers proves nothing by itself: some answer whatever is shown to them. So the same probe is sent once
more with a random secret of the same shape, and only a source that refuses that one has checked anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gateway.cli.connection import opened_storage
from gateway.cli.connector_proof import beyond_a_probe, judge_by_random_ones
from gateway.cli.connector_table import ConnectorTable, is_as_approved, probe, read_files
from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, talk

Outcome = Literal["checked", "unchecked", "undecided", "refused", "unfit", "not_approved"]
_EXITS: Mapping[Outcome, Exit] = {
    "checked": Exit.OK,
    "unchecked": Exit.PARTLY_DONE,
    "undecided": Exit.REMOTE,
    "refused": Exit.REMOTE,
    "unfit": Exit.CHECK_FAILED,
    "not_approved": Exit.NEEDS_APPROVAL,
}


@dataclass(frozen=True, slots=True)
class Tried:
    """How a trial ended, what the source said, and which secrets it takes without looking at them."""

    outcome: Outcome
    said: str = ""
    unchecked: tuple[str, ...] = ()


async def try_secrets(table: ConnectorTable, words: Sequence[str], *, as_json: bool) -> Exit:
    """Show the running source other secrets and tell what that proves; nothing is changed."""
    files = read_files(words, list(table.references))
    tried = await _try(table, files)
    if as_json:
        say_json(_wire(table, list(files), tried))
    return _EXITS[tried.outcome]


async def _try(table: ConnectorTable, files: Mapping[str, Any]) -> Tried:
    async with opened_storage(table.settings) as storage:
        if not await is_as_approved(table, storage):
            return Tried("not_approved")
    changed = table.tried(files)
    if wrong := table.unfit(changed):
        for found in wrong:
            talk(f"{found.reference.name} ({found.reference.file}): {found.wrong}")
        return Tried("unfit")
    health = await probe(table, changed)
    said = f"{health.state}{f', {health.detail}' if health.detail else ''}"
    talk(f"{table.name} with {' and '.join(files)}: {said}")
    if health.state != "up":
        return Tried("refused", said)
    silent = beyond_a_probe(table.manifest, changed, files)
    judged = await judge_by_random_ones(table, changed, [one for one in files if one not in silent])
    if "undecided" in judged.values():
        talk(f"{table.name} stopped answering while it was asked with a random secret: ask again later")
        return Tried("undecided", said)
    unchecked = (*silent, *(one for one, ended in judged.items() if ended == "unchecked"))
    _say_unchecked(silent, [one for one in unchecked if one not in silent])
    if not unchecked:
        talk(f"it refuses a random one of the same shape: {' and '.join(files)} is checked by the source")
    return Tried("unchecked" if unchecked else "checked", said, unchecked)


def _say_unchecked(silent: Sequence[str], taken: Sequence[str]) -> None:
    for name in silent:
        talk(
            f"the probe does not carry `{name}`, so it proves nothing: ask about a test person, `gate06 connector try`"
        )
    for name in taken:
        talk(f"the source answers without checking this credential: a random `{name}` was taken, too")
        talk("have its owner say which address wants it, or let `operations.check` ask there")


def _wire(table: ConnectorTable, names: list[str], tried: Tried) -> dict[str, Any]:
    return {
        "schema": "gate06.connector-credentials-try/1",
        "connector": table.name,
        "version": table.manifest.version,
        "secrets": names,
        "outcome": tried.outcome,
        "said": tried.said,
        "unchecked": list(tried.unchecked),
    }
