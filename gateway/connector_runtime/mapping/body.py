"""Bodies of a question: a JSON structure or an XML tree whose leaves are templates.

The structure is made once from the manifest; a value only ever becomes the content of a leaf, and the writer of the
format escapes it.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from lxml import etree

from gateway.connector_runtime.mapping.template import Template, TemplateInvalid, parse_template
from gateway.vocabulary.partial_date import PartialDate

Inputs = Mapping[str, str | PartialDate | None]
Write = Callable[[Inputs], bytes]

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


def json_body(structure: Any, known: frozenset[str]) -> Write:
    """Return the writer of a JSON body. Raises TemplateInvalid; the writer raises Unaskable."""
    fill = _json_leaf(structure, known)
    return lambda inputs: orjson.dumps(fill(inputs))


def soap_body(text: str, known: frozenset[str]) -> Write:
    """Return the writer of a SOAP 1.1 envelope around the XML of `text`. Raises TemplateInvalid."""
    envelope = etree.Element(etree.QName(SOAP, "Envelope"), nsmap={"soapenv": SOAP})
    etree.SubElement(envelope, etree.QName(SOAP, "Header"))
    etree.SubElement(envelope, etree.QName(SOAP, "Body")).append(_parse(text))
    leaves = [
        (position, kind, parse_template(found, known))
        for position, element in enumerate(envelope.iter())
        for kind, found in _texts(element)
        if "{" in found or "}" in found
    ]

    def write(inputs: Inputs) -> bytes:
        made = copy.deepcopy(envelope)
        elements = list(made.iter())
        for position, kind, template in leaves:
            _put(elements[position], kind, template.render(inputs, "xml"))
        written: bytes = etree.tostring(made, xml_declaration=True, encoding="UTF-8")
        return written

    return write


def xml_names(text: str, known: frozenset[str]) -> frozenset[str]:
    """Return the inputs an XML body uses. Raises TemplateInvalid."""
    texts = [found for element in _parse(text).iter() for _, found in _texts(element)]
    return frozenset[str]().union(*(parse_template(found, known).names for found in texts))


def _json_leaf(value: Any, known: frozenset[str]) -> Callable[[Inputs], Any]:
    if isinstance(value, str):
        template: Template = parse_template(value, known)
        return lambda inputs: template.render(inputs, "json")
    if isinstance(value, Mapping):
        members = {name: _json_leaf(inner, known) for name, inner in value.items()}
        return lambda inputs: {name: fill(inputs) for name, fill in members.items()}
    if isinstance(value, list):
        rows = [_json_leaf(inner, known) for inner in value]
        return lambda inputs: [fill(inputs) for fill in rows]
    return lambda _: value


def _parse(text: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text.strip().encode(), parser)
    except etree.XMLSyntaxError:
        raise TemplateInvalid("the body is not well-formed XML of one element") from None
    if (document := root.getroottree().docinfo) is not None and document.internalDTD is not None:
        raise TemplateInvalid("the body brings a document type")
    return root


def _texts(element: etree._Element) -> list[tuple[str, str]]:
    """Return what an element says: its text, what stands after it, and its attributes."""
    found = [
        ("text", element.text),
        ("tail", element.tail),
        *((f"@{name!s}", value) for name, value in element.attrib.items()),
    ]
    return [(kind, str(text)) for kind, text in found if text]


def _put(element: etree._Element, kind: str, text: str) -> None:
    if kind == "text":
        element.text = text
    elif kind == "tail":
        element.tail = text
    else:
        element.set(kind[1:], text)
