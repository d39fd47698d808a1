"""The ring of signing keys: first keys, rotation, retirement, several workers, on a store of a few lines."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.tokens import jose
from gateway.tokens.keys import KeyRing, KeyRingChanged, KeyState, KeyStepTooEarly, UnknownSigningKey
from gateway.vocabulary.clock import SettableClock, SystemRandomness
from gateway.vocabulary.store import (
    Change,
    Insert,
    Kind,
    Outcome,
    Put,
    Record,
    RecordKey,
    Replace,
    StorageUnavailable,
    StoredEvent,
    Verdict,
)

pytestmark = pytest.mark.anyio
START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PUBLISH, RETIRE = timedelta(hours=1), timedelta(days=2)


class Shelf:
    """Records in a dict; `commit` applies all or nothing. `broken` makes it fail like a database that is away."""

    def __init__(self) -> None:
        self.records: dict[RecordKey, Record] = {}
        self.broken = False
        self.commits = 0

    async def load(self, *addresses: RecordKey) -> tuple[Record | None, ...]:
        if self.broken:
            raise StorageUnavailable
        return tuple(self.records.get(address) for address in addresses)

    async def select(
        self, kind: Kind, *, subject: str | None = None, group: str | None = None, limit: int = 1000
    ) -> list[Record]:
        return [record for record in self.records.values() if record.kind is kind]

    async def commit(self, changes: Sequence[Change], events: Sequence[StoredEvent] = (), *, now: datetime) -> Verdict:
        await asyncio.sleep(0)
        self.commits += 1
        waiting = dict(self.records)
        for position, change in enumerate(changes):
            assert isinstance(change, Insert | Put | Replace)
            record = change.record
            if isinstance(change, Insert) and record.address in waiting:
                return Verdict(Outcome.EXISTS, position)
            if isinstance(change, Replace) and waiting[record.address].version != record.version - 1:
                return Verdict(Outcome.CHANGED, position)
            waiting[record.address] = record
        self.records = waiting
        return Verdict(Outcome.DONE)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(START)


async def open_ring(shelf: Shelf, clock: SettableClock) -> KeyRing:
    return await KeyRing.open(shelf, shelf, clock, SystemRandomness(), publish_for=PUBLISH, retire_for=RETIRE)


def claims(clock: SettableClock) -> dict[str, object]:
    at = int(clock.now().timestamp())
    return {"iss": "https://gate.example", "sub": "s", "aud": "c", "iat": at, "exp": at + 300}


def verified(ring: KeyRing, token: str, clock: SettableClock) -> dict[str, object]:
    return jose.verify(token, jose.ID_TOKEN, ring, now=clock.now())


def kid_of(token: str) -> str:
    from joserfc.jws import extract_compact

    return str(extract_compact(token.encode()).headers()["kid"])


async def test_a_new_store_gets_one_key_of_each_algorithm_in_use_at_once(shelf: Shelf, clock: SettableClock) -> None:
    ring = await open_ring(shelf, clock)
    assert [key["alg"] for key in ring.jwks()["keys"]] == ["ES256", "Ed25519", "PS256", "RS256"]
    assert all({"kid", "use", "alg", "kty"} <= key.keys() and "d" not in key for key in ring.jwks()["keys"])
    for alg in ("ES256", "RS256", "PS256", "Ed25519", "EdDSA"):
        token = ring.sign(claims(clock), typ="JWT", alg=alg)
        assert verified(ring, token, clock)["sub"] == "s"


async def test_workers_that_start_together_end_with_the_same_keys(shelf: Shelf, clock: SettableClock) -> None:
    rings = await asyncio.gather(*(open_ring(shelf, clock) for _ in range(3)))
    assert shelf.commits > 1, "the race did not happen"
    assert len({str(ring.jwks()) for ring in rings}) == 1
    assert len({ring.log_key() for ring in rings}) == 1
    assert len({ring.pairwise_key() for ring in rings}) == 1
    assert len(rings[0].log_key()) == len(rings[0].log_public_key()) == len(rings[0].pairwise_key()) == 32


async def test_the_log_key_is_in_no_key_set(shelf: Shelf, clock: SettableClock) -> None:
    ring = await open_ring(shelf, clock)
    assert ring.log_kid not in {key["kid"] for key in ring.jwks()["keys"]}
    assert ring.candidates(ring.log_kid, "Ed25519") == []


async def test_publish_use_retire(shelf: Shelf, clock: SettableClock) -> None:
    ring = await open_ring(shelf, clock)
    old_token = ring.sign(claims(clock), typ="JWT")
    fresh = await ring.rotate("ES256", clock.now())
    # published, not used
    assert fresh.kid in {key["kid"] for key in ring.jwks()["keys"]}
    assert kid_of(ring.sign(claims(clock), typ="JWT")) == kid_of(old_token)
    assert ring.jwks_max_age <= PUBLISH.total_seconds()
    # used, and what the old key signed still verifies
    clock.move(PUBLISH)
    new_token = ring.sign(claims(clock), typ="JWT")
    assert kid_of(new_token) == fresh.kid
    jose.verify(old_token, jose.ID_TOKEN_HINT, ring, now=clock.now())
    # retired by time
    clock.move(RETIRE)
    assert kid_of(old_token) not in {key["kid"] for key in ring.jwks()["keys"]}
    with pytest.raises(jose.JoseRefused) as refusal:
        jose.verify(old_token, jose.ID_TOKEN_HINT, ring, now=clock.now())
    assert refusal.value.rule == "kid"
    jose.verify(new_token, jose.ID_TOKEN_HINT, ring, now=clock.now())


async def test_every_moment_of_a_rotation_signs_with_a_published_key(shelf: Shelf, clock: SettableClock) -> None:
    ring = await open_ring(shelf, clock)
    await ring.rotate("ES256", clock.now())
    for _ in range(60):
        token = ring.sign(claims(clock), typ="JWT")
        assert kid_of(token) in {key["kid"] for key in ring.jwks()["keys"]}
        verified(ring, token, clock)
        clock.move(timedelta(minutes=61))


async def test_steps_too_early_are_refused_unless_forced(shelf: Shelf, clock: SettableClock) -> None:
    ring = await open_ring(shelf, clock)
    old = kid_of(ring.sign(claims(clock), typ="JWT"))
    with pytest.raises(KeyStepTooEarly):
        await ring.retire(old, clock.now(), force=True)
    fresh = await ring.rotate("ES256", clock.now())
    with pytest.raises(KeyStepTooEarly):
        await ring.rotate("ES256", clock.now())
    again = await ring.rotate("ES256", clock.now(), force=True)
    assert again.kid == fresh.kid
    assert kid_of(ring.sign(claims(clock), typ="JWT")) == fresh.kid
    with pytest.raises(KeyStepTooEarly):
        await ring.retire(old, clock.now())
    await ring.retire(old, clock.now(), force=True)
    assert old not in {key["kid"] for key in ring.jwks()["keys"]}
    assert next(key for key in ring.listed() if key.kid == old).state(clock.now()) is KeyState.RETIRED
    assert "d" not in shelf.records[RecordKey(Kind.SIGNING_KEY, old)].body["jwk"]
    assert (await ring.retire(old, clock.now())).kid == old, "retiring twice changes nothing"


async def test_what_time_retired_loses_its_private_half_at_the_next_change(shelf: Shelf, clock: SettableClock) -> None:
    ring = await open_ring(shelf, clock)
    old = kid_of(ring.sign(claims(clock), typ="JWT"))
    await ring.rotate("ES256", clock.now())
    clock.move(PUBLISH + RETIRE)
    assert "d" in shelf.records[RecordKey(Kind.SIGNING_KEY, old)].body["jwk"]
    await ring.rotate("RS256", clock.now())
    assert "d" not in shelf.records[RecordKey(Kind.SIGNING_KEY, old)].body["jwk"]


async def test_unknown_names_are_refused(shelf: Shelf, clock: SettableClock) -> None:
    ring = await open_ring(shelf, clock)
    with pytest.raises(UnknownSigningKey):
        await ring.retire("nobody", clock.now())
    with pytest.raises(UnknownSigningKey):
        await ring.rotate("HS256", clock.now())


async def test_another_worker_sees_a_rotation_after_refresh_and_changes_over_with_it(
    shelf: Shelf, clock: SettableClock
) -> None:
    one, other = await open_ring(shelf, clock), await open_ring(shelf, clock)
    fresh = await one.rotate("ES256", clock.now())
    assert await other.refresh() is True
    assert await other.refresh() is False
    clock.move(PUBLISH - timedelta(seconds=1))
    before = kid_of(other.sign(claims(clock), typ="JWT"))
    assert before == kid_of(one.sign(claims(clock), typ="JWT")) != fresh.kid
    clock.move(timedelta(seconds=1))
    assert kid_of(other.sign(claims(clock), typ="JWT")) == kid_of(one.sign(claims(clock), typ="JWT")) == fresh.kid


async def test_of_two_rotations_at_once_one_wins(shelf: Shelf, clock: SettableClock) -> None:
    one, other = await open_ring(shelf, clock), await open_ring(shelf, clock)
    outcomes = await asyncio.gather(
        one.rotate("ES256", clock.now()), other.rotate("ES256", clock.now()), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, KeyRingChanged | KeyStepTooEarly)]
    assert len(refused) == 1
    await one.refresh()
    assert sum(key.alg == "ES256" for key in one.listed()) == 2


async def test_a_ring_record_changed_between_is_a_lost_race(shelf: Shelf, clock: SettableClock) -> None:
    ring = await open_ring(shelf, clock)
    address = RecordKey(Kind.SIGNING_KEY, "ring")

    async def generate_slowly(alg: str, published_at: datetime, use_at: datetime):
        shelf.records[address] = replace(shelf.records[address], version=9)
        return ring.listed()[0]

    ring._generate = generate_slowly  # type: ignore[method-assign]
    with pytest.raises(KeyRingChanged):
        await ring.rotate("ES256", clock.now())


async def test_the_background_refresh_outlives_a_store_that_is_away(shelf: Shelf, clock: SettableClock) -> None:
    one, other = await open_ring(shelf, clock), await open_ring(shelf, clock)
    fresh = await one.rotate("ES256", clock.now())
    shelf.broken = True
    task = asyncio.create_task(other.keep_fresh(every_s=0.001))
    await asyncio.sleep(0.01)
    assert fresh.kid not in {key["kid"] for key in other.jwks()["keys"]}
    assert other.sign(claims(clock), typ="JWT")
    shelf.broken = False
    async with asyncio.timeout(60):
        while fresh.kid not in {key["kid"] for key in other.jwks()["keys"]}:  # noqa: ASYNC110  polls on purpose
            await asyncio.sleep(0.001)
    task.cancel()
