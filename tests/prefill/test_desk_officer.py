"""Somebody else's form at a desk: an officer is believed on the law, names person and dossier, and leaves traces."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.prefill.failure import (
    CitizenNotPresent,
    FormUnknown,
    RequestMalformed,
    SessionOver,
)
from gateway.vocabulary.assurance_level import LevelTooLow
from gateway.vocabulary.failure import Failure
from tests.prefill.lab import Lab, citizen_of, values_of
from tests.prefill.represented_people import (
    DOSSIER,
    MOTHER,
    OFFICER,
    child_id,
    desk,
    history,
    of_population,
    refused,
    represented,
)

pytestmark = pytest.mark.anyio


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
