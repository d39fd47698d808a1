"""Public progress: right digits show the timeline and nothing of the owner; everything else is one and the same no."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
import pytest

from gateway.dossiers.failure import DossierNotShown, TrackingMalformed
from gateway.dossiers.intake import Intake, Sender
from gateway.dossiers.tracking import TRIES_A_DAY, Progress, Tracking
from gateway.dossiers.unit_file import COLUMNS, parse_units
from gateway.dossiers.unit_list import store_units
from gateway.storage.open import Storage
from gateway.vocabulary.clock import SettableClock
from gateway.vocabulary.store import Change, Record, RecordKey, StoredEvent, Verdict
from tests.dossiers.told import CODE, NOW, NUMBER, START, event, vietnam, whole

pytestmark = pytest.mark.anyio

RIGHT, WRONG, UNKNOWN = NUMBER[-4:], "0000", "H99.40-261105-0777"
PROVINCE = Sender(client_id="truc", units=frozenset({"H99"}), actor=("portal", "truc"))
HOUR = timedelta(hours=1)


async def tell(intake: Intake, *raw: Any, way: Any = "event", at: Any = None) -> None:
    taken = await intake.take(PROVINCE, intake.read("truc", way, raw, at))
    assert taken.rejected == ()


@pytest.fixture
async def tracking(intake: Intake, storage: Storage) -> Tracking:
    """A store that knows one dossier of Mrs Bưởi."""
    await tell(intake, whole(), way="whole", at=START)
    return Tracking(storage.store, storage.index, intake.clock)


async def refused(tracking: Tracking, code: str, check: str) -> bool:
    try:
        await tracking.look(code, check)
    except DossierNotShown:
        return True
    return False


async def test_right_digits_show_the_way_of_a_dossier_and_nothing_of_its_owner(
    tracking: Tracking, intake: Intake, storage: Storage
) -> None:
    listed = f"{','.join(COLUMNS)}\nH99,Tỉnh Mẫu,,province,,2000-01-01,,,\nH99.40,Xã An,An,commune,H99,2000-01-01,,,\n"
    await store_units(storage.store, parse_units(listed.encode(), "u.csv"), [], now=NOW)
    asked = event("supplement_requested", START + HOUR, HanBoSung=vietnam(START + 5 * HOUR))
    await tell(intake, asked, event("transferred", START + 2 * HOUR, DonViXuLy="H99.S02"))
    shown: Progress = await tracking.look("000.00.40.H99-261105-0001", RIGHT)
    told = shown.wire()
    assert (told["code"], told["status"]["status"], told["office"]) == (CODE, 4, {"code": "H99.S02", "name": None})
    assert (told["papers_wanted"], told["wanted_by"]) == (True, "2026-11-05T06:00:00Z")
    assert [(one["status"], one["office"]["code"]) for one in told["timeline"]] == [
        (4, "H99.40"),
        (5, "H99.40"),
        (4, "H99.S02"),
    ]
    assert told["timeline"][0]["office"]["name"] == {"vi": "Xã An", "en": "An"}
    assert told["timeline"][1]["words"]["vi"] == "Chờ người nộp bổ sung giấy tờ"
    octets = orjson.dumps(told).decode()
    assert not [value for value in (NUMBER, "BƯỞI", "personal_number", "buoi") if value in octets]


async def test_five_wrong_checks_end_the_day_for_a_number_and_for_nothing_else(
    tracking: Tracking, intake: Intake, clock: SettableClock
) -> None:
    await tell(intake, whole("H99.40-261105-0002"), way="whole", at=START)
    for code in (CODE, UNKNOWN):
        assert all([await refused(tracking, code, f"{9900 + number}") for number in range(TRIES_A_DAY)])
    assert await refused(tracking, CODE, RIGHT)
    assert not await refused(tracking, "H99.40-261105-0002", RIGHT)
    clock.move(timedelta(hours=13))  # 23:00 in Vietnam
    assert await refused(tracking, CODE, RIGHT)
    clock.move(HOUR)
    assert not await refused(tracking, CODE, RIGHT)


async def test_right_checks_use_nothing_up_and_parallel_guesses_get_no_more_than_their_five(tracking: Tracking) -> None:
    for _ in range(2 * TRIES_A_DAY):
        assert not await refused(tracking, CODE, RIGHT)
    guesses = [f"{9900 + number}" for number in range(12)]
    assert all(await asyncio.gather(*(refused(tracking, CODE, guess) for guess in guesses)))
    assert await refused(tracking, CODE, RIGHT)


async def test_a_corrected_owner_closes_the_old_digits(tracking: Tracking, intake: Intake) -> None:
    corrected = whole(DinhDanhCHS=[{"LoaiDinhDanh": "1", "SoDinhDanh": "999180004321"}])
    await tell(intake, corrected, way="whole", at=START + HOUR)
    assert await refused(tracking, CODE, RIGHT)
    assert not await refused(tracking, CODE, "4321")
    await tell(intake, event("paid", START + 2 * HOUR))
    assert not await refused(tracking, CODE, "4321")


class Watched:
    """A store that writes down what it is asked, kind by kind, and how it answered."""

    def __init__(self, storage: Storage) -> None:
        self._store = storage.store
        self.seen: list[tuple[str, ...]] = []

    async def load(self, *addresses: RecordKey) -> tuple[Record | None, ...]:
        found = await self._store.load(*addresses)
        self.seen.append(("load", *(address.kind for address in addresses), *(str(one is None) for one in found)))
        return found

    async def commit(self, changes: Sequence[Change], events: Sequence[StoredEvent] = (), *, now: Any) -> Verdict:
        self.seen.append(("commit", *(type(change).__name__ for change in changes)))
        return await self._store.commit(changes, events, now=now)


async def test_a_wrong_check_and_an_unknown_number_walk_the_same_way(
    tracking: Tracking, storage: Storage, clock: SettableClock
) -> None:
    ways = []
    for code in (CODE, UNKNOWN):
        watched = Watched(storage)
        other = Tracking(watched, storage.index, clock)
        for number in range(TRIES_A_DAY):
            assert await refused(other, code, f"{9900 + number}")
        for check in (WRONG, RIGHT):
            assert await refused(other, code, check)
        ways.append(watched.seen)
    assert ways[0] == ways[1]
    assert len(ways[0]) == 3 * TRIES_A_DAY + 2


@pytest.mark.parametrize(
    ("code", "check"), [("", RIGHT), (NUMBER, RIGHT), (CODE, "13"), (CODE, "１２３４"), (CODE, NUMBER)]
)
async def test_what_is_no_question_costs_no_try(tracking: Tracking, code: str, check: str) -> None:
    for _ in range(TRIES_A_DAY + 1):
        with pytest.raises(TrackingMalformed):
            await tracking.look(code, check)
    assert not await refused(tracking, CODE, RIGHT)
