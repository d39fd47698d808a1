"""An officer with a former identity card before them: nine digits open the form, and its evidence finds the person."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from gateway.prefill.failure import NumberUnreadable, OldNumberNotChecked, OldNumberNotNamed
from gateway.vocabulary.citizen import Citizen, number_address, old_number_address
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import persona
from gateway.vocabulary.provenance import Absent, Found, Outcome, Provenance, Refused, Unavailable
from gateway.vocabulary.representation import Represented
from gateway.vocabulary.store import CitizenErased, Kind, RecordKey
from tests.prefill.lab import START, Lab, values_of
from tests.prefill.represented_people import (
    DOSSIER,
    MOTHER,
    child_id,
    desk,
    history,
    of_population,
    refused,
    represented,
)

pytestmark = pytest.mark.anyio

OLD = "099999003"
NUMBER = str(persona(MOTHER).personal_number)
NO_NUMBER = frozenset({"applicant.full_name", "applicant.birth_date", "applicant.permanent_residence"})
HERE = Provenance(source="civil_status", as_of=date(2026, 11, 1), retrieved_at=START)


def by_old_number(**changes: Any) -> Represented:
    return represented(MOTHER, personal_number=None, old_number=OLD, **changes)


async def pointer(lab: Lab, **changes: Any) -> str | None:
    one = persona(MOTHER)
    named: dict[str, Any] = {"full_name": one.full_name, "birth_date": PartialDate.parse(one.birth_date)} | changes
    address = old_number_address(Citizen(id="", old_number=OLD, **named), lab.storage.index)
    (record,) = await lab.storage.store.load(address)
    return None if record is None else str(record.body["citizen_id"])


async def test_the_register_is_asked_by_the_old_number_and_tells_the_new_one(lab: Lab) -> None:
    officer = await desk(lab)
    form = await lab.fill(officer, represented=by_old_number(), dossier=DOSSIER)
    assert form["fields"]["applicant.personal_number"]["value"] == persona(MOTHER).personal_number
    ((_, question),) = of_population(lab)
    assert (question.personal_number, question.old_number) == (None, OLD)
    assert values_of(await lab.again(officer, form["id"])) == values_of(form)
    assert OLD not in str(await lab.events())


async def test_whoever_comes_later_by_the_new_number_finds_the_whole_history(lab: Lab) -> None:
    await lab.fill(await desk(lab), represented=by_old_number(), dossier=DOSSIER)
    person = await child_id(lab, MOTHER)
    assert person == await pointer(lab)
    assert [event["event"] for event in await history(lab, person)] == ["FormAsked", "FormReleased"]


async def test_what_is_told_of_somebody_known_stands_in_their_own_history(lab: Lab) -> None:
    officer = await desk(lab)
    await lab.fill(officer, represented=represented(MOTHER), dossier=DOSSIER)
    known = await child_id(lab, MOTHER)
    form = await lab.fill(officer, represented=by_old_number(), dossier=DOSSIER)
    assert await pointer(lab) == known
    told = [event["receipt"] for event in await history(lab, known) if event["event"] == "FormReleased"]
    assert form["receipt"] in told
    again = await lab.fill(officer, represented=by_old_number(), dossier=DOSSIER)
    names = [event["event"] for event in await history(lab, known)]
    assert names.count("FormAsked") == 2, "the second time the question itself is theirs, too"
    assert values_of(again) == values_of(form)


async def test_a_late_answer_joins_the_person_whom_another_register_named(lab: Lab) -> None:
    officer = await desk(lab)
    await lab.fill(officer, represented=represented(MOTHER), dossier=DOSSIER)
    lab.sources.late["civil_status"] = asyncio.Event()
    form = await lab.fill(officer, represented=by_old_number(), dossier=DOSSIER)
    lab.sources.late["civil_status"].set()
    await asyncio.gather(*lab.sources.tasks)
    again = await lab.again(officer, form["id"])
    assert (bool(form["late"]), again["late"]) == (True, [])


async def test_same_digits_of_another_person_lead_to_nobody_else(lab: Lab) -> None:
    officer = await desk(lab)
    await lab.fill(officer, represented=by_old_number(), dossier=DOSSIER)
    lab.sources.trouble["population"] = Unavailable(reason="timeout")
    other = by_old_number(full_name="Trần Thị Mận")
    assert isinstance(await refused(lab, officer, other, dossier=DOSSIER), OldNumberNotChecked)
    assert await pointer(lab, full_name=other.full_name) not in {None, await child_id(lab, MOTHER)}


@pytest.mark.parametrize("known", [True, False])
async def test_the_number_is_asked_for_though_the_form_does_not_carry_it(lab: Lab, known: bool) -> None:
    officer = await desk(lab)
    if known:
        await lab.fill(officer, represented=represented(MOTHER), dossier=DOSSIER)
    form = await lab.fill(officer, represented=by_old_number(), dossier=DOSSIER, fields=NO_NUMBER)
    assert set(form["fields"]) == NO_NUMBER
    assert NUMBER not in str(form)
    mine = [event["receipt"] for event in await history(lab, await child_id(lab, MOTHER))]
    assert form["receipt"] in mine
    by_twelve = await desk(lab, grant_id="grant-other-desk")
    lab.sources.asked.clear()
    await lab.fill(by_twelve, represented=represented(MOTHER), dossier=DOSSIER, fields=NO_NUMBER)
    assert all("personal_number" not in question.attributes for _, question in lab.sources.asked)


SAID: list[tuple[dict[str, Outcome], dict[str, Outcome], type[Failure]]] = [
    ({"population": Unavailable(reason="timeout")}, {}, OldNumberNotChecked),
    ({"population": Refused("purpose_denied")}, {}, OldNumberNotChecked),
    ({"population": Absent("no_match")}, {}, OldNumberNotNamed),
    ({}, {"personal_number": Absent("empty")}, OldNumberNotNamed),
    ({}, {"personal_number": Found("099 175", HERE)}, OldNumberNotNamed),
]


@pytest.mark.parametrize(("trouble", "override", "failure"), SAID)
async def test_without_a_number_nothing_is_told_and_the_question_has_its_answer(
    lab: Lab, trouble: dict[str, Outcome], override: dict[str, Outcome], failure: type[Failure]
) -> None:
    lab.sources.trouble.update(trouble)
    lab.sources.override.update(override)
    said = await refused(lab, await desk(lab), by_old_number(), dossier=DOSSIER, fields=NO_NUMBER)
    assert type(said) is failure
    assert OLD not in str(said)
    asked, answer = await history(lab, str(await pointer(lab)))
    assert (asked["event"], answer["event"], answer["outcome"]) == ("FormAsked", "FormRefused", said.code)
    assert (answer["asked"], answer["receipt"]) == (asked["receipt"], said.receipt)
    assert await lab.storage.store.load(number_address(NUMBER, lab.storage.index)) == (None,)


async def test_two_registers_that_name_two_numbers_name_nobody(lab: Lab) -> None:
    lab.sources.civil["personal_number"] = Found(persona(1).personal_number, HERE)
    said = await refused(lab, await desk(lab), by_old_number(), dossier=DOSSIER)
    assert isinstance(said, OldNumberNotNamed)


@pytest.mark.parametrize("known", [True, False])
async def test_what_comes_late_is_told_of_whom_the_late_register_names(lab: Lab, known: bool) -> None:
    officer, later = await desk(lab), await desk(lab, grant_id="grant-later-desk")
    if known:
        await lab.fill(officer, represented=represented(MOTHER), dossier=DOSSIER)
    lab.sources.late["population"] = asyncio.Event()
    first = await lab.fill(later, represented=by_old_number(), dossier=DOSSIER)
    second = await lab.fill(later, represented=by_old_number(), dossier=DOSSIER)
    assert values_of(first) == {}, "nobody knows yet in whose history it would stand"
    assert (await lab.again(later, first["id"]))["late"] == first["late"]
    before = await pointer(lab)
    lab.sources.late["population"].set()
    await asyncio.gather(*lab.sources.tasks)
    whole = await lab.again(later, first["id"])
    assert (whole["late"], whole["fields"]["applicant.personal_number"]["value"]) == ([], NUMBER)
    person = await child_id(lab, MOTHER)
    assert (await pointer(lab), before == person) == (person, not known)
    released = [event for event in await history(lab, person) if event["event"] == "LateFieldsReleased"]
    assert [event["receipt"] for event in released] == [whole["receipt"]]
    for form in (first, second):
        again = await lab.again(later, form["id"])
        assert values_of(again) == values_of(whole)
        answer = await lab.verify(later, again["manifest"], values_of(again))
        assert set(answer["fields"].values()) == {"intact"}
    (record,) = await lab.storage.store.load(RecordKey(Kind.MANIFEST_KEY, first["id"]))
    assert record is not None
    assert record.subject == person


@pytest.mark.parametrize("known", [True, False])
async def test_a_form_asked_for_anew_tells_what_came_late_meanwhile(lab: Lab, known: bool) -> None:
    officer, later = await desk(lab), await desk(lab, grant_id="grant-later-desk")
    if known:
        await lab.fill(officer, represented=represented(MOTHER), dossier=DOSSIER)
    lab.sources.late["population"] = asyncio.Event()
    await lab.fill(later, represented=by_old_number(), dossier=DOSSIER)
    lab.sources.late["population"].set()
    await asyncio.gather(*lab.sources.tasks)
    asked = len(lab.sources.asked)
    form = await lab.fill(later, represented=by_old_number(), dossier=DOSSIER)
    assert form["late"] == []
    assert len(lab.sources.asked) == asked, "what was kept is not asked again"
    assert values_of(await lab.again(later, form["id"])) == values_of(form)
    mine = [event["receipt"] for event in await history(lab, await child_id(lab, MOTHER))]
    assert form["receipt"] in mine


async def test_an_answer_later_than_the_number_joins_the_person(lab: Lab) -> None:
    officer, later = await desk(lab), await desk(lab, grant_id="grant-later-desk")
    await lab.fill(officer, represented=represented(MOTHER), dossier=DOSSIER)
    lab.sources.late = {"population": asyncio.Event(), "civil_status": asyncio.Event()}
    form = await lab.fill(later, represented=by_old_number(), dossier=DOSSIER)
    by_source = dict(zip((source for source, _ in lab.sources.asked[-2:]), lab.sources.tasks, strict=True))
    for source in ("population", "civil_status"):
        lab.sources.late[source].set()
        await by_source[source]
        whole = await lab.again(later, form["id"])
    assert (bool(form["late"]), whole["late"]) == (True, [])


async def test_a_late_register_that_never_comes_leaves_nothing_told(lab: Lab) -> None:
    officer = await desk(lab)
    lab.sources.late["population"] = asyncio.Event()
    form = await lab.fill(officer, represented=by_old_number(), dossier=DOSSIER)
    lab.clock.move(timedelta(seconds=21))
    with pytest.raises(OldNumberNotChecked) as said:
        await lab.again(officer, form["id"])
    assert (await history(lab, str(await pointer(lab))))[-1]["receipt"] == said.value.receipt


async def test_the_old_number_of_somebody_erased_is_refused_with_its_answer(lab: Lab) -> None:
    officer = await desk(lab)
    await lab.fill(officer, represented=represented(MOTHER), dossier=DOSSIER)
    await lab.storage.keys.erase(await child_id(lab, MOTHER))
    said = await refused(lab, officer, by_old_number(), dossier=DOSSIER)
    assert isinstance(said, CitizenErased)
    asked, answer = await history(lab, str(await pointer(lab)))
    assert (asked["event"], answer["event"], answer["outcome"]) == ("FormAsked", "FormRefused", "GW-1303")
    assert (answer["asked"], answer["receipt"]) == (asked["receipt"], said.receipt)


async def test_a_guardian_names_a_child_by_twelve_digits_alone(lab: Lab) -> None:
    with pytest.raises(NumberUnreadable) as refusal:
        await lab.fill(await lab.sign_in(MOTHER), represented=by_old_number())
    assert refusal.value.code == "PF-117"
    assert OLD not in str(refusal.value)
    assert lab.sources.asked == []
