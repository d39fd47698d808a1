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


def soap_body(text: str, known: frozenset[str], *, header: str | None = None) -> Write:
    """Return the writer of a SOAP 1.1 envelope around the XML of `text`, with the elements of `header` in its header.

    Raises TemplateInvalid.
    """
    envelope = etree.Element(etree.QName(SOAP, "Envelope"), nsmap={"soapenv": SOAP})
    etree.SubElement(envelope, etree.QName(SOAP, "Header")).extend(_parse_header(header))
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


def xml_names(text: str, known: frozenset[str], *, header: bool = False) -> frozenset[str]:
    """Return the inputs that the XML of a body, or of a `header`, uses. Raises TemplateInvalid."""
    roots = _parse_header(text) if header else [_parse(text)]
    texts = [found for root in roots for element in root.iter() for _, found in _texts(element)]
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


def _parse_header(text: str | None) -> list[etree._Element]:
    """Return the elements of a header, which may be several or none."""
    if text is None or not text.strip():
        return []
    try:
        around = _parse(f"<header>{text}</header>")
    except TemplateInvalid:
        raise TemplateInvalid("the header is not well-formed XML of one or more elements") from None
    if (around.text or "").strip() or any((one.tail or "").strip() for one in around):
        raise TemplateInvalid("text stands beside the elements of the header")
    for one in around:
        if etree.QName(one).localname == "Security":
            raise TemplateInvalid("WS-Security is told by `auth`, kind `wss_password` or `wss_certificate`")
        one.tail = None
    return list(around)


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
