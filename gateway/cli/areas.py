"""`gate06 areas import|list|show`: the province's units with their dates, and what a unit of then is now."""

import asyncio
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.acts import perform
from gateway.cli.connection import Config, Json, Redis, Store, opened_storage, settings_of
from gateway.cli.exit_codes import Exit
from gateway.cli.operating import operating
from gateway.cli.output import say_json, say_table, talk
from gateway.dossiers.codes import CodeRefused, parse_agency
from gateway.dossiers.unit_file import read_units
from gateway.dossiers.unit_list import load_units
from gateway.dossiers.units import Boundary, Unit, Units
from gateway.settings import Settings
from gateway.vocabulary.clock import SystemClock
from gateway.vocabulary.working_days import VIETNAM

app = typer.Typer(help="Import and read the province's units.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A CSV file of units, UTF-8; docs/dossiers.md has its columns.")]
Code = Annotated[str, typer.Argument(help="An agency's code, H55.19 or 000.00.19.H55.")]
Day = Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="A day, YYYY-MM-DD; today without.")]
Boundaries = Annotated[Boundary, typer.Option("--boundary", help="The unit of then, or what it is now.")]
_COLUMNS = ("code", "name", "level", "parent", "valid_from", "valid_to", "became")


@app.command("import")
def import_file(
    file: File, store: Store = None, redis: Redis = None, config: Config = None, *, as_json: Json = False
) -> None:
    """Put a file's units in the place of all units kept so far. A file with a mistake changes nothing: exit 5."""
    units = read_units(file)
    count = asyncio.run(_import(settings_of(store, redis, config), units, sha256(file.read_bytes()).hexdigest()))
    if as_json:
        say_json({"schema": "gate06.areas-import/1", "units": count})
    else:
        typer.echo(f"units {count}")


@app.command("list")
def list_units(
    store: Store = None, redis: Redis = None, config: Config = None, *, on: Day = None, as_json: Json = False
) -> None:
    """List the units of a day, in the order of their codes."""
    day = _day(on)
    listed = [unit for unit in _load(settings_of(store, redis, config)).all if unit.valid_on(day)]
    if as_json:
        say_json({"schema": "gate06.areas/1", "on": day.isoformat(), "units": [unit.body() for unit in listed]})
        return
    say_table(_COLUMNS, [_row(unit) for unit in listed])


@app.command()
def show(
    code: Code,
    store: Store = None,
    redis: Redis = None,
    config: Config = None,
    *,
    on: Day = None,
    boundary: Boundaries = Boundary.THEN,
    as_json: Json = False,
) -> None:
    """Show the unit a code stood for on a day; with `--boundary now`, what it is today. After a split that is several
    candidates: nobody guesses. Exit 4 when the code stood for none."""
    try:
        agency = parse_agency(code)
    except CodeRefused as refused:
        raise typer.BadParameter(str(refused)) from None
    found = _load(settings_of(store, redis, config)).read(agency, _day(on), boundary, _day(None))
    if found is None:
        talk(f"no unit has the code `{agency}` on that day")
        raise typer.Exit(Exit.NOT_FOUND)
    if as_json:
        candidates = [unit.body() for unit in found.candidates]
        say_json({"schema": "gate06.area/1", "unit": found.unit.body(), "split": found.split, "candidates": candidates})
        return
    say_table(_COLUMNS, [_row(unit) for unit in (found.unit, *found.candidates)])


def _day(on: datetime | None) -> date:
    return SystemClock().now().astimezone(VIETNAM).date() if on is None else on.date()


def _row(unit: Unit) -> list[str]:
    body = unit.body()
    name = unit.name.get("vi", "")
    return [name if column == "name" else _word(body[column]) for column in _COLUMNS]


def _word(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "-")


def _load(settings: Settings) -> Units:
    async def load() -> Units:
        async with opened_storage(settings) as storage:
            return await load_units(storage.store)

    return asyncio.run(load())


async def _import(settings: Settings, units: Units, digest: str) -> int:
    async with operating(settings) as desk:
        count, _ = await perform(desk, "areas.import", digest, {"units": [unit.body() for unit in units.all]})
    assert isinstance(count, int)
    return count
