"""`gate06 connector check`: everything that can be found about a connector's folder without asking its source."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.connection import Json
from gateway.cli.exit_codes import Exit
from gateway.cli.output import say_json, talk
from gateway.connector_runtime.failure import ConnectorFailure
from gateway.connector_runtime.folders import MANIFEST, read_folder
from gateway.connector_runtime.kinds.lint import Problem, lint
from gateway.connector_runtime.kinds.samples import check_samples, read_samples
from gateway.connector_runtime.manifest import Manifest, place_of
from gateway.connector_runtime.manifest_failure import AttributeUnlisted
from gateway.connector_runtime.manifest_place import Places
from gateway.policy.bundle import BUILT_IN
from gateway.policy.catalogue import Attribute, AttributeFile, resolve_attributes
from gateway.policy.document import read_document
from gateway.policy.failure import PolicyInvalid

_TYPES = {"sex": "code"}
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
    *,
    as_json: Json = False,
) -> None:
    """Check manifest, samples and catalogue without asking anybody. Exit 7 when anything is wrong."""
    found = find_problems(folder, book or [])
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


def catalogue_problems(manifest: Manifest, books: list[Path]) -> Iterator[Problem]:
    """Yield every field whose attribute is not in the catalogue, is of another type there, or of another source."""
    try:
        attributes = _attributes(books)
    except PolicyInvalid as invalid:
        yield Problem(AttributeUnlisted, ("fields",), invalid.problems[0])
        return
    for index, row in enumerate(manifest.fields):
        known = attributes.get(row.to)
        if known is None:
            near = get_close_matches(row.to, list(attributes), n=1, cutoff=0.6)
            hint = f"; nearest is `{near[0]}`" if near else ""
            yield Problem(AttributeUnlisted, ("fields", index, "to"), f"`{row.to}` is in no catalogue file{hint}")
        elif known.type != _TYPES.get(row.type, row.type):
            text = f"`{row.to}` is of type `{known.type}` in the catalogue, here `{row.type}`"
            yield Problem(AttributeUnlisted, ("fields", index, "type"), text)
        elif manifest.id not in known.sources:
            text = f"the catalogue does not name source `{manifest.id}` for `{row.to}`"
            yield Problem(AttributeUnlisted, ("fields", index, "to"), text)
        elif known.values and row.codes:
            yield from _code_problems(manifest, index, known.values)


def _code_problems(manifest: Manifest, index: int, values: Mapping[str, Any]) -> Iterator[Problem]:
    codes = manifest.code_lists.get(manifest.fields[index].codes or "")
    for theirs, ours in (codes.values if codes else {}).items():
        if ours not in values:
            listed = ", ".join(f"`{one}`" for one in values)
            text = f"code `{theirs}` becomes `{ours}`, which the catalogue does not have; there: {listed}"
            yield Problem(AttributeUnlisted, ("code_lists", manifest.fields[index].codes or "", "values"), text)


def _attributes(books: list[Path]) -> dict[str, Attribute]:
    files = [file for book in (BUILT_IN, *books) for file in sorted((book / "attributes").glob("*.toml"))]
    read = [(f"{file.parent.name}/{file.name}", read_document(file, AttributeFile)) for file in files]
    _, attributes, problems = resolve_attributes(read)
    if problems:
        raise PolicyInvalid(problems)
    return attributes
