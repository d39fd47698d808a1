"""The published schema says what the reader says: of every manifest here, and of every mistake."""

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from gateway.connector_runtime.failure import ConnectorFailure
from gateway.connector_runtime.manifest import read_manifest
from gateway.connector_runtime.manifest_place import Places
from tests.connector_kinds.conftest import SAMPLE, text_of

ROOT = SAMPLE.parents[1]
SCHEMA = jsonschema_rs.validator_for(json.loads((ROOT / "docs/connector_manifest.schema.json").read_text("utf-8")))
MANIFESTS = sorted((ROOT / "connectors").rglob("manifest.toml"))


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_manifest_here_is_valid_by_both(file: Path) -> None:
    text = file.read_text("utf-8")
    assert SCHEMA.is_valid(tomllib.loads(text))
    assert read_manifest(text, file.name).fields


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('from = "card.no"', 'frm = "card.no"'),
        ('kind = "rest"', 'kind = "ftp"'),
        ('is = "denied"', 'is = "empty"'),
        ('version = "0.1.0"', 'version = "1"'),
        ('status = "404"', "status = 404"),
        ('format = "yyyymmdd"', 'format = "%Y"'),
        ('method = "GET"', 'method = "DELETE"'),
        ("about = { personal_number =", "about = { number ="),
    ],
)
def test_a_mistake_is_one_for_both(old: str, new: str) -> None:
    text = text_of("rest")
    assert old in text
    text = text.replace(old, new, 1)
    assert not SCHEMA.is_valid(tomllib.loads(text))
    with pytest.raises(ConnectorFailure):
        read_manifest(text, "x")


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_key_is_found_at_its_line(file: Path) -> None:
    text = file.read_text("utf-8")
    lines, places = text.splitlines(), Places(text)
    for key, name in _keys(tomllib.loads(text)):
        # what stands inside a list of several lines is found where the list begins
        line = lines[places.line(key) - 1]
        assert name in line or line.rstrip().endswith("["), key


def _keys(tree: Any, above: tuple[str | int, ...] = ()) -> Any:
    """Yield the place and name of every key that has a line of its own; a table in one line is its line's."""
    for name, value in tree.items():
        yield (*above, name), name
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for index, row in enumerate(value):
                yield from _keys(row, (*above, name, index))
        elif isinstance(value, dict):
            yield from _keys(value, (*above, name))
