"""Programs that run beside each other: started, watched, stopped by their own ids, never left behind."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from gateway.vocabulary.failure import Failure

_STOP_FOR = 10.0
_ASK_EVERY = 0.05
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


class ProgramFailed(Failure):
    """A program of the demo did not come up."""

    code = "GW-9105"
    title = "a program did not start"
    http_status = 503
    vi = "Một chương trình không khởi động được."
    en = "A program did not start."
    fix = "Read its log file, which the message names; the port may be taken (GATE06_…_PORT chooses others)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to run: `ready_url` answers once it listens."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    ready_url: str


@dataclass(slots=True)
class Running:
    """A program that was started."""

    program: Program
    process: asyncio.subprocess.Process


async def start(program: Program) -> Running:
    """Start a program; what it says goes to its log file."""
    with program.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *program.arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(program.environment),
            start_new_session=True,  # a Ctrl-C is for the parent, who then stops everyone in order
            preexec_fn=die_with_parent,
        )
    return Running(program, process)


async def wait_until_ready(running: Sequence[Running], within_s: float) -> None:
    """Wait until every program answers. Raises ProgramFailed when one ends or the time is over."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        try:
            async with asyncio.timeout(within_s):
                await asyncio.gather(*(_wait_for(one, session) for one in running))
        except TimeoutError:
            logs = ", ".join(str(one.program.log) for one in running)
            raise ProgramFailed(f"not ready within {within_s:.0f} s; see {logs}") from None


async def stop(running: Sequence[Running]) -> None:
    """Ask every program to end and wait; what does not end in time is killed."""
    for one in running:
        if one.process.returncode is None:
            one.process.terminate()
    waits = [asyncio.ensure_future(one.process.wait()) for one in running]
    if not waits:
        return
    _, late = await asyncio.wait(waits, timeout=_STOP_FOR)
    for one in running:
        if one.process.returncode is None:
            _kill_group(one.process.pid)
    if late:
        await asyncio.wait(late)


async def _wait_for(one: Running, session: aiohttp.ClientSession) -> None:
    while True:
        if one.process.returncode is not None:
            raise ProgramFailed(_last_words(one))
        try:
            async with session.get(one.program.ready_url, allow_redirects=False) as answer:
                if answer.status < 500:
                    return
        except (aiohttp.ClientError, TimeoutError, OSError):
            pass
        await asyncio.sleep(_ASK_EVERY)


def _last_words(one: Running) -> str:
    lines = one.program.log.read_text("utf-8", "replace").strip().splitlines()[-8:]
    code = one.process.returncode
    return f"{one.program.name} ended with {code}; {one.program.log} ends:\n" + "\n".join(lines)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)  # it leads its own session, so this reaches its workers and nobody else
    except ProcessLookupError:
        return


def die_with_parent() -> None:
    """On Linux: end when the parent is gone, however it went, so that no port stays taken."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGTERM)
