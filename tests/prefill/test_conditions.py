"""Conditions of a form, answered: a yes fills without a reservation, a no asks nobody, silence stays open."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.prefill.failure import RequestMalformed
from tests.prefill.golden_forms import GoldenForm, fill_golden
from tests.prefill.lab import POLICY, Lab, open_lab

pytestmark = pytest.mark.anyio

HEAD = "head.full_name"
BIRTH = "1.001193"


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    async with open_lab(tmp_path) as opened:
        yield opened


def asked_names(lab: Lab) -> frozenset[str]:
    return frozenset[str]().union(*(question.attributes for _, question in lab.sources.asked))


async def test_a_form_lists_what_only_the_person_knows(lab: Lab) -> None:
    form = await lab.fill(await lab.sign_in(3))
    (condition,) = form["conditions"].items()
    assert condition == (
        "same_household",
        {"question": POLICY.procedures["1.004222"].conditions[0].question.wire(), "answer": None},
    )
    assert (form["fields"][HEAD]["status"], form["fields"][HEAD]["why"]["code"]) == ("verified", "PF-124")


async def test_a_condition_says_for_whom_alone_it_can_hold_and_to_everybody_the_same(lab: Lab) -> None:
    wide = {"procedures": frozenset({BIRTH}), "portal_procedures": frozenset({BIRTH})}
    told = []
    for index in (1, 3):  # a man and a woman
        told.append((await lab.fill(await lab.sign_in(index, **wide), procedure=BIRTH))["conditions"])
    assert told[0] == told[1]
    assert {name: one["sex"] for name, one in told[0].items() if "sex" in one} == {
        "requester_is_mother": "female",
        "requester_is_father": "male",
        "spouse_is_father": "female",
        "spouse_is_mother": "male",
    }


async def test_a_yes_fills_the_field_without_a_reservation(lab: Lab) -> None:
    form = await lab.fill(await lab.sign_in(3), conditions={"same_household": True})
    head = form["fields"][HEAD]
    assert (head["status"], head["lock"], "why" in head) == ("verified", "confirm", False)
    assert head["value"]
    assert form["conditions"]["same_household"]["answer"] is True


async def test_a_no_leaves_the_field_to_the_person_and_its_attributes_unasked(lab: Lab) -> None:
    form = await lab.fill(await lab.sign_in(3), conditions={"same_household": False})
    head = form["fields"][HEAD]
    assert (head["status"], head["value"], head["lock"], head["why"]["code"]) == (
        "self_declared",
        None,
        "editable",
        "PF-120",
    )
    assert not asked_names(lab) & {"head_name", "head_number", "head_relation"}
    assert "full_name" in asked_names(lab)
    released = (await lab.events())[-1]
    assert released["answered"] == ["same_household"]
    assert not set(released["attributes"]) & {"head_name", "head_number"}
    answer = await lab.verify(lab.bearer(3), form["manifest"], {HEAD: "TRẦN VĂN A"})
    assert answer["fields"] == {HEAD: "unknown"}


async def test_an_answer_is_given_again_with_the_form(lab: Lab) -> None:
    bearer = await lab.sign_in(3)
    form = await lab.fill(bearer, conditions={"same_household": False})
    again = await lab.again(bearer, form["id"])
    assert again["fields"][HEAD] == form["fields"][HEAD]
    assert again["conditions"] == form["conditions"]
    other = await lab.fill(bearer)  # another form of the same grant says nothing: open again
    assert other["fields"][HEAD]["why"]["code"] == "PF-124"


async def test_a_condition_that_the_procedure_does_not_have_is_named_as_unknown(lab: Lab) -> None:
    bearer = await lab.sign_in(3)
    with pytest.raises(RequestMalformed, match="same_household") as refused:
        await lab.fill(bearer, conditions={"same_house": True})
    assert "same_house`" not in str(refused.value)
    assert lab.sources.asked == []
    assert await lab.events() == []


def values(form: Any, part: str) -> dict[str, Any]:
    return {name: one.value for name, one in form.assembled.fields.items() if name.startswith(f"{part}.")}


def test_a_yes_of_a_woman_makes_her_nobodys_father() -> None:
    form = fill_golden(POLICY, GoldenForm(BIRTH, "self", 3, answer=True))
    assert values(form, "mother")["mother.full_name"] == "TRẦN THỊ BƯỞI"
    assert values(form, "father")["father.full_name"] not in {None, "TRẦN THỊ BƯỞI"}
    for name, one in form.assembled.fields.items():
        if one.why is not None and one.value is not None:
            assert one.why.code != "PF-124", name


def test_answers_that_contradict_each_other_open_nothing() -> None:
    """Of a person whose sex nobody knows both parts could be meant."""
    form = fill_golden(POLICY, GoldenForm(BIRTH, "self", 3, answer=True), unknown=frozenset({"sex"}))
    for name in ("mother.full_name", "father.full_name"):
        assert (form.assembled.fields[name].status, form.assembled.fields[name].value) == ("withheld", None)


def test_one_yes_decides_between_several() -> None:
    """Without the sex neither part is guessed; the answer says which one is meant."""
    form = fill_golden(
        POLICY, GoldenForm(BIRTH, "self", 3), unknown=frozenset({"sex"}), conditions={"requester_is_mother": True}
    )
    told = form.assembled.fields["mother.full_name"]
    assert (told.status, told.value, told.why) == ("verified", "TRẦN THỊ BƯỞI", None)
    assert form.assembled.fields["father.full_name"].value is None


def test_a_no_to_everything_asks_nothing_about_relatives_and_not_the_sex() -> None:
    form = fill_golden(POLICY, GoldenForm(BIRTH, "self", 3, answer=False))
    asked = frozenset[str]().union(*form.questions.values())
    assert not any(name.startswith("spouse_") for name in asked)
    assert "sex" not in asked or "sex" in form.plan.guards
    assert not any(value for part in ("mother", "father") for value in values(form, part).values())


def test_an_answer_fills_nothing_that_no_register_knows() -> None:
    form = fill_golden(POLICY, GoldenForm("1.004222", "self", 3, answer=True), unknown=frozenset({"head_name"}))
    head = form.assembled.fields[HEAD]
    assert (head.status, head.value) == ("unavailable", None)


def test_answers_are_of_who_the_form_is_about_and_leave_the_other_part_as_it_waits() -> None:
    form = fill_golden(POLICY, GoldenForm("1.000894", "self", 3, answer=False))
    waiting = {name: one for name, one in form.assembled.fields.items() if name.startswith("party_b.")}
    assert {one.why.code for one in waiting.values() if one.why} == {"PF-126"}
