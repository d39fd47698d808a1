"""The question in the words of the exchange platform's registers, element order included (domain.md §5.2).

One list of members, written as a SOAP envelope or as a JSON object: a register is asked the same thing on every bus.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from gateway.connector_runtime.contract import OfficerClass, Question, Refused, SourceTrouble, Speech
from gateway.connector_runtime.contract.person import numbers_of
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.person_name import name_key, strip_marks

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

KeyForm = Literal["capitals_no_space", "capitals_with_space", "as_written"]
DateForm = Literal["wrapped", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is asked of a register: the element's name and namespace, and the service's code (MaTichHop).

    `has_own_name` is an operation beside the look-up, which a message that names no operation cannot ask for.
    """

    name: str
    namespace: str
    code: str
    has_own_name: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """On whose behalf: agency code (Decision 20/2020) and officer, both as the source knows them."""

    agency: str
    officer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One look-up. Exactly one of `personal_number` (12 digits) and `old_number` (9 digits) is sent.

    `request_id` at most 40 characters, `procedure` and `officer` 20, `agency` 35, `full_name` 100. `key_form` is how
    the name is written as a key, `date_form` whether the date stands in a child element.
    """

    request_id: str
    procedure: str
    agency: str
    officer: str
    personal_number: str | None
    old_number: str | None
    full_name: str
    birth_date: PartialDate
    key_form: str = "capitals_no_space"
    date_form: str = "wrapped"


class Unaskable(ValueError):
    """Something the service demands is missing or too long; the text names the element, never its value."""


_LONGEST = {"MaYeuCau": 40, "MaDVC": 20, "MaTichHop": 20, "MaDonVi": 35, "MaCanBo": 20, "HoVaTen": 100}

_CAMEL = {
    "MaYeuCau": "maYeuCau",
    "MaDVC": "maDVC",
    "MaCanBo": "maCanBo",
    "SoDinhDanh": "soDinhDanh",
    "SoCMND": "soCMND",
    "HoVaTen": "hoVaTen",
    "NgayThangNamSinh": "ngayThangNam",
}

_UNCARRIED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML 1.0 §2.2

Members = list[tuple[str, "str | Members"]]


def lookup_for(question: Question, asker: Asker, *, key_form: str, date_form: str) -> Lookup:
    """Return the look-up of a question. Raises SourceTrouble (bad_request) without a usable three-way key."""
    personal_number, old_number = numbers_of(question)
    if question.birth_date is None:
        raise SourceTrouble(Refused("bad_request"), "no birth date: the source wants a three-way key")
    return Lookup(
        request_id=question.request_id,
        procedure=question.procedure,
        agency=asker.agency,
        officer=question.officer_ref or asker.officer,
        personal_number=personal_number,
        old_number=old_number,
        full_name=question.full_name,
        birth_date=question.birth_date,
        key_form=key_form,
        date_form=date_form,
    )


def officer_class(question: Question) -> OfficerClass:
    """Return on whose behalf the bus is used."""
    return "desk" if question.officer_ref else "system"


def write_lookup(lookup: Lookup, operation: Operation, speech: Speech) -> bytes:
    """Return the message. Every value is escaped by its writer. Raises SourceTrouble (bad_request)."""
    try:
        members = lookup_members(lookup, operation)
        if speech == "camel":
            return _as_flat(members, operation)
        return _as_envelope(members, operation) if speech == "soap" else _as_object(members, operation)
    except Unaskable as error:
        raise SourceTrouble(Refused("bad_request"), str(error)) from None


def lookup_members(lookup: Lookup, operation: Operation) -> Members:
    """Return the members in the service's order. Raises Unaskable."""
    number = ("SoDinhDanh", lookup.personal_number or "")
    if not lookup.personal_number:
        number = ("SoCMND", lookup.old_number or "")
    texts = [
        ("MaYeuCau", lookup.request_id),
        ("MaDVC", lookup.procedure),
        ("MaTichHop", operation.code),
        ("MaDonVi", lookup.agency),
        ("MaCanBo", lookup.officer),
        number,
        ("HoVaTen", name_as_key(lookup.full_name, lookup.key_form)),
    ]
    for name, text in texts:
        if not text.strip():
            raise Unaskable(f"`{name}` is empty")
        if len(text) > _LONGEST.get(name, 12):
            raise Unaskable(f"`{name}` is too long")
        if _UNCARRIED.search(text):
            raise Unaskable(f"`{name}` holds a character no message can carry")
    return [*texts, ("NgayThangNamSinh", _birth(lookup.birth_date, lookup.date_form))]


def name_as_key(full_name: str, key_form: str) -> str:
    """Return a name as the service compares it, in one of the three forms seen at its callers."""
    if key_form == "capitals_no_space":
        return name_key(full_name)
    if key_form == "capitals_with_space":
        return " ".join(strip_marks(full_name).upper().split())
    return " ".join(unicodedata.normalize("NFC", full_name).split())


def _birth(birth_date: PartialDate, date_form: str) -> "str | Members":
    """Return the date whole or the year alone; the service knows no month without a day."""
    whole = birth_date.precision == "day"
    year = f"{birth_date.year:04d}"
    if date_form == "plain":
        return str(birth_date) if whole else year
    return [("NgayThangNam", str(birth_date).replace("-", "")) if whole else ("Nam", year)]


def _as_envelope(members: Members, operation: Operation) -> bytes:
    envelope = etree.Element(etree.QName(SOAP, "Envelope"), nsmap={"soapenv": SOAP, "dan": operation.namespace})
    etree.SubElement(envelope, etree.QName(SOAP, "Header"))
    body = etree.SubElement(envelope, etree.QName(SOAP, "Body"))
    _append(etree.SubElement(body, etree.QName(operation.namespace, operation.name)), members, operation.namespace)
    written: bytes = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
    return written


def _append(parent: etree._Element, members: Members, namespace: str) -> None:
    for name, content in members:
        element = etree.SubElement(parent, etree.QName(namespace, name))
        if isinstance(content, str):
            element.text = content
        else:
            _append(element, content, namespace)


def _as_object(members: Members, operation: Operation) -> bytes:
    return json.dumps({operation.name: _object(members)}, ensure_ascii=False).encode()


def _as_flat(members: Members, operation: Operation) -> bytes:
    """Return the message of LGSP type 2 (domain.md §5.3): no operation's name, no agency, both numbers always there."""
    if operation.has_own_name:
        raise Unaskable(f"`{operation.name}`: this bus carries the look-up alone")
    told: dict[str, str] = {}
    for name, content in members:
        told[name] = content if isinstance(content, str) else str(content[0][1])
    flat = {_CAMEL[name]: told.get(name, "") for name in _CAMEL}
    return json.dumps(flat, ensure_ascii=False).encode()


def _object(members: Members) -> dict[str, object]:
    return {name: content if isinstance(content, str) else _object(content) for name, content in members}
