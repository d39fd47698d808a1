"""Reading XML and JSON that others wrote: no document types, no entities, no network, nothing huge.

Both become one kind of tree whose names have no prefix and no capitals, so that a reader sees no difference.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

LARGEST = 1_048_576

_DEEPEST = 32
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")


class Malformed(Exception):
    """Not a document one may read. The text says what kind of trouble it is and never quotes the document."""


class Unreadable(Exception):
    """One part of a document makes no sense (two different numbers, 31 February). No value inside."""


def read_document(body: bytes) -> etree._Element:
    """Return the root of a document, its element names without prefix and in lower case.

    Raises Malformed for anything that is not plain, small, well-formed XML.
    """
    root = parse_document(body)
    for element in root.iter():
        # once here, so that every reader may look for a plain name: prefixes and capitals differ between callers
        element.tag = element.tag.rpartition("}")[2].lower()
    return root


def parse_document(body: bytes) -> etree._Element:
    """Return the root of a document with its names as they stand, comments and processing instructions left out.

    Raises Malformed as `read_document`.

    libxml2 refuses entity bombs by itself, but with entities unresolved an external one reads as empty text: so a
    document that brings any document type is refused as a whole.
    """
    if len(body) > LARGEST:
        raise Malformed("larger than 1 MB")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=False,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Malformed("not well-formed") from None
    document = root.getroottree().docinfo
    if document.internalDTD is not None or document.externalDTD is not None or document.doctype:
        raise Malformed("brings a document type")
    return root


def read_object(body: bytes) -> etree._Element:
    """Return a JSON object as the tree its XML would be: a member an element, a list its element several times.

    An object of one member that is an object itself becomes that element; any other one is called `response`.
    Numbers are told as they stand, so a number that lost its leading zero stays too short. Raises Malformed for
    anything else than a small JSON object without doubled members.
    """
    document = read_json(body)
    if not isinstance(document, dict):
        raise Malformed("not an object")
    (name, inner), *others = document.items() if document else (("response", {}),)
    if others or not isinstance(inner, dict):
        name, inner = "response", document
    root = etree.Element(_element_name(name))
    _grow(root, inner, 0)
    return root


def read_json(body: bytes) -> Any:
    """Return a JSON value as it stands, numbers with a point as text. Raises Malformed for doubled members, for what
    is no JSON, and above 1 MB."""
    if len(body) > LARGEST:
        raise Malformed("larger than 1 MB")
    try:
        return json.loads(body, object_pairs_hook=_members, parse_float=str, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Malformed("not well-formed") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name.lower() for name, _ in pairs]
    if len(names) != len(set(names)):
        raise Malformed("a member stands twice")
    return dict(pairs)


def _no_number(_: str) -> None:
    raise Malformed("a number that is none")


def _element_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Malformed("a member's name that is no name")
    return name.lower()


def _grow(parent: etree._Element, value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise Malformed("nested too deeply")
    if not isinstance(value, dict):
        try:
            parent.text = _scalar(value)
        except ValueError:
            raise Malformed("a character no document can carry") from None
        return
    for name, inner in value.items():
        for one in inner if isinstance(inner, list) else [inner]:
            _grow(etree.SubElement(parent, _element_name(name)), one, depth + 1)


def _scalar(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str() | int():
            return str(value)
    raise Malformed("a list in a list")


def local_name(element: etree._Element) -> str:
    """Return the element's name as `read_document` left it: without prefix, lower case."""
    return str(element.tag)


def descendants(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """Yield every element below (or at) `element` whose name is one of `names`, in document order."""
    yield from element.iter(*names)


def child(element: etree._Element | None, name: str) -> etree._Element | None:
    """Return the one direct child of a name, None without one.

    Raises Unreadable when there are several that differ: which of them is meant is not ours to choose.
    """
    if element is None:
        return None
    found = list(element.iterchildren(name))
    if len(found) > 1 and len({etree.tostring(one, method="c14n", with_tail=False) for one in found}) > 1:
        raise Unreadable(f"`{name}` stands there twice with different content")
    return found[0] if found else None


def text_of(element: etree._Element | None) -> str:
    """Return the element's own text, trimmed; empty for none, and for an element that has children."""
    if element is None or len(element):
        return ""
    return (element.text or "").strip()


def member(element: etree._Element, name: str) -> str:
    """Return an attribute by its local name in any case, or the child of that name; empty without either."""
    for key, value in element.attrib.items():
        if etree.QName(key).localname.lower() == name:
            return str(value).strip()
    return text_of(child(element, name))
