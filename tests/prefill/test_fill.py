"""The road of a filled form: what each person gets, who may ask, and no evidence, no values."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gateway.policy.failure import AttributeNotPermitted, ProcedureNotAllowed, UnknownProcedure
from gateway.prefill.failure import (
    CitizenNotPresent,
    DossierNotNamed,
    EvidenceNotStored,
    ProcedureNotInScope,
    SessionOver,
)
from gateway.vocabulary.assurance_level import LevelTooLow
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.provenance import Found, Provenance, Unavailable
from gateway.vocabulary.store import Revoke
from tests.prefill.broken_store import break_store
from tests.prefill.lab import START, Lab, values_of

pytestmark = pytest.mark.anyio


async def test_a_year_of_birth_stays_a_year(lab: Lab) -> None:
    form = await lab.fill(await lab.sign_in(1))
    field = form["fields"]["applicant.birth_date"]
    assert (field["value"], field["precision"], field["display"]) == ("1941", "year", {"vi": "1941"})
    assert "01-01" not in str(form["fields"])
    name = form["fields"]["applicant.full_name"]
    assert (name["value"], name["display"]["vi"]) == ("HOÀNG VĂN SỸ", "Hoàng Văn Sỹ")
    assert (name["status"], name["lock"], name["rule"]) == ("verified", "locked", "1.004222/applicant")
    assert form["complete"] is True
    assert form["late"] == []


@pytest.mark.parametrize(("index", "name"), [(2, "Sơn"), (6, "H'Ƀil Niê Kđăm")])
async def test_names_of_every_kind_arrive_whole(lab: Lab, index: int, name: str) -> None:
    form = await lab.fill(await lab.sign_in(index))
    assert form["fields"]["applicant.full_name"]["display"]["vi"] == name


async def test_an_old_number_is_an_attribute_of_its_own(lab: Lab) -> None:
    fields = (await lab.fill(await lab.sign_in(3)))["fields"]
    assert fields["applicant.old_number"]["value"] == "099999003"
    assert fields["applicant.personal_number"]["value"] == "999175000003"


async def test_a_former_commune_carries_candidates_beside_it(lab: Lab) -> None:
    address = (await lab.fill(await lab.sign_in(7)))["fields"]["applicant.permanent_residence"]["value"]
    assert address["scheme"] == "pre2025"
    assert address["commune"]["code"] == "05461"
    assert {one["scheme"] for one in address["candidates"]} == {"post2025"}


async def test_a_person_without_a_number_is_asked_about_nowhere(lab: Lab) -> None:
    form = await lab.fill(await lab.sign_in(14))
    population = [one for one in form["fields"].values() if one.get("source") == "population"]
    assert {one["status"] for one in population} == {"not_applicable"}
    assert {one["why"]["code"] for one in population} == {"PF-122"}
    assert lab.sources.asked == []
    assert len(population) == 10


async def test_no_blank_is_silent(lab: Lab) -> None:
    for index in (1, 2, 3, 14):
        for one in (await lab.fill(await lab.sign_in(index)))["fields"].values():
            assert one["value"] is not None or (one["why"]["vi"] and one["why"]["en"])


async def test_fields_of_a_condition_are_confirmed_and_say_why(lab: Lab) -> None:
    head = (await lab.fill(await lab.sign_in(1)))["fields"]["head.full_name"]
    assert (head["status"], head["lock"], head["why"]["code"]) == ("verified", "confirm", "PF-124")


@pytest.mark.parametrize("attribute", ["sex", "full_name"])
async def test_a_record_that_contradicts_the_sign_in_is_withheld_whole(lab: Lab, attribute: str) -> None:
    wrong = {"sex": "female", "full_name": "HOÀNG VĂN SỶ"}[attribute]
    provenance = Provenance(source="population", as_of=START.date(), retrieved_at=START)
    lab.sources.override[attribute] = Found(wrong, provenance)
    form = await lab.fill(await lab.sign_in(1))
    population = [one for one in form["fields"].values() if one.get("source") == "population"]
    assert {(one["status"], one["value"]) for one in population if one["why"]["code"] == "PF-123"} == {
        ("withheld", None)
    }
    assert "999041000001" not in str(form["fields"])


async def test_the_guard_works_when_only_another_field_is_asked_for(lab: Lab) -> None:
    provenance = Provenance(source="population", as_of=START.date(), retrieved_at=START)
    lab.sources.override["sex"] = Found("female", provenance)
    form = await lab.fill(await lab.sign_in(1), fields=frozenset({"applicant.personal_number"}))
    assert list(form["fields"]) == ["applicant.personal_number"]
    assert form["fields"]["applicant.personal_number"]["status"] == "withheld"


async def test_a_name_without_marks_contradicts_nothing(lab: Lab) -> None:
    provenance = Provenance(source="population", as_of=START.date(), retrieved_at=START)
    lab.sources.override["full_name"] = Found("HOANG VAN SY", provenance)
    form = await lab.fill(await lab.sign_in(1))
    assert form["fields"]["applicant.full_name"]["value"] == "HOANG VAN SY"


async def test_an_old_value_is_stale_and_to_be_confirmed(lab: Lab) -> None:
    old = Provenance(source="population", as_of=START.date(), retrieved_at=START - timedelta(days=2))
    lab.sources.override["personal_number"] = Found("999041000001", old)
    field = (await lab.fill(await lab.sign_in(1)))["fields"]["applicant.personal_number"]
    assert (field["status"], field["lock"], field["why"]["code"]) == ("stale", "confirm", "PF-125")


async def test_a_value_that_is_not_of_its_type_is_malformed(lab: Lab) -> None:
    provenance = Provenance(source="population", as_of=START.date(), retrieved_at=START)
    lab.sources.override["birth_date"] = Found("32/13/1941", provenance)
    form = await lab.fill(await lab.sign_in(1))
    assert form["fields"]["applicant.birth_date"]["why"]["code"] == "CR-006"
    assert form["fields"]["applicant.full_name"]["status"] == "verified"


async def test_a_journey_asks_each_source_once(lab: Lab) -> None:
    bearer = await lab.sign_in(3)
    preview = await lab.house.prepare(lab.ask(3))
    await lab.house.prepare(lab.ask(3))
    first, second = await lab.fill(bearer), await lab.fill(bearer)
    assert sorted(source for source, _ in lab.sources.asked) == ["civil_status", "population"]
    assert values_of(first) == values_of(second)
    assert [one.id for one in preview.fields] == list(first["fields"])
    names = [event["event"] for event in await lab.events()]
    assert names == ["FormAsked", "FormPrepared", "FormPrepared", *["FormAsked", "FormReleased"] * 2]


async def test_many_forms_of_one_grant_at_once_are_all_released(lab: Lab) -> None:
    bearer = await lab.sign_in(3)
    forms = await asyncio.gather(*(lab.fill(bearer) for _ in range(24)))
    assert {form["fields"]["applicant.full_name"]["status"] for form in forms} == {"verified"}
    names = [event["event"] for event in await lab.events()]
    assert names.count("FormReleased") == 24


async def test_kept_answers_end_after_ten_minutes(lab: Lab) -> None:
    bearer = await lab.sign_in(3)
    await lab.fill(bearer)
    lab.clock.move(timedelta(minutes=10, seconds=1))
    await lab.fill(bearer)
    assert len(lab.sources.asked) == 4


async def test_a_source_that_was_down_is_asked_again(lab: Lab) -> None:
    lab.sources.trouble["population"] = Unavailable()
    await lab.house.prepare(lab.ask(1))
    lab.sources.trouble.clear()
    form = await lab.fill(await lab.sign_in(1))
    assert form["fields"]["applicant.full_name"]["status"] == "verified"


async def test_the_page_masks_and_names_its_sources(lab: Lab) -> None:
    preview = await lab.house.prepare(lab.ask(3))
    rows = {one.id: one for one in preview.fields}
    assert rows["applicant.personal_number"].masked == "999••••••003"
    assert rows["applicant.birth_date"].masked == "••/••/1975"
    assert rows["applicant.full_name"].shown == "Trần Thị Bưởi"
    assert "Bưởi" not in str(rows["applicant.full_name"].masked)
    assert rows["applicant.sex"].source_label["vi"] == "CSDL quốc gia về dân cư"
    assert preview.basis == "law"
    assert preview.legal_basis


async def test_the_page_opens_when_every_source_is_down(lab: Lab) -> None:
    lab.sources.trouble |= {"population": Unavailable(), "civil_status": Unavailable()}
    preview = await lab.house.prepare(lab.ask(3))
    down = [one for one in preview.fields if one.status == "unavailable"]
    assert len(down) == 10
    assert all(one.why and one.masked is None for one in down)


async def test_evidence_comes_before_the_first_source(lab: Lab) -> None:
    bearer = await lab.sign_in(1)
    break_store(lab, healthy=0)
    for attempt in (lab.fill(bearer), lab.house.prepare(lab.ask(1))):
        with pytest.raises(EvidenceNotStored) as refusal:
            await attempt
        assert refusal.value.http_status == 503
    assert lab.sources.asked == []


async def test_nothing_is_given_out_when_the_release_cannot_be_stored(lab: Lab) -> None:
    bearer = await lab.sign_in(1)
    break_store(lab, healthy=1)
    with pytest.raises(EvidenceNotStored):
        await lab.fill(bearer)
    assert [event["event"] for event in await lab.events()] == ["FormAsked"]


async def test_events_hold_names_and_references_and_no_value(lab: Lab) -> None:
    form = await lab.fill(await lab.sign_in(3))
    asked, released = await lab.events()
    told = str([asked, released])
    for value in ("999175000003", "099999003", "TRẦN", "Bưởi", "1975", "Đồng Mẫu", "citizen-3"):
        assert value not in told
    assert asked["attributes"] == sorted(asked["attributes"])
    assert {"full_name", "head_name"} <= set(asked["attributes"])
    assert released["receipt"] == form["receipt"]
    assert released["asked"] == asked["receipt"]
    assert asked["policy_bundle"].startswith("pb_")
    assert asked["policy_ids"]


@pytest.mark.parametrize(
    ("changes", "members", "refusal"),
    [
        ({"citizen": None}, {}, CitizenNotPresent),
        ({"session_alive": False}, {}, SessionOver),
        (
            {"session_alive": False, "dossier": "H55.19-261123-0001", "granted_at": START - timedelta(days=31)},
            {},
            SessionOver,
        ),
        ({"procedures": frozenset()}, {}, ProcedureNotInScope),
        ({}, {"procedure": "9.999999"}, UnknownProcedure),
        ({}, {"dossier": "H55.19-261123-0001"}, DossierNotNamed),
        ({"portal_procedures": frozenset({"1.001193"})}, {}, ProcedureNotAllowed),
        ({}, {"fields": frozenset({"applicant.religion"})}, AttributeNotPermitted),
    ],
)
async def test_who_may_not_read(
    lab: Lab, changes: dict[str, Any], members: dict[str, Any], refusal: type[Failure]
) -> None:
    bearer = await lab.sign_in(1, **changes)
    with pytest.raises(refusal) as refused:
        await lab.fill(bearer, **members)
    assert refused.value.http_status in {403, 404}
    assert lab.sources.asked == []


async def test_a_named_dossier_may_be_read_for_thirty_days(lab: Lab) -> None:
    bearer = await lab.sign_in(
        1, session_alive=False, dossier="H55.19-261123-0001", granted_at=START - timedelta(days=30)
    )
    assert (await lab.fill(bearer))["dossier"] == "H55.19-261123-0001"


async def test_a_level_too_low_is_refused_by_policy(lab: Lab) -> None:
    with pytest.raises(LevelTooLow) as refused:
        await lab.fill(await lab.sign_in(10))
    assert (refused.value.http_status, refused.value.code) == (403, "GW-1203")
    with pytest.raises(LevelTooLow):
        await lab.house.prepare(lab.ask(10))


async def test_what_a_portal_did_not_register_is_withheld_or_refused_by_name(lab: Lab) -> None:
    bearer = await lab.sign_in(1, portal_attributes=frozenset({"full_name", "sex"}))
    form = await lab.fill(bearer)
    assert form["fields"]["applicant.full_name"]["status"] == "verified"
    assert form["fields"]["applicant.personal_number"]["status"] == "withheld"
    assert form["fields"]["applicant.personal_number"]["why"]["code"] == "PF-007"
    assert lab.sources.asked[0][1].attributes == {"full_name", "sex"}
    with pytest.raises(AttributeNotPermitted) as refused:
        await lab.fill(bearer, fields=frozenset({"applicant.personal_number"}))
    assert refused.value.excess == ("personal_number",)


async def test_only_the_fields_asked_for_are_fetched_and_given(lab: Lab) -> None:
    form = await lab.fill(await lab.sign_in(1), fields=frozenset({"applicant.full_name", "applicant.birth_date"}))
    assert set(form["fields"]) == {"applicant.full_name", "applicant.birth_date"}
    assert lab.sources.asked[0][1].attributes == {"full_name", "birth_date", "sex"}


async def test_a_grant_revoked_while_sources_were_asked_ends_the_form(lab: Lab) -> None:
    bearer = await lab.sign_in(1)
    await lab.house.prepare(lab.ask(1))
    await lab.storage.store.commit([Revoke("grant-1")], now=lab.clock.now())
    with pytest.raises(SessionOver):
        await lab.fill(bearer)


async def test_the_question_carries_the_three_way_key_and_a_deadline(lab: Lab) -> None:
    await lab.fill(await lab.sign_in(3))
    assert len(lab.sources.asked) == 2
    question = dict(lab.sources.asked)["population"]
    assert question.request_id != dict(lab.sources.asked)["civil_status"].request_id
    assert (question.personal_number, question.full_name) == ("999175000003", "Trần Thị Bưởi")
    assert question.deadline_at == START + timedelta(milliseconds=2500)
    assert len(question.request_id) <= 40
