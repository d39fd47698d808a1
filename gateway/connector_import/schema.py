"""JSON Schemas of an OpenAPI description as trees of parts: references inside the file are followed, loops are cut."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.connector_import.failure import DescriptionRefused
from gateway.connector_import.node import DEEPEST, Budget, Kind, Node

_TRUTH_OR_FILE: Mapping[str, Kind] = {"boolean": "truth", "binary": "file", "byte": "file"}


class Schemas:
    """The schemas of one description."""

    def __init__(self, tree: Mapping[str, Any], file: Path) -> None:
        self._tree = tree
        self._file = file

    def follow(self, value: Any, seen: frozenset[str] = frozenset()) -> tuple[Mapping[str, Any], frozenset[str]]:
        """Return what a value stands for, references followed, and which were.

        Raises DescriptionRefused for a reference out of the file, to nothing, or around in a circle.
        """
        while isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
            reference = value["$ref"]
            if reference in seen:
                raise DescriptionRefused(f"`{self._file.name}`: {reference}: refers to itself")
            seen |= {reference}
            value = self._at(reference)
        return (value if isinstance(value, Mapping) else {}), seen

    def node(self, schema: Any, name: str, *, required: bool = False) -> Node:
        """Return a schema as a tree of parts. Raises DescriptionRefused."""
        return self._node(schema, name, required, frozenset(), (Budget(), 0))

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise DescriptionRefused(
                f"`{self._file.name}`: {reference}: leads out of the file; bundle the description into one file first"
            )
        found: Any = self._tree
        for part in reference[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or key not in found:
                raise DescriptionRefused(f"`{self._file.name}`: {reference}: nothing stands there")
            found = found[key]
        return found

    def _node(self, schema: Any, name: str, required: bool, seen: frozenset[str], room: tuple[Budget, int]) -> Node:
        budget, depth = room
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if reference in seen or depth > DEEPEST or not budget.spend():
            why = "it holds itself" if reference in seen else "it is nested too deeply, or too large"
            return Node(name=name, kind="object", required=required, cut=why)
        told, seen = self.follow(schema, seen)
        told = self._joined(told, seen)
        kind = _kind_of(told)
        if kind == "array":
            inner = self._node(told.get("items", {}), name, required, seen, (budget, depth + 1))
            return Node(**{**_members(inner), "many": True})
        if kind != "object":
            return _leaf(told, name, required)
        wanted = told.get("required", [])
        properties = told.get("properties", {})
        children = tuple(
            self._node(inner, str(key), key in wanted, seen, (budget, depth + 1))
            for key, inner in (properties.items() if isinstance(properties, Mapping) else ())
        )
        return Node(
            name=name, kind="object", children=children, required=required, text=str(told.get("description", ""))
        )

    def _joined(self, told: Mapping[str, Any], seen: frozenset[str]) -> Mapping[str, Any]:
        """Return a schema with the parts of `allOf` in it, and the first that is no null of `oneOf` and `anyOf`."""
        parts = told.get("allOf", [])
        for choice in ("oneOf", "anyOf"):
            others = [
                one for one in told.get(choice, []) if not (isinstance(one, Mapping) and one.get("type") == "null")
            ]
            parts = [*parts, *others[:1]]
        joined: dict[str, Any] = dict(told)
        for part in parts:
            inner, further = self.follow(part, seen)
            inner = self._joined(inner, further)
            properties = {**joined.get("properties", {}), **inner.get("properties", {})}
            required = [*joined.get("required", []), *inner.get("required", [])]
            joined = {**inner, **joined, **({"properties": properties, "required": required} if properties else {})}
        return joined


def _kind_of(told: Mapping[str, Any]) -> str:
    types = told.get("type")
    if isinstance(types, list):  # 3.1: ["string", "null"]
        types = next((one for one in types if one != "null"), None)
    if types is None:
        types = "object" if "properties" in told else "array" if "items" in told else "string"
    return str(types)


def _leaf(told: Mapping[str, Any], name: str, required: bool) -> Node:
    form, kind = str(told.get("format", "")), _kind_of(told)
    shown = told.get("example", told.get("default"))
    examples = told.get("examples")
    if shown is None and isinstance(examples, list) and examples:
        shown = examples[0]
    values = told.get("enum", [told["const"]] if "const" in told else [])
    longest = told.get("maxLength")
    return Node(
        name=name,
        kind=_TRUTH_OR_FILE.get(kind, _TRUTH_OR_FILE.get(form, "text")),
        required=required,
        nillable=told.get("nullable") is True or (isinstance(told.get("type"), list) and "null" in told["type"]),
        form=form,
        values=tuple(str(one) for one in values if one is not None) if isinstance(values, list) else (),
        example=shown if isinstance(shown, str | int | float) else None,
        text=str(told.get("description") or told.get("title") or ""),
        longest=longest if isinstance(longest, int) else None,
    )


def _members(node: Node) -> dict[str, Any]:
    return {name: getattr(node, name) for name in Node.__slots__}
