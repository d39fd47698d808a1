"""The real stack for a proof: gateway and both simulators as programs of their own, killed and started by id."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from gateway.cli.demo import FACES
from gateway.cli.demo_files import SAMPLE_CLIENT, DemoPlan, write_files
from gateway.cli.programs import Program, Running, start, stop, wait_until_ready
from tests.proofs.sql import one_value
from tests.services import Urls, free_port, postgresql_server, redis_server

ROOT = Path(__file__).parents[2]
PROCEDURE = "1.004222"
READY_WITHIN_S = 90.0
NAMES = ("gateway", "vneid", "sources")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a stack is wanted. `toml` is one more settings file, `modules` replaces what a program runs, `bus` carries
    the questions to the population register, `books` are folders beside the policy book."""

    folder: Path
    urls: Urls
    workers: int = 1
    toml: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    modules: Mapping[str, Sequence[str]] = field(default_factory=dict)
    bus: str = "ndxp"
    books: tuple[Path, ...] = ()


class Stack:
    """Three programs on free ports of this machine."""

    def __init__(self, wish: Wish, plan: DemoPlan) -> None:
        self.wish = wish
        self.plan = plan
        self.issuer = plan.issuer
        self._running: dict[str, Running] = {}

    @property
    def environment(self) -> dict[str, str]:
        """Return what every program of the stack sees."""
        files = [str(self.plan.settings_file), *([str(self._more)] if self.wish.toml else [])]
        ours = {name: value for name, value in os.environ.items() if not name.startswith("GATE06_")}
        own = {"GATE06_CONFIG": os.pathsep.join(files), "GATE06_PROFILE": "dev", "PYTHONPATH": str(ROOT)}
        return ours | own | dict(self.wish.environment)

    @property
    def _more(self) -> Path:
        return self.plan.folder / "more.toml"

    @property
    def basic(self) -> dict[str, str]:
        """Return the header with the credentials of the sample portal."""
        return {"Authorization": aiohttp.encode_basic_auth(SAMPLE_CLIENT, self.plan.secret("portal.secret"))}

    def log(self, name: str) -> Path:
        """Return the file that holds stdout and stderr of a program."""
        return self.plan.folder / "logs" / f"{name}.log"

    def pid(self, name: str) -> int:
        """Return the process id of a program."""
        return self._running[name].process.pid

    def workers(self) -> list[int]:
        """Return the ids of the processes that serve the gateway: they hold the application, not the parent."""
        parent = self.pid("gateway")
        children = [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split()]
        return [pid for pid in children if "gateway.cli.metrics" not in _command(pid)]

    async def begin(self, *names: str) -> None:
        """Start programs and wait until they answer."""
        started = [await start(self._program(name)) for name in names]
        self._running |= dict(zip(names, started, strict=True))
        await wait_until_ready(started, READY_WITHIN_S)

    async def end(self, *names: str) -> None:
        """Ask programs to end, and wait."""
        await stop([self._running[name] for name in names])

    async def kill(self, name: str) -> None:
        """Kill a program and its children at once (signal 9), as a power cut would."""
        process = self._running[name].process
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # it leads a session of its own
        await process.wait()

    async def fault(self, name: str, **order: Any) -> None:
        """Switch a fault of a simulator on; without an order all off."""
        async with aiohttp.ClientSession() as session:
            url = f"{self.url(name)}/_faults"
            async with session.request("PUT" if order else "DELETE", url, json=order or None) as answer:
                assert answer.status == 200, await answer.text()

    async def calls(self, name: str = "sources") -> int:
        """Return how often a simulator was called."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url(name)}/_calls") as answer:
            return int((await answer.json())["count"])

    def url(self, name: str) -> str:
        """Return where a program listens."""
        sources = self.plan.sources_url
        known = {"gateway": self.issuer, "vneid": self.plan.vneid_url, "sources": sources}
        return (known | {"civil_status": f"{sources}/civil_status"})[name]

    async def command(self, *arguments: str, given: bytes | None = None) -> tuple[int, bytes, bytes]:
        """Run `gate06 …` beside the running stack; return exit code, stdout and stderr. `given` is its stdin."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway", *arguments),
            env=self.environment,
            cwd=self.plan.folder,
            stdin=asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(given)
        return process.returncode or 0, out, err

    async def events(self) -> list[dict[str, Any]]:
        """Return every event of the log by `gate06 audit export`, once the sequencer has caught up."""
        await self._await_sequenced()
        code, out, err = await self.command("audit", "export")
        assert code == 0, err.decode()
        return [orjson.loads(_octets(orjson.loads(line)["leaf"])) for line in out.splitlines()]

    async def _await_sequenced(self) -> None:
        """Wait until every stored event is in the tree; after a kill a lease has to run out first."""
        for _ in range(600):
            if await one_value(self.wish.urls, "SELECT count(*) FROM event WHERE log_index IS NULL") == 0:
                return
            await asyncio.sleep(0.1)
        raise AssertionError("events wait for the sequencer")

    def _program(self, name: str) -> Program:
        simulate = ["gateway.cli.simulate"]
        options = str(self.plan.folder / "simulators.json")
        known = {
            "gateway": (["gateway"], ["serve"], f"{self.issuer}/readyz"),
            "vneid": (simulate, [FACES, str(self.plan.vneid_port), options], f"{self.plan.vneid_url}/_calls"),
            "sources": (
                simulate,
                ["sources", str(self.plan.sources_port), options],
                f"{self.plan.sources_url}/_calls",
            ),
        }
        module, arguments, ready_url = known[name]
        module = list(self.wish.modules.get(name, module))
        return Program(
            name=name,
            arguments=[sys.executable, "-m", *module, *arguments],
            environment=self.environment,
            log=self.log(name),
            ready_url=ready_url,
        )


@asynccontextmanager
async def open_stack(wish: Wish) -> AsyncIterator[Stack]:
    """Start a stack; stop it in the end."""
    plan = _plan(wish)
    write_files(plan)
    (plan.folder / "logs").mkdir(exist_ok=True)
    stack = Stack(wish, plan)
    if wish.toml:
        stack._more.write_text(wish.toml, "utf-8")
    try:
        await stack.begin(*NAMES)
        yield stack
    finally:
        await stop(list(stack._running.values()))


def fresh(setting: str, folder: Path) -> Urls:
    """Return an empty store of a setting; like `tests.services.fresh_urls`, with the file where the stack lives."""
    database, _, front = setting.partition("+")
    folder.mkdir(parents=True, exist_ok=True)
    store = f"sqlite:///{folder / 'gate06.db'}" if database == "sqlite" else postgresql_server().fresh()
    return Urls(store, redis_server().fresh() if front else None)


def _plan(wish: Wish) -> DemoPlan:
    ports = [free_port() for _ in range(5)]
    return DemoPlan(
        folder=wish.folder,
        issuer=f"http://127.0.0.1:{ports[0]}",
        store=wish.urls.store,
        redis=wish.urls.redis or "",
        gateway_port=ports[0],
        vneid_port=ports[1],
        sources_port=ports[2],
        portal_port=ports[3],
        metrics_port=ports[4],
        workers=wish.workers,
        population_transport=wish.bus,
        books=wish.books,
    )


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _octets(text: str) -> bytes:
    from base64 import b64decode

    return b64decode(text)
