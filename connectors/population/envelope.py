"""The question in the service's own words: `TraCuuThongTinCongDan`, element order included (domain.md §5.2)."""

import unicodedata
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.person_name import name_key, strip_marks

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
REQUEST = "http://dancuquocgia.bca"
OPERATION = "TraCuuThongTinCongDan"

KeyForm = Literal["capitals_no_space", "capitals_with_space", "as_written"]
DateForm = Literal["wrapped", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One look-up. Exactly one of `personal_number` (12 digits) and `old_number` (9 digits) is sent.

    `request_id` at most 40 characters, `procedure` and `officer` 20, `agency` 35, `full_name` 100.
    """

    request_id: str
    procedure: str
    integration_code: str
    agency: str
    officer: str
    personal_number: str | None
    old_number: str | None
    full_name: str
    birth_date: PartialDate


class Unaskable(ValueError):
    """Something the service demands is missing or too long; the text names the element, never its value."""


_LONGEST = {"MaYeuCau": 40, "MaDVC": 20, "MaTichHop": 20, "MaDonVi": 35, "MaCanBo": 20, "HoVaTen": 100}


def write_envelope(lookup: Lookup, *, key_form: str, date_form: str) -> bytes:
    """Return the SOAP message. Every value is escaped by the XML writer. Raises Unaskable."""
    envelope = etree.Element(etree.QName(SOAP, "Envelope"), nsmap={"soapenv": SOAP, "dan": REQUEST})
    etree.SubElement(envelope, etree.QName(SOAP, "Header"))
    body = etree.SubElement(envelope, etree.QName(SOAP, "Body"))
    operation = etree.SubElement(body, etree.QName(REQUEST, OPERATION))
    for name, text in _members(lookup, key_form):
        _append(operation, name, text)
    _append_birth(operation, lookup.birth_date, date_form)
    written: bytes = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
    return written


def name_as_key(full_name: str, key_form: str) -> str:
    """Return a name as the service compares it, in one of the three forms seen at its callers."""
    if key_form == "capitals_no_space":
        return name_key(full_name)
    if key_form == "capitals_with_space":
        return " ".join(strip_marks(full_name).upper().split())
    return " ".join(unicodedata.normalize("NFC", full_name).split())


def _members(lookup: Lookup, key_form: str) -> list[tuple[str, str]]:
    number = ("SoDinhDanh", lookup.personal_number or "")
    if not lookup.personal_number:
        number = ("SoCMND", lookup.old_number or "")
    return [
        ("MaYeuCau", lookup.request_id),
        ("MaDVC", lookup.procedure),
        ("MaTichHop", lookup.integration_code),
        ("MaDonVi", lookup.agency),
        ("MaCanBo", lookup.officer),
        number,
        ("HoVaTen", name_as_key(lookup.full_name, key_form)),
    ]


def _append(parent: etree._Element, name: str, text: str) -> None:
    if not text.strip():
        raise Unaskable(f"`{name}` is empty")
    if len(text) > _LONGEST.get(name, 12):
        raise Unaskable(f"`{name}` is too long")
    try:
        etree.SubElement(parent, etree.QName(REQUEST, name)).text = text
    except ValueError:
        raise Unaskable(f"`{name}` holds a character XML cannot carry") from None


def _append_birth(operation: etree._Element, birth_date: PartialDate, date_form: str) -> None:
    """Write the date whole or the year alone; the service knows no month without a day."""
    element = etree.SubElement(operation, etree.QName(REQUEST, "NgayThangNamSinh"))
    whole = birth_date.precision == "day"
    if date_form == "plain":
        element.text = str(birth_date) if whole else f"{birth_date.year:04d}"
        return
    child = etree.SubElement(element, etree.QName(REQUEST, "NgayThangNam" if whole else "Nam"))
    child.text = str(birth_date).replace("-", "") if whole else f"{birth_date.year:04d}"
