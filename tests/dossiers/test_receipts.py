"""A receipt of a filled form proves something for one dossier, told of by whom the form went to; nothing else does."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from gateway.audit.event import Event, FormAsked, FormReleased
from gateway.dossiers.codes import parse_dossier_code
from gateway.dossiers.intake import Intake, Sender, Taken
from gateway.dossiers.record import dossier_address, dossier_of
from gateway.dossiers.turns import Turns
from gateway.storage.open import Storage
from tests.dossiers.told import CODE, NOW, event

pytestmark = pytest.mark.anyio

OTHER = "H99.40-261105-0002"
PORTAL = Sender(client_id="cong", units=frozenset({"H99"}), actor=("portal", "cong"))
DESK = Sender(client_id="mot-cua", units=frozenset({"H99"}), actor=("portal", "mot-cua"), verifies=frozenset({"cong"}))
STRANGER = Sender(client_id="khac", units=frozenset({"H99"}), actor=("portal", "khac"))


async def released(intake: Intake, storage: Storage, kind: type[Event] = FormReleased, portal: str = "cong") -> str:
    told = await intake.evidence.tell(kind, outcome="released", actor_kind="portal", portal=portal)
    await storage.store.commit([], [told], now=NOW)
    return told.receipt


async def tell(intake: Intake, sender: Sender, *receipts: Any, code: str = CODE, identity: str = "r1") -> Taken:
    raw = event("received", identity=identity, MaHoSo=code, BienNhanDienSan=[*receipts])
    return await intake.take(sender, intake.read(sender.client_id, "event", [raw]))


def codes(taken: Taken) -> list[str]:
    return [why.code for _, why in taken.rejected]


async def test_a_receipt_is_the_dossiers_when_the_form_went_to_the_sender_or_to_whom_it_verifies(
    intake: Intake, storage: Storage
) -> None:
    mine, shown = await released(intake, storage), await released(intake, storage)
    assert codes(await tell(intake, PORTAL, mine)) == []
    assert codes(await tell(intake, DESK, shown, mine)) == []
    (record,) = await storage.store.load(dossier_address(parse_dossier_code(CODE)))
    assert record is not None
    assert dossier_of(record).receipts == tuple(sorted((mine, shown)))


async def test_what_is_no_release_or_another_portals_proves_nothing(intake: Intake, storage: Storage) -> None:
    asked = await released(intake, storage, FormAsked)
    foreign = await released(intake, storage, portal="xa-la")
    unknown = "rc_" + "0" * 44
    for receipt in (asked, foreign, unknown):
        assert codes(await tell(intake, DESK, receipt)) == ["DS-110"]
    mine = await released(intake, storage)
    assert codes(await tell(intake, STRANGER, mine)) == ["DS-110"]
    for malformed in ("rc_1", "rf_" + "0" * 44, 7, None):
        assert codes(await tell(intake, DESK, malformed)) == ["DS-104"]
    assert codes(await tell(intake, DESK, *[f"rc_{number:044x}" for number in range(11)])) == ["DS-104"]
    assert codes(await tell(intake, DESK, mine)) == []


async def test_one_form_is_one_dossier_also_when_two_ask_at_once(intake: Intake, storage: Storage) -> None:
    receipt = await released(intake, storage)
    workers = [intake, replace(intake, turns=Turns())]
    took = await asyncio.gather(
        *(tell(workers[number % 2], DESK, receipt, code=f"H99.40-261105-{number:04}") for number in range(6))
    )
    assert sorted(one.accepted for one in took) == [0, 0, 0, 0, 0, 1]
    assert [code for one in took for code in codes(one)] == ["DS-110"] * 5


async def test_two_dossiers_of_one_message_do_not_share_a_receipt(intake: Intake, storage: Storage) -> None:
    receipt = await released(intake, storage)
    told = [event("received", identity=code, MaHoSo=code, BienNhanDienSan=[receipt]) for code in (CODE, OTHER, CODE)]
    taken = await intake.take(DESK, intake.read("mot-cua", "event", told))
    assert (taken.accepted, taken.duplicate, codes(taken)) == (1, 1, ["DS-110"])
    assert codes(await tell(intake, PORTAL, receipt)) == []
