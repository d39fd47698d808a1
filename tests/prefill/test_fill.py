"""The road of a filled form: what each person gets, who may ask, and no evidence, no values."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.event import FormAsked
from gateway.policy.failure import AttributeNotPermitted, ProcedureNotAllowed, UnknownProcedure
from gateway.prefill.failure import (
    CitizenNotPresent,
    DossierNotNamed,
    EvidenceNotStored,
    FormUnknown,
    ProcedureNotInScope,
    RecordStopsForm,
    SessionOver,
)
from gateway.prefill.fill import permit
from gateway.prefill.house import Desk
from gateway.prefill.kept import read_kept
from gateway.prefill.release import Heard, commit_kept, tell
from gateway.vocabulary.assurance_level import LevelTooLow
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.form_preview import kept_address
from gateway.vocabulary.provenance import Absent, Found, Provenance, Refused, Unavailable
from gateway.vocabulary.store import Revoke, StorageUnavailable, StoredEvent
from tests.prefill.lab import CODE, START, Lab, open_lab, values_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(tmp_path) as opened:
        yield opened


class BrokenStore:
    """A store whose commits with events fail from the n-th on, as a trigger that raises makes them."""

    def __init__(self, store: Any, healthy: int) -> None:
        self._store, self._healthy = store, healthy

    async def load(self, *addresses: Any) -> Any:
        return await self._store.load(*addresses)

    async def commit(self, changes: Any, events: "tuple[StoredEvent, ...]" = (), *, now: Any) -> Any:
        if events:
            self._healthy -= 1
            if self._healthy < 0:
                raise StorageUnavailable
        return await self._store.commit(changes, events, now=now)


def break_store(lab: Lab, healthy: int) -> None:
    desk = lab.house.desk
    lab.house.desk = Desk(
        store=BrokenStore(desk.store, healthy),
        index=desk.index,
        keys=desk.keys,
        evidence=desk.evidence,
        clock=desk.clock,
        randomness=desk.randomness,
    )


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


async def test_late_fields_arrive_with_the_whole_form_and_a_new_manifest(lab: Lab) -> None:
    bearer = await lab.sign_in(13)
    lab.sources.late["population"] = asyncio.Event()
    form = await lab.fill(bearer)
    assert len(form["late"]) == 10
    assert form["fields"]["applicant.full_name"]["why"]["code"] == "CR-009"
    assert form["fields"]["applicant.sex"]["source"] == "civil_status"
    waiting = await lab.again(bearer, form["id"])
    assert waiting["late"] == form["late"]
    lab.sources.late["population"].set()
    await asyncio.gather(*lab.sources.tasks)
    whole = await lab.again(bearer, form["id"])
    assert (whole["id"], whole["late"], whole["complete"]) == (form["id"], [], True)
    assert whole["fields"]["applicant.full_name"]["value"] == "TRIỆU THỊ DUNG"
    assert len({form["manifest"], waiting["manifest"], whole["manifest"]}) == 3
    answer = await lab.verify(bearer, whole["manifest"], values_of(whole))
    assert set(answer["fields"].values()) == {"intact"}
    events = await lab.events()
    assert events[-2]["event"] == "LateFieldsReleased"
    assert events[-2]["late"] == [name for name in form["late"] if name != "applicant.old_number"]
    assert len(lab.sources.asked) == 2


async def test_a_late_answer_of_the_notice_page_serves_the_prefill(lab: Lab) -> None:
    lab.sources.late["population"] = asyncio.Event()
    await lab.house.prepare(lab.ask(13))
    bearer = await lab.sign_in(13)
    assert len((await lab.fill(bearer))["late"]) == 10
    lab.sources.late["population"].set()
    await asyncio.gather(*lab.sources.tasks)
    assert (await lab.fill(bearer))["late"] == []
    assert len(lab.sources.asked) == 2


async def test_a_late_answer_that_arrives_while_the_next_form_is_made_is_not_lost(lab: Lab) -> None:
    bearer = await lab.sign_in(13)
    lab.sources.late["population"] = asyncio.Event()
    form = await lab.fill(bearer)
    kept = read_kept(
        (await lab.storage.store.load(kept_address("grant-13", CODE)))[0], lab.ask(13).citizen.id, lab.clock.now()
    )
    assert kept is not None
    lab.sources.late["population"].set()
    await asyncio.gather(*lab.sources.tasks)
    errand = permit(lab.house.plan(CODE, "self"), lab.ask(13), lab.house.policy)
    other: dict[str, Any] = {"civil": {"birth_hamlet": Absent()}}
    event = await tell(FormAsked, errand, lab.house, outcome="asked")
    await commit_kept(errand, Heard(kept=kept.joined(other, {}), asked=other), [], [event], lab.house)
    whole = await lab.again(bearer, form["id"])
    assert whole["late"] == []
    now_kept = read_kept(
        (await lab.storage.store.load(kept_address("grant-13", CODE)))[0], lab.ask(13).citizen.id, lab.clock.now()
    )
    assert now_kept is not None
    assert set(now_kept.answers) == {"population", "civil_status", "civil"}


async def test_parallel_forms_of_one_grant_all_arrive(lab: Lab) -> None:
    bearer = await lab.sign_in(3)
    forms = await asyncio.gather(*(lab.fill(bearer) for _ in range(8)))
    assert len({form["id"] for form in forms}) == 8
    assert {str(values_of(form)) for form in forms} == {str(values_of(forms[0]))}


async def test_an_answer_that_never_comes_ends_as_timed_out(lab: Lab) -> None:
    bearer = await lab.sign_in(13)
    lab.sources.late["population"] = asyncio.Event()
    form = await lab.fill(bearer)
    lab.clock.move(timedelta(seconds=21))
    over = await lab.again(bearer, form["id"])
    assert over["late"] == []
    assert over["fields"]["applicant.full_name"]["why"]["code"] == "CR-005"


@pytest.mark.parametrize(
    "stranger",
    [{"client_id": "portal-b"}, {"citizen": None}, {"index": 1, "grant_id": "grant-13"}],
)
async def test_a_form_is_unknown_to_everybody_else(lab: Lab, stranger: dict[str, Any]) -> None:
    bearer = await lab.sign_in(13)
    form = await lab.fill(bearer)
    other = lab.bearer(stranger.pop("index", 13), **stranger)
    with pytest.raises(FormUnknown):
        await lab.again(other, form["id"])
    with pytest.raises(FormUnknown):
        await lab.again(bearer, "pf_" + "A" * 22)
    with pytest.raises(SessionOver):
        await lab.again(replace(bearer, session_alive=False), form["id"])
    lab.clock.move(timedelta(minutes=11))
    with pytest.raises(FormUnknown):
        await lab.again(bearer, form["id"])
