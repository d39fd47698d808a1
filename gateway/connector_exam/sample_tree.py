"""A sample as a tree whose single members can be changed, added or doubled; what comes out is a sample again."""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from lxml import etree

Path = tuple[str | int, ...]
EXTRA = "x_exam_extra"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


@dataclass(frozen=True, slots=True)
class Leaf:
    """A plain value of a sample: where it stands, the names on the way there, and its text (empty for nothing)."""

    path: Path
    names: tuple[str, ...]
    text: str

    @property
    def name(self) -> str:
        """The name it stands under."""
        return self.names[-1] if self.names else ""


class SampleTree(Protocol):
    """A sample that can be changed."""

    def leaves(self) -> list[Leaf]:
        """Return every plain value."""
        ...

    def put(self, leaf: Leaf, text: str) -> bytes:
        """Return the sample with another text in one place."""
        ...

    def enriched(self, text: str) -> bytes:
        """Return the sample with a further member in everything that has members."""
        ...

    def doubled(self, leaf: Leaf, at: tuple[str, ...] | None) -> bytes | None:
        """Return the sample with the record that holds `leaf` twice, None when it cannot stand twice; `at` are the
        names on the way to the record, None for whatever holds the leaf."""
        ...

    def nilled(self, at: tuple[str, ...]) -> bytes | None:
        """Return the sample with a nil element (XML Schema Part 1 §2.6.2) where the record was, None for JSON and
        where nothing stands at `at`, the names from the envelope's body on."""
        ...

    def emptied(self, at: tuple[str, ...], text: str = "", **attributes: str) -> bytes | None:
        """Return the sample with this text and these attributes alone in the element at `at`; None as `nilled`."""
        ...


def tree_of(body: bytes) -> SampleTree | None:
    """Return a sample's tree, None when it is neither JSON nor XML."""
    text = body.lstrip()
    try:
        if text.startswith(b"<"):
            parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
            return _Xml(etree.fromstring(text, parser))
        return _Json(json.loads(body))
    except (etree.XMLSyntaxError, ValueError):
        return None


class _Json:
    def __init__(self, document: Any) -> None:
        self._document = document

    def leaves(self) -> list[Leaf]:
        return list(_json_leaves(self._document, ()))

    def put(self, leaf: Leaf, text: str) -> bytes:
        changed = copy.deepcopy(self._document)
        _at(changed, leaf.path[:-1])[leaf.path[-1]] = text
        return _dump(changed)

    def enriched(self, text: str) -> bytes:
        changed = copy.deepcopy(self._document)
        for table in _tables(changed):
            table[EXTRA] = text
        return _dump(changed)

    def doubled(self, leaf: Leaf, at: tuple[str, ...] | None) -> bytes | None:
        changed = copy.deepcopy(self._document)
        path = leaf.path[:-1]
        if at is not None:
            depth = next((end for end in range(len(path) + 1) if _names(path[:end]) == at), None)
            if depth is None:
                return None
            path = path[:depth]
        if path and isinstance(path[-1], int):
            path = path[:-1]
        record = _at(changed, path)
        several = [*record, copy.deepcopy(record[0])] if isinstance(record, list) else [record, copy.deepcopy(record)]
        if not path:
            return _dump(several)
        _at(changed, path[:-1])[path[-1]] = several
        return _dump(changed)

    def nilled(self, at: tuple[str, ...]) -> bytes | None:
        return None

    def emptied(self, at: tuple[str, ...], text: str = "", **attributes: str) -> bytes | None:
        return None


class _Xml:
    def __init__(self, root: etree._Element) -> None:
        self._root = root

    def leaves(self) -> list[Leaf]:
        found = []
        for index, element in enumerate(self._root.iter()):
            names = tuple(_local(one) for one in reversed([element, *element.iterancestors()]))
            if not len(element):
                found.append(Leaf((index, "text"), names, element.text or ""))
            found += [
                Leaf((index, str(name)), (*names, f"@{str(name).rpartition('}')[2].lower()}"), str(value))
                for name, value in element.attrib.items()
            ]
        return found

    def put(self, leaf: Leaf, text: str) -> bytes:
        changed = copy.deepcopy(self._root)
        element = _element(changed, leaf)
        if leaf.path[1] == "text":
            element.text = text
        else:
            element.set(str(leaf.path[1]), text)
        return _write(changed)

    def enriched(self, text: str) -> bytes:
        changed = copy.deepcopy(self._root)
        for element in [one for one in changed.iter() if len(one)][2:]:  # not in the envelope itself
            etree.SubElement(element, _tag_beside(element, EXTRA)).text = text
            element.set(EXTRA, text)
        return _write(changed)

    def doubled(self, leaf: Leaf, at: tuple[str, ...] | None) -> bytes | None:
        changed = copy.deepcopy(self._root)
        element: etree._Element | None = _element(changed, leaf)
        if leaf.path[1] == "text":
            element = element.getparent() if element is not None else None
        while at and element is not None and _local(element) != at[-1]:
            element = element.getparent()
        above = element.getparent() if element is not None else None
        if element is None or above is None:
            return None
        above.insert(above.index(element) + 1, copy.deepcopy(element))
        return _write(changed)

    def nilled(self, at: tuple[str, ...]) -> bytes | None:
        return self.emptied(at, **{f"{XSI}nil": "true"})

    def emptied(self, at: tuple[str, ...], text: str = "", **attributes: str) -> bytes | None:
        changed = copy.deepcopy(self._root)
        for element in changed.iter():
            way = tuple(_local(one) for one in reversed([element, *element.iterancestors()]))
            if at and way[2:] == at:
                element.clear()
                element.text = text or None
                for name, value in attributes.items():
                    element.set(name, value)
                return _write(changed)
        return None


def _json_leaves(value: Any, path: Path) -> Iterator[Leaf]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _json_leaves(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _json_leaves(inner, (*path, index))
    elif path:
        yield Leaf(path, _names(path), "" if value is None else str(value))


def _names(path: Path) -> tuple[str, ...]:
    return tuple(part for part in path if isinstance(part, str))


def _at(document: Any, path: Path) -> Any:
    for part in path:
        document = document[part]
    return document


def _tables(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(table for inner in value.values() for table in _tables(inner))]
    return [table for inner in value for table in _tables(inner)] if isinstance(value, list) else []


def _dump(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _element(root: etree._Element, leaf: Leaf) -> etree._Element:
    return next(one for index, one in enumerate(root.iter()) if index == leaf.path[0])


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _tag_beside(element: etree._Element, name: str) -> str:
    space = str(element[0].tag).rpartition("}")[0]
    return f"{space}}}{name}" if space else name


def _write(root: etree._Element) -> bytes:
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written
