"""XML Schemas in files of one folder: what is declared where. Nothing is fetched, and no document type is read."""

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from gateway.connector_import.description import read_file
from gateway.connector_import.failure import DescriptionRefused
from gateway.connector_runtime.contract.document import Malformed, parse_document

XS = "{http://www.w3.org/2001/XMLSchema}"
_XML = "http://www.w3.org/XML/1998/namespace"
_MOST_FILES = 50
_DECLARED = frozenset({"element", "complexType", "simpleType", "group", "attributeGroup"})

Name = tuple[str, str]
"""A namespace and a name in it."""


class Schemas:
    """Every global declaration of the schemas that were read, by kind and name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._read: set[tuple[Path, str]] = set()
        self._known: dict[tuple[str, Name], etree._Element] = {}

    def add(self, schema: etree._Element, file: Path) -> None:
        """Take up a schema and those it imports or includes from the same folder. Raises DescriptionRefused."""
        namespace = schema.get("targetNamespace", "")
        for child in _elements(schema):
            kind = etree.QName(child).localname
            if kind in _DECLARED and child.get("name"):
                self._known[kind, (namespace, str(child.get("name")))] = child
            elif kind in {"redefine", "override"}:
                raise DescriptionRefused(
                    f"`{file.name}`: {child.sourceline}: `{kind}` is not read; write the types out as they are"
                )
            elif kind in {"import", "include"} and child.get("schemaLocation") and child.get("namespace") != _XML:
                self._follow(child, file, namespace)

    def _follow(self, told: etree._Element, file: Path, namespace: str) -> None:
        beside = self.beside(str(told.get("schemaLocation")), file)
        including = namespace if etree.QName(told).localname == "include" else ""
        if (beside, including) in self._read:
            return
        self._read.add((beside, including))
        root = parse(beside)
        if root.tag != f"{XS}schema":
            raise DescriptionRefused(f"`{beside.name}`: {root.sourceline}: is no XML Schema")
        if including and not root.get("targetNamespace"):
            self.add(root, beside)  # its own references may name no namespace (XML Schema Part 1 §4.2.1)
            root.set("targetNamespace", including)
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

    def files(self) -> set[Path]:
        """Return every file that a schema named."""
        return {file for file, _ in self._read}

    def find(self, kind: str, name: Name) -> etree._Element | None:
        """Return a declaration, None where no schema that was read has it."""
        return self._known.get((kind, name))


def parse(file: Path) -> etree._Element:
    """Return the root of a file, document types refused. Raises DescriptionRefused."""
    try:
        return parse_document(read_file(file))
    except Malformed as error:
        raise DescriptionRefused(f"`{file.name}`: 1: {error}") from None


def canonical(file: Path) -> bytes:
    """Return what a file says in its canonical form (C14N 2.0): encoding, line ends, indents and comments say nothing.

    Raises DescriptionRefused."""
    return str(etree.canonicalize(parse(file), strip_text=True)).encode()


def resolved(element: etree._Element, attribute: str) -> Name:
    """Return a prefixed name as namespace and name."""
    prefix, _, name = str(element.get(attribute, "")).rpartition(":")
    return str(element.nsmap.get(prefix or None, "")), name


def _elements(holder: etree._Element) -> Iterator[etree._Element]:
    yield from (one for one in holder if isinstance(one.tag, str))
