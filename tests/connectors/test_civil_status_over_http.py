"""The civil status connector against its simulator, over real HTTP."""

from datetime import date

import pytest

from connectors.civil_status.connector import NAMES
from connectors.civil_status.fields import READERS
from gateway.connector_runtime.contract import Absent, Found, Refused, Unavailable
from gateway.connector_runtime.contract.answer_tree import read_answer
from gateway.connector_runtime.contract.document import Unreadable, read_document
from gateway.connector_runtime.contract.simulator_people import generate_people
from gateway.policy.bundle import PolicyBundle
from gateway.vocabulary.areas import shipped_lists
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona, persona, personas
from tests.connectors.test_population_over_http import told

pytestmark = pytest.mark.anyio

ALL = {"attributes": frozenset(READERS)}


def expected(person: Persona) -> dict[str, object]:
    """What the register holds of a person, as the connector must tell it."""
    of = {
        f"{name}_{member}": (value.upper() if value and member == "name" else value)
        for name in ("father", "mother", "spouse", "representative")
        for member in ("name", "number")
        for value in [getattr(getattr(person, name), member, None)]
    }
    return of | {
        "full_name": person.full_name.upper(),
        "birth_date": PartialDate.parse(person.birth_date),
        "sex": person.civil_status_sex or person.sex,
        "personal_number": person.personal_number,
        "birth_place": person.civil_status.birth_place,
        "birth_registration_place": person.birth_registration_place,
        "marital_status": person.civil_status.marital_status,
        "death_date": PartialDate.parse(person.death_date) if person.death_date else None,
    }


@pytest.mark.parametrize("one", [one for one in personas() if one.civil_status.known], ids=lambda one: str(one.index))
async def test_every_persona_is_told_as_the_register_has_them(civil, question_about, one) -> None:
    answer = (await civil.registry().ask({"civil_status": question_about(one, **ALL)}))["civil_status"]
    assert told(answer) == expected(one)
    number = answer["personal_number"]
    assert isinstance(number, Found)
    assert number.provenance.source == "civil_status"
    assert number.provenance.as_of == date(2026, 11, 20)


async def test_synthetic_people_read_back_as_they_were_made(civil, question_about) -> None:
    registry = civil.registry()
    kinds = set()
    for person in generate_people(count=140):
        answer = (await registry.ask({"civil_status": question_about(person, **ALL)}))["civil_status"]
        if person.civil_status.known:
            assert told(answer) == expected(person), person.note_en
            kinds.add((person.civil_status.marital_status, person.death_date is not None))
        else:
            assert set(answer.values()) == {Absent("no_match")}
    assert {("single", False), ("married", False), ("widowed", False), ("married", True)} <= kinds


async def test_the_catalogue_and_the_manifest_name_the_same_attributes(civil) -> None:
    book = PolicyBundle.load()
    held = {name for name, one in book.attributes.items() if "civil_status" in one.sources}
    assert civil.registry().sources()["civil_status"] == set(READERS) == held


async def test_papers_that_were_never_entered_are_no_match_and_a_foreigner_is_not_kept(civil, question_about) -> None:
    registry = civil.registry()
    first = await registry.ask({"civil_status": question_about(1, **ALL)})
    assert set(first["civil_status"].values()) == {Absent("no_match")}
    foreign = await registry.ask({"civil_status": question_about(14, **ALL)})
    assert set(foreign["civil_status"].values()) == {Absent("not_kept")}
    assert (await civil.calls())["count"] == 1


FAULTS = {
    "down": Unavailable(reason="unreachable"),
    "malformed": Unavailable(reason="malformed"),
    "html200": Unavailable(reason="malformed"),
    "oversize": Unavailable(reason="oversize"),
    "soap_fault": Unavailable(reason="fault"),
    "unauthorised": Unavailable(reason="fault"),
    "document_type": Unavailable(reason="malformed"),
    "denied_procedure": Refused("purpose_denied"),
    "denied_officer": Refused("officer_denied"),
    "other_person": Refused("other_person"),
    "ambiguous": Absent("ambiguous"),
    "no_match": Absent("no_match"),
}


@pytest.mark.parametrize(("fault", "outcome"), FAULTS.items())
async def test_every_fault_becomes_its_outcome_and_hits_nobody_else(civil, question_about, fault, outcome) -> None:
    registry = civil.registry()
    await civil.order(target=3, fault=fault)
    answers = await registry.ask({"civil_status": question_about(3, **ALL)})
    assert set(answers["civil_status"].values()) == {outcome}
    other = await registry.ask({"civil_status": question_about(2, **ALL)})
    assert isinstance(other["civil_status"]["full_name"], Found)


async def test_somebody_can_be_recorded_as_dead(civil, question_about) -> None:
    await civil.order(target=3, fault="deceased")
    answer = (await civil.registry().ask({"civil_status": question_about(3, **ALL)}))["civil_status"]
    assert told(answer) == expected(persona(3)) | {"death_date": PartialDate(2026, 11, 20)}


async def test_the_probe_asks_about_nobody(civil) -> None:
    assert (await civil.registry().check_all())["civil_status"].state == "up"
    assert (await civil.registry(secret="wrong").check_all())["civil_status"].state == "down"
    assert (await civil.calls())["count"] == 0


def row_of(inner: str):
    row = f"<HoTich><HoVaTen>A</HoVaTen>{inner}</HoTich>"
    body = f"<HoTichCollection ThoiDiemDuLieu='20261120'>{row}</HoTichCollection>"
    reading = read_answer(read_document(body.encode()), NAMES, lists=shipped_lists(), today=date(2026, 11, 23))
    assert reading.row is not None
    return reading.row


@pytest.mark.parametrize(
    ("inner", "died"),
    [
        ("", None),
        ("<KhaiTu/>", None),
        ("<KhaiTu><NgayChet/></KhaiTu>", None),
        ("<KhaiTu><NgayChet>00000000</NgayChet></KhaiTu>", None),
        ("<KhaiTu><NgayChet>20250312</NgayChet></KhaiTu>", PartialDate(2025, 3, 12)),
        ("<KhaiTu><NgayChet>12/03/2025</NgayChet></KhaiTu>", PartialDate(2025, 3, 12)),
        ("<KhaiTu><NgayChet>2025</NgayChet></KhaiTu>", PartialDate(2025)),
    ],
)
def test_a_death_is_read_with_its_precision(inner: str, died: PartialDate | None) -> None:
    assert READERS["death_date"](row_of(inner)) == died


@pytest.mark.parametrize(
    "inner",
    [
        "<KhaiTu><So>12/2025</So></KhaiTu>",
        "<KhaiTu><So>12/2025</So><NgayChet>20250230</NgayChet></KhaiTu>",
        "<KhaiTu><NgayChet>20261121</NgayChet></KhaiTu>",
        "<KhaiTu><NgayChet>20250312</NgayChet></KhaiTu><KhaiTu/>",
    ],
)
def test_a_death_entry_that_makes_no_sense_is_not_taken_for_life(inner: str) -> None:
    with pytest.raises(Unreadable):
        READERS["death_date"](row_of(inner))


@pytest.mark.parametrize(
    ("code", "word"), [("1", "single"), ("02", "married"), ("3", "divorced"), ("4", "widowed"), ("0", None), ("", None)]
)
def test_a_marital_code_has_one_meaning_here(code: str, word: str | None) -> None:
    row = row_of(f"<KetHon><TinhTrang>{code}</TinhTrang></KetHon>")
    assert READERS["marital_status"](row) == word
