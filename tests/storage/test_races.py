"""Single use under parallel callers: tasks, processes, a Redis that forgets, a Redis that is killed."""

import asyncio
import json
import os
import sys
from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import chain
from pathlib import Path

import pytest

from gateway.storage.open import open_storage
from gateway.vocabulary.clock import SystemRandomness
from gateway.vocabulary.store import Insert, Kind, Outcome, Require, Revoke, Spend, StorageUnavailable, Verdict
from tests.services import MASTER_KEY, RedisServer, Urls, redis_server
from tests.storage.records import at, code, grant, record, sql, stored_event, together

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
ROUNDS = 50


@asynccontextmanager
async def racer(urls: Urls, now, parallel: int):
    """Run a second process of the gateway's storage."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(Path(__file__).with_name("racer.py"))),
        *(urls.store, urls.redis or "", MASTER_KEY.hex(), now.isoformat(), str(parallel)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.stdin.close()
        await process.wait()


async def ask(process, name: str) -> list[str]:
    """Have a racer spend the code of a grant."""
    process.stdin.write(f"{name}\n".encode())
    return json.loads(await process.stdout.readline())


async def test_forty_tasks_spend_one_code_fifty_times(storage, now):
    for number in range(ROUNDS):
        name = f"g{number}"
        await storage.store.commit([Insert(grant(now, name)), Insert(code(now, f"{name}.code", name))], now=now)
        spend = Spend(at(Kind.CODE, f"{name}.code"))
        verdicts = await together(*(storage.store.commit([spend], [stored_event(now)], now=now) for _ in range(40)))
        counted = Counter(verdict.outcome for verdict in verdicts)
        assert counted["done"] == 1
        assert counted["replay"] >= 1
        assert counted["done"] + counted["replay"] + counted["revoked"] == 40
        assert await storage.store.commit([Require(at(Kind.GRANT, name))], now=now) == Verdict(Outcome.REVOKED, 0)
    assert len(await storage.journal.pending(1000)) == ROUNDS


async def test_two_processes_spend_one_code_fifty_times(storage, urls, now):
    async with AsyncExitStack() as stack:
        racers = [await stack.enter_async_context(racer(urls, now, 20)) for _ in range(2)]
        for number in range(ROUNDS):
            name = f"g{number}"
            await storage.store.commit([Insert(grant(now, name)), Insert(code(now, f"{name}.code", name))], now=now)
            counted = Counter(chain(*await together(*(ask(process, name) for process in racers))))
            assert counted["done"] == 1, (number, counted)
            assert counted["done"] + counted["replay"] + counted["revoked"] == 40
            loaded = await storage.store.load(at(Kind.GRANT, name), at(Kind.CODE, f"{name}.code"))
            assert [one.state for one in loaded] == ["revoked", "revoked"]
    assert len(await storage.journal.pending(1000)) == ROUNDS


async def test_opposite_orders_do_not_lock_each_other_out(storage, urls, now):
    """Two openings of the store write the same records in opposite order; nobody waits in a circle."""
    other = await open_storage(urls.store, urls.redis, master_key=MASTER_KEY, randomness=SystemRandomness())
    names = [f"m{number}" for number in range(10)]
    marks = [Insert(record(Kind.MANIFEST_KEY, name, now)) for name in names]
    try:
        async with asyncio.timeout(120):
            for _ in range(10):
                verdicts = await together(
                    *(storage.store.commit(marks, now=now) for _ in range(5)),
                    *(other.store.commit(marks[::-1], now=now) for _ in range(5)),
                )
                assert all(verdict.outcome in {"done", "exists"} for verdict in verdicts)
    finally:
        await other.close()
    assert None not in await storage.store.load(*(at(Kind.MANIFEST_KEY, name) for name in names))


async def test_a_cancelled_caller_leaves_nothing_half_done(storage, now):
    for number in range(20):
        name = f"g{number}"
        spent = at(Kind.CODE, f"{name}.code")
        await storage.store.commit([Insert(grant(now, name)), Insert(code(now, spent.key, name))], now=now)
        receipt = record(Kind.RECEIPT, name, now)
        task = asyncio.create_task(storage.store.commit([Spend(spent), Insert(receipt)], [stored_event(now)], now=now))
        for _ in range(number % 7):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        for _ in range(200):
            used, stored = await storage.store.load(spent, receipt.address)
            if (used.state == "used") == (stored is not None):
                break
            await asyncio.sleep(0.01)
        assert (used.state == "used") == (stored is not None)


with_redis = pytest.mark.parametrize("setting", ["sqlite+redis", "postgresql+redis"], indirect=True)


@with_redis
async def test_a_redis_that_forgot_the_spending_lets_no_second_one_win(storage, now):
    await storage.store.commit([Insert(grant(now)), Insert(code(now))], now=now)
    names = [b"gate06:{grant-1}:code:grant-1.code", b"gate06:{grant-1}:grant:grant-1"]
    with redis_server().client() as client:
        before = [client.get(name) for name in names]
        assert None not in before
        issued = [Spend(code(now).address), Insert(record(Kind.ACCESS_TOKEN, "t", now, group="grant-1"))]
        assert (await storage.store.commit(issued, [stored_event(now)], now=now)).done
        for name, value in zip(names, before, strict=True):
            client.set(name, value)  # as after a crash that lost the last second of the append-only file
    again = [Insert(record(Kind.SESSION, "s", now)), Spend(code(now).address)]
    assert await storage.store.commit(again, [stored_event(now)], now=now) == Verdict(Outcome.REPLAY, 1)
    loaded = await storage.store.load(at(Kind.GRANT, "grant-1"), at(Kind.ACCESS_TOKEN, "t"), at(Kind.SESSION, "s"))
    assert [one and one.state for one in loaded] == ["revoked", "revoked", None]
    assert len(await storage.journal.pending(10)) == 1


@with_redis
async def test_a_flushed_redis_fails_closed_and_gets_its_grants_back(storage, urls, now):
    token, refresh = (
        record(Kind.ACCESS_TOKEN, "t", now, group="grant-1"),
        record(Kind.REFRESH_TOKEN, "r", now, group="grant-1"),
    )
    await storage.store.commit([Insert(grant(now)), Insert(code(now)), Insert(token), Insert(refresh)], now=now)
    with redis_server().client() as client:
        client.flushall()
        client.function_flush()
    assert await storage.store.commit([Spend(code(now).address)], [stored_event(now)], now=now) == Verdict(
        Outcome.UNKNOWN, 0
    )
    await storage.store.commit([Insert(token)], now=now)
    assert (await storage.store.load(token.address))[0].state == "revoked"
    assert await storage.store.load(at(Kind.GRANT, "grant-1"), refresh.address) == (grant(now), refresh)
    assert (await storage.store.load(token.address))[0] == token


@with_redis
async def test_a_revocation_survives_a_redis_that_lost_the_grant(storage, now):
    token = record(Kind.ACCESS_TOKEN, "t", now, group="grant-1")
    await storage.store.commit([Insert(grant(now)), Insert(token)], now=now)
    with redis_server().client() as client:
        client.delete("gate06:{grant-1}:grant:grant-1")
    await storage.store.commit([Revoke("grant-1")], now=now)
    assert [one.state for one in await storage.store.load(at(Kind.GRANT, "grant-1"), token.address)] == ["revoked"] * 2


@with_redis
async def test_kill_nine_and_restart_between_consume_and_answer(setting, urls, now):
    """The server dies while codes are being spent, comes back from its file; no code is ever spent twice."""
    server = RedisServer()
    storage = await open_storage(urls.store, server.url, master_key=MASTER_KEY, randomness=SystemRandomness())
    try:
        first = await storage.durability()
        assert (first.append_only, first.restarted) == (True, False)
        for number in range(3):
            names = [f"g{number}-{place}" for place in range(20)]
            for name in names:
                await storage.store.commit([Insert(grant(now, name)), Insert(code(now, f"{name}.c", name))], now=now)

            async def spend(name):
                try:
                    spent = [Spend(at(Kind.CODE, f"{name}.c"))]
                    return (await storage.store.commit(spent, [stored_event(now)], now=now)).outcome
                except StorageUnavailable:
                    return "unavailable"

            tasks = [asyncio.create_task(spend(name)) for name in names for _ in range(2)]
            for _ in range(3 * number):
                await asyncio.sleep(0)
            await asyncio.to_thread(server.kill)
            before = await asyncio.gather(*tasks)
            with pytest.raises(StorageUnavailable):
                await storage.store.load(at(Kind.CODE, f"{names[0]}.c"))
            await asyncio.to_thread(server.start)
            after = await asyncio.gather(*(spend(name) for name in names))
            for place in range(20):
                outcomes = [before[2 * place], before[2 * place + 1], after[place]]
                assert outcomes.count("done") <= 1, outcomes
            assert "unavailable" not in after
            assert (await storage.durability()).restarted
            assert not (await storage.durability()).restarted
        assert all(finding.in_order for finding in await storage.check())
    finally:
        await storage.close()
        server.stop()


@with_redis
async def test_a_restarted_redis_learns_again_what_was_revoked(setting, urls, now):
    server = RedisServer()
    storage = await open_storage(urls.store, server.url, master_key=MASTER_KEY, randomness=SystemRandomness())
    try:
        token = record(Kind.ACCESS_TOKEN, "t", now, group="grant-1")
        await storage.store.commit([Insert(grant(now)), Insert(token)], now=now)
        await sql(urls, "UPDATE record SET state = 'revoked', version = 2 WHERE kind = 'grant'")
        assert (await storage.store.load(token.address))[0].state == "active"  # Redis lost the revocation …
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        assert (await storage.store.load(token.address))[0].state == "revoked"  # … and is told when it comes back
    finally:
        await storage.close()
        server.stop()


@with_redis
async def test_a_code_ends_with_the_run_of_redis_it_was_issued_in(setting, urls, now):
    server = RedisServer()
    storage = await open_storage(urls.store, server.url, master_key=MASTER_KEY, randomness=SystemRandomness())
    try:
        before = code(now, "before.code", "before")
        await storage.store.commit([Insert(grant(now, "before")), Insert(before)], now=now)
        await asyncio.sleep(1.2)  # the append-only file is synced once a second
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        assert await storage.store.commit([Spend(before.address)], now=now) == Verdict(Outcome.EXPIRED, 0)
        after = code(now, "after.code", "after")
        await storage.store.commit([Insert(grant(now, "after")), Insert(after)], now=now)
        assert (await storage.store.commit([Spend(after.address)], now=now)).done
    finally:
        await storage.close()
        server.stop()


async def test_a_redis_without_its_file_is_reported(tmp_path, now):
    server = RedisServer(append_only=False)
    storage = await open_storage(
        f"sqlite:///{tmp_path / 'a.db'}", server.url, master_key=MASTER_KEY, randomness=SystemRandomness()
    )
    try:
        assert not (await storage.durability()).append_only
        findings = {finding.name: finding.in_order for finding in await storage.check()}
        assert findings == {
            "database": True,
            "migrations": True,
            "redis": True,
            "redis functions": True,
            "redis aof": False,
        }
        await asyncio.to_thread(server.kill)
        assert [finding.in_order for finding in await storage.check() if finding.name == "redis"] == [False]
    finally:
        await storage.close()
        server.stop()


async def test_losers_among_winners_of_one_moment_leave_nothing_and_spoil_nothing(storage, now):
    """A group is written together first: what has to be undone in it must take nobody else's writing along."""
    await storage.store.commit([Insert(record(Kind.CITIZEN, "taken", now))], now=now)
    works = []
    for number in range(20):
        before = Insert(record(Kind.MANIFEST_KEY, f"m{number}", now))
        last = [Insert(record(Kind.CITIZEN, "taken", now))] if number % 5 == 2 else []
        works.append(storage.store.commit([before, *last], [stored_event(now)], now=now))
    verdicts = await together(*works)
    lost = [number for number, verdict in enumerate(verdicts) if not verdict.done]
    assert lost == [2, 7, 12, 17]
    assert {verdicts[number].outcome for number in lost} == {Outcome.EXISTS}
    loaded = await storage.store.load(*(at(Kind.MANIFEST_KEY, f"m{number}") for number in range(20)))
    assert [number for number, one in enumerate(loaded) if one is None] == lost
    assert len(await storage.journal.pending(100)) == 16
