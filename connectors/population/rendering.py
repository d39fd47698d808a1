"""Answers as the service writes them, in every shape seen in the wild: one shape per person, always the same.

The shapes are those the reader must know (domain.md §5.4): namespace prefixes, codes or structures, names whole or
split, dates in several forms, unknown values empty, missing or zero, unit codes apart or as one.
"""

from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.vocabulary.address import Address
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona, Relative

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ANSWER = "http://www.mic.gov.vn/dancu/1.0"


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


def render_people(people: list[Persona], shape: Shape) -> bytes:
    """Return the SOAP answer that tells these people; an empty list is the answer for nobody."""
    writer = _Writer(shape)
    collection = writer.start()
    if people:
        collection.set("ThoiDiemDuLieu", people[0].as_of.replace("-", ""))
    collection.set("SoCongDan", str(len(people)))
    for person in people:
        writer.write_person(collection, person)
    return writer.finish(collection)


def render_error(code: str) -> bytes:
    """Return an answer with an error code instead of people."""
    writer = _Writer(Shape())
    response = writer.start("TraCuuThongTinCongDanResponse")
    writer.add(response, "errorCode", code)
    writer.add(response, "errorMessage", "request refused")
    return writer.finish(response)


def render_fault(text: str) -> bytes:
    """Return a SOAP 1.1 fault."""
    envelope = etree.Element(etree.QName(SOAP, "Envelope"), nsmap={"soapenv": SOAP})
    body = etree.SubElement(envelope, etree.QName(SOAP, "Body"))
    fault = etree.SubElement(body, etree.QName(SOAP, "Fault"))
    etree.SubElement(fault, "faultcode").text = "soapenv:Client"
    etree.SubElement(fault, "faultstring").text = text
    return _bytes(envelope)


class _Writer:
    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def start(self, name: str = "CongdanCollection") -> etree._Element:
        prefixes: dict[Any, str] = {self._shape.prefix: ANSWER}  # the default namespace has no prefix: None
        return etree.Element(etree.QName(ANSWER, name), nsmap=prefixes)

    def finish(self, content: etree._Element) -> bytes:
        envelope = etree.Element(etree.QName(SOAP, "Envelope"), nsmap={self._shape.soap_prefix: SOAP})
        body = etree.SubElement(envelope, etree.QName(SOAP, "Body"))
        body.append(content)
        return _bytes(envelope)

    def add(self, parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
        element = etree.SubElement(parent, etree.QName(ANSWER, name))
        element.text = text
        return element

    def write_person(self, parent: etree._Element, person: Persona) -> None:
        row = self.add(parent, "CongDan")
        self._value(row, "SoDinhDanh", person.personal_number, zeros=12)
        self._value(row, "SoCMND", person.old_number, zeros=9)
        self._name(row, person.full_name, split=True)
        self.add(row, "GioiTinh", "1" if person.sex == "male" else "2")
        self._code(row, "DanToc", person.ethnic_group)
        self._code(row, "TonGiao", person.religion)
        self._value(row, "TinhTrangHonNhan", person.marital_status, zeros=1)
        self._value(row, "NhomMau", person.blood_type, zeros=2)
        self._birth(row, PartialDate.parse(person.birth_date))
        self._address(row, "NoiDangKyKhaiSinh", person.birth_registration_place)
        self._address(row, "QueQuan", person.native_place)
        self._address(row, "ThuongTru", person.permanent_residence)
        self._address(row, "NoiOHienTai", person.current_residence)
        self._value(row, "QuocTich", person.nationality or None, zeros=0)
        self._relative(row, "Cha", person.father)
        self._relative(row, "Me", person.mother)
        self._relative(row, "VoChong", person.spouse)
        if person.birth_date[:4] > "2009":
            self._relative(row, "NguoiDaiDien", person.mother)
        self._head(row, person.head_of_household)
        self._value(row, "SoSoHoKhau", person.household_number, zeros=9)

    def _value(self, parent: etree._Element, name: str, text: str | None, *, zeros: int) -> None:
        if text is None:
            if self._shape.unknown == "missing":
                return
            text = "0" * zeros if self._shape.unknown == "zero" else None
        self.add(parent, name, text)

    def _name(self, parent: etree._Element, name: str, *, split: bool) -> None:
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

    def _code(self, parent: etree._Element, name: str, code: str | None) -> None:
        if not self._shape.structured_codes or code is None:
            self._value(parent, name, code, zeros=2)
            return
        structure = self.add(parent, name)
        self.add(structure, "Ma", code)
        self.add(structure, "TenKhac")

    def _birth(self, parent: etree._Element, born: PartialDate) -> None:
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

    def _address(self, parent: etree._Element, name: str, address: Address | None) -> None:
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

    def _relative(self, parent: etree._Element, name: str, relative: Relative | None) -> etree._Element | None:
        if relative is None:
            if self._shape.unknown != "missing":
                self.add(parent, name)
            return None
        element = self.add(parent, name)
        self._name(element, relative.name, split=self._shape.split_relatives)
        self._value(element, "QuocTich", relative.nationality or None, zeros=0)
        self._value(element, "SoDinhDanh", relative.number, zeros=12)
        self._value(element, "SoCMND", None, zeros=9)
        return element

    def _head(self, parent: etree._Element, head: Relative | None) -> None:
        element = self._relative(parent, "ChuHo", head)
        if element is not None and head is not None and head.relation:
            self.add(element, "QuanHe", head.relation)


def _bytes(envelope: etree._Element) -> bytes:
    written: bytes = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
    return written
