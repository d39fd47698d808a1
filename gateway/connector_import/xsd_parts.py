"""What an element of a schema holds, as a tree of parts: types, extensions, groups, choices; loops are cut."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, NamedTuple

from lxml import etree

from gateway.connector_import.node import DEEPEST, Alternative, Budget, Kind, Node
from gateway.connector_import.xsd import XS, Name, Schemas, resolved

_FORMS: Mapping[str, str] = {"date": "date", "dateTime": "dateTime"}
_KINDS: Mapping[str, Kind] = {"boolean": "truth", "base64Binary": "file", "hexBinary": "file"}
_GROUPS = frozenset({f"{XS}sequence", f"{XS}all", f"{XS}choice"})
_MOST_BASES = 8


class _Place(NamedTuple):
    """Where a part stands: types that hold it, how deep, and how often what holds it may stand."""

    seen: frozenset[Name] = frozenset()
    depth: int = 0
    many: bool = False
    required: bool = True
    one_of: Alternative | None = None

    def within(self, holder: etree._Element) -> "_Place":
        """Return the place of what stands in a group of particles."""
        return self._replace(
            many=self.many or _is_many(holder), required=self.required and holder.get("minOccurs", "1") != "0"
        )


class Parts:
    """Unfolds elements of schemas that were read."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._choices = count(1)

    def node(self, name: Name) -> Node | None:
        """Return a global element as a tree of parts, None where no schema that was read has it."""
        element = self._schemas.find("element", name)
        return None if element is None else self._element(element, _Place(), Budget())

    def _element(self, told: etree._Element, place: _Place, budget: Budget) -> Node:
        element: etree._Element | None = told
        if told.get("ref"):
            element = self._schemas.find("element", resolved(told, "ref"))
        here: dict[str, Any] = {
            "many": place.many or _is_many(told),
            "required": place.required and told.get("minOccurs", "1") != "0",
            "one_of": place.one_of,
        }
        if place.one_of is not None:
            here |= {"required": False, "one_of": place.one_of._replace(required=here["required"])}
        if element is None:
            name = str(told.get("ref")).rpartition(":")[2]
            return Node(name=name, kind="object", cut="it is described nowhere", **here)
        here |= {"name": str(element.get("name")), "namespace": _namespace_of(element), "text": _words(element)}
        here["nillable"] = element.get("nillable", "").strip() in {"true", "1"}
        kind_name = resolved(element, "type") if element.get("type") else None
        if kind_name in place.seen or place.depth > DEEPEST or not budget.spend():
            why = "it holds itself" if kind_name in place.seen else "it is nested too deeply, or too large"
            return Node(kind="object", cut=why, **here)
        seen = place.seen | {kind_name} if kind_name else place.seen
        complex_type = element.find(f"{XS}complexType")
        if complex_type is None and kind_name is not None:
            complex_type = self._schemas.find("complexType", kind_name)
        example = element.get("fixed") or element.get("default")
        if complex_type is None:
            return Node(**here, example=example, **self._plain(element, "type"))
        inner = _Place(seen=seen, depth=place.depth + 1)
        children = tuple(self._of_type(complex_type, inner, budget))
        content = self._simple_content(complex_type)
        if content is not None:
            return Node(**here, example=example, children=children, **content)
        unknown = all(child.kind == "object" and not child.children for child in children)
        if unknown and (any_part := _any_of(complex_type)) is not None:
            why = f"it may hold anything (`any`, line {any_part.sourceline}), and nothing says what"
            return Node(kind="object", cut=why, **here)
        return Node(kind="object", children=children, **here)

    def _of_type(self, holder: etree._Element, place: _Place, budget: Budget) -> Iterator[Node]:
        """Yield the parts of a type, those of what it extends first (XML Schema Part 1 §3.4.2)."""
        for child in holder:
            tag = child.tag
            if tag in _GROUPS or tag == f"{XS}group":
                yield from self._group(child, place, budget)
            elif tag == f"{XS}attribute":
                yield from self._attribute(child)
            elif tag == f"{XS}attributeGroup" and child.get("ref"):
                group = self._schemas.find("attributeGroup", resolved(child, "ref"))
                if group is not None and place.depth <= DEEPEST and budget.spend():
                    yield from self._of_type(group, place._replace(depth=place.depth + 1), budget)
            elif tag in {f"{XS}complexContent", f"{XS}simpleContent"}:
                yield from self._of_type(child, place, budget)
            elif tag in {f"{XS}extension", f"{XS}restriction"}:
                base = resolved(child, "base")
                above = self._schemas.find("complexType", base)
                if above is not None and tag == f"{XS}extension" and base not in place.seen:
                    yield from self._of_type(above, place._replace(seen=place.seen | {base}), budget)
                yield from self._of_type(child, place, budget)

    def _group(self, group: etree._Element, place: _Place, budget: Budget) -> Iterator[Node]:
        """Yield the parts of a sequence, a choice, or a named group."""
        if group.tag == f"{XS}group":
            named = self._schemas.find("group", resolved(group, "ref"))
            if named is None or place.depth > DEEPEST or not budget.spend():
                return
            within = place.within(group)._replace(depth=place.depth + 1)
            for one in named:
                if one.tag in _GROUPS:
                    yield from self._group(one, within, budget)
            return
        here = place.within(group)
        choice = next(self._choices) if group.tag == f"{XS}choice" else None
        for number, one in enumerate(group):
            inner = here
            if choice is not None:
                told = Alternative(choice, number, wanted=here.required and here.one_of is None, required=True)
                inner = here._replace(one_of=told, required=True)
            if one.tag == f"{XS}element":
                yield self._element(one, inner, budget)
            elif one.tag in _GROUPS or one.tag == f"{XS}group":
                yield from self._group(one, inner, budget)

    def _attribute(self, told: etree._Element) -> Iterator[Node]:
        if not told.get("name") or told.get("use") == "prohibited":
            return
        schema = next(told.iterancestors(f"{XS}schema"))
        form = told.get("form", schema.get("attributeFormDefault", "unqualified"))
        yield Node(
            name=f"@{told.get('name')}",
            required=told.get("use") == "required",
            namespace=str(schema.get("targetNamespace", "")) if form == "qualified" else "",
            example=told.get("fixed") or told.get("default"),
            text=_words(told),
            **self._plain(told, "type"),
        )

    def _simple_content(self, complex_type: etree._Element) -> dict[str, Any] | None:
        """Return what the text of an element with attributes is, None for a type without text of its own."""
        for _ in range(_MOST_BASES):
            told = complex_type.find(f"{XS}simpleContent")
            derived = None if told is None else next((one for one in told if one.get("base")), None)
            if derived is None:
                return None
            above = self._schemas.find("complexType", resolved(derived, "base"))
            if above is None:
                return self._plain(derived, "base")
            complex_type = above
        return None

    def _plain(self, told: etree._Element, attribute: str) -> dict[str, Any]:
        """Return kind, format, values and length of a plain type, down to the type of XML Schema it is made of."""
        name = resolved(told, attribute)
        simple = told.find(f"{XS}simpleType")
        values: tuple[str, ...] = ()
        longest = None
        for _ in range(_MOST_BASES):
            simple = self._schemas.find("simpleType", name) if simple is None else simple
            limits = None if simple is None else simple.find(f"{XS}restriction")
            if limits is None:
                break
            values = values or tuple(str(one.get("value")) for one in limits.findall(f"{XS}enumeration"))
            length = limits.find(f"{XS}maxLength")
            length = limits.find(f"{XS}length") if length is None else length
            if longest is None and length is not None and str(length.get("value")).isdigit():
                longest = int(str(length.get("value")))
            name, simple = resolved(limits, "base"), limits.find(f"{XS}simpleType")
        local = name[1] or "string"
        return {"kind": _KINDS.get(local, "text"), "form": _FORMS.get(local, ""), "values": values, "longest": longest}


def _any_of(complex_type: etree._Element) -> etree._Element | None:
    """Return where a type itself, and no type inside it, lets anything stand."""
    found = complex_type.iter(f"{XS}any")
    return next((one for one in found if next(one.iterancestors(f"{XS}complexType")) is complex_type), None)


def _is_many(told: etree._Element) -> bool:
    return told.get("maxOccurs", "1") not in {"0", "1"}


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
