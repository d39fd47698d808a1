"""The evidence log against somebody with SQL rights, and what a prefill does when evidence cannot be stored.

`It must show` 6 of the road, on SQLite and PostgreSQL: a changed byte is named by its index; a log rebuilt and signed
anew with the real key is convicted by a checkpoint saved before; without evidence no source is called.
"""

import contextlib
import random
import sqlite3
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from tests.proofs.sql import one_value, run_sql
from tests.proofs.stack import Stack, Wish, fresh, open_stack
from tests.proofs.walking import Page, Walker, walker

COVERS = ("gateway/audit", "gateway/storage", "gateway/prefill", "gateway/cli", "gateway/application")
SETTINGS = ("sqlite", "postgresql")
CHECK_FAILED = 7
ATTACK = {
    "sqlite": ("DROP TRIGGER event_stays", "DROP TRIGGER event_unaltered"),
    "postgresql": ("ALTER TABLE event DISABLE TRIGGER USER",),
}
MEND = {"sqlite": (), "postgresql": ("ALTER TABLE event ENABLE TRIGGER USER",)}
RAISING = {
    "sqlite": (
        "CREATE TRIGGER broken BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'broken'); END",
        "DROP TRIGGER broken",
    ),
    "postgresql": (
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$;"
        "CREATE TRIGGER broken BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION broken()",
        "DROP TRIGGER broken ON event; DROP FUNCTION broken()",
    ),
}
REVOKED = ("REVOKE INSERT ON event FROM gate06", "GRANT INSERT ON event TO gate06")


async def prove(folder: Path, *, journeys: int = 40, bytes_changed: int = 20) -> dict[str, Any]:
    """Run all three on both databases. Raises AssertionError."""
    found: dict[str, Any] = {}
    for setting in SETTINGS:
        where = folder / setting
        async with open_stack(Wish(folder=where, urls=fresh(setting, where))) as stack:
            for number in range(journeys):
                async with walker(stack) as browser:
                    status, _ = await browser.prefill(await browser.sign_in((1, 2, 3, 6, 11, 12)[number % 6]))
                    assert status == 200
            refused = await prove_no_evidence_no_call(stack, setting)
            size = len(await stack.events())
            changed = await prove_bytes_are_named(stack, setting, size, bytes_changed)
            rebuilt = await prove_rebuilt_is_convicted(stack, setting, size)
        found[setting] = {"entries": size, "bytes_changed": changed, "rebuilt": rebuilt, "without_evidence": refused}
    return found


async def prove_bytes_are_named(stack: Stack, setting: str, size: int, count: int) -> int:
    """Change one byte of one stored event at a time; verification names its index and leaves with 7."""
    chance = random.Random(random.SystemRandom().randrange(2**32))
    assert (await verify(stack))[0] == 0
    indexes = [0, size - 1, *(chance.randrange(size) for _ in range(count - 2))]
    for index in indexes:
        before = bytes(await one_value(stack.wish.urls, f"SELECT leaf FROM event WHERE log_index = {index}"))
        after = bytearray(before)
        after[chance.randrange(len(after))] ^= 1 << chance.randrange(8)
        with contextlib.suppress(sqlite3.Error, asyncpg.PostgresError):
            await run_sql(stack.wish.urls, change_leaf(setting, index, after))
            raise AssertionError("the guard let a stored event be changed")
        await run_sql(stack.wish.urls, *ATTACK[setting], change_leaf(setting, index, after))
        code, report = await verify(stack)
        assert (code, report["valid"], report["index"]) == (CHECK_FAILED, False, index), (index, code, report)
        await run_sql(stack.wish.urls, change_leaf(setting, index, before), *MEND[setting], *guards(setting))
        assert (await verify(stack))[0] == 0
    return len(indexes)


async def prove_rebuilt_is_convicted(stack: Stack, setting: str, size: int) -> dict[str, Any]:
    """Remove one entry, let the gateway itself build and sign the log anew, and hold it against a saved checkpoint."""
    saved = stack.plan.folder / "checkpoint.txt"
    code, note, _ = await stack.command("audit", "checkpoint")
    assert code == 0
    saved.write_bytes(note)
    assert (await verify(stack, "--checkpoint", str(saved)))[0] == 0
    removed = random.SystemRandom().randrange(size)
    await rebuild_log(stack, setting, removed)
    async with walker(stack) as browser:  # the log goes on as if nothing had happened
        await browser.prefill(await browser.sign_in(3))
    rebuilt = await stack.events()
    assert len(rebuilt) >= size, "the forged log must have outgrown the checkpoint"
    assert (await verify(stack))[0] == 0, "whole in itself: signed with the real key"
    code, report = await verify(stack, "--checkpoint", str(saved))
    assert (code, report["valid"], report["rule"]) == (CHECK_FAILED, False, "contradicts_checkpoint"), report
    return {"removed": removed, "entries_after": len(rebuilt), "rule": report["rule"]}


async def rebuild_log(stack: Stack, setting: str, removed: int) -> None:
    """Remove one entry by SQL and start a gateway that knows of no log: it builds and signs one with the real key."""
    await stack.end("gateway")
    await run_sql(
        stack.wish.urls,
        *ATTACK[setting],
        f"DELETE FROM event WHERE log_index = {removed}",
        "UPDATE event SET log_index = NULL",
        "DELETE FROM tile",
        "DELETE FROM checkpoint",
        "UPDATE tree SET size = 0",
        *MEND[setting],
        *guards(setting),
    )
    await stack.begin("gateway")


async def prove_no_evidence_no_call(stack: Stack, setting: str) -> dict[str, int]:
    """With event inserts failing, prefill answers 503 and the source is not called."""
    ways = {"trigger": RAISING[setting]} | ({"revoked": REVOKED} if setting == "postgresql" else {})
    calls = {}
    for way, (broken, mended) in ways.items():
        async with walker(stack) as browser:
            await browser.prefill(await browser.sign_in(3))
            token = await browser.sign_in(3)  # the notice is remembered: nothing was asked for this grant
            before = await stack.calls()
            await run_sql(stack.wish.urls, broken)
            for _ in range(3):
                await _refused(browser, token)
            await _no_way_in(stack)
            assert await stack.calls() == before, "a source was called without evidence"
            await run_sql(stack.wish.urls, mended)
            status, form = await browser.prefill(token)
            assert (status, form["complete"]) == (200, True), form
            calls[way] = await stack.calls() - before
            assert calls[way] == 1, "it would have asked: the counter counts"
    return calls


async def _refused(browser: Walker, token: str) -> None:
    status, refusal = await browser.prefill(token)
    assert (status, refusal["code"]) == (503, "PF-107"), refusal
    assert "bằng chứng" in refusal["messages"]["vi"]
    assert "evidence" in refusal["messages"]["en"]
    assert refusal.get("fields") is None


async def _no_way_in(stack: Stack) -> None:
    """A new sign-in gets a page with a code, and no source is asked for its notice either."""
    async with walker(stack) as browser:
        step = await browser.go(browser.authorization(6), lambda step: "/callback" in step.url)
        page = await browser.ask(step)
        assert isinstance(page, Page), page
        assert page.status >= 400
        assert page.read().codes, "a page without a code"
        assert "Traceback" not in page.text


async def verify(stack: Stack, *more: str) -> tuple[int, dict[str, Any]]:
    """Run `gate06 audit verify`; return exit code and report."""
    code, out, _ = await stack.command("audit", "verify", "--json", *more)
    return code, orjson.loads(out) if out else {}


def change_leaf(setting: str, index: int, leaf: bytes) -> str:
    """Return the statement that overwrites a stored event."""
    octets = f"X'{bytes(leaf).hex()}'" if setting == "sqlite" else f"'\\x{bytes(leaf).hex()}'"
    return f"UPDATE event SET leaf = {octets} WHERE log_index = {index}"


def guards(setting: str) -> tuple[str, ...]:
    """Return the statements that put SQLite's guards back as the migration made them."""
    if setting != "sqlite":
        return ()
    from importlib import import_module

    ground = import_module("gateway.storage.migrations.versions.0001_ground")
    return tuple(ground.SQLITE_TRIGGERS)
