"""Answers as registers write them, in every shape seen in the wild: one shape per person, always the same.

The shapes are those the reader must know (domain.md §5.4): namespace prefixes, codes or structures, names whole or
split, dates in several forms, unknown values empty, missing or zero, unit codes apart or as one.
"""

from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.vocabulary.address import Address
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Relative

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How one answer is written. `prefix` of the answer's namespace (None: default namespace)."""

    prefix: str | None = None
    soap_prefix: str = "soapenv"
    split_name: bool = False
    split_relatives: bool = False
    structured_codes: bool = False
    single_unit_code: bool = False
    date: str = "both"
    unknown: str = "empty"


def shape_of(index: int) -> Shape:
    """Return the shape of a person: different periods, so that many combinations come up."""
    return Shape(
        prefix=(None, "ns1", "dc")[index % 3],
        soap_prefix=("soapenv", "S", "soap", "SOAP-ENV")[index % 4],
        split_name=index % 7 == 5,
        split_relatives=index % 5 == 2,
        structured_codes=index % 4 == 2,
        single_unit_code=index % 5 == 3,
        date=("both", "compact", "dashes", "slashes", "text")[index % 5],
        unknown=("empty", "missing", "zero")[index % 3],
    )


class AnswerWriter:
    """Writes one register's answers in the namespace `namespace`."""

    def __init__(self, shape: Shape, namespace: str) -> None:
        self._shape = shape
        self._namespace = namespace

    def start(self, name: str) -> etree._Element:
        """Return the element an answer begins with."""
        prefixes: dict[Any, str] = {self._shape.prefix: self._namespace}  # the default namespace has no prefix: None
        return etree.Element(etree.QName(self._namespace, name), nsmap=prefixes)

    def finish(self, content: etree._Element) -> bytes:
        """Return the SOAP message around it."""
        envelope = etree.Element(etree.QName(SOAP, "Envelope"), nsmap={self._shape.soap_prefix: SOAP})
        body = etree.SubElement(envelope, etree.QName(SOAP, "Body"))
        body.append(content)
        return as_bytes(envelope)

    def add(self, parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
        """Add an element."""
        element = etree.SubElement(parent, etree.QName(self._namespace, name))
        element.text = text
        return element

    def value(self, parent: etree._Element, name: str, text: str | None, *, zeros: int) -> None:
        """Add a text; an unknown one is empty, missing or written as `zeros` noughts."""
        if text is None:
            if self._shape.unknown == "missing":
                return
            text = "0" * zeros if self._shape.unknown == "zero" else None
        self.add(parent, name, text)

    def name(self, parent: etree._Element, name: str, *, split: bool) -> None:
        """Add a name in capitals, whole or in its three parts."""
        element = self.add(parent, "HoVaTen")
        words = name.upper().split()
        if split:
            parts = (words[0], " ".join(words[1:-1]), words[-1]) if len(words) > 1 else ("", "", words[0])
            if not self._shape.split_name:
                parts = ("", "", " ".join(words))
            for part, text in zip(("Ho", "ChuDem", "Ten"), parts, strict=True):
                self.add(element, part, text or None)
        else:
            element.text = " ".join(words)

    def code(self, parent: etree._Element, name: str, code: str | None) -> None:
        """Add a code, plain or in a structure."""
        if not self._shape.structured_codes or code is None:
            self.value(parent, name, code, zeros=2)
            return
        structure = self.add(parent, name)
        self.add(structure, "Ma", code)
        self.add(structure, "TenKhac")

    def birth(self, parent: etree._Element, born: PartialDate) -> None:
        """Add a birth date in this answer's form."""
        element = self.add(parent, "NgayThangNamSinh")
        if born.precision == "year":
            self.add(element, "Nam", str(born))
            if self._shape.unknown != "missing":
                self.add(element, "NgayThangNam")
            return
        forms = {"dashes": str(born), "slashes": born.display()}
        whole = forms.get(self._shape.date, str(born).replace("-", ""))
        if self._shape.date == "text":
            element.text = str(born)
            return
        if self._shape.date == "both":
            self.add(element, "Nam", str(born.year))
        self.add(element, "NgayThangNam", whole)

    def address(self, parent: etree._Element, name: str, address: Address | None) -> None:
        """Add a place by the codes of its units."""
        if address is None:
            if self._shape.unknown != "missing":
                self.add(parent, name)
            return
        element = self.add(parent, name)
        if self._shape.single_unit_code and address.scheme == "post2025" and address.commune:
            self.add(element, "MaDonViHanhChinh", address.commune.code)
        else:
            for part, unit in (
                ("MaTinhThanh", address.province),
                ("MaQuanHuyen", address.district),
                ("MaPhuongXa", address.commune),
            ):
                if unit is not None:
                    self.add(element, part, unit.code)
        self.add(element, "ChiTiet", address.as_received or None)
        self.add(element, "QuocGia", address.country)

    def relative(self, parent: etree._Element, name: str, relative: Relative | None) -> etree._Element | None:
        """Add what is told of a relative."""
        if relative is None:
            if self._shape.unknown != "missing":
                self.add(parent, name)
            return None
        element = self.add(parent, name)
        self.name(element, relative.name, split=self._shape.split_relatives)
        self.value(element, "QuocTich", relative.nationality or None, zeros=0)
        self.value(element, "SoDinhDanh", relative.number, zeros=12)
        self.value(element, "SoCMND", None, zeros=9)
        return element


def as_bytes(envelope: etree._Element) -> bytes:
    """Return a message as it is sent."""
    written: bytes = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
    return written


def write_fault(text: str) -> bytes:
    """Return a SOAP 1.1 fault."""
    envelope = etree.Element(etree.QName(SOAP, "Envelope"), nsmap={"soapenv": SOAP})
    body = etree.SubElement(envelope, etree.QName(SOAP, "Body"))
    fault = etree.SubElement(body, etree.QName(SOAP, "Fault"))
    etree.SubElement(fault, "faultcode").text = "soapenv:Client"
    etree.SubElement(fault, "faultstring").text = text
    return as_bytes(envelope)
