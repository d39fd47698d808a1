"""How every pure check talks: one JSON object in, one out, or JSON lines with `--batch` (design.md §15).

An input member `id` is given back. Exit codes of these verbs only: 0 valid, 1 invalid, 2 usage.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

Check = Callable[[Mapping[str, Any]], tuple[dict[str, Any], bool]]


def run_check(check: Check, *, batch: bool) -> None:
    """Read stdin, answer on stdout, end the program with the check's exit code.

    `check` maps an input object to its answer and whether it is valid; it raises ValueError (pydantic's included)
    for an input it cannot read. In a batch such a line is answered with `error` and the others go on.
    """
    codes = [_answer_line(check, line) for line in _inputs(batch)]
    raise typer.Exit(max(codes, default=2))


def _inputs(batch: bool) -> Iterator[bytes]:
    if batch:
        yield from (line for line in sys.stdin.buffer if line.strip())
    else:
        yield sys.stdin.buffer.read()


def _answer_line(check: Check, line: bytes) -> int:
    echo: dict[str, Any] = {}
    try:
        asked = orjson.loads(line)
        if not isinstance(asked, dict):
            raise ValueError("the input is not one JSON object")
        if "id" in asked:
            echo["id"] = asked["id"]
        answer, valid = check(asked)
    except ValueError as trouble:
        said = _explain(trouble)
        typer.echo(said, err=True)
        answer, code = {"error": said}, 2
    else:
        code = 0 if valid else 1
    sys.stdout.buffer.write(orjson.dumps({**echo, **answer}) + b"\n")
    sys.stdout.buffer.flush()
    return code


def _explain(trouble: ValueError) -> str:
    """Say what is wrong without repeating a value: it may be a citizen's."""
    if isinstance(trouble, ValidationError):
        return "; ".join(_say(error) for error in trouble.errors(include_url=False, include_input=False))
    if isinstance(trouble, orjson.JSONDecodeError):
        return "the input is not JSON"
    return str(trouble)


def _say(error: ErrorDetails) -> str:
    """Name the member at fault; what is wrong with several together names them itself."""
    said = error["msg"].removeprefix("Value error, ")
    return f"`{'.'.join(str(part) for part in error['loc'])}`: {said}" if error["loc"] else said
