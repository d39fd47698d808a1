"""What a form says when its registers are in trouble, differ, or record a death."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gateway.prefill.failure import (
    RecordStopsForm,
)
from gateway.vocabulary.provenance import Absent, Found, Provenance, Refused, Unavailable
from tests.prefill.lab import START, Lab, values_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("outcome", "status", "code"),
    [
        (Unavailable(retry_after=30, reason="unreachable"), "unavailable", "CR-004"),
        (Unavailable(reason="timeout"), "unavailable", "CR-005"),
        (Unavailable(reason="malformed"), "unavailable", "CR-006"),
        (Unavailable(reason="oversize"), "unavailable", "CR-007"),
        (Absent("no_match"), "unavailable", "CR-001"),
        (Absent("ambiguous"), "unavailable", "CR-002"),
        (Absent("not_kept"), "not_applicable", "CR-015"),
        (Refused("purpose_denied"), "withheld", "CR-011"),
        (Refused("officer_denied"), "withheld", "CR-012"),
        (Refused("other_person"), "withheld", "CR-014"),
        (Refused("bad_request"), "unavailable", "CR-013"),
    ],
)
async def test_a_source_in_trouble_opens_the_form_all_the_same(lab: Lab, outcome: Any, status: str, code: str) -> None:
    lab.sources.trouble["population"] = outcome
    form = await lab.fill(await lab.sign_in(2))
    for one in form["fields"].values():
        if one.get("source") == "population":
            assert (one["status"], one["value"], one["why"]["code"]) == (status, None, code)
            assert one["lock"] == "editable"
    sex = form["fields"]["applicant.sex"]
    assert (sex["status"], sex["value"], sex["source"], sex["lock"]) == ("verified", "male", "civil_status", "locked")
    released = (await lab.events())[-1]
    failed = isinstance(outcome, Unavailable | Refused)
    assert form["complete"] is not failed
    assert released["outcome"] == ("partial" if failed else "released")
    assert status in released["outcomes"].values()


async def test_retry_after_is_told(lab: Lab) -> None:
    lab.sources.trouble["population"] = Unavailable(retry_after=17, reason="closed")
    form = await lab.fill(await lab.sign_in(1))
    assert form["fields"]["applicant.full_name"]["why"]["retry_after"] == 17


@pytest.mark.parametrize(
    "outcome",
    [
        Unavailable(reason="unreachable"),
        Unavailable(reason="malformed"),
        Absent("no_match"),
        Absent("ambiguous"),
        Refused("purpose_denied"),
        Refused("other_person"),
    ],
)
async def test_trouble_of_civil_status_touches_nothing_that_population_says(lab: Lab, outcome: Any) -> None:
    bearer = await lab.sign_in(3)
    untroubled = await lab.fill(bearer)
    lab.sources.trouble["civil_status"] = outcome
    lab.clock.move(timedelta(minutes=11))
    form = await lab.fill(bearer)
    assert values_of(form) == values_of(untroubled)
    assert {one["status"] for one in form["fields"].values()} == {
        one["status"] for one in untroubled["fields"].values()
    }
    assert form["fields"]["applicant.sex"]["source"] == "population"
    assert form["complete"] is True


async def test_two_registers_that_differ_are_a_conflict_and_either_value_is_intact(lab: Lab) -> None:
    bearer = await lab.sign_in(8)
    preview = await lab.house.prepare(lab.ask(8))
    (row,) = [one for one in preview.fields if one.id == "applicant.sex"]
    assert (row.status, [one.source_label["vi"] for one in row.rivals]) == (
        "conflict",
        ["CSDL quốc gia về dân cư", "CSDL hộ tịch điện tử"],
    )
    assert [one.shown for one in row.rivals] == ["Nam", "Nữ"]
    form = await lab.fill(bearer)
    sex = form["fields"]["applicant.sex"]
    assert (sex["status"], sex["lock"], sex["why"]["code"]) == ("conflict", "confirm", "PF-109")
    assert [(one["source"], one["value"]) for one in sex["conflict"]] == [
        ("population", "male"),
        ("civil_status", "female"),
    ]
    others = {name: one["status"] for name, one in form["fields"].items() if name != "applicant.sex"}
    assert "conflict" not in others.values()
    for chosen, outcome in (("male", "intact"), ("female", "intact"), ("other", "changed"), ("", "changed")):
        answer = await lab.verify(bearer, form["manifest"], {"applicant.sex": chosen})
        assert answer["fields"]["applicant.sex"] == outcome


async def test_a_sex_that_no_register_confirms_is_a_strangers_record(lab: Lab) -> None:
    lab.sources.trouble["population"] = Unavailable()
    form = await lab.fill(await lab.sign_in(8))
    sex = form["fields"]["applicant.sex"]
    assert (sex["status"], sex["value"]) == ("unavailable", None)
    assert "female" not in str(form["fields"])


async def test_a_name_that_contradicts_makes_the_record_a_strangers_whoever_confirms_the_sex(lab: Lab) -> None:
    provenance = Provenance(source="civil_status", as_of=START.date(), retrieved_at=START)
    lab.sources.civil["full_name"] = Found("ĐỖ MINH HOẠ", provenance)
    sex = (await lab.fill(await lab.sign_in(8)))["fields"]["applicant.sex"]
    assert (sex["status"], sex["value"], sex["source"]) == ("verified", "male", "population")


async def test_what_civil_status_says_late_joins_and_population_does_not_wait(lab: Lab) -> None:
    bearer = await lab.sign_in(8)
    lab.sources.late["civil_status"] = asyncio.Event()
    form = await lab.fill(bearer)
    sex = form["fields"]["applicant.sex"]
    assert (sex["status"], sex["value"], sex["source"]) == ("verified", "male", "population")
    assert (form["late"], form["complete"]) == (["applicant.sex"], False)
    lab.sources.late["civil_status"].set()
    await asyncio.gather(*lab.sources.tasks)
    whole = await lab.again(bearer, form["id"])
    assert (whole["late"], whole["complete"]) == ([], True)
    assert whole["fields"]["applicant.sex"]["status"] == "conflict"


async def test_nobody_recorded_as_dead_gets_a_form(lab: Lab) -> None:
    bearer = await lab.sign_in(4)
    with pytest.raises(RecordStopsForm) as refused:
        await lab.house.prepare(lab.ask(4))
    assert (refused.value.code, refused.value.http_status, refused.value.oauth_error) == (
        "PF-118",
        403,
        "access_denied",
    )
    with pytest.raises(RecordStopsForm):
        await lab.fill(bearer)
    with pytest.raises(RecordStopsForm):
        await lab.fill(bearer, fields=frozenset({"applicant.personal_number"}))
    asked, stopped, *_ = await lab.events()
    assert "death_date" in asked["attributes"]
    assert (stopped["event"], stopped["outcome"], stopped["asked"]) == ("FormRefused", "PF-118", asked["receipt"])
    for event in await lab.events():
        assert event["event"] in {"FormAsked", "FormRefused"}
        assert "2025" not in str(event.get("outcomes", "")) + str(event["attributes"])


async def test_a_death_entry_nobody_can_read_stops_the_form_and_a_broken_answer_does_not(lab: Lab) -> None:
    lab.sources.civil["death_date"] = Unavailable(reason="malformed")
    with pytest.raises(RecordStopsForm):
        await lab.fill(await lab.sign_in(3))
    lab.sources.trouble["civil_status"] = Unavailable(reason="malformed")
    assert (await lab.fill(lab.bearer(3)))["complete"] is True


async def test_a_death_that_is_told_late_ends_what_was_begun(lab: Lab) -> None:
    bearer = await lab.sign_in(4)
    lab.sources.late["civil_status"] = asyncio.Event()
    form = await lab.fill(bearer)
    assert form["fields"]["applicant.full_name"]["status"] == "verified"  # a register that is silent says nothing
    lab.sources.late["civil_status"].set()
    await asyncio.gather(*lab.sources.tasks)
    with pytest.raises(RecordStopsForm):
        await lab.again(bearer, form["id"])
    with pytest.raises(RecordStopsForm):
        await lab.fill(bearer)


async def test_the_date_of_death_is_told_to_no_portal(lab: Lab) -> None:
    form = await lab.fill(await lab.sign_in(3))
    assert "death_date" not in str(form)
    released = (await lab.events())[-1]
    assert "death_date" not in released["attributes"]
    assert "death_date" not in released["outcomes"]
