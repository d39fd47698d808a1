"""Who may file: persons unless the procedure says otherwise, organisations where it does."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.policy.bundle import PolicyBundle
from gateway.policy.failure import ApplicantNotAdmitted, PolicyInvalid
from gateway.prefill.house import Prefill
from gateway.vocabulary.assurance_level import LevelTooLow
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.organisation import Organisation
from tests.policy.books import copy_of_the_book
from tests.prefill.lab import CODE, Lab, citizen_of, open_lab

pytestmark = pytest.mark.anyio
FORM = "procedures/1.004222_dang-ky-thuong-tru.toml"
COMPANY = Organisation(kind="business", name="Công ty Giả Định", tax_code="9900000101")


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(tmp_path) as opened:
        yield opened


def representative(index: int = 3) -> Citizen:
    return replace(citizen_of(index), account_type="organisation", account_level=None, organisation=COMPANY)


def admitting(lab: Lab, folder: Path, applicants: str) -> None:
    """Serve a book whose procedure admits these applicants."""
    edit = {FORM: ("minimum_level = 2", f"minimum_level = 2\napplicants = [{applicants}]")}
    policy = PolicyBundle.load(built_in=copy_of_the_book(folder, edit))
    house = lab.house
    lab.house = Prefill(policy, lab.sources, house.desk, lab.keys, house.figures)


async def test_a_procedure_for_persons_asks_nobody_about_an_organisation(lab: Lab) -> None:
    bearer = await lab.sign_in(3, citizen=representative())
    with pytest.raises(ApplicantNotAdmitted):
        await lab.fill(bearer)
    with pytest.raises(ApplicantNotAdmitted):
        await lab.house.prepare(lab.ask(3, citizen=representative()))
    assert (lab.sources.asked, await lab.events()) == ([], [])


async def test_a_procedure_that_admits_organisations_judges_no_level(lab: Lab, tmp_path: Path) -> None:
    admitting(lab, tmp_path / "book", '"person", "organisation"')
    form = await lab.fill(await lab.sign_in(3, citizen=representative()))
    assert form["fields"]["applicant.full_name"]["value"] == "TRẦN THỊ BƯỞI", "the human being who signed in"
    own = await lab.fill(await lab.sign_in(6))
    assert own["fields"]["applicant.full_name"]["status"] == "verified"
    with pytest.raises(LevelTooLow):
        await lab.fill(await lab.sign_in(10))


async def test_a_procedure_for_organisations_refuses_a_person(lab: Lab, tmp_path: Path) -> None:
    admitting(lab, tmp_path / "book", '"organisation"')
    with pytest.raises(ApplicantNotAdmitted):
        await lab.fill(await lab.sign_in(3))
    assert lab.sources.asked == []


@pytest.mark.parametrize("applicants", ["", '"robot"', '"person", 3'])
def test_applicants_are_words_that_are_known(tmp_path: Path, applicants: str) -> None:
    edit = {FORM: ("minimum_level = 2", f"minimum_level = 2\napplicants = [{applicants}]")}
    with pytest.raises(PolicyInvalid, match="applicants"):
        PolicyBundle.load(built_in=copy_of_the_book(tmp_path, edit))


def test_every_procedure_of_the_book_is_for_persons() -> None:
    bundle = PolicyBundle.load()
    assert CODE in bundle.procedures
    assert {procedure.applicants for procedure in bundle.procedures.values()} == {("person",)}
