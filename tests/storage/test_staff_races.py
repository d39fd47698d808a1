"""The staff realm's races on every store: a device code gives one token, a user code and an approval end one way."""

from collections import Counter
from datetime import timedelta

import pytest

from gateway.storage.open import open_storage
from gateway.vocabulary.clock import SystemRandomness
from gateway.vocabulary.store import Insert, Kind, Outcome, Record, Replace, Require, Spend
from tests.services import MASTER_KEY
from tests.storage.records import at, grant, record, stored_event, together

pytestmark = pytest.mark.anyio

ROUNDS = 10


@pytest.fixture
async def two(storage, urls, anyio_backend):
    """The same store opened twice, as two workers have it."""
    other = await open_storage(urls.store, urls.redis, master_key=MASTER_KEY, randomness=SystemRandomness())
    yield storage.store, other.store
    await other.close()


def device(now, name, *, status="pending", version=1, group=None):
    return Record(
        kind=Kind.DEVICE_CODE,
        key=f"{name}.device",
        body={"status": status},
        group=group,
        version=version,
        expires_at=now + timedelta(minutes=10),
    )


async def test_a_user_code_is_decided_once_and_leaves_one_grant_or_none(storage, two, now):
    for number in range(ROUNDS):
        name = f"g{number}"
        typed = record(Kind.USER_CODE, f"{name}.typed", now)
        await storage.store.commit([Insert(device(now, name)), Insert(typed)], now=now)
        spend = Spend(typed.address, revoke_on_replay=False)
        allow = [spend, Insert(grant(now, name)), Replace(device(now, name, status="approved", version=2, group=name))]
        deny = [spend, Replace(device(now, name, status="denied", version=2))]
        verdicts = await together(
            *(store.commit(changes, [stored_event(now)], now=now) for store in two for changes in (allow, deny) * 5)
        )
        counted = Counter(verdict.outcome for verdict in verdicts)
        # where Redis decides first, a second yes may find the grant there before it finds the code spent
        assert (counted[Outcome.DONE], counted[Outcome.REPLAY] + counted[Outcome.EXISTS]) == (1, 19)
        (stored, given) = await storage.store.load(at(Kind.DEVICE_CODE, f"{name}.device"), at(Kind.GRANT, name))
        assert (stored.body["status"] == "approved") == (given is not None)
        assert stored.state == "active"
    assert len(await storage.journal.pending(1000)) == ROUNDS


async def test_forty_polls_of_two_workers_get_one_token_and_the_rest_end_the_grant(storage, two, now):
    for number in range(ROUNDS):
        name = f"g{number}"
        allowed = device(now, name, status="approved", group=name)
        await storage.store.commit([Insert(grant(now, name)), Insert(allowed)], now=now)
        tokens = [record(Kind.STAFF_TOKEN, f"{name}.token.{place}", now, group=name) for place in range(40)]
        verdicts = await together(
            *(
                two[place % 2].commit([Spend(allowed.address), Insert(token)], [stored_event(now)], now=now)
                for place, token in enumerate(tokens)
            )
        )
        counted = Counter(verdict.outcome for verdict in verdicts)
        assert counted[Outcome.DONE] == 1
        assert counted[Outcome.REPLAY] >= 1
        assert counted[Outcome.REPLAY] + counted[Outcome.REVOKED] == 39
        kept = [one for one in await storage.store.load(*(token.address for token in tokens)) if one is not None]
        assert [one.state for one in kept] == ["revoked"]
        assert (await storage.store.commit([Require(at(Kind.GRANT, name))], now=now)).outcome is Outcome.REVOKED
    assert len(await storage.journal.pending(1000)) == ROUNDS


async def test_an_approval_ends_one_way_and_the_act_is_stored_with_the_yes_or_not_at_all(storage, two, now):
    for number in range(ROUNDS):
        waiting = Record(kind=Kind.APPROVAL, key=f"ap{number}", body={"state": "waiting"})
        await storage.store.commit([Insert(waiting)], now=now)

        def decided(state, key=waiting.key):
            return Replace(Record(kind=Kind.APPROVAL, key=key, body={"state": state}, version=2))

        acts = [record(Kind.PORTAL, f"portal-{number}-{place}", now) for place in range(10)]
        verdicts = await together(
            *(
                two[place % 2].commit([Insert(act), decided("approved")], [stored_event(now)], now=now)
                for place, act in enumerate(acts)
            ),
            *(store.commit([decided("rejected")], [stored_event(now)], now=now) for store in two for _ in range(5)),
        )
        assert Counter(verdict.outcome for verdict in verdicts) == {Outcome.DONE: 1, Outcome.CHANGED: 19}
        (stored,) = await storage.store.load(waiting.address)
        done = [one for one in await storage.store.load(*(act.address for act in acts)) if one is not None]
        assert len(done) == (1 if stored.body["state"] == "approved" else 0)
    assert len(await storage.journal.pending(1000)) == ROUNDS
