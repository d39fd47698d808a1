"""Answers of the population database (domain.md §5.4): the person's record, an error code, a verification."""

from lxml import etree

from gateway.connector_runtime.contract.simulator_writing import AnswerWriter, Shape
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona, Relative

ANSWER = "http://www.mic.gov.vn/dancu/1.0"


def render_people(people: list[Persona], shape: Shape) -> bytes:
    """Return the SOAP answer that tells these people; an empty list is the answer for nobody."""
    writer = AnswerWriter(shape, ANSWER)
    collection = writer.start("CongdanCollection")
    if people:
        collection.set("ThoiDiemDuLieu", people[0].as_of.replace("-", ""))
    collection.set("SoCongDan", str(len(people)))
    for person in people:
        _write_person(writer, collection, person)
    return writer.finish(collection)


def render_error(code: str) -> bytes:
    """Return an answer with an error code instead of people."""
    writer = AnswerWriter(Shape(), ANSWER)
    response = writer.start("TraCuuThongTinCongDanResponse")
    writer.add(response, "errorCode", code)
    writer.add(response, "errorMessage", "request refused")
    return writer.finish(response)


def render_verification(exists: bool, shape: Shape) -> bytes:
    """Return the answer of a verification: one boolean, about nobody by name."""
    writer = AnswerWriter(shape, ANSWER)
    result = writer.start("KetQuaXacThuc")
    writer.add(result, "TonTai", "true" if exists else "false")
    return writer.finish(result)


def _write_person(writer: AnswerWriter, parent: etree._Element, person: Persona) -> None:
    row = writer.add(parent, "CongDan")
    writer.value(row, "SoDinhDanh", person.personal_number, zeros=12)
    writer.value(row, "SoCMND", person.old_number, zeros=9)
    writer.name(row, person.full_name, split=True)
    writer.add(row, "GioiTinh", "1" if person.sex == "male" else "2")
    writer.code(row, "DanToc", person.ethnic_group)
    writer.code(row, "TonGiao", person.religion)
    writer.value(row, "TinhTrangHonNhan", person.marital_status, zeros=1)
    writer.value(row, "NhomMau", person.blood_type, zeros=2)
    writer.birth(row, PartialDate.parse(person.birth_date))
    writer.address(row, "NoiDangKyKhaiSinh", person.birth_registration_place)
    writer.address(row, "QueQuan", person.native_place)
    writer.address(row, "ThuongTru", person.permanent_residence)
    writer.address(row, "NoiOHienTai", person.current_residence)
    writer.value(row, "QuocTich", person.nationality or None, zeros=0)
    writer.relative(row, "Cha", person.father)
    writer.relative(row, "Me", person.mother)
    writer.relative(row, "VoChong", person.spouse)
    if person.representative is not None:
        writer.relative(row, "NguoiDaiDien", person.representative)
    _write_head(writer, row, person.head_of_household)
    writer.value(row, "SoSoHoKhau", person.household_number, zeros=9)


def _write_head(writer: AnswerWriter, parent: etree._Element, head: Relative | None) -> None:
    element = writer.relative(parent, "ChuHo", head)
    if element is not None and head is not None and head.relation:
        writer.add(element, "QuanHe", head.relation)
