"""The catalogue a manifest is held against: the built-in policy book and whatever books come with the connector."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from gateway.connector_runtime.kinds.finding import Problem
from gateway.connector_runtime.manifest import Manifest
from gateway.connector_runtime.manifest_failure import AttributeUnlisted
from gateway.policy.bundle import BUILT_IN
from gateway.policy.catalogue import Attribute, AttributeFile, resolve_attributes
from gateway.policy.document import read_document
from gateway.policy.failure import PolicyInvalid

_TYPES = {"sex": "code"}


def read_attributes(books: Sequence[Path]) -> dict[str, Attribute]:
    """Return every attribute of the built-in book and of further ones. Raises PolicyInvalid."""
    files = [file for book in (BUILT_IN, *books) for file in sorted((book / "attributes").glob("*.toml"))]
    read = [(f"{file.parent.name}/{file.name}", read_document(file, AttributeFile)) for file in files]
    _, attributes, problems = resolve_attributes(read)
    if problems:
        raise PolicyInvalid(problems)
    return attributes


def attribute_problems(manifest: Manifest, attributes: Mapping[str, Attribute]) -> Iterator[Problem]:
    """Yield every field whose attribute is not in the catalogue, is of another type there, or of another source."""
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
