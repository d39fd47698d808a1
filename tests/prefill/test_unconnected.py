"""A province that has not connected every register of the policy book: what the others know is told."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.connector_runtime.failure import SourceNotConnected
from gateway.prefill.failure import GuardianshipNotChecked
from gateway.prefill.plan import plan_form
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import persona
from gateway.vocabulary.provenance import Unavailable
from gateway.vocabulary.representation import Represented
from tests.prefill.lab import CODE, POLICY, Lab, open_lab

pytestmark = pytest.mark.anyio
POPULATION = frozenset({"population"})
BUSINESS = "1.001612"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(tmp_path) as opened:
        connect(opened, POPULATION)
        yield opened


def connect(lab: Lab, sources: frozenset[str]) -> None:
    lab.house.figures = replace(lab.house.figures, connected=sources)


async def test_a_form_that_more_registers_could_fill_asks_none_of_them(lab: Lab) -> None:
    form = await lab.fill(
        await lab.sign_in(3, procedures=frozenset({BUSINESS}), portal_procedures=frozenset({BUSINESS})),
        procedure=BUSINESS,
    )
    assert {source for source, _ in lab.sources.asked} == {"population"}
    assert form["fields"]["owner.full_name"]["status"] == "verified"
    for name in ("insurance.number", "premises.parcel", "premises.certificate", "existing.name"):
        assert form["fields"][name]["why"]["code"] == "CR-020", name


async def test_a_form_of_the_connected_register_is_whole(lab: Lab) -> None:
    form = await lab.fill(await lab.sign_in(3))
    assert {source for source, _ in lab.sources.asked} == {"population"}
    assert form["complete"] is True
    assert form["fields"]["applicant.full_name"]["status"] == "verified"
    assert all(one.get("source") != "civil_status" for one in form["fields"].values())


async def test_the_register_that_is_there_is_asked_once_per_grant(lab: Lab) -> None:
    bearer = await lab.sign_in(3)
    first, second = await lab.fill(bearer), await lab.fill(bearer)
    assert len(lab.sources.asked) == 1
    assert [one["event"] for one in await lab.events()] == ["FormAsked", "FormReleased"] * 2
    assert first["fields"].keys() == second["fields"].keys()


async def test_a_field_only_an_unconnected_register_fills_says_so(lab: Lab) -> None:
    connect(lab, frozenset({"civil_status"}))
    form = await lab.fill(await lab.sign_in(3))
    residence = form["fields"]["applicant.permanent_residence"]
    assert (residence["status"], residence["value"], residence["why"]["code"]) == ("unavailable", None, "CR-020")
    assert residence["source"] == "population"
    assert form["complete"] is False
    assert form["fields"]["applicant.sex"]["source"] == "civil_status"


async def test_with_no_register_nobody_is_asked(lab: Lab) -> None:
    connect(lab, frozenset())
    form = await lab.fill(await lab.sign_in(3))
    assert lab.sources.asked == []
    assert all(one["value"] is None for one in form["fields"].values())
    assert {one["why"]["code"] for one in form["fields"].values() if one["status"] == "unavailable"} == {
        SourceNotConnected.code
    }


async def test_the_page_names_the_register_that_is_missing(lab: Lab) -> None:
    connect(lab, frozenset({"civil_status"}))
    rows = {row.id: row for row in (await lab.house.prepare(lab.ask(3))).fields}
    row = rows["applicant.permanent_residence"]
    assert (row.status, row.shown, row.attributes) == ("unavailable", None, ())
    assert row.why == {"vi": SourceNotConnected.vi, "en": SourceNotConnected.en}


async def test_a_guardian_nobody_can_check_gets_nothing(lab: Lab) -> None:
    connect(lab, frozenset())
    # what the registry answers for a register it does not have
    lab.sources.trouble = dict.fromkeys(("population", "civil_status"), Unavailable(reason="unreachable"))
    child = persona(5)
    asked = Represented(
        personal_number=child.personal_number or "",
        full_name=child.full_name,
        birth_date=PartialDate.parse(child.birth_date),
    )
    with pytest.raises(GuardianshipNotChecked):
        await lab.fill(await lab.sign_in(3), represented=asked)


@pytest.mark.parametrize("code", sorted(POLICY.procedures))
@pytest.mark.parametrize("relation", ["self", "guardian", "officer"])
def test_a_plan_never_asks_what_is_not_connected(code: str, relation: str) -> None:
    procedure = POLICY.procedures[code]
    whole = plan_form(POLICY, procedure, relation)  # type: ignore[arg-type]
    part = plan_form(POLICY, procedure, relation, connected=POPULATION)  # type: ignore[arg-type]
    assert part.asked_of.keys() <= POPULATION
    assert part.life_of <= POPULATION
    assert [one.id for one in part.fields] == [one.id for one in whole.fields]
    for full, less in zip(whole.fields, part.fields, strict=True):
        assert less.ways == tuple(way for way in full.ways if way.source != "civil_status") or less.unconnected
        assert less.unconnected == (
            bool(full.ways) and all(way.source not in {*POPULATION, "profile"} for way in full.ways)
        )
        assert (less.lock, less.waits, less.by_hand) == (full.lock, full.waits, full.by_hand)
    all_of_it = plan_form(POLICY, procedure, relation, connected=frozenset(POLICY.sources))  # type: ignore[arg-type]
    assert (all_of_it.asked_of, all_of_it.life_of, all_of_it.checks) == (whole.asked_of, whole.life_of, whole.checks)
    assert [one.ways for one in all_of_it.fields] == [one.ways for one in whole.fields]


def test_the_form_of_the_first_road_needs_the_population_register_alone() -> None:
    plan = plan_form(POLICY, POLICY.procedures[CODE], "self", connected=POPULATION)
    assert not any(one.unconnected for one in plan.fields)
