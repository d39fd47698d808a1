"""XML Schemas in files of one folder as trees of parts: elements, types, extensions, references; loops are cut."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from lxml import etree

from gateway.connector_import.description import read_file
from gateway.connector_import.failure import DescriptionRefused
from gateway.connector_import.node import DEEPEST, Budget, Kind, Node
from gateway.connector_runtime.contract.document import Malformed, parse_document

XS = "{http://www.w3.org/2001/XMLSchema}"
_FORMS: Mapping[str, str] = {"date": "date", "dateTime": "date-time"}
_KINDS: Mapping[str, Kind] = {"boolean": "truth", "base64Binary": "file", "hexBinary": "file"}
_GROUPS = frozenset({f"{XS}sequence", f"{XS}all", f"{XS}choice"})
_MOST_FILES = 50

Name = tuple[str, str]
"""A namespace and a name in it."""


class Schemas:
    """Every global element and type of the schemas that were read, by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._read: set[Path] = set()
        self._known: dict[tuple[str, Name], etree._Element] = {}

    def add(self, schema: etree._Element, file: Path) -> None:
        """Take up a schema and those it imports or includes from the same folder. Raises DescriptionRefused."""
        namespace = schema.get("targetNamespace", "")
        for child in schema:
            kind = etree.QName(child).localname
            if kind in {"element", "complexType", "simpleType"} and child.get("name"):
                self._known[kind, (namespace, str(child.get("name")))] = child
            elif kind in {"import", "include"} and child.get("schemaLocation"):
                beside = self.beside(str(child.get("schemaLocation")), file)
                if beside not in self._read:
                    self._read.add(beside)
                    root = parse(beside)
                    if root.tag != f"{XS}schema":
                        raise DescriptionRefused(f"`{beside.name}`: {root.sourceline}: is no XML Schema")
                    self.add(root, beside)

    def beside(self, location: str, file: Path) -> Path:
        """Return a file that another one names. Raises DescriptionRefused when it lies elsewhere than in the folder."""
        found = (file.parent / location).resolve()
        if "://" in location or found.parent != self._folder:
            raise DescriptionRefused(
                f"`{file.name}`: {location}: lies elsewhere; put it into the same folder and name it by its file name"
            )
        if len(self._read) >= _MOST_FILES:
            raise DescriptionRefused(f"`{file.name}`: {location}: more than {_MOST_FILES} files")
        return found

    def node(self, name: Name, file: Path) -> Node:
        """Return a global element as a tree of parts. Raises DescriptionRefused."""
        element = self._known.get(("element", name))
        if element is None:
            raise DescriptionRefused(f"`{file.name}`: element `{name[1]}`: is in no schema that was read (`{name[0]}`)")
        return self._element(element, frozenset(), (Budget(), 0))

    def _element(self, element: etree._Element, seen: frozenset[Name], room: tuple[Budget, int]) -> Node:
        budget, depth = room
        many = element.get("maxOccurs", "1") not in {"0", "1"}
        required = element.get("minOccurs", "1") != "0"
        if element.get("ref"):
            target = self._known.get(("element", _resolved(element, "ref")))
            name = str(element.get("ref")).rpartition(":")[2]
            if target is None:
                return Node(name=name, kind="object", many=many, required=required, cut="it is described nowhere")
            element = target
        name = str(element.get("name"))
        namespace = _namespace_of(element)
        kind_name = _resolved(element, "type") if element.get("type") else None
        if (kind_name in seen) or depth > DEEPEST or not budget.spend():
            why = "it holds itself" if kind_name in seen else "it is nested too deeply, or too large"
            return Node(name=name, kind="object", many=many, required=required, namespace=namespace, cut=why)
        seen = seen | {kind_name} if kind_name else seen
        complex_type = element.find(f"{XS}complexType")
        if complex_type is None and kind_name is not None:
            complex_type = self._known.get(("complexType", kind_name))
        if complex_type is not None:
            children = tuple(self._children(complex_type, seen, (budget, depth + 1)))
            return Node(
                name=name,
                kind="object" if children else "text",
                children=children,
                many=many,
                required=required,
                text=_words(element),
                namespace=namespace,
            )
        return self._plain(element, kind_name, (name, namespace), (many, required))

    def _children(self, holder: etree._Element, seen: frozenset[Name], room: tuple[Budget, int]) -> Iterator[Node]:
        """Yield the parts of a type, those of what it extends first (XML Schema §3.4.2)."""
        for child in holder:
            tag = child.tag
            if tag == f"{XS}element":
                yield self._element(child, seen, room)
            elif tag == f"{XS}attribute" and child.get("name"):
                local = str(child.get("type", "")).rpartition(":")[2]
                required = child.get("use") == "required"
                yield Node(name=f"@{child.get('name')}", required=required, form=_FORMS.get(local, ""))
            elif tag in _GROUPS or tag in {f"{XS}complexContent", f"{XS}simpleContent"}:
                yield from self._children(child, seen, room)
            elif tag in {f"{XS}extension", f"{XS}restriction"}:
                above = self._known.get(("complexType", _resolved(child, "base"))) if child.get("base") else None
                name = _resolved(child, "base") if child.get("base") else ("", "")
                if above is not None and tag == f"{XS}extension" and name not in seen:
                    yield from self._children(above, seen | {name}, room)
                yield from self._children(child, seen, room)

    def _plain(self, element: etree._Element, kind_name: Name | None, name: Name, often: tuple[bool, bool]) -> Node:
        simple = element.find(f"{XS}simpleType")
        if simple is None and kind_name is not None:
            simple = self._known.get(("simpleType", kind_name))
        limits = None if simple is None else simple.find(f"{XS}restriction")
        local = kind_name[1] if kind_name else "string"
        values: tuple[str, ...] = ()
        longest = None
        if limits is not None:
            local = str(limits.get("base", "")).rpartition(":")[2] or local
            values = tuple(str(one.get("value")) for one in limits.findall(f"{XS}enumeration"))
            length = limits.find(f"{XS}maxLength")
            told = limits.find(f"{XS}length") if length is None else length
            longest = int(told.get("value", "0")) if told is not None and told.get("value", "").isdigit() else None
        return Node(
            name=name[0],
            namespace=name[1],
            kind=_KINDS.get(local, "text"),
            many=often[0],
            required=often[1],
            form=_FORMS.get(local, ""),
            values=values,
            example=element.get("default") or element.get("fixed"),
            text=_words(element),
            longest=longest,
        )


def parse(file: Path) -> etree._Element:
    """Return the root of a file, document types refused. Raises DescriptionRefused."""
    try:
        return parse_document(read_file(file))
    except Malformed as error:
        raise DescriptionRefused(f"`{file.name}`: 1: {error}") from None


def _resolved(element: etree._Element, attribute: str) -> Name:
    """Return a prefixed name as namespace and name."""
    prefix, _, name = str(element.get(attribute)).rpartition(":")
    return str(element.nsmap.get(prefix or None, "")), name


def _namespace_of(element: etree._Element) -> str:
    """Return the namespace an element stands in: global ones and qualified local ones in their schema's."""
    parent = element.getparent()
    schema = next((one for one in element.iterancestors(f"{XS}schema")), None)
    if schema is None:
        return ""
    form = element.get("form", schema.get("elementFormDefault", "unqualified"))
    return str(schema.get("targetNamespace", "")) if parent is schema or form == "qualified" else ""


def _words(element: etree._Element) -> str:
    told = element.find(f"{XS}annotation/{XS}documentation")
    return "" if told is None else " ".join((told.text or "").split())
