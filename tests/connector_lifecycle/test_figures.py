"""Counting by day: workers add up, a store that is away loses nothing, and few answers tell nothing."""

from datetime import date, timedelta

import pytest

from gateway.connector_lifecycle.figures import FEWEST, Counting, Figures, Tally, filled_percent
from gateway.vocabulary.provenance import Absent, Found, Provenance, Refused
from gateway.vocabulary.store import Kind, StorageUnavailable
from tests.connector_lifecycle.conftest import NOW

pytestmark = pytest.mark.anyio

FOUND = Found("bí mật", Provenance(source="land", as_of=date(2031, 3, 1), retrieved_at=NOW))


class Away:
    """A store that does not answer."""

    async def commit(self, changes, events=(), *, now):
        raise StorageUnavailable


async def test_workers_add_up_on_every_store(storage, clock):
    for holder, count in (("one", 3), ("two", 4)):
        counting = Counting(clock, holder)
        for _ in range(count):
            counting.count("land", "land-register", {"area": FOUND, "owner": Absent("empty")})
        await counting.store(storage.store)
        await counting.store(storage.store)
    figures = Figures(storage.store, clock)
    tallies = (await figures.recent())["land"]
    assert (tallies["area"], tallies["owner"]) == (Tally(found=7), Tally(absent=7))
    assert await figures.last_used("land-register") == date(2031, 3, 1)
    assert await figures.last_used("land") is None
    records = await storage.store.select(Kind.SOURCE_FIGURES)
    assert len(records) == 2
    assert "bí mật" not in str(records)


async def test_what_could_not_be_stored_is_stored_later_also_over_midnight(storage, clock):
    counting = Counting(clock, "one")
    counting.count("land", "land", {"area": FOUND})
    with pytest.raises(StorageUnavailable):
        await counting.store(Away())
    clock.move(timedelta(days=1))
    counting.count("land", "land", {"area": Refused("purpose_denied")})
    with pytest.raises(StorageUnavailable):
        await counting.store(Away())
    await counting.store(storage.store)
    assert (await Figures(storage.store, clock).recent())["land"]["area"] == Tally(found=1, refused=1)
    assert len(await storage.store.select(Kind.SOURCE_FIGURES)) == 2


def test_a_rate_of_few_answers_is_not_told():
    assert filled_percent(None) is None
    assert filled_percent(Tally(found=FEWEST - 1)) is None
    assert filled_percent(Tally(found=FEWEST - 1, unavailable=100)) is None
    assert filled_percent(Tally(found=2, absent=1, refused=9)) is None
    assert filled_percent(Tally(found=3, absent=2)) == 60
