"""`gate06 province generate`: an invented province's dossiers as CloudEvents, for trials and measurements."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NamedTuple

import orjson
import typer

from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, talk
from gateway.dossiers.province.beside import complaint_about, listed_procedures, receipt_of, voices
from gateway.dossiers.province.lives import Lives
from gateway.dossiers.province.mix import MIXES, Mix, read_mix
from gateway.dossiers.province.tell import tell
from gateway.vocabulary.working_days import WorkingDays, national_days

app = typer.Typer(help="An invented province for trials.", no_args_is_help=True)

_SOURCE = "urn:gate06:synthetic"

Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed writes the same octets.")]
Dossiers = Annotated[int | None, typer.Option("--dossiers", min=1, help="How many; the mix's own number without.")]
Out = Annotated[Path, typer.Option("--out", help="The file of events, one JSON object a line; `-` for stdout.")]
MixName = Annotated[str, typer.Option("--mix", help=f"What it is made of: {', '.join(MIXES)}.")]
Beside = Annotated[
    Path | None, typer.Option("--beside", help="A folder for procedures.jsonl, receipts.jsonl, feedback.jsonl.")
]
Json = Annotated[bool, typer.Option("--json", help="Say what was written as one JSON object (not with `--out -`).")]


class Written(NamedTuple):
    """What was written."""

    dossiers: int
    events: int


@app.callback()
def _noun() -> None:
    """Keep the verb a word of its own while there is only one."""


@app.command("generate")
def generate(
    *,
    seed: Seed,
    out: Out,
    dossiers: Dossiers = None,
    mix: MixName = MIXES[0],
    beside: Beside = None,
    as_json: Json = False,
) -> None:
    """Write an invented province's dossiers as events, one after the other; nothing is kept in memory."""
    if mix not in MIXES:
        talk(f"`--mix`: there is no mix of this name; write one of {', '.join(f'`{one}`' for one in MIXES)}")
        raise typer.Exit(Exit.USAGE)
    made = read_mix(mix)
    days = national_days()
    lives = Lives(made, seed, made.dossiers if dossiers is None else dossiers, days)
    try:
        written = _write(lives, out, f"{_SOURCE}:{mix}:{seed}", beside)
        if beside is not None:
            _write_beside(made, seed, days, beside)
    except OSError as trouble:
        talk(f"`{trouble.filename}` cannot be written: {trouble.strerror}")
        raise typer.Exit(Exit.USAGE) from None
    if as_json and str(out) != "-":
        say_json({"schema": "gate06.province/1", "mix": mix, "seed": seed, **written._asdict()})
    else:
        talk(f"{written.dossiers} dossiers, {written.events} events")


def _write(lives: Lives, out: Path, source: str, beside: Path | None) -> Written:
    dossiers = events = 0
    with ExitStack() as opened:
        told = typer.get_binary_stream("stdout") if str(out) == "-" else opened.enter_context(out.open("wb"))
        receipts = None if beside is None else opened.enter_context(_open(beside, "receipts"))
        feedback = None if beside is None else opened.enter_context(_open(beside, "feedback"))
        for life in lives:
            dossiers += 1
            for event in tell(life, source):
                events += 1
                told.write(_line(event))
            if receipts is not None and (receipt := receipt_of(life)) is not None:
                receipts.write(_line(asdict(receipt)))
            if feedback is not None and (complaint := complaint_about(life)) is not None:
                feedback.write(_line(asdict(complaint)))
    return Written(dossiers, events)


def _write_beside(mix: Mix, seed: int, days: WorkingDays, folder: Path) -> None:
    with (folder / "feedback.jsonl").open("ab") as feedback:
        feedback.writelines(_lines(voices(mix, seed, days)))
    with (folder / "procedures.jsonl").open("wb") as procedures:
        procedures.writelines(_lines(listed_procedures(mix, days)))


def _open(folder: Path, name: str) -> BinaryIO:
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / f"{name}.jsonl").open("wb")


def _lines(values: Iterable[Any]) -> Iterator[bytes]:
    return (_line(asdict(value)) for value in values)


def _line(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)
