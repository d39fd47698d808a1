"""The invented readers of the library: personas who have a card, and how the register writes them."""

from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.connector_runtime.contract.lookup import SOAP
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona, persona

NAMESPACE = "urn:library"
UPDATED = "2026-11-20"
CANARY = "canary-6d1f"
"""Stands in every record and in no manifest: it may never arrive anywhere."""

_CARDS: dict[int, tuple[str | None, str]] = {
    1: ("2009", "01"),
    2: ("20230914", "01"),
    3: ("20240305", "02"),
    4: ("20010102", "01"),
    6: ("202107", "01"),
    7: ("20190820", "02"),
    8: (None, "01"),
    11: ("20200110", "01"),
    12: ("20200110", "01"),
}


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader and their card; `issued` is a year, a month or a day without separators, None when it was never kept."""

    person: Persona
    number: str
    issued: str | None
    branch: str

    def born(self) -> str:
        """Return the birth date as the library writes it, day first."""
        return PartialDate.parse(self.person.birth_date).display()


def readers() -> dict[str, Reader]:
    """Return every reader by their personal number."""
    found = (Reader(persona(index), f"TV-{index:06d}", *card) for index, card in _CARDS.items())
    return {str(one.person.personal_number): one for one in found}


def as_members(reader: Reader) -> dict[str, Any]:
    """Return a reader as the JSON of the library."""
    return {
        "citizen_id": reader.person.personal_number,
        "name": reader.person.full_name.upper(),
        "birth": reader.born(),
        "updated": UPDATED,
        "card": {"no": reader.number, "issued": reader.issued, "branch": reader.branch},
        "note": CANARY,
    }


def as_envelope(found: list[Reader]) -> bytes:
    """Return readers as the SOAP answer of the library."""
    envelope, body = _start()
    response = etree.SubElement(body, etree.QName(NAMESPACE, "FindReaderResponse"), nsmap={"l": NAMESPACE})
    rows = etree.SubElement(response, etree.QName(NAMESPACE, "Readers"))
    for one in found:
        row = etree.SubElement(rows, etree.QName(NAMESPACE, "Reader"), Updated=UPDATED)
        _add(row, "CitizenId", one.person.personal_number)
        _add(row, "Name", one.person.full_name.upper())
        card = _add(row, "Card", None)
        _add(card, "No", one.number)
        _add(card, "Issued", one.issued)
        _add(card, "Branch", one.branch)
        _add(row, "Note", CANARY)
    return _write(envelope)


def as_fault(code: str) -> bytes:
    """Return a SOAP fault."""
    envelope, body = _start()
    fault = etree.SubElement(body, etree.QName(SOAP, "Fault"))
    etree.SubElement(fault, "faultcode").text = code
    etree.SubElement(fault, "faultstring").text = "refused"
    return _write(envelope)


def _start() -> tuple[etree._Element, etree._Element]:
    envelope = etree.Element(etree.QName(SOAP, "Envelope"), nsmap={"soapenv": SOAP})
    return envelope, etree.SubElement(envelope, etree.QName(SOAP, "Body"))


def _write(envelope: etree._Element) -> bytes:
    written: bytes = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
    return written


def _add(parent: etree._Element, name: str, text: str | None) -> etree._Element:
    element = etree.SubElement(parent, etree.QName(NAMESPACE, name))
    element.text = text
    return element
