"""One code, forty redemptions at the same moment, two workers: one success, then the grant is dead; and what a kill
leaves behind: never a second success. `single_use` does the same to what else is good once.

`It must show` 5 of the road. The kills come at random moments of a volley of redemptions, each of another code, so
that some hit the window between consume and answer; `consumed_unanswered` counts those.
"""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.proofs import single_use
from tests.proofs.stack import Stack, Wish, fresh, open_stack
from tests.proofs.walking import Walker, walker
from tests.services import SETTINGS, RedisServer, Urls

COVERS = (
    *("gateway/openid_provider", "gateway/storage", "gateway/tokens", "gateway/application", "gateway/cli"),
    "tests/proofs/single_use.py",
)
PARALLEL = 40
VOLLEY = 8
LATEST_KILL_S = 0.015
PEOPLE = (1, 2, 3, 6, 7, 8, 11, 12)
WITH_REDIS = ("sqlite+redis", "postgresql+redis")


async def prove(
    folder: Path, *, settings: tuple[str, ...] = SETTINGS, rounds: int = 50, uses: int = 50, kills: int = 20
) -> dict[str, Any]:
    """Race on every setting, `rounds` for codes and `uses` for the rest; kill gateway and Redis `kills` times each,
    spread over them. Raises AssertionError."""
    raced, once, killed = {}, {}, {}
    shares = {
        "gateway": spread(kills, settings),
        "redis": spread(kills, [one for one in settings if one in WITH_REDIS]),
    }
    for setting in settings:
        where = folder / setting
        front = RedisServer() if setting in WITH_REDIS else None
        try:
            urls = Urls(fresh(setting.partition("+")[0], where).store, front.url if front else None)
            async with open_stack(Wish(folder=where, urls=urls, workers=2, toml=single_use.TOML)) as stack:
                raced[setting] = await race(stack, rounds)
                once[setting] = await single_use.race(stack, uses)
                for victim, share in shares.items():
                    if share.get(setting):
                        killed[f"{victim}, {setting}"] = await kill(stack, victim, front, share[setting])
                if front and kills >= 20:
                    killed[f"redis that forgets, {setting}"] = await forget(stack, front)
        finally:
            if front:
                front.stop()
    if kills >= 20:
        hit = sum(one.get("consumed_unanswered", 0) + one.get("half_consumed", 0) for one in killed.values())
        assert hit, "no kill came between consume and answer"
    return {"parallel": PARALLEL, "workers": 2, "races": raced, "single_use": once, "kills": killed}


def spread(count: int, settings: Sequence[str]) -> dict[str, int]:
    """Return how many of `count` each setting gets."""
    return {one: count // len(settings) + (place < count % len(settings)) for place, one in enumerate(settings)}


async def race(stack: Stack, rounds: int) -> dict[str, Any]:
    """Redeem one code `PARALLEL` times at once, `rounds` times."""
    assert len(stack.workers()) == 2
    outcomes: Counter[str] = Counter()
    begun = time.perf_counter()
    async with walker(stack) as browser, contextlib.AsyncExitStack() as opened:
        callers = [await opened.enter_async_context(walker(stack)) for _ in range(PARALLEL)]
        for number in range(rounds):
            code = await browser.code(PEOPLE[number % len(PEOPLE)], prompt="login")
            answers = await asyncio.gather(*(caller.redeem(code) for caller in callers))
            won = [answer for status, answer in answers if status == 200]
            lost = [answer for status, answer in answers if status != 200]
            assert len(won) == 1, f"round {number}: {len(won)} successes"
            assert {status for status, _ in answers} == {200, 400}
            assert {answer["error"] for answer in lost} == {"invalid_grant"}, lost[:3]
            await _is_dead(callers[number % PARALLEL], won[0]["access_token"])
            assert (await callers[0].redeem(code))[0] == 400
            outcomes["success"] += 1
            outcomes["invalid_grant"] += len(lost)
    events = Counter(event["event"] for event in await stack.events())
    assert events["CodeRedeemed"] == rounds, events
    return {"rounds": rounds, **outcomes, "seconds": round(time.perf_counter() - begun, 1)}


async def _is_dead(browser: Walker, token: str) -> None:
    """The grant is revoked: the winner's token opens nothing, on whichever worker."""
    for _ in range(4):
        assert (await browser.api("GET", "/userinfo", token))[0] == 401
    status, _ = await browser.prefill(token)
    assert status == 401


@dataclass(frozen=True, slots=True)
class Shot:
    """One redemption that was under way when something was killed."""

    code: str
    trace_id: str
    status: int | None
    """None: no answer came."""


async def kill(stack: Stack, victim: str, front: RedisServer | None, kills: int) -> dict[str, Any]:
    """Kill `victim` in the middle of volleys, then redeem every code again."""
    chance = random.Random(random.SystemRandom().randrange(2**32))
    seen: Counter[str] = Counter()
    for number in range(kills):
        shots = await _volley(stack, victim, front, chance, f"{victim[0].encode().hex()}{number:04x}")
        await _await_service(stack)
        again = [await _again(stack, shot) for shot in shots]
        seen += await _judge(stack, shots, again)
    return {"kills": kills, "codes": kills * VOLLEY, "second_success": 0, **seen}


async def _volley(stack: Stack, victim: str, front: RedisServer | None, chance: random.Random, name: str) -> list[Shot]:
    """Fire redemptions of `VOLLEY` codes at once and kill at a random moment."""
    async with contextlib.AsyncExitStack() as opened:
        browsers = [await opened.enter_async_context(walker(stack)) for _ in range(VOLLEY)]
        codes = [await browser.code(PEOPLE[place]) for place, browser in enumerate(browsers)]
        tasks = [
            asyncio.ensure_future(_shoot(browser, code, f"{name}{place:04x}a0".rjust(32, "1")))
            for place, (browser, code) in enumerate(zip(browsers, codes, strict=True))
        ]
        await asyncio.sleep(chance.uniform(0, LATEST_KILL_S))
        if victim == "redis":
            assert front is not None
            front.kill()
        else:
            for pid in stack.workers():
                os.kill(pid, signal.SIGKILL)
        shots = await asyncio.gather(*tasks)
    if victim == "redis":
        assert front is not None
        await asyncio.to_thread(front.start)
    return shots


async def _shoot(browser: Walker, code: str, trace_id: str) -> Shot:
    try:
        async with asyncio.timeout(60):
            status, _ = await browser.redeem(code, traceparent=f"00-{trace_id}-00f067aa0ba902b7-01")
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return Shot(code, trace_id, None)
    return Shot(code, trace_id, status)


async def _again(stack: Stack, shot: Shot) -> int:
    """Redeem a code once more, now that all are back; nothing but an answer will do."""
    async with walker(stack) as browser:
        trace_id = shot.trace_id[:-2] + "b0"
        status, _ = await browser.redeem(shot.code, traceparent=f"00-{trace_id}-00f067aa0ba902b7-01")
        return status


async def _judge(stack: Stack, shots: list[Shot], again: list[int]) -> Counter[str]:
    """The evidence knows which redemption consumed a code: at most one of the two, and the second never after it."""
    redeemed = Counter(event["trace_id"] for event in await stack.events() if event["event"] == "CodeRedeemed")
    seen: Counter[str] = Counter()
    for shot, second in zip(shots, again, strict=True):
        first_consumed = redeemed[shot.trace_id]
        second_consumed = redeemed[shot.trace_id[:-2] + "b0"]
        assert first_consumed + second_consumed <= 1, "one code was redeemed twice"
        assert second in {200, 400}, second
        assert not (shot.status == 200 and second == 200), "a second success"
        assert not (first_consumed and second == 200), "consumed before the kill, and again after it"
        assert (second == 200) == bool(second_consumed)
        if shot.status == 200:
            assert first_consumed
            seen["answered"] += 1
        else:
            # half: Redis took the code and SQL never heard of it; the code is lost, which is cheaper than a replay
            seen["consumed_unanswered" if first_consumed else "not_consumed" if second == 200 else "half_consumed"] += 1
    return seen


async def _await_service(stack: Stack) -> None:
    """Wait until a worker serves again."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        for _ in range(300):
            try:
                async with session.get(f"{stack.issuer}/readyz") as answer:
                    if answer.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.1)
    raise AssertionError("the gateway did not come back")


async def forget(stack: Stack, front: RedisServer) -> dict[str, Any]:
    """Kill Redis after a redemption and take its append-only file away: SQL still knows the code was spent."""
    async with walker(stack) as browser:
        code = await browser.code(3)
        assert (await browser.redeem(code))[0] == 200
        front.kill()
        for file in front.directory.glob("appendonlydir/*"):
            file.unlink()
        await asyncio.to_thread(front.start)
        await _await_service(stack)
        status, answer = await browser.redeem(code)
        assert (status, answer["error"]) == (400, "invalid_grant")
        assert (await browser.redeem(await browser.code(2)))[0] == 200  # and life goes on
    return {"kills": 1, "codes": 1, "second_success": 0}
