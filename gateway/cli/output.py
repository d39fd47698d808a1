"""What a command says: data on stdout (a table, or JSON with `--json`), talk on stderr."""

import sys
from collections.abc import Sequence
from typing import Any

import orjson
import typer

_JSON = orjson.OPT_APPEND_NEWLINE | orjson.OPT_INDENT_2


def say_json(value: Any, *, one_line: bool = False) -> None:
    """Write a value as JSON on stdout."""
    sys.stdout.flush()
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE if one_line else _JSON))
    sys.stdout.buffer.flush()


def say_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows as an aligned table on stdout."""
    widths = [max(len(row[at]) for row in (columns, *rows)) for at in range(len(columns))]
    for row in (columns, *rows):
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def talk(sentence: str) -> None:
    """Write a sentence on stderr."""
    typer.echo(sentence, err=True)
