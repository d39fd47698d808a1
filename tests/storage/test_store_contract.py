"""One suite for every setting: each change, each outcome, side by side."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.vocabulary.store import (
    Insert,
    Kind,
    Outcome,
    Put,
    Remove,
    Replace,
    Require,
    Revoke,
    Spend,
    StorageUnavailable,
    Verdict,
)
from tests.storage.records import at, break_events, code, grant, mend_events, record, sql, stored_event, together

pytestmark = pytest.mark.anyio

KINDS = [kind for kind in Kind if kind is not Kind.CITIZEN_KEY]
CODE, GRANT = at(Kind.CODE, "grant-1.code"), at(Kind.GRANT, "grant-1")


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_comes_back_as_it_was_stored(storage, now, kind):
    whole = record(
        kind,
        "k",
        now,
        body={"name": "H'Ƀil Niê Kđăm", "list": [1, None, {"x": True}], "big": 2**53},
        subject="citizen-1",
        version=3,
    )
    assert (await storage.store.commit([Insert(whole)], now=now)).done
    assert await storage.store.load(at(kind, "k"), at(kind, "other")) == (whole, None)


async def test_load_keeps_the_order_asked_across_kinds(storage, now):
    stored = [
        grant(now),
        code(now),
        record(Kind.REFRESH_TOKEN, "r", now, group="grant-1"),
        record(Kind.SESSION, "s", now),
    ]
    await storage.store.commit([Insert(one) for one in stored], now=now)
    asked = [one.address for one in reversed(stored)]
    loaded = await storage.store.load(*asked, at(Kind.PORTAL, "none"), asked[0])
    assert loaded == (*reversed(stored), None, stored[-1])
    assert await storage.store.load() == ()


async def test_a_record_without_expiry_stays(storage, now):
    portal, session = record(Kind.PORTAL, "p", now, minutes=None), record(Kind.SESSION, "s", now, minutes=None)
    await storage.store.commit([Insert(portal), Insert(session)], now=now)
    assert (await storage.store.commit([Require(portal.address)], now=now + timedelta(days=9000))).done
    assert (await storage.store.commit([Require(session.address)], now=now + timedelta(days=9000))).done


@pytest.mark.parametrize("kind", [Kind.SESSION, Kind.REPLAY_MARK, Kind.RECEIPT, Kind.GRANT])
async def test_insert_is_lost_while_a_record_lives_and_not_after(storage, now, kind):
    one = record(kind, "k", now, minutes=5)
    assert (await storage.store.commit([Insert(one)], now=now)).done
    assert await storage.store.commit([Insert(one)], now=now) == Verdict(Outcome.EXISTS, 0)
    later = now + timedelta(minutes=5)
    assert await storage.store.commit([Insert(one)], now=later - timedelta(microseconds=1)) == Verdict(
        Outcome.EXISTS, 0
    )
    again = record(kind, "k", later, body={"n": 2})
    assert (await storage.store.commit([Insert(again)], now=later)).done
    assert (await storage.store.load(one.address))[0] == again


@pytest.mark.parametrize("kind", [Kind.SESSION, Kind.PORTAL, Kind.GRANT])
async def test_put_stores_whatever_was_there(storage, now, kind):
    for number in (1, 2):
        one = record(kind, "k", now, body={"n": number})
        assert (await storage.store.commit([Put(one)], now=now)).done
        assert (await storage.store.load(one.address))[0] == one


@pytest.mark.parametrize("kind", [Kind.COUNTER, Kind.CITIZEN, Kind.GRANT])
async def test_replace_wants_the_version_before(storage, now, kind):
    one = record(kind, "k", now)
    two = replace(one, body={"n": 2}, version=2)
    assert await storage.store.commit([Replace(two)], now=now) == Verdict(Outcome.CHANGED, 0)
    await storage.store.commit([Insert(one)], now=now)
    assert await storage.store.commit([Replace(replace(two, version=4))], now=now) == Verdict(Outcome.CHANGED, 0)
    assert (await storage.store.commit([Replace(two)], now=now)).done
    assert await storage.store.commit([Replace(replace(two, body={"n": 9}))], now=now) == Verdict(Outcome.CHANGED, 0)
    assert (await storage.store.load(one.address))[0] == two


@pytest.mark.parametrize("kind", [Kind.COUNTER, Kind.CITIZEN])
async def test_of_two_replacements_one_wins(storage, now, kind):
    one = record(kind, "k", now)
    await storage.store.commit([Insert(one)], now=now)
    changes = [Replace(replace(one, body={"n": number}, version=2)) for number in range(20)]
    verdicts = await together(*(storage.store.commit([change], now=now) for change in changes))
    assert sorted(verdict.outcome for verdict in verdicts) == ["changed"] * 19 + ["done"]


@pytest.mark.parametrize("kind", [Kind.CODE, Kind.UPSTREAM_STATE, Kind.REFRESH_TOKEN])
async def test_spend_has_every_verdict(storage, now, kind):
    one = record(kind, "k", now, group="grant-1")
    assert await storage.store.commit([Spend(one.address)], now=now) == Verdict(Outcome.UNKNOWN, 0)
    await storage.store.commit([Insert(grant(now)), Insert(one)], now=now)
    late = one.expires_at
    assert await storage.store.commit([Spend(one.address)], now=late) == Verdict(Outcome.EXPIRED, 0)
    assert (await storage.store.commit([Spend(one.address)], now=late - timedelta(microseconds=1))).done
    spent = (await storage.store.load(one.address))[0]
    assert (spent.state, spent.version, spent.body) == ("used", 2, one.body)
    gentle = Spend(one.address, revoke_on_replay=False)
    assert await storage.store.commit([gentle], now=now) == Verdict(Outcome.REPLAY, 0)
    assert (await storage.store.commit([Require(GRANT)], now=now)).done
    assert await storage.store.commit([Spend(one.address)], now=now) == Verdict(Outcome.REPLAY, 0)
    assert await storage.store.commit([Spend(one.address)], now=now) == Verdict(Outcome.REVOKED, 0)
    assert await storage.store.commit([Require(GRANT)], now=now) == Verdict(Outcome.REVOKED, 0)


async def test_a_replay_kills_every_record_of_the_grant_and_no_other(storage, now):
    token, refresh = (
        record(Kind.ACCESS_TOKEN, "t", now, group="grant-1"),
        record(Kind.REFRESH_TOKEN, "r", now, group="grant-1"),
    )
    other = [grant(now, "grant-2"), record(Kind.ACCESS_TOKEN, "t2", now, group="grant-2")]
    await storage.store.commit([Insert(grant(now)), Insert(code(now))] + [Insert(one) for one in other], now=now)
    issued = [Spend(CODE), Insert(token), Insert(refresh)]
    assert (await storage.store.commit(issued, [stored_event(now)], now=now)).done
    replayed = [Insert(record(Kind.SESSION, "s", now)), Spend(CODE)]
    assert await storage.store.commit(replayed, [stored_event(now)], now=now) == Verdict(Outcome.REPLAY, 1)
    loaded = await storage.store.load(GRANT, CODE, token.address, refresh.address)
    assert [one.state for one in loaded] == ["revoked"] * 4
    assert await storage.store.commit([Require(token.address)], now=now) == Verdict(Outcome.REVOKED, 0)
    assert await storage.store.commit([Spend(refresh.address)], now=now) == Verdict(Outcome.REVOKED, 0)
    assert [one.state for one in await storage.store.load(*(one.address for one in other))] == ["active", "active"]
    assert await storage.store.load(at(Kind.SESSION, "s")) == (None,)
    assert len(await storage.journal.pending(10)) == 1


async def test_a_replayed_refresh_token_kills_the_access_tokens(storage, now):
    refresh, token = (
        record(Kind.REFRESH_TOKEN, "r", now, group="grant-1"),
        record(Kind.ACCESS_TOKEN, "t", now, group="grant-1"),
    )
    await storage.store.commit([Insert(grant(now)), Insert(refresh), Insert(token)], now=now)
    assert (await storage.store.commit([Spend(refresh.address)], now=now)).done
    assert await storage.store.commit([Spend(refresh.address)], now=now) == Verdict(Outcome.REPLAY, 0)
    assert [one.state for one in await storage.store.load(token.address, GRANT)] == ["revoked", "revoked"]


async def test_require_writes_nothing_and_tells_why(storage, now):
    one = record(Kind.SESSION, "s", now)
    assert await storage.store.commit([Require(one.address)], now=now) == Verdict(Outcome.UNKNOWN, 0)
    await storage.store.commit([Insert(one)], now=now)
    assert (await storage.store.commit([Require(one.address)], now=now)).done
    assert (await storage.store.load(one.address))[0] == one
    assert await storage.store.commit([Require(one.address)], now=one.expires_at) == Verdict(Outcome.EXPIRED, 0)
    await storage.store.commit([Spend(one.address)], now=now)
    assert await storage.store.commit([Require(one.address)], now=now) == Verdict(Outcome.REPLAY, 0)


@pytest.mark.parametrize("change", [Require, lambda address: Spend(address, revoke_on_replay=False)])
@pytest.mark.parametrize("kind", [Kind.REFRESH_TOKEN, Kind.CODE])
async def test_a_replay_that_is_not_to_revoke_leaves_the_grant_alone(storage, now, change, kind):
    one, token = record(kind, "k", now, group="grant-1"), record(Kind.ACCESS_TOKEN, "t", now, group="grant-1")
    await storage.store.commit([Insert(grant(now)), Insert(one), Insert(token), Spend(one.address)], now=now)
    changes = [change(one.address), Revoke("grant-1")]
    assert await storage.store.commit(changes, [stored_event(now)], now=now) == Verdict(Outcome.REPLAY, 0)
    assert await storage.store.load(GRANT, token.address) == (grant(now), token)


async def test_a_group_without_its_grant_is_revoked(storage, now):
    await storage.store.commit(
        [Insert(code(now)), Insert(record(Kind.REFRESH_TOKEN, "r", now, group="grant-1"))], now=now
    )
    loaded = await storage.store.load(CODE, at(Kind.REFRESH_TOKEN, "r"))
    assert [one.state for one in loaded] == ["revoked", "revoked"]
    assert await storage.store.commit([Spend(CODE)], now=now) == Verdict(Outcome.REVOKED, 0)


async def test_remove_has_no_verdict_for_what_is_not_there(storage, now):
    stored = [record(Kind.SESSION, "s", now), record(Kind.PORTAL, "p", now), grant(now)]
    await storage.store.commit([Insert(one) for one in stored], now=now)
    for _ in range(2):
        assert (await storage.store.commit([Remove(one.address) for one in stored], now=now)).done
    assert await storage.store.load(*(one.address for one in stored)) == (None, None, None)


async def test_a_revoked_grant_stays_revoked_whatever_is_written_over_it(storage, now):
    await storage.store.commit([Insert(grant(now)), Insert(code(now))], now=now)
    assert (await storage.store.commit([Revoke("grant-1")], now=now)).done
    assert await storage.store.commit([Replace(replace(grant(now), version=2))], now=now) == Verdict(Outcome.CHANGED, 0)
    assert (await storage.store.commit([Replace(replace(grant(now), version=3))], now=now)).done
    assert (await storage.store.commit([Put(grant(now))], now=now)).done
    assert [one.state for one in await storage.store.load(GRANT, CODE)] == ["revoked", "revoked"]
    assert (await storage.store.commit([Revoke("grant-1"), Revoke("never-there")], now=now)).done


@pytest.mark.parametrize("loser", [Spend(CODE), Require(at(Kind.PORTAL, "none")), Require(at(Kind.SESSION, "none"))])
async def test_a_lost_change_takes_everything_with_it(storage, now, loser):
    kept = grant(now, "kept")
    await storage.store.commit([Insert(kept), Insert(record(Kind.SESSION, "kept", now))], now=now)
    changes = [
        Insert(grant(now)),
        Insert(record(Kind.SESSION, "s", now)),
        Insert(record(Kind.PORTAL, "p", now)),
        Put(record(Kind.SESSION, "kept", now, body={"n": 2})),
        Replace(replace(kept, body={"n": 2}, version=2)),
        Revoke("kept"),
        Remove(at(Kind.SESSION, "kept")),
        loser,
    ]
    assert await storage.store.commit(changes, [stored_event(now)], now=now) == Verdict(Outcome.UNKNOWN, 7)
    loaded = await storage.store.load(
        GRANT, at(Kind.SESSION, "s"), at(Kind.PORTAL, "p"), kept.address, at(Kind.SESSION, "kept")
    )
    assert loaded == (None, None, None, kept, record(Kind.SESSION, "kept", now))
    assert await storage.journal.pending(10) == []


async def test_changes_of_one_commit_see_each_other(storage, now):
    changes = [Insert(grant(now)), Insert(code(now)), Spend(CODE), Require(GRANT)]
    assert (await storage.store.commit(changes, now=now)).done
    twice = [
        Insert(grant(now, "g2")),
        Insert(code(now, "g2.c", "g2")),
        Spend(at(Kind.CODE, "g2.c")),
        Spend(at(Kind.CODE, "g2.c")),
    ]
    assert (await storage.store.commit(twice, now=now)).lost_at == 3
    assert await storage.store.load(at(Kind.CODE, "g2.c")) == (None,)


async def test_an_event_that_cannot_be_stored_leaves_nothing(storage, urls, now):
    await storage.store.commit([Insert(grant(now)), Insert(code(now))], now=now)
    await break_events(urls)
    with pytest.raises(StorageUnavailable) as refused:
        await storage.store.commit(
            [
                Spend(CODE),
                Insert(record(Kind.ACCESS_TOKEN, "t", now)),
                Insert(record(Kind.RECEIPT, "x", now)),
                Revoke("grant-1"),
            ],
            [stored_event(now)],
            now=now,
        )
    assert "fire" not in str(refused.value) + refused.value.operator_detail
    loaded = await storage.store.load(CODE, GRANT, at(Kind.ACCESS_TOKEN, "t"), at(Kind.RECEIPT, "x"))
    assert loaded == (code(now), grant(now), None, None)
    await mend_events(urls)
    assert (await storage.store.commit([Spend(CODE)], [stored_event(now)], now=now)).done


async def test_a_failing_event_harms_no_other_commit_of_the_moment(storage, urls, now):
    await break_events(urls)
    works = []
    for number in range(30):
        events = [stored_event(now)] if number % 3 == 0 else []
        works.append(storage.store.commit([Insert(record(Kind.RECEIPT, f"k{number}", now))], events, now=now))

    async def outcome(work):
        try:
            return (await work).outcome
        except StorageUnavailable:
            return "unavailable"

    outcomes = await together(*map(outcome, works))
    assert outcomes == ["done" if number % 3 else "unavailable" for number in range(30)]
    loaded = await storage.store.load(*(at(Kind.RECEIPT, f"k{number}") for number in range(30)))
    assert [one is not None for one in loaded] == [number % 3 != 0 for number in range(30)]


async def test_select_gives_the_newest_first(storage, now):
    for kind in (Kind.SESSION, Kind.NOTICE_MEMORY):
        for number in range(4):
            one = record(
                kind, f"k{number}", now, subject=f"citizen-{number % 2}", group="grant-1" if number < 2 else None
            )
            await storage.store.commit([Insert(one)], now=now)
        found = [one.key for one in await storage.store.select(kind)]
        assert found == ["k3", "k2", "k1", "k0"]
        assert [one.key for one in await storage.store.select(kind, subject="citizen-1")] == ["k3", "k1"]
        assert [(one.key, one.state) for one in await storage.store.select(kind, group="grant-1")] == [
            ("k1", "revoked"),
            ("k0", "revoked"),
        ]
        assert [one.key for one in await storage.store.select(kind, limit=1)] == ["k3"]
    assert await storage.store.select(Kind.PORTAL) == []


async def test_purge_keeps_tombstones_inside_their_window_and_every_event(storage, urls, now):
    spent = record(Kind.REFRESH_TOKEN, "r", now, group="grant-1")
    await storage.store.commit([Insert(grant(now)), Insert(code(now)), Insert(spent)], now=now)
    await storage.store.commit([Spend(spent.address), Spend(CODE)], [stored_event(now)], now=now)
    assert await storage.purge(spent.expires_at + timedelta(minutes=9)) <= 1
    assert await storage.store.commit([Spend(spent.address)], now=now) == Verdict(Outcome.REPLAY, 0)
    later = now + timedelta(days=2)
    await storage.purge(later)
    assert await sql(urls, "SELECT count(*) FROM record WHERE kind <> 'citizen_key'") == [(0,)]
    assert await sql(urls, "SELECT count(*) FROM spent") == [(0,)]
    assert len(await storage.journal.pending(10)) == 1


async def test_data_keys_are_the_storages_own(storage, now):
    for change in (Insert, Put, Replace):
        with pytest.raises(ValueError, match="data keys"):
            await storage.store.commit([change(record(Kind.CITIZEN_KEY, "c", now))], now=now)
    with pytest.raises(ValueError, match="NUL"):
        await storage.store.commit([Insert(record(Kind.SESSION, "a\0b", now))], now=now)


async def test_check_finds_everything_in_order(storage, urls):
    findings = {finding.name: finding for finding in await storage.check()}
    assert all(finding.in_order for finding in findings.values()), findings
    assert {"database", "migrations"} <= findings.keys()
    assert ("redis aof" in findings) == (urls.redis is not None)


async def test_the_earliest_come_first_whatever_the_order_they_were_stored_in(storage, now):
    stored = [record(Kind.DELIVERY, key, now) for key in ("0c", "0a", "0d", "0b")]
    await storage.store.commit([Insert(one) for one in stored], now=now)
    await storage.store.commit([Spend(at(Kind.DELIVERY, "0b"), revoke_on_replay=False)], now=now)
    keys = [one.key for one in await storage.store.earliest(Kind.DELIVERY, before="0d")]
    assert keys == ["0a", "0c"], "what is used is left out, and so is what stands at `before` or behind"
    assert [one.key for one in await storage.store.earliest(Kind.DELIVERY, before="g", limit=1)] == ["0a"]
    with pytest.raises(ValueError, match="durable"):
        await storage.store.earliest(Kind.SESSION, before="g")
