"""Somebody else's form: a guardian is believed on the child's own record, an officer on the law; both leave traces."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.record import Evidence
from gateway.connector_runtime.contract import Question
from gateway.identity_providers.contract import Authentication
from gateway.openid_provider.citizens import link_account
from gateway.policy.failure import ApplicantNotAdmitted, RelationNotAllowed
from gateway.prefill.bearer import Bearer
from gateway.prefill.failure import (
    CitizenNotPresent,
    FormUnknown,
    GuardianshipNotChecked,
    GuardianshipNotShown,
    GuardianshipTriedTooOften,
    RequestMalformed,
    SessionOver,
)
from gateway.prefill.represent import REFUSED_AT_MOST
from gateway.vocabulary.assurance_level import LevelTooLow
from gateway.vocabulary.citizen import number_address
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.organisation import Organisation
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import persona
from gateway.vocabulary.provenance import Absent, Found, Provenance, Refused, Unavailable
from gateway.vocabulary.representation import DeskOfficer, Represented
from gateway.vocabulary.store import Kind, RecordKey
from tests.prefill.lab import CODE, START, Lab, citizen_of, open_lab, values_of

MOTHER, CHILD, STRANGER = 3, 5, 6
DOSSIER = "H55.19-261123-0001"
OFFICER = DeskOfficer(reference="st_7", agency="H55.19", level=2, register_code="H55.19-CB7")


def of_population(lab: Lab) -> list[tuple[str, Question]]:
    """Return what the population register was asked; civil status is asked beside it, about the same person."""
    return [(source, question) for source, question in lab.sources.asked if source == "population"]


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(tmp_path) as opened:
        yield opened


def represented(index: int, **changes: Any) -> Represented:
    """Return a persona as somebody names them."""
    one = persona(index)
    assert one.personal_number is not None
    named = Represented(
        personal_number=one.personal_number,
        full_name=one.full_name,
        birth_date=PartialDate.parse(one.birth_date),
    )
    return replace(named, **changes)


async def child_id(lab: Lab, index: int = CHILD) -> str:
    number = persona(index).personal_number
    assert number is not None
    (pointer,) = await lab.storage.store.load(number_address(number, lab.storage.index))
    assert pointer is not None
    return str(pointer.body["citizen_id"])


async def history(lab: Lab, citizen_id: str) -> list[dict[str, Any]]:
    """Return what a person's own page would find, oldest first."""
    evidence = Evidence(lab.clock, lab.house.desk.randomness, lab.storage.keys)
    (tag,) = await evidence.subject_tags(citizen_id, ["2026-11"])
    return [event for event in await lab.events() if event["subject_ref"] == tag]


async def refused(lab: Lab, bearer: Bearer, person: Represented, **members: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        await lab.fill(bearer, represented=person, **members)
    return caught.value


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


async def desk(lab: Lab, **changes: Any) -> Bearer:
    """Return an officer at a desk."""
    changes = {"grant_id": "grant-desk", "subject": "pairwise-officer"} | changes
    return await lab.sign_in(1, **{"citizen": None, "officer": OFFICER} | changes)


async def test_an_officer_gets_the_form_of_the_person_at_the_desk(lab: Lab) -> None:
    form = await lab.fill(await desk(lab), represented=represented(MOTHER), dossier=DOSSIER)
    assert form["fields"]["head.full_name"]["value"] == "NÔNG VĂN THẮNG"
    assert form["fields"]["applicant.phone"]["status"] == "self_declared"
    assert (form["relation"], form["dossier"], form["subject"]) == ("officer", DOSSIER, "pairwise-officer")
    ((_, question),) = of_population(lab)
    assert question.officer_ref == "H55.19-CB7"
    assert not {"father_number", "mother_number"} & question.attributes
    of_person = await history(lab, await child_id(lab, MOTHER))
    assert [event["event"] for event in of_person] == ["FormAsked", "FormReleased"]
    for event in of_person:
        assert event["actor"] == {"kind": "officer", "ref": "st_7"}
        assert (event["relation"], event["agency"], event["basis"], event["dossier"]) == (
            "officer",
            "H55.19",
            "law",
            DOSSIER,
        )


async def test_nobody_stands_in_for_an_officer_whom_registers_do_not_know(lab: Lab) -> None:
    nameless = await desk(lab, officer=replace(OFFICER, register_code=None))
    failure = await refused(lab, nameless, represented(MOTHER), dossier=DOSSIER)
    assert (failure.code, failure.http_status) == ("PF-116", 403)
    assert "claims.register_code" in failure.fix
    assert lab.sources.asked == []


async def test_the_code_of_an_officer_stands_in_no_event_and_no_repr(lab: Lab) -> None:
    officer = await desk(lab)
    await lab.fill(officer, represented=represented(MOTHER), dossier=DOSSIER)
    assert "H55.19-CB7" not in str(await lab.events())
    assert "H55.19-CB7" not in repr(officer)


async def test_an_officer_names_the_person_and_the_dossier(lab: Lab) -> None:
    officer = await desk(lab)
    with pytest.raises(RequestMalformed) as caught:
        await lab.fill(officer, dossier=DOSSIER)
    assert caught.value.missing == ("represented",)
    failure = await refused(lab, officer, represented(MOTHER))
    assert (type(failure), failure.missing) == (RequestMalformed, ("dossier",))
    assert lab.sources.asked == []


@pytest.mark.parametrize(
    ("change", "failure"),
    [
        ({"session_alive": False}, SessionOver),
        ({"session_alive": False, "dossier": DOSSIER}, SessionOver),
        ({"officer": replace(OFFICER, level=None)}, Failure),
        ({"officer": replace(OFFICER, level=1)}, LevelTooLow),
        ({"citizen": citizen_of(1)}, CitizenNotPresent),
        ({"subject": None}, CitizenNotPresent),
    ],
)
async def test_an_officer_needs_a_session_and_a_level_and_is_never_a_citizen_too(
    lab: Lab, change: dict[str, Any], failure: type[Failure]
) -> None:
    caught = await refused(lab, await desk(lab, **change), represented(MOTHER), dossier=DOSSIER)
    assert isinstance(caught, failure)
    assert lab.sources.asked == []


async def test_an_officers_form_is_given_again_to_that_officer_alone(lab: Lab) -> None:
    officer = await desk(lab)
    form = await lab.fill(officer, represented=represented(MOTHER), dossier=DOSSIER)
    assert values_of(await lab.again(officer, form["id"])) == values_of(form)
    colleague = replace(officer, officer=replace(OFFICER, reference="st_8"))
    mother = await lab.sign_in(MOTHER, citizen=replace(citizen_of(MOTHER), id=await child_id(lab, MOTHER)))
    for other in (colleague, mother):
        with pytest.raises(FormUnknown):
            await lab.again(other, form["id"])


async def test_an_officer_asking_about_nobody_gets_a_form_that_says_so(lab: Lab) -> None:
    nobody = represented(MOTHER, personal_number="999175999999")
    form = await lab.fill(await desk(lab), represented=nobody, dossier=DOSSIER)
    assert form["fields"]["applicant.full_name"]["value"] is None
    assert form["fields"]["applicant.full_name"]["why"]["code"]


async def test_a_guardians_form_ends_with_the_session(lab: Lab) -> None:
    mother = await lab.sign_in(MOTHER, session_alive=False)
    assert isinstance(await refused(lab, mother, represented(CHILD)), SessionOver)
    later = await lab.sign_in(MOTHER, session_alive=False, dossier=DOSSIER, granted_at=START - timedelta(days=2))
    assert (await lab.fill(later, represented=represented(CHILD)))["dossier"] == DOSSIER
