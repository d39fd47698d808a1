"""Reading an OpenAPI description: one file, JSON or YAML, nothing followed out of it.

YAML is read without aliases (a few lines of them unfold into gigabytes), without tags, and with every key once; a date
or a `no` stays the text it is.
"""

import json
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from gateway.connector_import.failure import DescriptionRefused
from gateway.vocabulary.strict_json import JsonRefused, parse_json

LARGEST = 2_097_152


def read_description(file: Path) -> dict[str, Any]:
    """Return the tree of a description. Raises DescriptionRefused."""
    octets = read_file(file)
    tree = _read_json(file, octets) if octets.lstrip()[:1] in {b"{", b"["} else _read_yaml(file, octets)
    if not isinstance(tree, dict):
        raise DescriptionRefused(f"`{file.name}`: 1: an OpenAPI description is an object")
    version = tree.get("openapi")
    if not isinstance(version, str) or not re.match(r"3\.[01]\.", version + "."):
        said = f"`swagger: {tree['swagger']}`" if "swagger" in tree else f"`openapi: {version}`"
        raise DescriptionRefused(
            f"`{file.name}`: openapi: {said} is not 3.0 or 3.1; convert it with the owner's own tool"
        )
    return tree


def read_file(file: Path) -> bytes:
    """Return what a file holds. Raises DescriptionRefused for an address, an unreadable file and one above 2 MB."""
    if re.match(r"https?:/", str(file)):
        raise DescriptionRefused(f"`{file}`: an address is not followed; download the description and name the file")
    try:
        with file.open("rb") as opened:
            octets = opened.read(LARGEST + 1)
    except OSError as error:
        raise DescriptionRefused(f"`{file.name}`: cannot be read: {error.strerror or type(error).__name__}") from None
    if len(octets) > LARGEST:
        raise DescriptionRefused(f"`{file.name}`: larger than {LARGEST >> 20} MB; cut it down to the one operation")
    return octets


def hash_parts(parts: Iterable[bytes]) -> str:
    """Return the hash of a description: of what its files hold in their canonical form, whatever they are called."""
    return f"sha256:{sha256(b''.join(sorted(sha256(part).digest() for part in parts))).hexdigest()}"


def hash_tree(tree: Mapping[str, Any]) -> str:
    """Return the hash of an OpenAPI description: the order of its members, its line ends and comments say nothing."""
    return hash_parts([json.dumps(_keyed(tree), sort_keys=True).encode()])


def _keyed(value: Any) -> Any:
    """Return a tree whose keys are texts, as JSON has them: a status is a number in YAML."""
    if isinstance(value, dict):
        return {str(name): _keyed(inner) for name, inner in value.items()}
    return [_keyed(one) for one in value] if isinstance(value, list) else value


class _Plain(yaml.SafeLoader):  # type: ignore[misc]  # the library says nothing of its types
    """YAML as JSON has it: no anchors, no dates, true and false alone are truths, every key once."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Return the next node. Raises MarkedYAMLError where an anchor is used."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(None, None, "an alias (`*name`) is not followed", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Return a mapping. Raises MarkedYAMLError for a key that stands twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"`{key.value}` stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rows if tag.rpartition(":")[2] in {"null", "int", "float"}]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Plain.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true|false"), list("tf"))


def _read_yaml(file: Path, octets: bytes) -> Any:
    try:
        return yaml.load(octets, _Plain)  # noqa: S506  a loader that knows no tags, stricter than the safe one
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else 1
        raise DescriptionRefused(f"`{file.name}`: {line}: {error.problem or 'not YAML'}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise DescriptionRefused(f"`{file.name}`: 1: not YAML: {type(error).__name__}") from None


def _read_json(file: Path, octets: bytes) -> Any:
    try:
        return parse_json(octets)
    except JsonRefused as refused:
        said = "a member stands twice" if refused.rule == "duplicate" else "not JSON"
        raise DescriptionRefused(f"`{file.name}`: 1: {said}") from None
