"""`gate06 connector check`: everything that can be found about a connector's folder without asking its source."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.connection import Json
from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, talk
from gateway.connector_exam.attributes import attribute_problems, read_attributes
from gateway.connector_import.failure import DescriptionChanged
from gateway.connector_runtime.failure import ConnectorFailure
from gateway.connector_runtime.folders import MANIFEST, read_folder
from gateway.connector_runtime.kinds.finding import Problem
from gateway.connector_runtime.kinds.lint import lint
from gateway.connector_runtime.kinds.samples import check_samples, read_samples
from gateway.connector_runtime.manifest import Manifest, place_of
from gateway.connector_runtime.manifest_failure import AttributeUnlisted
from gateway.connector_runtime.manifest_place import Places
from gateway.policy.failure import PolicyInvalid

_PLACED = re.compile(r"`([^`]+)`:? (.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: its code, where it stands (`file:line:key`), what it is, and how to mend it."""

    code: str
    place: str
    what: str
    fix: str

    def line(self) -> str:
        """Return it as one line."""
        return f"{self.code} {self.place}: {self.what}"

    def wire(self) -> dict[str, str]:
        """Return it as JSON shows it."""
        return {"code": self.code, "place": self.place, "what": self.what, "fix": self.fix}


def check(
    folder: Annotated[Path, typer.Argument(help="The connector's folder.")],
    book: Annotated[
        list[Path] | None, typer.Option("--book", help="Further folders of the policy book; its own `book` is read.")
    ] = None,
    description: Annotated[
        Path | None, typer.Option("--description", help="The service's description as it is now: is it the imported?")
    ] = None,
    *,
    as_json: Json = False,
) -> None:
    """Check manifest, samples and catalogue without asking anybody. Exit 7 when anything is wrong."""
    found = find_problems(folder, book or [])
    if description is not None:
        found += compare_description(folder, description)
    if as_json:
        say_json({"folder": folder.name, "sound": not found, "findings": [one.wire() for one in found]})
    else:
        for one in found:
            talk(one.line())
            talk(f"  fix: {one.fix}")
        if not found:
            talk(f"{folder.name}: sound; next: gate06 connector try {folder} --persona 3")
    raise typer.Exit(Exit.CHECK_FAILED if found else Exit.OK)


def find_problems(folder: Path, books: list[Path]) -> list[Finding]:
    """Return everything that is wrong with a connector's folder; a manifest that cannot be read is one thing."""
    try:
        manifest = read_folder(folder)
    except ConnectorFailure as failure:
        told = _PLACED.fullmatch(failure.detail)
        place, what = (told[1], told[2]) if told else (folder.name, failure.detail)
        return [Finding(failure.code, place, what, failure.fix)]
    problems = list(lint(manifest))
    problems += catalogue_problems(manifest, [*([folder / "book"] if (folder / "book").is_dir() else []), *books])
    if manifest.kind != "code" and not problems:
        try:
            problems += check_samples(manifest, read_samples(folder))
        except ConnectorFailure as failure:
            problems.append(Problem(type(failure), (), failure.detail))
    name = f"{folder.resolve().name}/{MANIFEST}"
    places = Places((folder / MANIFEST).read_text("utf-8"))
    return [Finding(one.failure.code, place_of(name, places, one.key), one.text, one.failure.fix) for one in problems]


def compare_description(folder: Path, file: Path) -> list[Finding]:
    """Return what is wrong with a description: that it changed, or that the manifest does not say which it came from.

    Raises DescriptionRefused for one that cannot be read.
    """
    from gateway.connector_import.description import hash_tree, read_description
    from gateway.connector_import.wsdl import hash_wsdl

    manifest = read_folder(folder)
    now = hash_wsdl(file) if manifest.kind == "soap" else hash_tree(read_description(file))
    kept = manifest.endpoint.description_hash if manifest.endpoint else None
    if kept == now:
        return []
    said = "is not the one that was imported" if kept else "was never compared: the manifest names no hash"
    places = Places((folder / MANIFEST).read_text("utf-8"))
    key = ("endpoint", "description_hash") if kept else ("endpoint",)
    place = place_of(f"{folder.resolve().name}/{MANIFEST}", places, key)
    return [Finding(DescriptionChanged.code, place, f"`{file.name}` {said}; it is `{now}`", DescriptionChanged.fix)]


def catalogue_problems(manifest: Manifest, books: list[Path]) -> Iterator[Problem]:
    """Yield every field whose attribute is not in the catalogue, is of another type there, or of another source."""
    try:
        attributes = read_attributes(books)
    except PolicyInvalid as invalid:
        yield Problem(AttributeUnlisted, ("fields",), invalid.problems[0])
        return
    yield from attribute_problems(manifest, attributes)
