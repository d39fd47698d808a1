"""`gate06 audit export|verify|checkpoint`: the evidence log for an inspector, on the running stack or offline."""

import asyncio
import sys
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any

import orjson
import typer

from gateway.audit.checkpoint import InvalidNote, NoteVerifier, parse_verifier_key, verifier_key
from gateway.audit.log import Log
from gateway.audit.proof import latest_note
from gateway.audit.verify import Report, verify_export, verify_log
from gateway.cli.exit_codes import Exit
from gateway.vocabulary.failure import Failure

_CHUNK = 1024


@dataclass(frozen=True, slots=True)
class OpenedLog:
    """The log of a stack and the public keys (current and retired) its checkpoints are signed with."""

    log: Log
    verifier: NoteVerifier


OpenLog = Callable[[str | None, str | None, list[Path]], AbstractAsyncContextManager[OpenedLog]]
"""Opens the log named by `--store`, `--redis` and `--config`; the command that mounts the verbs gives it."""

Store = Annotated[str | None, typer.Option("--store", help="sqlite:///PATH or postgresql://…")]
Redis = Annotated[str | None, typer.Option("--redis", help="redis://…")]
Config = Annotated[list[Path] | None, typer.Option("--config", help="A gate06.toml; may be repeated.")]
Json = Annotated[bool, typer.Option("--json", help="Answer one JSON object.")]
CheckpointFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--checkpoint", help="A signed checkpoint saved earlier; may be repeated.", exists=True, dir_okay=False
    ),
]
ExportFile = Annotated[
    Path | None,
    typer.Option("--export", help="Verify this export instead of the store.", exists=True, dir_okay=False),
]
Key = Annotated[str | None, typer.Option("--key", help="The log's verifier key (name+hash+base64), for --export.")]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file instead of stdout.", dir_okay=False)]


def create_app(open_log: OpenLog) -> typer.Typer:
    """Return the sub-application `audit`."""
    app = typer.Typer(help="Export, verify and checkpoint the evidence log.", no_args_is_help=True)

    @app.command("export")
    def _export(store: Store = None, redis: Redis = None, config: Config = None, out: Out = None) -> None:
        """Write the log as JSON lines {index, leaf (base64)}."""
        count = asyncio.run(_write_export(open_log(store, redis, config or []), out))
        typer.echo(f"{count} entries", err=True)

    @app.command("checkpoint")
    def _checkpoint(
        store: Store = None, redis: Redis = None, config: Config = None, key: Annotated[bool, typer.Option()] = False
    ) -> None:
        """Print the latest signed checkpoint: save it elsewhere. `--key` prints the verifier keys instead."""
        typer.echo(asyncio.run(_say_checkpoint(open_log(store, redis, config or []), key)), nl=False)

    @app.command("verify")
    def _verify(
        *,
        store: Store = None,
        redis: Redis = None,
        config: Config = None,
        checkpoint: CheckpointFiles = None,
        export: ExportFile = None,
        key: Key = None,
        as_json: Json = False,
    ) -> None:
        """Recompute the log; exit 7 and name the first bad index when anything is not as it was."""
        notes = [path.read_text("utf-8") for path in checkpoint or []]
        if export is not None and key is not None:
            report = verify_file(export, notes, _verifier(key))
        else:
            report = asyncio.run(_verify_opened(open_log(store, redis, config or []), notes, export))
        _say_report(report, as_json=as_json)

    return app


async def export_lines(log: Log) -> AsyncIterator[bytes]:
    """Yield the sequenced entries as JSON lines, in order."""
    size = await log.tree.size()
    for start in range(0, size, _CHUNK):
        for index, leaf in enumerate(await log.journal.entries(start, min(start + _CHUNK, size)), start):
            yield orjson.dumps({"index": index, "leaf": b64encode(leaf).decode()}) + b"\n"


def verify_file(export: Path, notes: Sequence[str], verifier: NoteVerifier) -> Report:
    """Verify an export file line by line."""
    with export.open("rb") as lines:
        return verify_export(lines, notes, verifier)


def report_members(report: Report) -> dict[str, Any]:
    """Return a report for `--json`."""
    finding = report.finding
    return {
        "valid": report.valid,
        "entries": report.size,
        "checkpoints": report.checkpoint_count,
        "rule": finding.rule if finding else None,
        "index": finding.index if finding else None,
        "until": finding.until if finding else None,
        "dated_back": report.dated_back,
    }


async def _write_export(opening: AbstractAsyncContextManager[OpenedLog], out: Path | None) -> int:
    count = 0
    with _output(out) as stream:
        async with opening as opened:
            async for line in export_lines(opened.log):
                stream.write(line)
                count += 1
    return count


def _output(out: Path | None) -> AbstractContextManager[IO[bytes]]:
    return out.open("wb") if out else nullcontext(sys.stdout.buffer)


async def _say_checkpoint(opening: AbstractAsyncContextManager[OpenedLog], key: bool) -> str:
    async with opening as opened:
        if key:
            verifier = opened.verifier
            return "".join(f"{verifier_key(verifier.origin, public)}\n" for public in verifier.public_keys)
        try:
            return await latest_note(opened.log)
        except Failure as failure:
            typer.echo(f"{failure.code}: {failure.en}", err=True)
            raise typer.Exit(Exit.NOT_FOUND) from None


async def _verify_opened(
    opening: AbstractAsyncContextManager[OpenedLog], notes: Sequence[str], export: Path | None
) -> Report:
    async with opening as opened:
        if export is not None:
            return verify_file(export, notes, opened.verifier)
        return await verify_log(opened.log, opened.verifier, notes)


def _verifier(key: str) -> NoteVerifier:
    try:
        name, public_key = parse_verifier_key(key)
        return NoteVerifier(name, [public_key])
    except (InvalidNote, ValueError):
        typer.echo("`--key` is not a verifier key", err=True)
        raise typer.Exit(Exit.USAGE) from None


def _say_report(report: Report, *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(report_members(report)).decode())
    else:
        typer.echo(f"{report.size} entries, {report.checkpoint_count} checkpoints")
    if report.dated_back:
        typer.echo(f"{len(report.dated_back)} events are dated long before their neighbours", err=True)
    if report.finding is not None:
        typer.echo(f"the log is not whole: {report.finding.sentence()}", err=True)
        raise typer.Exit(Exit.CHECK_FAILED)
