"""Intake on every store: taken once whatever the number of tries, refused by unit, dead letters kept and replayed."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import orjson
import pytest

from gateway.dossiers.codes import parse_dossier_code
from gateway.dossiers.dossier import Dossier, DossierStatus
from gateway.dossiers.failure import DeadLetterUnknown
from gateway.dossiers.fold import fold
from gateway.dossiers.intake import MOST_SAID, Intake, Sender, Taken
from gateway.dossiers.letters import DeadLetters
from gateway.dossiers.record import LETTERS_KEPT_FOR, dossier_address, dossier_of
from gateway.dossiers.turns import Turns
from gateway.storage.open import Storage
from gateway.vocabulary.clock import SettableClock
from gateway.vocabulary.store import Kind
from tests.dossiers.told import CODE, NUMBER, START, event, vietnam, whole

pytestmark = pytest.mark.anyio

DESK = Sender(client_id="mot-cua", units=frozenset({"H99.40"}), actor=("portal", "mot-cua"))
DEPARTMENT = Sender(client_id="so-tu-phap", units=frozenset({"H99.S02"}), actor=("portal", "so-tu-phap"))
PROVINCE = Sender(client_id="truc", units=frozenset({"H99"}), actor=("portal", "truc"))
OPERATOR = ("operator", "staff:a")
HOUR = timedelta(hours=1)


async def tell(intake: Intake, *raw: Any, sender: Sender = DESK, way: Any = "event", at: Any = None) -> Taken:
    return await intake.take(sender, intake.read(sender.client_id, way, raw, at))


async def stored(storage: Storage, code: str = CODE) -> Dossier | None:
    (record,) = await storage.store.load(dossier_address(parse_dossier_code(code)))
    return None if record is None else dossier_of(record)


async def told_events(storage: Storage) -> list[dict[str, Any]]:
    return [orjson.loads(one.leaf) for one in await storage.journal.pending(1000)]


def may(*units: str) -> dict[str, Sender]:
    """Return the department as an operator replays it, with these units."""
    return {"so-tu-phap": Sender(client_id="so-tu-phap", units=frozenset(units), actor=OPERATOR)}


def codes(taken: Taken) -> list[str]:
    return [why.code for _, why in taken.rejected]


async def test_a_batch_is_one_commit_with_one_event_and_counts_once(intake: Intake, storage: Storage) -> None:
    batch = [event("received"), event("accepted", START + HOUR), event("accepted", START + HOUR)]
    taken = await tell(intake, *batch)
    assert (taken.accepted, taken.duplicate, taken.rejected) == (2, 1, ())
    again = await tell(intake, *reversed(batch))
    assert (again.accepted, again.duplicate, again.receipt) == (0, 3, None)
    (evidence,) = await told_events(storage)
    assert (evidence["event"], evidence["outcome"], evidence["receipt"]) == ("DossiersTold", "taken", taken.receipt)
    assert (evidence["portal"], evidence["accepted"], len(evidence["digest"])) == ("mot-cua", 2, 64)
    dossier = await stored(storage)
    assert dossier is not None
    assert (dossier.status, dossier.filed_at, dossier.received_at) == (DossierStatus.ACCEPTED, START, START + HOUR)


async def test_late_and_shuffled_arrival_gives_the_dossier_that_order_gives(intake: Intake, storage: Storage) -> None:
    kinds = ("received", "accepted", "supplement_requested", "supplemented", "finished", "returned")
    events = [event(kind, START + number * HOUR) for number, kind in enumerate(kinds)]
    told = [offer.told for offer in intake.read("mot-cua", "event", events)]
    random = Random(6)
    for one in random.sample(events, len(events)):
        await tell(intake, one)
    dossier = await stored(storage)
    assert dossier == fold(parse_dossier_code(CODE), told)  # type: ignore[arg-type]
    assert dossier is not None
    assert [moment.status for moment in dossier.moments] == [1, 2, 5, 4, 9, 10]


async def test_parallel_senders_lose_nothing(intake: Intake, storage: Storage) -> None:
    events = [event("paid", START + number * HOUR, identity=f"p{number}") for number in range(12)]
    workers = [intake, replace(intake, turns=Turns())]
    pairs = enumerate(pairwise(events))
    took = await asyncio.gather(*(tell(workers[number % 2], one, other) for number, (one, other) in pairs))
    assert sum(one.accepted for one in took) == 12
    assert sum(one.duplicate for one in took) == 10
    (record,) = await storage.store.load(dossier_address(parse_dossier_code(CODE)))
    assert record is not None
    assert {one["id"] for one in record.body["said"]} == {f"p{number}" for number in range(12)}


async def test_what_is_wrong_is_named_beside_what_is_taken_and_waits(intake: Intake, storage: Storage) -> None:
    taken = await tell(
        intake,
        event("accepted"),
        event("accepted", identity="bad") | {"time": "today"},
        event("lost", identity="odd"),
        event("accepted", identity="other", MaHoSo="H99.41-261105-0001"),
        7,
    )
    assert taken.accepted == 1
    assert [(one, why.code) for one, why in taken.rejected] == [
        ("bad", "DS-101"),
        ("odd", "DS-102"),
        ("other", "DS-106"),
        (None, "DS-101"),
    ]
    (evidence,) = await told_events(storage)
    assert (evidence["outcome"], evidence["rejected"]) == ("partly", {"DS-101": 2, "DS-102": 1, "DS-106": 1})
    assert len(await storage.store.select(Kind.DEAD_LETTER)) == 4
    await tell(intake, event("accepted", identity="bad") | {"time": "today"})
    assert len(await storage.store.select(Kind.DEAD_LETTER)) == 4


async def test_an_id_names_one_thing_for_ever_and_one_sender_cannot_use_up_anothers(
    intake: Intake, storage: Storage
) -> None:
    await tell(intake, event("accepted", identity="e1"))
    assert codes(await tell(intake, event("accepted", START + HOUR, identity="e1"))) == ["DS-107"]
    taken = await tell(intake, event("finished", START + HOUR, identity="e1"), sender=PROVINCE)
    assert (taken.accepted, taken.rejected) == (1, ())


async def test_a_unit_is_spoken_for_by_its_own_and_by_whom_it_gave_the_dossier_to(intake: Intake) -> None:
    finished = event("finished", START + 3 * HOUR, source="so")
    assert codes(await tell(intake, finished, sender=DEPARTMENT)) == ["DS-106"]
    seized = event("transferred", START, source="so", DonViXuLy="H99.S02")
    assert codes(await tell(intake, seized, sender=DEPARTMENT)) == ["DS-106"]
    await tell(intake, event("transferred", START + HOUR, DonViXuLy="H99.S02"))
    assert (await tell(intake, finished, sender=DEPARTMENT)).accepted == 1
    nobody = Sender(client_id="x", units=frozenset(), actor=("portal", "x"))
    assert codes(await tell(intake, event("paid"), sender=nobody)) == ["DS-106"]
    assert (await tell(intake, event("paid", source="truc"), sender=PROVINCE)).accepted == 1


async def test_the_same_whole_message_said_again_is_known_and_another_updates(intake: Intake, storage: Storage) -> None:
    times = [START + number * HOUR for number in range(4)]
    first = await tell(intake, whole(), way="whole", at=times[0])
    again = await tell(intake, whole(), way="whole", at=times[1])
    other = await tell(intake, whole(TrangThaiHoSo="5"), way="whole", at=times[2])
    back = await tell(intake, whole(), way="whole", at=times[3])
    assert [(one.accepted, one.duplicate) for one in (first, again, other, back)] == [(1, 0), (0, 1), (1, 0), (1, 0)]
    dossier = await stored(storage)
    assert dossier is not None
    assert [moment.status for moment in dossier.moments] == [4, 5, 4]


async def test_a_sender_in_a_loop_is_stopped(intake: Intake) -> None:
    events = [event("paid", START, identity=f"p{number}") for number in range(MOST_SAID)]
    assert (await tell(intake, *events)).accepted == MOST_SAID
    assert codes(await tell(intake, event("paid", START, identity="more"))) == ["DS-109"]
    assert (await tell(intake, events[3])).duplicate == 1


async def test_a_dead_letter_is_replayed_when_its_reason_is_gone(
    intake: Intake, storage: Storage, clock: SettableClock
) -> None:
    letters = DeadLetters(intake, storage.store)
    await tell(intake, event("accepted", **whole()), event("finished", START + HOUR), sender=DEPARTMENT)
    waiting = await letters.waiting()
    assert [(one.sender, one.dossier, one.code) for one in waiting] == [("so-tu-phap", CODE, "DS-106")] * 2
    shown = orjson.dumps([one.wire() for one in waiting]).decode()
    assert NUMBER not in shown
    assert "BƯỞI" not in shown
    gone = await letters.replay([], {}, OPERATOR)
    assert (gone.accepted, codes(gone)) == (0, ["DS-106"] * 2)
    still = await letters.replay([waiting[0].id], may("H99.S02"), OPERATOR)
    assert (still.accepted, codes(still)) == (0, ["DS-106"])
    done = await letters.replay([], may("H99"), OPERATOR)
    assert (done.accepted, done.rejected) == (2, ())
    assert await letters.waiting() == []
    last = (await told_events(storage))[-1]
    assert (last["actor"], last["portal"]) == ({"kind": "operator", "ref": "staff:a"}, "so-tu-phap")
    with pytest.raises(DeadLetterUnknown):
        await letters.replay([waiting[0].id], {}, OPERATOR)


async def test_a_dead_letter_ends_after_two_weeks(intake: Intake, storage: Storage, clock: SettableClock) -> None:
    letters = DeadLetters(intake, storage.store)
    await tell(intake, event("lost"))
    clock.move(LETTERS_KEPT_FOR - HOUR)
    assert len(await letters.waiting()) == 1
    clock.move(HOUR)
    assert await letters.waiting() == []


async def test_national_rows_keep_their_way_through_a_replay(intake: Intake, storage: Storage) -> None:
    letters = DeadLetters(intake, storage.store)
    row = {"MaHoSo": CODE, "ThoiDiemXuLy": vietnam(START), "TrangThai": "2"}
    await tell(intake, row, sender=DEPARTMENT, way="step")
    await tell(intake, whole(), sender=DEPARTMENT, way="whole", at=START + HOUR)
    assert (await letters.replay([], may("H99"), OPERATOR)).accepted == 2
    dossier = await stored(storage)
    assert dossier is not None
    assert ([one.status for one in dossier.moments], dossier.updated_at) == ([2, 4], START + HOUR)
