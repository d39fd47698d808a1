"""`gate06 dossier import|show|dead-letters|replay`: what systems told of dossiers, and what could not be taken."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.audit.record import Evidence
from gateway.cli.connection import Config, Json, Redis, Store, opened_storage, settings_of
from gateway.cli.exit_codes import Exit
from gateway.cli.operating import Operating, operating
from gateway.cli.output import say_json, say_table, talk
from gateway.dossiers.codes import CodeRefused, DossierCode, parse_dossier_code
from gateway.dossiers.dossier import Dossier
from gateway.dossiers.failure import DossierUnknown
from gateway.dossiers.file import Row, read_rows
from gateway.dossiers.handling import handling_time
from gateway.dossiers.intake import AT_ONCE, NOTHING, Intake, Sender, Taken
from gateway.dossiers.letters import DeadLetters
from gateway.dossiers.record import DeadLetter, dossier_address, dossier_of
from gateway.openid_provider.clients import ClientRegistry
from gateway.settings import Settings
from gateway.staff.roles import require_role
from gateway.storage.open import Storage
from gateway.vocabulary.clock import SystemClock, SystemRandomness

app = typer.Typer(help="Import, read and repair what systems tell of dossiers.", no_args_is_help=True)

IMPORTED = "import"
"""The sender of a file that is imported for nobody in particular."""

File = Annotated[Path, typer.Argument(help="CloudEvents or rows of the national message: JSON lines, UTF-8.")]
Client = Annotated[
    str | None, typer.Option("--client", help="In the name of a client, with its units; without, for every unit.")
]
Code = Annotated[str, typer.Argument(help="A dossier's code, H55.19-230601-0001.")]
Ids = Annotated[list[str] | None, typer.Argument(help="Dead letters, dl_…; all without.")]
_HOUR = timedelta(hours=1)
_COLUMNS = ("id", "at", "sender", "way", "dossier", "code", "reason")


@app.command("import")
def import_file(
    file: File,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    *,
    client: Client = None,
    as_json: Json = False,
) -> None:
    """Take what a file tells. What was taken before counts once, so a file may be imported again. Exit 9 when some of
    it was not taken: it waits as dead letters."""
    _say(asyncio.run(_import(settings_of(store, redis, config), file, client)), as_json, "gate06.dossier-import/1")


@app.command()
def show(code: Code, store: Store = None, redis: Redis = None, config: Config = None, *, as_json: Json = False) -> None:
    """Show a dossier as it is folded from everything said of it; nothing of its owner is known. Exit 4 without one.

    `handling_hours` is the working time offices had it in hand, without waiting for the citizen; 8 hours are a day."""
    try:
        parsed = parse_dossier_code(code)
    except CodeRefused as refused:
        raise typer.BadParameter(str(refused)) from None
    settings = settings_of(store, redis, config)
    dossier = asyncio.run(_find(settings, parsed))
    spent = handling_time(dossier, settings.working_time(), SystemClock().now())
    document = document_of(dossier) | {"handling_hours": None if spent is None else round(spent / _HOUR, 2)}
    if as_json:
        say_json({"schema": "gate06.dossier/1", **document})
        return
    for name, value in document.items():
        if not isinstance(value, list | dict):
            typer.echo(f"{name} {'-' if value is None else value}")
    for moment in dossier.moments:
        typer.echo(f"moment {moment.at.astimezone(UTC).isoformat()} {moment.status.name.lower()} {moment.unit or '-'}")


@app.command("dead-letters")
def dead_letters(store: Store = None, redis: Redis = None, config: Config = None, *, as_json: Json = False) -> None:
    """List what was not taken and waits, oldest first, each with its reason; nothing of what it says is shown."""
    letters = [letter.wire() for letter in asyncio.run(_letters(settings_of(store, redis, config)))]
    if as_json:
        say_json({"schema": "gate06.dead-letters/1", "letters": letters})
        return
    say_table(_COLUMNS, [[str(letter[column] or "-") for column in _COLUMNS] for letter in letters])


@app.command()
def replay(
    ids: Ids = None, store: Store = None, redis: Redis = None, config: Config = None, *, as_json: Json = False
) -> None:
    """Read dead letters again with the rights their senders have now. Exit 9 when some of them still wait."""
    _say(asyncio.run(_replay(settings_of(store, redis, config), ids or [])), as_json, "gate06.dossier-replay/1")


def document_of(dossier: Dossier) -> dict[str, Any]:
    """Return a dossier as JSON shows it: times in UTC, statuses by number, what nobody said null."""
    document: dict[str, Any] = _plain(asdict(dossier))
    return document


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _say(taken: Taken, as_json: bool, schema: str) -> None:
    why = dict(sorted(Counter(refused.code for _, refused in taken.rejected).items()))
    if as_json:
        say_json(
            {"schema": schema, "accepted": taken.accepted, "duplicate": taken.duplicate, "rejected": why}
            | {"receipt": taken.receipt}
        )
    else:
        typer.echo(f"accepted {taken.accepted}")
        typer.echo(f"duplicate {taken.duplicate}")
        for code, count in why.items():
            typer.echo(f"rejected {code} {count}")
    if taken.rejected:
        talk("what was not taken waits: gate06 dossier dead-letters")
        raise typer.Exit(Exit.PARTLY_DONE)


def _intake(storage: Storage) -> Intake:
    clock = SystemClock()
    evidence = Evidence(clock, SystemRandomness(), storage.keys)
    return Intake(storage.store, storage.index, evidence, clock, storage.journal)


def _actor(desk: Operating) -> tuple[str, str]:
    return "operator", desk.operator.reference


async def _senders(desk: Operating) -> Mapping[str, Sender]:
    """Return the known clients as they may send now, through this operator, and the operator's own import."""
    clients, actor = ClientRegistry(desk.settings.portal), _actor(desk)
    await clients.refresh(desk.storage.store)
    known = [
        Sender(
            client_id=portal.client_id,
            units=frozenset(portal.dossier_units),
            actor=actor,
            verifies=frozenset(portal.verifies),
        )
        for portal in clients.all()
    ]
    everybody = Sender(client_id=IMPORTED, units=None, actor=actor)
    return {sender.client_id: sender for sender in (*known, everybody)}


async def _import(settings: Settings, file: Path, client: str | None) -> Taken:
    async with operating(settings) as desk:
        require_role(desk.operator, "dossier.import")
        sender = (await _senders(desk)).get(client or IMPORTED)
        if sender is None:
            raise typer.BadParameter(f"no client `{client}` is known at this stack", param_hint="--client")
        return await _take_all(_intake(desk.storage), sender, read_rows(file))


async def _take_all(intake: Intake, sender: Sender, rows: Iterable[Row]) -> Taken:
    told, waiting = NOTHING, iter(rows)
    while some := list(islice(waiting, AT_ONCE)):
        offers = [intake.read(sender.client_id, way, [raw])[0] for way, raw in some]
        told = told.with_more(await intake.take(sender, offers))
    return told


async def _find(settings: Settings, code: DossierCode) -> Dossier:
    """Return a dossier. Raises DossierUnknown."""
    async with opened_storage(settings) as storage:
        (record,) = await storage.store.load(dossier_address(code))
        if record is None:
            raise DossierUnknown(f"`{code.text}`")
        return dossier_of(record)


async def _letters(settings: Settings) -> list[DeadLetter]:
    async with opened_storage(settings) as storage:
        return await DeadLetters(_intake(storage), storage.store).waiting()


async def _replay(settings: Settings, ids: list[str]) -> Taken:
    async with operating(settings) as desk:
        require_role(desk.operator, "dossier.replay")
        letters = DeadLetters(_intake(desk.storage), desk.storage.store)
        return await letters.replay(ids, await _senders(desk), _actor(desk))
