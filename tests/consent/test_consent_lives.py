"""A consent refused, given in part, withdrawn, expired, superseded: what is told, and what every ending closes."""

import asyncio
from datetime import timedelta

import pytest

from gateway.consent.failure import (
    ConsentOver,
    ConsentSupersededBefore,
    ConsentUnknown,
    ConsentWithdrawnBefore,
)
from gateway.consent.grant import load_standing
from gateway.consent.record import consent_address, consent_of
from gateway.consent.withdraw import find_consent, withdraw_consent
from gateway.policy.failure import ConsentMissing
from gateway.vocabulary.form_preview import kept_address
from gateway.vocabulary.store import Kind, RecordKey
from tests.consent.nodes import DOSSIER, MARRIAGE, Node, later

pytestmark = pytest.mark.anyio


async def test_nothing_is_asked_for_the_page_and_its_values_are_the_sign_ins(node: Node) -> None:
    form = await node.house.prepare(node.ask(3))
    assert node.sources.asked == []
    assert await node.events() == []
    rows = {row.id: row for row in form.fields}
    assert (rows["party_a.full_name"].shown, rows["party_a.full_name"].status) == ("Trần Thị Bưởi", "not_asked")
    assert rows["party_a.residence"].shown is None
    assert rows["party_b.full_name"].status == "withheld"
    assert rows["party_b.full_name"] not in form.offered
    assert {row.required for row in form.offered} == {True, False}


async def test_what_is_agreed_in_part_is_asked_and_told_in_part(node: Node) -> None:
    bearer, consent = await node.agree(3, [])
    form = await node.fill(bearer)
    assert form["fields"]["party_a.full_name"]["status"] == "verified"
    kept_back = form["fields"]["party_a.ethnic_group"]
    assert (kept_back["status"], kept_back["value"], kept_back["why"]["code"]) == ("withheld", None, "PF-134")
    asked = frozenset[str]().union(*(question.attributes for _, question in node.sources.asked))
    assert "ethnic_group" not in asked
    assert asked <= consent.attributes | {"death_date"}, "the house itself asks that nobody dead gets a form"
    assert consent.state_at(node.clock.now()) == "partly"
    by_name = {event["event"]: event for event in await node.events(consent.id)}
    assert by_name["ConsentGiven"]["outcome"] == "partly"
    assert "ethnic_group" not in by_name["ConsentGiven"]["attributes"]
    assert by_name["FormAsked"]["basis"] == by_name["FormReleased"]["basis"] == "consent"


async def test_a_field_asked_for_by_name_is_no_way_around_an_empty_box(node: Node) -> None:
    bearer, _ = await node.agree(3, [])
    form = await node.fill(bearer, frozenset({"party_a.ethnic_group", "party_a.full_name"}))
    assert form["fields"]["party_a.ethnic_group"]["why"]["code"] == "PF-134"
    assert all("ethnic_group" not in question.attributes for _, question in node.sources.asked)


async def test_a_box_that_the_page_did_not_offer_counts_for_nothing(node: Node) -> None:
    _, consent = await node.agree(3, ["party_b.ethnic_group", "head.full_name", "party_a.ethnic_group"])
    assert "party_a.ethnic_group" in consent.agreed
    assert not consent.agreed & {"party_b.ethnic_group", "head.full_name"}


async def test_a_refusal_is_kept_and_ends_what_was_agreed_to_before(node: Node) -> None:
    bearer, given = await node.agree(3)
    refused = await node.refuse(3)
    with pytest.raises(ConsentSupersededBefore):
        await node.fill(bearer)
    with pytest.raises(ConsentMissing):
        await node.fill(later(bearer, consent_id=refused.id))
    assert node.sources.asked == []
    names = [event["event"] for event in await node.events()]
    assert names == ["ConsentGiven", "ConsentSuperseded", "ConsentRefused"]
    (stored,) = await node.storage.store.load(consent_address(given.id))
    assert consent_of(stored).state_at(node.clock.now()) == "superseded"  # type: ignore[union-attr]


async def test_no_consent_and_somebody_elses_consent_open_nothing(node: Node) -> None:
    bearer, _ = await node.agree(3, dossier="one")
    _, other = await node.agree(2, dossier="one")
    for consent_id in (None, "cs_unknown", other.id):
        with pytest.raises(ConsentMissing):
            await node.fill(later(bearer, consent_id=consent_id))
    with pytest.raises(ConsentMissing):
        await node.fill(later(bearer, dossier="two"))
    assert node.sources.asked == []


async def test_a_consent_ends_with_its_time(node: Node) -> None:
    bearer, _ = await node.agree(3)
    node.clock.move(timedelta(days=30))
    with pytest.raises(ConsentOver):
        await node.fill(later(bearer, granted_at=node.clock.now()))
    assert node.sources.asked == []


async def test_a_time_that_runs_out_while_sources_work_closes_the_form(nodes: list[Node]) -> None:
    node = nodes[0]
    bearer, consent = await node.agree(3)
    node.clock.move(timedelta(days=30) - timedelta(seconds=1))
    node.sources.gate = asyncio.Event()
    filling = asyncio.create_task(node.fill(later(bearer, granted_at=node.clock.now())))
    await node.sources.asking.wait()
    node.clock.move(timedelta(seconds=2))
    node.sources.gate.set()
    with pytest.raises(ConsentOver):
        await filling
    assert [event["event"] for event in await node.events(consent.id)] == ["ConsentGiven", "FormAsked"]


async def test_a_withdrawal_on_another_node_stops_the_prefill_under_way(nodes: list[Node]) -> None:
    here, there = nodes
    bearer, consent = await here.agree(3)
    here.sources.gate = asyncio.Event()
    filling = asyncio.create_task(here.fill(bearer))
    await here.sources.asking.wait()
    ended = await there.withdraw(consent)
    assert ended.state_at(here.clock.now()) == "withdrawn"
    here.sources.gate.set()
    with pytest.raises(ConsentWithdrawnBefore):
        await filling
    names = [event["event"] for event in await here.events(consent.id)]
    assert names == ["ConsentGiven", "FormAsked", "ConsentWithdrawn", "GrantRevoked"]


async def test_a_withdrawal_ends_every_grant_and_forgets_what_sources_said(nodes: list[Node]) -> None:
    here, there = nodes
    bearer, consent = await here.agree(3)
    form = await here.fill(bearer)
    (stored,) = await there.storage.store.load(consent_address(consent.id))
    another = await there.sign_in_again(3, consent_of(stored))  # type: ignore[arg-type]
    await here.withdraw(consent)
    grants = [RecordKey(Kind.GRANT, one.grant_id or "") for one in (bearer, another)]
    assert [record and record.state for record in await there.storage.store.load(*grants)] == ["revoked", "revoked"]
    assert await there.storage.store.load(kept_address(bearer.grant_id or "", MARRIAGE)) == (None,)
    for refused in (there.fill(another), there.again(bearer, form["id"])):
        with pytest.raises(ConsentWithdrawnBefore):
            await refused


async def test_withdrawing_twice_is_withdrawing_once_and_nobody_withdraws_for_another(node: Node) -> None:
    _, consent = await node.agree(3)
    with pytest.raises(ConsentUnknown):
        await withdraw_consent(consent.id, "citizen-2", node.desk, trace_id="0" * 32)
    await node.withdraw(consent)
    again = await node.withdraw(consent)
    assert [one.state for one in again.happenings] == ["given", "withdrawn"]
    names = [event["event"] for event in await node.events(consent.id)]
    assert names.count("ConsentWithdrawn") == 1
    with pytest.raises(ConsentUnknown):
        await find_consent("cs_nothing", "citizen-3", node.desk)


async def test_a_new_answer_supersedes_and_the_former_sign_in_opens_nothing(node: Node) -> None:
    narrow, first = await node.agree(3, [])
    wide, second = await node.agree(3)
    with pytest.raises(ConsentSupersededBefore):
        await node.fill(narrow)
    form = await node.fill(wide)
    assert form["fields"]["party_a.ethnic_group"].get("why", {}).get("code") != "PF-134"
    standing = await load_standing(node.storage.store, node.standing(node.ask(3)))
    assert standing.consent is not None
    assert standing.consent.id == second.id
    assert [event["event"] for event in await node.events(first.id)] == ["ConsentGiven", "ConsentSuperseded"]


async def test_a_consent_is_remembered_for_the_same_page_and_no_longer_than_it_says(node: Node) -> None:
    _, with_dossier = await node.agree(3)
    _, without = await node.agree(2, dossier=None)
    now = node.clock.now()
    assert with_dossier.is_remembered(with_dossier.content_hash, now)
    assert not with_dossier.is_remembered("0" * 64, now)
    assert with_dossier.is_remembered(with_dossier.content_hash, now + timedelta(days=29))
    # 10:00 in Vietnam: the day ends in 14 hours, what was agreed to holds for 24
    assert not without.is_remembered(without.content_hash, now + timedelta(hours=14))
    assert without.opens(now + timedelta(hours=23))
    assert not without.opens(now + timedelta(hours=24))


async def test_the_record_is_sealed_and_no_key_of_it_is_personal(node: Node) -> None:
    _, consent = await node.agree(3)
    (row,) = await node.storage.store._backend.select(Kind.CONSENT, None, None, 10)  # type: ignore[attr-defined]
    for clear in ("BƯỞI", "Bưởi", "999175000003"):
        assert clear.encode() not in row.sealed
        assert clear not in row.key
    assert row.subject == consent.citizen_id
    assert DOSSIER not in row.key
