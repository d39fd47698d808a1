"""`gate06 connector import-openapi|import-wsdl`: a folder from a department's own description, guesses marked."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.connector_check import find_problems
from gateway.cli.connector_new import require_free
from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, talk
from gateway.connector_import.draft import Draft
from gateway.connector_import.folder import points, write_draft

File = Annotated[Path, typer.Argument(help="The description; files it names lie in the same folder.")]
Id = Annotated[str, typer.Option("--name", help="The connector's id for good: small letters, digits, `_`.")]
Chosen = Annotated[str | None, typer.Option("--operation", help="The operation to ask, when several would do.")]
Into = Annotated[Path, typer.Option("--in", help="Where the folder is made.")]
Json = Annotated[bool, typer.Option("--json", help="Answer JSON.")]


def import_openapi(
    file: File, *, name: Id, operation: Chosen = None, folder: Into = Path(), as_json: Json = False
) -> None:
    """Make a connector's folder from an OpenAPI 3.0 or 3.1 file, JSON or YAML. Nothing is fetched. Exit 3 when the
    description cannot be used, 9 when the folder is made and points are left to confirm."""
    from gateway.connector_import.openapi import draft_openapi

    _make(draft_openapi, file, (name, operation), folder, as_json=as_json)


def import_wsdl(
    file: File, *, name: Id, operation: Chosen = None, folder: Into = Path(), as_json: Json = False
) -> None:
    """Make a connector's folder from a WSDL 1.1 file (document/literal); its schemas lie beside it. Nothing is fetched.
    Exit codes as of `import-openapi`."""
    from gateway.connector_import.wsdl import draft_wsdl

    _make(draft_wsdl, file, (name, operation), folder, as_json=as_json)


def _make(
    read: Callable[[Path, str | None], Draft], file: Path, asked: tuple[str, str | None], folder: Path, *, as_json: bool
) -> None:
    name, operation = asked
    target = require_free(folder / name)
    draft = read(file, operation)
    write_draft(draft, target, name)
    told = [f"{target / place}:{line}: {what}" for place, line, what in points(target)]
    found = find_problems(target, [])
    if as_json:
        problems = [one.wire() for one in found]
        say_json({"schema": "gate06.connector-import/1", "folder": str(target), "confirm": told, "findings": problems})
    else:
        talk(f"made {target}: {len(list(target.rglob('*.*')))} files; {len(told)} points to confirm")
        for line in told:
            talk(line)
        for one in found:
            talk(one.line())
            talk(f"  fix: {one.fix}")
        talk(f"next: correct these lines, take each `confirm:` away, then gate06 connector check {target}")
    raise typer.Exit(Exit.PARTLY_DONE)
