"""Fields whose source answers after the form was given: they arrive whole, once, and for nobody else."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.audit.event import FormAsked
from gateway.prefill.failure import (
    FormUnknown,
    SessionOver,
)
from gateway.prefill.fill import permit
from gateway.prefill.kept import read_kept
from gateway.prefill.release import Heard, commit_kept, tell
from gateway.vocabulary.form_preview import kept_address
from gateway.vocabulary.provenance import Absent
from tests.prefill.lab import CODE, Lab, values_of

pytestmark = pytest.mark.anyio


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
