"""A hint saves a round trip and decides nothing: the grant's own record names the session."""

from dataclasses import replace
from typing import Any

import provider_house as world
import pytest
from journey import obtain_tokens, shown_by

from gateway.openid_provider.bearer import read_caller
from gateway.openid_provider.session_hints import SessionHints
from gateway.vocabulary.store import Kind, Put, RecordKey, Remove

pytestmark = pytest.mark.anyio


class CountingStore:
    """A store that counts round trips."""

    def __init__(self, store: Any) -> None:
        self._store, self.trips = store, 0

    async def load(self, *addresses: RecordKey) -> Any:
        self.trips += 1
        return await self._store.load(*addresses)


def test_a_hint_is_remembered_once() -> None:
    hints = SessionHints()
    assert hints.get("grant-1") is None
    hints.remember("grant-1", "session-1")
    hints.remember("grant-1", "session-2")
    assert hints.get("grant-1") == "session-1"


def test_the_oldest_hints_are_forgotten() -> None:
    hints = SessionHints()
    for number in range(16_385):
        hints.remember(f"grant-{number}", "session")
    assert hints.get("grant-0") is None
    assert hints.get("grant-16384") == "session"


async def test_who_is_known_is_read_in_one_round_trip_with_what_is_wanted_beside(provider: world.Provider) -> None:
    token = (await obtain_tokens(provider))["access_token"]
    counting = CountingStore(provider.house.store)
    house = replace(provider.house, store=counting)
    wanted: list[str] = []

    def beside(grant_id: str) -> tuple[RecordKey, ...]:
        wanted.append(grant_id)
        return (RecordKey(Kind.GRANT, grant_id), RecordKey(Kind.KEPT_ANSWERS, "none"))

    caller = await read_caller(house, shown_by(token), beside)
    assert (caller.session_alive, counting.trips) == (True, 1)
    grant, nothing = caller.beside
    assert (grant and grant.key, nothing) == (wanted[0], None)


async def test_without_a_hint_the_session_is_found_all_the_same(provider: world.Provider) -> None:
    token = (await obtain_tokens(provider))["access_token"]
    counting = CountingStore(provider.house.store)
    house = replace(provider.house, store=counting, session_hints=SessionHints())
    assert (await read_caller(house, shown_by(token))).session_alive
    assert counting.trips == 2
    assert (await read_caller(house, shown_by(token))).session_alive
    assert counting.trips == 3


async def test_a_wrong_hint_decides_nothing(provider: world.Provider) -> None:
    """Of two people at two browsers one signs out; a hint that names the other's living session keeps nobody in."""
    token = (await obtain_tokens(provider))["access_token"]
    house = provider.house
    (grant_id,) = house.session_hints._keys
    session = RecordKey(Kind.SESSION, house.session_hints.get(grant_id) or "")
    (living,) = await house.store.load(session)
    assert living is not None
    await house.store.commit([Put(replace(living, key="somebody-elses"))], now=house.clock.now())
    await house.store.commit([Remove(session)], now=house.clock.now())
    hints = SessionHints()
    hints.remember(grant_id, "somebody-elses")
    caller = await read_caller(replace(house, session_hints=hints), shown_by(token))
    assert not caller.session_alive
