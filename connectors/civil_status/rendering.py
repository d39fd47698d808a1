"""Answers of the civil status register: the person's record, or an error code."""

from lxml import etree

from gateway.connector_runtime.contract.simulator_writing import AnswerWriter, Shape
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona

ANSWER = "http://hotich.moj.gov.vn/traloi"

_MARRIAGE = {"single": "1", "married": "2", "divorced": "3", "widowed": "4"}


def render_people(people: list[Persona], shape: Shape) -> bytes:
    """Return the SOAP answer that tells these people; an empty list is the answer for nobody."""
    writer = AnswerWriter(shape, ANSWER)
    collection = writer.start("HoTichCollection")
    if people:
        collection.set("ThoiDiemDuLieu", people[0].civil_status.as_of.replace("-", ""))
    collection.set("SoHoTich", str(len(people)))
    for person in people:
        _write_person(writer, collection, person)
    return writer.finish(collection)


def render_error(code: str) -> bytes:
    """Return an answer with an error code instead of people."""
    writer = AnswerWriter(Shape(), ANSWER)
    response = writer.start("TraCuuThongTinHoTichResponse")
    writer.add(response, "errorCode", code)
    writer.add(response, "errorMessage", "request refused")
    return writer.finish(response)


def _write_person(writer: AnswerWriter, parent: etree._Element, person: Persona) -> None:
    row = writer.add(parent, "HoTich")
    writer.value(row, "SoDinhDanh", person.personal_number, zeros=12)
    writer.value(row, "SoCMND", person.old_number, zeros=9)
    writer.name(row, person.full_name, split=True)
    sex = person.civil_status_sex or person.sex
    writer.add(row, "GioiTinh", "1" if sex == "male" else "2")
    writer.birth(row, PartialDate.parse(person.birth_date))
    writer.address(row, "NoiSinh", person.civil_status.birth_place)
    writer.address(row, "NoiDangKyKhaiSinh", person.birth_registration_place)
    writer.relative(row, "Cha", person.father)
    writer.relative(row, "Me", person.mother)
    marriage = writer.add(row, "KetHon")
    writer.value(marriage, "TinhTrang", _MARRIAGE.get(person.civil_status.marital_status or ""), zeros=1)
    writer.relative(row, "VoChong", person.spouse)
    writer.relative(row, "NguoiDaiDien", person.representative)
    death = writer.add(row, "KhaiTu")
    writer.value(death, "NgayChet", person.death_date and person.death_date.replace("-", ""), zeros=8)
