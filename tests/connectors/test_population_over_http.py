"""The connector against the simulator, over real HTTP: what a citizen's form would be filled with."""

import asyncio
import logging
from collections.abc import Callable
from datetime import date

import pytest
import structlog

from connectors.population.fields import READERS
from gateway.connector_runtime.contract import Absent, Answer, Found, Question, Refused, Unavailable
from gateway.connector_runtime.contract.simulator_people import generate_people
from gateway.vocabulary.address import Address
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona, Relative, persona, personas

pytestmark = pytest.mark.anyio

KNOWN = [one.index for one in personas() if one.population.known and not one.population.slow_seconds]


def expected(person: Persona) -> dict[str, object]:
    """What the register holds of a person, as the connector must tell it."""

    def code(text: str | None) -> str | None:
        return text if text and text.strip("0") else None

    def of(relative: Relative | None, member: str) -> str | None:
        value = getattr(relative, member, None)
        return value.upper() if value and member == "name" else value

    return {
        "full_name": person.full_name.upper(),
        "birth_date": PartialDate.parse(person.birth_date),
        "sex": person.sex,
        "personal_number": person.personal_number,
        "old_number": person.old_number,
        "ethnic_group": code(person.ethnic_group),
        "religion": code(person.religion),
        "nationality": person.nationality or None,
        "blood_type": code(person.blood_type),
        "birth_registration_place": person.birth_registration_place,
        "native_place": person.native_place,
        "permanent_residence": person.permanent_residence,
        "current_residence": person.current_residence,
        "father_name": of(person.father, "name"),
        "father_number": of(person.father, "number"),
        "mother_name": of(person.mother, "name"),
        "mother_number": of(person.mother, "number"),
        "spouse_name": of(person.spouse, "name"),
        "spouse_number": of(person.spouse, "number"),
        "spouse_nationality": of(person.spouse, "nationality"),
        "representative_name": of(person.representative, "name"),
        "representative_number": of(person.representative, "number"),
        "head_name": of(person.head_of_household, "name"),
        "head_number": of(person.head_of_household, "number"),
        "head_relation": of(person.head_of_household, "relation"),
        "household_number": person.household_number,
    }


def told(answer: Answer) -> dict[str, object]:
    """The values of an answer, None for absent; anything else stays as the outcome it is."""
    return {
        name: outcome.value if isinstance(outcome, Found) else None if outcome == Absent("empty") else outcome
        for name, outcome in answer.items()
    }


@pytest.mark.parametrize("index", KNOWN)
async def test_every_persona_is_told_as_the_register_has_them(source, question_about, index: int) -> None:
    answers = await source.registry().ask({"population": question_about(index)})
    assert told(answers["population"]) == expected(persona(index))
    number = answers["population"]["personal_number"]
    assert isinstance(number, Found)
    assert number.provenance.source == "population"
    assert number.provenance.as_of == date.fromisoformat(persona(index).as_of)


async def test_the_catalogue_and_the_manifest_name_the_same_attributes(source) -> None:
    assert source.registry().sources()["population"] == set(READERS)


async def test_year_only_stays_a_year(source, question_about) -> None:
    answer = (await source.registry().ask({"population": question_about(1)}))["population"]
    born = answer["birth_date"]
    assert isinstance(born, Found)
    assert str(born.value) == "1941"
    assert born.value.precision == "year"


async def test_the_letters_of_persona_six_arrive_intact(source, question_about) -> None:
    answer = (await source.registry().ask({"population": question_about(6)}))["population"]
    name = answer["full_name"]
    assert isinstance(name, Found)
    assert name.value == "H'\u0243IL NIÊ KĐĂM"


async def test_a_split_commune_comes_with_its_candidates_and_no_guess(source, question_about) -> None:
    answer = (await source.registry().ask({"population": question_about(7)}))["population"]
    home = answer["permanent_residence"]
    assert isinstance(home, Found)
    assert isinstance(home.value, Address)
    wire = home.value.wire()
    assert wire["scheme"] == "pre2025"
    assert wire["commune"] == {"code": "05461", "name": "Phường Gia Sàng"}
    assert [one["commune"]["code"] for one in wire["candidates"]] == ["05443", "05467"]
    assert Address.from_wire(wire) == home.value


@pytest.mark.parametrize("key_form", ["capitals_no_space", "capitals_with_space", "as_written"])
@pytest.mark.parametrize("date_form", ["wrapped", "plain"])
async def test_every_key_form_finds_the_person(source, question_about, key_form: str, date_form: str) -> None:
    registry = source.registry(options={"key_form": key_form, "date_form": date_form})
    answer = (await registry.ask({"population": question_about(6)}))["population"]
    assert isinstance(answer["full_name"], Found)


async def test_seconds_are_understood_where_older_members_send_them(source, question_about) -> None:
    answer = (await source.registry(timestamp="seconds").ask({"population": question_about(3)}))["population"]
    assert isinstance(answer["full_name"], Found)


async def test_an_old_number_finds_the_person_and_brings_the_new_one(source, question_about) -> None:
    question = question_about(3, personal_number=None)
    answer = (await source.registry().ask({"population": question}))["population"]
    assert told(answer)["personal_number"] == "999175000003"
    assert told(answer)["old_number"] == "099999003"


async def test_a_foreign_resident_is_not_kept_and_nobody_is_asked(source, question_about) -> None:
    answer = (await source.registry().ask({"population": question_about(14)}))["population"]
    assert set(answer.values()) == {Absent("not_kept")}
    assert (await source.calls())["count"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"full_name": "Trần Thị Mận"},
        {"birth_date": PartialDate(1975, 12, 5)},
        {"birth_date": PartialDate(1976)},
        {"personal_number": "999175000999"},
    ],
)
async def test_one_wrong_part_of_the_key_finds_nobody(source, question_about, changes) -> None:
    answer = (await source.registry().ask({"population": question_about(3, **changes)}))["population"]
    assert set(answer.values()) == {Absent("no_match")}


FAULTS = {
    "down": Unavailable(reason="unreachable"),
    "malformed": Unavailable(reason="malformed"),
    "html200": Unavailable(reason="malformed"),
    "oversize": Unavailable(reason="oversize"),
    "soap_fault": Unavailable(reason="fault"),
    "document_type": Unavailable(reason="malformed"),
    "denied_procedure": Refused("purpose_denied"),
    "denied_officer": Refused("officer_denied"),
    "other_person": Refused("other_person"),
    "ambiguous": Absent("ambiguous"),
    "no_match": Absent("no_match"),
    "unauthorised": Unavailable(reason="fault"),
}


@pytest.mark.parametrize(("fault", "outcome"), FAULTS.items())
async def test_every_fault_becomes_its_outcome_and_hits_nobody_else(source, question_about, fault, outcome) -> None:
    registry = source.registry()
    await source.order(target=3, fault=fault)
    answers = await registry.ask({"population": question_about(3)})
    assert set(answers["population"].values()) == {outcome}
    other = await registry.ask({"population": question_about(2)})
    assert isinstance(other["population"]["full_name"], Found)


MAGIC = {
    900001: Absent("no_match"),
    900100: Refused("purpose_denied"),
    900250: Refused("officer_denied"),
    900300: Unavailable(reason="fault"),
    900499: Unavailable(reason="unreachable"),
    900500: Unavailable(reason="malformed"),
    900600: Unavailable(reason="malformed"),
    900700: Unavailable(reason="oversize"),
    900800: Refused("other_person"),
    900900: Absent("ambiguous"),
    901100: Unavailable(reason="malformed"),
}


@pytest.mark.parametrize(("last_six", "outcome"), MAGIC.items())
async def test_magic_numbers_choose_their_fault(source, question_about, last_six: int, outcome: object) -> None:
    question = question_about(3, personal_number=f"999175{last_six}")
    answers = await source.registry().ask({"population": question})
    assert set(answers["population"].values()) == {outcome}


async def test_a_wrong_secret_is_a_fault_of_ours_and_reads_nothing(source, question_about) -> None:
    answer = (await source.registry(secret="wrong").ask({"population": question_about(3)}))["population"]
    assert set(answer.values()) == {Unavailable(reason="fault")}
    assert (await source.calls())["count"] == 0


@pytest.mark.parametrize(
    "changes",
    [{"birth_date": None}, {"procedure": ""}, {"procedure": "1" * 21}, {"request_id": "x" * 41}, {"full_name": " "}],
)
async def test_an_incomplete_question_is_refused_before_any_call(source, question_about, changes) -> None:
    answer = (await source.registry().ask({"population": question_about(3, **changes)}))["population"]
    assert set(answer.values()) == {Refused("bad_request")}
    assert (await source.calls())["count"] == 0


@pytest.mark.parametrize("missing", ["officer", "agency_code"])
async def test_without_officer_or_agency_nothing_is_asked(source, question_about, missing: str) -> None:
    answer = (await source.registry(**{missing: ""}).ask({"population": question_about(3)}))["population"]
    assert set(answer.values()) == {Refused("bad_request")}


async def test_an_officer_at_a_desk_is_named_instead_of_the_system(source, question_about) -> None:
    answer = await source.registry(officer="").ask({"population": question_about(3, officer_ref="999080000201")})
    assert isinstance(answer["population"]["full_name"], Found)


async def test_values_are_escaped_on_their_way_out(source, question_about) -> None:
    question = question_about(3, full_name="</HoVaTen><x>&amp;\"'")
    answer = (await source.registry(options={"key_form": "as_written"}).ask({"population": question}))["population"]
    assert set(answer.values()) == {Absent("no_match")}  # understood as a name, and nobody has it


async def test_a_slow_source_is_late_and_its_answer_follows(source, question_about) -> None:
    await source.order(target=3, fault="slow", seconds=0.4)
    arrived: asyncio.Queue[tuple[str, Answer]] = asyncio.Queue()

    async def on_late(name: str, answer: Answer) -> None:
        await arrived.put((name, answer))

    registry = source.registry()
    first = await registry.ask({"population": question_about(3, wait_for=0.1)}, on_late=on_late)
    assert {outcome.reason for outcome in first["population"].values()} == {"late"}
    name, later = await asyncio.wait_for(arrived.get(), 30)
    assert name == "population"
    assert told(later) == expected(persona(3))
    assert (await source.calls())["count"] == 1


async def test_persona_thirteen_takes_fifteen_seconds_by_itself(source, question_about) -> None:
    assert persona(13).population.slow_seconds == 15
    answer = await source.registry().ask({"population": question_about(13, wait_for=0.2)})
    assert set(answer["population"].values()) == {Unavailable(reason="timeout")}


async def test_a_dead_server_is_unreachable_at_once(source, question_about) -> None:
    answer = await source.registry(url="http://127.0.0.1:9/ndxp").ask({"population": question_about(3)})
    assert set(answer["population"].values()) == {Unavailable(reason="unreachable")}


async def test_the_probe_asks_about_nobody(source) -> None:
    assert (await source.registry().check_all())["population"].state == "up"
    assert (await source.registry(secret="wrong").check_all())["population"].state == "down"
    assert (await source.registry(officer="").check_all())["population"].state == "down"
    assert (await source.registry(url="http://127.0.0.1:9/x").check_all())["population"].state == "down"
    assert (await source.calls())["count"] == 0


async def test_synthetic_people_read_back_as_they_were_made(source, question_about) -> None:
    registry = source.registry()
    for person in generate_people(count=140)[:42]:
        question = question_about(person, personal_number=person.personal_number)
        answer = (await registry.ask({"population": question}))["population"]
        assert told(answer) == expected(person), person.note_en


async def test_no_value_of_a_person_enters_a_log_or_an_exception(
    source,
    question_about: Callable[..., Question],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    registry = source.registry()
    with structlog.testing.capture_logs() as logged:
        for fault in FAULTS:
            await source.order(target=3, fault=fault, times=1)
            await registry.ask({"population": question_about(3)})
        await registry.ask({"population": question_about(3, full_name="bad \x00 name")})
    spoken = caplog.text + "".join(capsys.readouterr()) + repr(logged)
    for canary in ("999175000003", "099999003", "Bưởi", "BƯỞI", "TRANTHIBUOI", "1975", "Đồng Mẫu", "secret"):
        assert canary not in spoken
    assert any(event["event"] == "source_trouble" for event in logged)
