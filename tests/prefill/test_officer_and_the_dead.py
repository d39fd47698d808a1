"""A form at the desk about somebody whom a register records as dead: nothing is told, except where the death itself is
what the officer records."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.prefill.bearer import Bearer
from gateway.vocabulary.persona import persona
from gateway.vocabulary.representation import DeskOfficer, Represented
from tests.prefill.lab import CODE, Lab, open_lab

DOSSIER = "H55.19-261123-0001"
OFFICER = DeskOfficer(reference="st_7", agency="H55.19", level=2, register_code="H55.19-CB7")
DEAD, LIVING = 4, 3
DEATH_REGISTRATION = "1.000656"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(tmp_path) as opened:
        yield opened


async def desk(lab: Lab, code: str) -> Bearer:
    codes = frozenset({code})
    return await lab.sign_in(
        1,
        grant_id="grant-desk",
        subject="pairwise-officer",
        citizen=None,
        officer=OFFICER,
        procedures=codes,
        portal_procedures=codes,
    )


def named(index: int) -> Represented:
    one = persona(index)
    assert one.personal_number is not None
    return Represented(personal_number=one.personal_number, full_name=one.full_name, birth_date=one.birth_date)


@pytest.mark.parametrize("code", [CODE, "1.004194", "1.004873", "3.000333", "1.001193"])
async def test_nothing_is_told_of_the_dead_and_the_form_says_so(lab: Lab, code: str) -> None:
    officer = await desk(lab, code)
    form = await lab.fill(officer, represented=named(DEAD), dossier=DOSSIER, procedure=code)
    filled = {
        name: one for name, one in form["fields"].items() if one.get("source") or one["status"] != "self_declared"
    }
    assert filled
    for one in filled.values():
        assert (one["status"], one["value"], one["lock"], one["why"]["code"]) == (
            "withheld",
            None,
            "editable",
            "PF-118",
        )
    assert "LÙNG" not in str(form).upper()
    released = (await lab.events())[-1]
    assert (released["event"], released["attributes"]) == ("FormReleased", [])
    again = await lab.again(officer, form["id"])
    assert {one["status"] for one in again["fields"].values()} <= {"withheld", "self_declared"}


async def test_the_living_are_told_of_and_their_life_is_asked_about(lab: Lab) -> None:
    form = await lab.fill(await desk(lab, CODE), represented=named(LIVING), dossier=DOSSIER)
    assert form["fields"]["applicant.full_name"]["status"] == "verified"
    assert "death_date" in (await lab.events())[0]["attributes"]
    assert "death_date" not in str(form)


async def test_a_death_is_recorded_with_the_data_of_the_dead(lab: Lab) -> None:
    code = DEATH_REGISTRATION
    form = await lab.fill(await desk(lab, code), represented=named(DEAD), dossier=DOSSIER, procedure=code)
    told = {name: one for name, one in form["fields"].items() if one["status"] == "verified"}
    assert any(one["value"] == "MA VĂN LÙNG" for one in told.values())
