"""Somebody else's form: a guardian is believed on the child's own record, an officer on the law; both leave traces."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.identity_providers.contract import Authentication
from gateway.openid_provider.citizens import link_account
from gateway.policy.failure import ApplicantNotAdmitted, RelationNotAllowed
from gateway.prefill.failure import (
    FormUnknown,
    GuardianshipNotChecked,
    GuardianshipNotShown,
    GuardianshipTriedTooOften,
    SessionOver,
)
from gateway.prefill.represent import REFUSED_AT_MOST
from gateway.vocabulary.assurance_level import LevelTooLow
from gateway.vocabulary.organisation import Organisation
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import persona
from gateway.vocabulary.provenance import Absent, Found, Provenance, Refused, Unavailable
from gateway.vocabulary.store import Kind, RecordKey
from tests.prefill.lab import CODE, START, Lab, citizen_of, values_of
from tests.prefill.represented_people import (
    CHILD,
    DOSSIER,
    MOTHER,
    STRANGER,
    child_id,
    desk,
    history,
    of_population,
    refused,
    represented,
)

pytestmark = pytest.mark.anyio


async def test_a_mother_gets_the_form_of_her_child(lab: Lab) -> None:
    form = await lab.fill(await lab.sign_in(MOTHER), represented=represented(CHILD))
    fields = form["fields"]
    assert fields["applicant.full_name"]["value"] == "NÔNG BẢO AN"
    assert fields["applicant.personal_number"]["value"] == persona(CHILD).personal_number
    assert fields["applicant.full_name"]["rule"] == "1.004222/applicant.guardian"
    assert (form["relation"], form["subject"]) == ("guardian", "pairwise-3")
    for name in ("head.full_name", "applicant.phone", "applicant.old_number", "applicant.current_residence"):
        assert (fields[name]["status"], fields[name]["value"]) == ("self_declared", None)
    assert "999175000003" not in str(form)


async def test_the_registers_are_told_who_asks_and_about_whom(lab: Lab) -> None:
    await lab.fill(await lab.sign_in(MOTHER), represented=represented(CHILD))
    mother, child = persona(MOTHER), persona(CHILD)
    for _, question in lab.sources.asked:
        assert (question.personal_number, question.requester_number) == (child.personal_number, mother.personal_number)
        assert question.requester_name == mother.full_name
    lab.sources.asked.clear()
    await lab.fill(await lab.sign_in(MOTHER))
    assert {question.requester_number for _, question in lab.sources.asked} == {None}


async def test_what_shows_the_guardian_is_asked_and_never_told(lab: Lab) -> None:
    form = await lab.fill(await lab.sign_in(MOTHER), represented=represented(CHILD))
    ((source, question),) = of_population(lab)
    assert source == "population"
    assert question.attributes >= {"father_number", "mother_number", "representative_number", "birth_date"}
    assert (question.personal_number, question.full_name) == ("999315000005", "Nông Bảo An")
    assert question.officer_ref is None
    events = await lab.events()
    told = next(event for event in events if event["event"] == "FormReleased")
    asked = next(event for event in events if event["event"] == "FormAsked")
    assert "mother_number" in asked["attributes"]
    assert not {"father_number", "mother_number", "representative_number"} & set(told["attributes"])
    assert not {"father_number", "mother_number"} & set(told["outcomes"])
    assert "TRẦN" not in str(form["fields"])


async def test_both_histories_show_it(lab: Lab) -> None:
    form = await lab.fill(await lab.sign_in(MOTHER), represented=represented(CHILD))
    of_child = await history(lab, await child_id(lab))
    of_mother = await history(lab, "citizen-3")
    assert [event["event"] for event in of_child] == ["FormAsked", "FormReleased"]
    assert [event["event"] for event in of_mother] == ["ActedForAnother", "ActedForAnother"]
    assert [event["about"] for event in of_mother] == [event["receipt"] for event in of_child]
    assert form["receipt"] == of_child[1]["receipt"]
    assert [event["did"] for event in of_mother if event["event"] == "ActedForAnother"] == ["FormAsked", "FormReleased"]
    assert [event["attributes"] for event in of_mother[-2:]] == [event["attributes"] for event in of_child]
    for event in of_child:
        assert event["actor"] == {"kind": "citizen", "ref": of_mother[0]["subject_ref"]}
        assert event["relation"] == "guardian"


async def test_no_value_of_the_child_enters_an_event(lab: Lab) -> None:
    await lab.fill(await lab.sign_in(MOTHER), represented=represented(CHILD))
    await refused(lab, await lab.sign_in(STRANGER), represented(CHILD))
    written = str(await lab.events())
    for value in ("999315000005", "999175000003", "999188000006", "Bảo An", "BẢO AN", "2015-09-09"):
        assert value not in written


@pytest.mark.parametrize("index", [9, 6, 13])
async def test_absent_stranger_and_adult_end_alike(lab: Lab, index: int) -> None:
    mother = await lab.sign_in(MOTHER)
    stranger = await refused(lab, await lab.sign_in(index), represented(CHILD))
    adult = await refused(lab, mother, represented(11))
    nobody = await refused(lab, mother, represented(CHILD, personal_number="999315999999"))
    herself = await refused(lab, mother, represented(MOTHER))
    assert {type(one) for one in (stranger, adult, nobody, herself)} == {GuardianshipNotShown}
    assert len({(one.detail, one.http_status, one.code, one.refused_by) for one in (stranger, adult, nobody)}) == 1
    assert all(one.receipt and not one.missing and not one.excess for one in (stranger, adult, nobody))
    records = [
        (await lab.storage.store.load(RecordKey(Kind.RECEIPT, one.receipt or "")))[0]
        for one in (stranger, adult, nobody)
    ]
    problems = [record.body["problem"] for record in records if record is not None]
    own = {"receipt", "trace_id", "fix"}  # `fix` ends in the receipt
    assert len({str({name: said for name, said in one.items() if name not in own}) for one in problems}) == 1
    of_adult = await history(lab, await child_id(lab, 11))
    assert [(event["event"], event["outcome"]) for event in of_adult] == [
        ("FormAsked", "asked"),
        ("FormRefused", "PF-112"),
    ]
    assert of_adult[1]["asked"] == of_adult[0]["receipt"], "the refusal is the answer to that question"
    assert of_adult[1]["attributes"] == of_adult[0]["attributes"] != []


@pytest.mark.parametrize(("code", "known"), [(CODE, True), ("1.001193", False)])
async def test_the_notice_says_that_a_childs_form_may_be_asked_for(lab: Lab, code: str, known: bool) -> None:
    preview = await lab.house.prepare(lab.ask(MOTHER, procedure=code))
    assert preview.for_minors is known


async def test_a_refused_attempt_keeps_nothing(lab: Lab) -> None:
    stranger = await lab.sign_in(STRANGER)
    await refused(lab, stranger, represented(CHILD))
    kept = RecordKey(Kind.KEPT_ANSWERS, f"grant-6.{CODE}.{await child_id(lab)}")
    assert await lab.storage.store.load(kept) == (None,)
    await refused(lab, stranger, represented(CHILD))
    assert len(of_population(lab)) == 2


async def test_nobody_tries_out_one_child_after_another(lab: Lab) -> None:
    stranger = await lab.sign_in(STRANGER)
    for _ in range(REFUSED_AT_MOST):
        assert isinstance(await refused(lab, stranger, represented(CHILD)), GuardianshipNotShown)
    asked = len(lab.sources.asked)
    failure = await refused(lab, await lab.sign_in(STRANGER, grant_id="grant-new"), represented(CHILD))
    assert isinstance(failure, GuardianshipTriedTooOften)
    assert failure.retry_after == 86_400
    assert len(lab.sources.asked) == asked
    assert (await lab.fill(stranger))["relation"] == "self"
    assert (await lab.fill(await lab.sign_in(MOTHER), represented=represented(CHILD)))["relation"] == "guardian"
    lab.clock.move(timedelta(days=1))
    assert isinstance(await refused(lab, stranger, represented(CHILD)), GuardianshipNotShown)


async def test_a_wrong_name_or_date_shows_nothing(lab: Lab) -> None:
    mother = await lab.sign_in(MOTHER)
    for change in (
        {"full_name": "Nông Bảo Anh"},
        {"birth_date": PartialDate(2015, 9, 10)},
        {"full_name": "Nong Bao An"},
    ):
        assert isinstance(await refused(lab, mother, represented(CHILD, **change)), GuardianshipNotShown)


async def test_eighteen_is_counted_in_vietnam_and_in_doubt_somebody_is_of_age(lab: Lab) -> None:
    mother = await lab.sign_in(MOTHER, granted_at=START)
    born = PartialDate(2008, 11, 24)
    lab.sources.override["birth_date"] = found(born)
    person = represented(CHILD, birth_date=born)
    move_to(lab, datetime(2026, 11, 23, 16, 59, tzinfo=UTC))
    assert (await lab.fill(mother, represented=person))["relation"] == "guardian"
    move_to(lab, datetime(2026, 11, 23, 17, 0, tzinfo=UTC))  # midnight in Viet Nam
    assert isinstance(await refused(lab, mother, person), GuardianshipNotShown)


@pytest.mark.parametrize(
    ("birth_date", "minor"),
    [("2009", True), ("2008", False), ("2008-12", True), ("2008-11", False), ("2008-11-24", True), ("1999", False)],
)
async def test_a_partial_date_fails_closed(lab: Lab, birth_date: str, minor: bool) -> None:
    known = PartialDate.parse(birth_date)
    lab.sources.override["birth_date"] = found(known)
    mother = await lab.sign_in(MOTHER)
    if minor:
        form = await lab.fill(mother, represented=represented(CHILD, birth_date=known))
        assert form["fields"]["applicant.birth_date"]["value"] == birth_date
    else:
        assert isinstance(await refused(lab, mother, represented(CHILD, birth_date=known)), GuardianshipNotShown)


def move_to(lab: Lab, at: datetime) -> None:
    lab.clock.move(at - lab.clock.now())


def found(value: Any) -> Found:
    return Found(value, Provenance(source="population", as_of=START.date(), retrieved_at=START))


async def test_a_record_without_parents_shows_nobody(lab: Lab) -> None:
    lab.sources.override |= {"mother_number": Absent(), "father_number": Absent()}
    assert isinstance(await refused(lab, await lab.sign_in(MOTHER), represented(CHILD)), GuardianshipNotShown)


async def test_the_legal_representative_counts_like_a_parent(lab: Lab) -> None:
    lab.sources.override["representative_number"] = found("999188000006")
    form = await lab.fill(await lab.sign_in(STRANGER), represented=represented(CHILD))
    assert form["fields"]["applicant.sex"]["value"] == "female"


@pytest.mark.parametrize(
    "trouble", [Unavailable(reason="timeout"), Refused("purpose_denied"), Refused("officer_denied")]
)
async def test_a_source_in_trouble_tells_nothing_and_says_so(lab: Lab, trouble: Any) -> None:
    lab.sources.trouble["population"] = trouble
    failure = await refused(lab, await lab.sign_in(MOTHER), represented(CHILD))
    assert isinstance(failure, GuardianshipNotChecked)
    assert failure.retry_after
    assert failure.receipt
    of_child = await history(lab, await child_id(lab))
    assert [(event["event"], event["outcome"]) for event in of_child] == [
        ("FormAsked", "asked"),
        ("FormRefused", "PF-113"),
    ]


async def test_an_answer_about_somebody_else_shows_nothing(lab: Lab) -> None:
    lab.sources.trouble["population"] = Refused("other_person")
    assert isinstance(await refused(lab, await lab.sign_in(MOTHER), represented(CHILD)), GuardianshipNotShown)


async def test_a_guardian_without_a_number_or_level_gets_nothing(lab: Lab) -> None:
    nameless = replace(citizen_of(MOTHER), personal_number=None)
    failure = await refused(lab, await lab.sign_in(MOTHER, citizen=nameless), represented(CHILD))
    assert isinstance(failure, GuardianshipNotShown)
    low = replace(citizen_of(MOTHER), account_level=1)
    before = len(await lab.events())
    failure = await refused(lab, await lab.sign_in(MOTHER, citizen=low), represented(CHILD))
    assert isinstance(failure, LevelTooLow)
    assert len(await lab.events()) == before


async def test_who_acts_for_an_organisation_acts_for_no_child(lab: Lab) -> None:
    firm = Organisation(kind="business", name="Công ty Thử", tax_code="0999999999")
    acting = replace(citizen_of(MOTHER), organisation=firm)
    failure = await refused(lab, await lab.sign_in(MOTHER, citizen=acting), represented(CHILD))
    assert isinstance(failure, ApplicantNotAdmitted)
    assert lab.sources.asked == []


async def test_kept_answers_never_cross_between_guardian_and_child(lab: Lab) -> None:
    mother = await lab.sign_in(MOTHER)
    own = await lab.fill(mother)
    childs = await lab.fill(mother, represented=represented(CHILD))
    again = await lab.fill(mother)
    assert [question.personal_number for _, question in of_population(lab)] == ["999175000003", "999315000005"]
    assert own["fields"]["applicant.full_name"]["value"] == again["fields"]["applicant.full_name"]["value"]
    assert childs["fields"]["applicant.full_name"]["value"] == "NÔNG BẢO AN"
    repeated = await lab.fill(mother, represented=represented(CHILD))
    assert len(of_population(lab)) == 2
    assert values_of(repeated) == values_of(childs)


async def test_a_child_who_comes_of_age_is_asked_no_more_from_what_was_kept(lab: Lab) -> None:
    born = PartialDate(2008, 11, 24)
    lab.sources.override["birth_date"] = found(born)
    mother = await lab.sign_in(MOTHER)
    person = represented(CHILD, birth_date=born)
    move_to(lab, datetime(2026, 11, 23, 16, 58, tzinfo=UTC))
    form = await lab.fill(mother, represented=person)
    move_to(lab, datetime(2026, 11, 23, 17, 1, tzinfo=UTC))
    assert isinstance(await refused(lab, mother, person), GuardianshipNotShown)
    with pytest.raises(GuardianshipNotShown):
        await lab.again(mother, form["id"])


async def test_manifest_and_verify_work_for_the_child(lab: Lab) -> None:
    mother = await lab.sign_in(MOTHER)
    form = await lab.fill(mother, represented=represented(CHILD))
    answer = await lab.verify(mother, form["manifest"], values_of(form), sub="pairwise-3")
    assert answer["manifest"] == "valid"
    assert set(answer["fields"].values()) == {"intact"}
    bent = await lab.verify(mother, form["manifest"], {"applicant.full_name": "NÔNG BẢO ANH"})
    assert bent["fields"] == {"applicant.full_name": "changed"}
    assert [event["event"] for event in await history(lab, await child_id(lab))][-2:] == ["FormVerified"] * 2
    await lab.storage.keys.erase(await child_id(lab))
    assert (await lab.verify(mother, form["manifest"], values_of(form)))["manifest"] == "invalid"


async def test_the_form_is_given_again_to_the_guardian_alone(lab: Lab) -> None:
    mother = await lab.sign_in(MOTHER)
    form = await lab.fill(mother, represented=represented(CHILD))
    again = await lab.again(mother, form["id"])
    assert values_of(again) == values_of(form)
    assert again["relation"] == "guardian"
    assert [event["event"] for event in await history(lab, "citizen-3")] == ["ActedForAnother"] * 3
    itself = await lab.sign_in(CHILD, citizen=replace(citizen_of(CHILD), id=await child_id(lab), account_level=2))
    for other in (itself, await lab.sign_in(STRANGER), replace(mother, client_id="portal-b")):
        with pytest.raises(FormUnknown):
            await lab.again(other, form["id"])


async def test_a_late_source_joins_the_childs_form(lab: Lab) -> None:
    """The population register answers late: nothing is shown yet, so nothing is told; asked again it is."""
    mother = await lab.sign_in(MOTHER)
    lab.sources.late["population"] = asyncio.Event()
    assert isinstance(await refused(lab, mother, represented(CHILD)), GuardianshipNotChecked)
    assert isinstance(await refused(lab, mother, represented(CHILD)), GuardianshipNotChecked)
    lab.sources.late["population"].set()
    await asyncio.gather(*lab.sources.tasks)
    form = await lab.fill(mother, represented=represented(CHILD))
    assert form["fields"]["applicant.full_name"]["value"] == "NÔNG BẢO AN"
    assert len(of_population(lab)) == 1


async def test_a_late_source_that_shows_somebody_else_tells_nothing_afterwards(lab: Lab) -> None:
    stranger = await lab.sign_in(STRANGER)
    lab.sources.late["population"] = asyncio.Event()
    assert isinstance(await refused(lab, stranger, represented(CHILD)), GuardianshipNotChecked)
    lab.sources.late["population"].set()
    await asyncio.gather(*lab.sources.tasks)
    assert isinstance(await refused(lab, stranger, represented(CHILD)), GuardianshipNotShown)


async def test_a_person_erased_is_told_to_nobody(lab: Lab) -> None:
    mother = await lab.sign_in(MOTHER)
    await lab.fill(mother, represented=represented(CHILD))
    await lab.storage.keys.erase(await child_id(lab))
    assert isinstance(await refused(lab, mother, represented(CHILD)), GuardianshipNotShown)


async def test_the_childs_own_first_sign_in_takes_the_pointer_over(lab: Lab) -> None:
    await lab.fill(await lab.sign_in(MOTHER), represented=represented(CHILD))
    (record,) = await lab.storage.store.load(RecordKey(Kind.CITIZEN, await child_id(lab)))
    assert record is None  # a pointer alone: nothing that a sign-in could contradict
    seen = Authentication(
        provider="vneid",
        issuer="https://vneid.example",
        subject="child-account",
        full_name="Nông Bảo An",
        personal_number="999315000005",
        birth_date=PartialDate(2015, 9, 9),
        account_level=1,
        vouches_for_number=True,
    )
    linked = await link_account(seen, lab.storage.store, lab.storage.index, lab.house.desk.randomness, lab.clock.now())
    assert linked.citizen.id == await child_id(lab)
    verdict = await lab.storage.store.commit(linked.changes, now=lab.clock.now())
    assert verdict.done


async def test_marriage_has_no_guardian_and_no_officer(lab: Lab) -> None:
    marriage = {
        "procedures": frozenset({"1.000894"}),
        "portal_procedures": frozenset({"1.000894"}),
    }
    mother = await lab.sign_in(MOTHER, **marriage)
    failure = await refused(lab, mother, represented(CHILD), procedure="1.000894")
    assert isinstance(failure, RelationNotAllowed)
    officer = await desk(lab, **marriage)
    failure = await refused(lab, officer, represented(MOTHER), procedure="1.000894", dossier=DOSSIER)
    assert isinstance(failure, RelationNotAllowed)
    assert lab.sources.asked == []


async def test_a_guardians_form_ends_with_the_session(lab: Lab) -> None:
    mother = await lab.sign_in(MOTHER, session_alive=False)
    assert isinstance(await refused(lab, mother, represented(CHILD)), SessionOver)
    later = await lab.sign_in(MOTHER, session_alive=False, dossier=DOSSIER, granted_at=START - timedelta(days=2))
    assert (await lab.fill(later, represented=represented(CHILD)))["dossier"] == DOSSIER
