"""`gate06 demo`: the gateway, both simulators and the sample portal as separate programs on this machine."""

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypedDict
from urllib.parse import urlsplit

import typer

from gateway.cli.connection import DEMO_FOLDER, Config, Redis, Store
from gateway.cli.demo_files import SAMPLE_CLIENT, DemoPlan, Road, write_files
from gateway.cli.exit_codes import Exit
from gateway.cli.output import talk
from gateway.cli.policy import open_files
from gateway.cli.programs import Program, Running, start, stop, wait_until_ready
from gateway.settings import Settings, read_settings
from gateway.vocabulary.organisation_persona import organisation_personas
from gateway.vocabulary.persona import personas

FACES = "vneid+national_portal+staff"
"""What the program on VNeID's port plays: VNeID, and below paths of their own the national portal and staff sign-in."""

_READY_WITHIN_S = 60.0
_PORTS = {"GATEWAY": 8000, "VNEID": 8001, "SOURCES": 8002, "PORTAL": 8003, "METRICS": 9100}


class Chosen(TypedDict):
    """What the flags say about the stack."""

    issuer: str | None
    store: str | None
    redis: str | None
    workers: int
    population_transport: str


class Bus(StrEnum):
    """The ways the population register can be reached."""

    NDXP = "ndxp"
    LGSP = "lgsp"


def demo(
    config: Config = None,
    portal: Annotated[list[Path] | None, typer.Option("--portal", help="A seed file; may be repeated.")] = None,
    issuer: Annotated[str | None, typer.Option("--issuer", help="The exact issuer.")] = None,
    store: Store = None,
    redis: Redis = None,
    *,
    workers: Annotated[int, typer.Option("--workers", min=1, help="How many processes serve the gateway.")] = 1,
    population_transport: Annotated[
        Bus, typer.Option("--population-transport", help="The bus in front of the population register.")
    ] = Bus.NDXP,
    once: Annotated[bool, typer.Option("--once", help="Walk one whole journey without a browser and leave.")] = False,
    persona: Annotated[
        str, typer.Option("--persona", help="With --once: who signs in, N, or N-M for a JSON line each, `exit` in it.")
    ] = "1",
    procedure: Annotated[str, typer.Option("--procedure", help="With --once: the form.")] = "1.004222",
    idp: Annotated[str | None, typer.Option("--idp", help="With --once: the identity provider, by alias.")] = None,
    represented: Annotated[
        str | None, typer.Option("--represented", help="With --once: whom the person acts for, a persona's number.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: print JSON.")] = False,
) -> None:
    """Run everything until SIGINT or SIGTERM, or with --once walk a journey and print the filled form."""
    people = read_range(persona)
    child = None if represented is None else read_one(represented)
    chosen: Chosen = {
        "issuer": issuer,
        "store": store,
        "redis": redis,
        "workers": workers,
        "population_transport": population_transport.value,
    }
    with ExitStack() as leaving:
        if once:
            folder = Path(tempfile.mkdtemp(prefix="gate06-"))
            leaving.callback(shutil.rmtree, folder, ignore_errors=True)
            plan = plan_of(folder, free_ports(), **chosen)
        else:
            plan = plan_of(DEMO_FOLDER, _chosen_ports(), **chosen)
            if store is None:
                _forget_last_demo(plan.folder)
        plan = replace(plan, books=open_files(config or [], []).folders[1:])
        write_files(plan)
        environment = _environment(plan, config or [], portal or [])
        settings = read_settings(environ=environment)
        _check_provider(idp, settings)
        if not once:
            raise typer.Exit(asyncio.run(_run_until_signal(plan, settings, environment)))
        road = Road(procedure=procedure, identity_provider=idp, represented=child)
        raise typer.Exit(asyncio.run(_walk(plan, settings, environment, people, road, as_json=as_json)))


def read_range(text: str) -> list[int]:
    """Return the numbers of `N` or `N-M`. Raises a usage error for anything else, and for nobody's number."""
    first, dash, last = text.partition("-")
    try:
        numbers = list(range(int(first), int(last if dash else first) + 1))
    except ValueError:
        numbers = []
    known = {one.index for one in personas()} | {one.index for one in organisation_personas()}
    if not known.issuperset(numbers):
        numbers = []
    if not numbers:
        raise typer.BadParameter(f"`{text}` is not a persona's number or a range of them", param_hint="--persona")
    return numbers


def _check_provider(alias: str | None, settings: Settings) -> None:
    known = [one.alias for one in settings.identity_provider]
    if alias is not None and alias not in known:
        raise typer.BadParameter(f"`{alias}` is none of {', '.join(known)}", param_hint="--idp")


def read_one(text: str) -> int:
    """Return the number of one persona who has a number of their own. Raises a usage error for anybody else."""
    one = next((one for one in personas() if str(one.index) == text), None)
    if one is None or one.personal_number is None:
        raise typer.BadParameter(f"`{text}` is not a persona with a personal number", param_hint="--represented")
    return one.index


def plan_of(
    folder: Path,
    ports: dict[str, int],
    *,
    issuer: str | None,
    store: str | None,
    redis: str | None,
    workers: int,
    population_transport: str = "ndxp",
) -> DemoPlan:
    """Return where everything of a demo is."""
    return DemoPlan(
        folder=folder.resolve(),
        issuer=issuer or f"http://127.0.0.1:{ports['GATEWAY']}",
        store=store or f"sqlite:///{folder.resolve() / 'demo.db'}",
        redis=redis or "",
        gateway_port=ports["GATEWAY"],
        vneid_port=ports["VNEID"],
        sources_port=ports["SOURCES"],
        portal_port=ports["PORTAL"],
        metrics_port=ports["METRICS"],
        workers=workers,
        population_transport=population_transport,
    )


def _chosen_ports() -> dict[str, int]:
    return {name: int(os.environ.get(f"GATE06_{name}_PORT", default)) for name, default in _PORTS.items()}


def free_ports() -> dict[str, int]:
    """Let the system choose; all are held until all are chosen, so that no two are equal."""
    with ExitStack() as held:
        doors = {name: held.enter_context(socket.create_server(("127.0.0.1", 0))) for name in _PORTS}
        return {name: door.getsockname()[1] for name, door in doors.items()}


def _forget_last_demo(folder: Path) -> None:
    for name in ("demo.db", "demo.db-wal", "demo.db-shm"):
        (folder / name).unlink(missing_ok=True)


def _environment(plan: DemoPlan, configs: Sequence[Path], portals: Sequence[Path]) -> dict[str, str]:
    """The environment of every program: ours, with the demo's settings first and its addresses last."""
    given = {name: value for name, value in os.environ.items() if not name.endswith("_PORT") or name[:7] != "GATE06_"}
    named = [part for part in os.environ.get("GATE06_CONFIG", "").split(os.pathsep) if part]
    files = [plan.settings_file, *(Path(part) for part in named), *configs]
    given |= {"GATE06_PROFILE": "dev", "GATE06_ISSUER": plan.issuer, "GATE06_STORE__URL": plan.store}
    given |= {"GATE06_STORE__REDIS": plan.redis, "GATE06_CONFIG": _joined(files)}
    return given | ({"GATE06_PORTALS": _joined(portals)} if portals else {})


def _joined(files: Sequence[Path]) -> str:
    return os.pathsep.join(str(file.resolve()) for file in files)


def programs_of(plan: DemoPlan, settings: Settings, environment: dict[str, str], *, whole: bool) -> list[Program]:
    """Return the programs of a demo; `whole` with the sample portal."""
    logs = plan.folder / "logs"
    logs.mkdir(exist_ok=True)
    python = sys.executable

    def program(name: str, arguments: Sequence[str], ready: str, **more: str) -> Program:
        log = logs / f"{name.replace(' ', '-')}.log"
        log.write_bytes(b"")
        return Program(
            name=name, arguments=[python, "-m", *arguments], environment=environment | more, log=log, ready_url=ready
        )

    options = str(plan.folder / "simulators.json")
    simulate = "gateway.cli.simulate"
    gateway = f"http://127.0.0.1:{settings.server.port}{urlsplit(settings.issuer).path}/readyz"
    found = [
        program("gateway", ["gateway", "serve"], gateway),
        program("VNeID simulator", [simulate, FACES, str(plan.vneid_port), options], f"{plan.vneid_url}/_calls"),
        program(
            "sources simulator", [simulate, "sources", str(plan.sources_port), options], f"{plan.sources_url}/_calls"
        ),
    ]
    if whole:
        own = {
            "PORTAL_CLIENT_ID": SAMPLE_CLIENT,
            "PORTAL_CLIENT_SECRET_FILE": str(plan.folder / "portal.secret"),
            "PORTAL_BASE_URL": plan.portal_url,
            "GATE06_PORTAL_PORT": str(plan.portal_port),
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),  # the examples are no part of the package
        }
        found.append(program("sample portal", ["examples.portal"], f"{plan.portal_url}/", **own))
    return found


async def _run_until_signal(plan: DemoPlan, settings: Settings, environment: dict[str, str]) -> int:
    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked_to_stop.set)
    running: list[Running] = []
    try:
        for program in programs_of(plan, settings, environment, whole=True):
            running.append(await start(program))
        ready = asyncio.ensure_future(wait_until_ready(running, _READY_WITHIN_S))
        stopping = asyncio.ensure_future(asked_to_stop.wait())
        await asyncio.wait({ready, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not asked_to_stop.is_set():
            ready.result()
            _say_ready(plan)
            loop.add_signal_handler(signal.SIGHUP, running[0].process.send_signal, signal.SIGHUP)
            watchers = [asyncio.ensure_future(_report_end(one, asked_to_stop)) for one in running]
            await stopping
            for watcher in watchers:
                watcher.cancel()
        ready.cancel()
    finally:
        asked_to_stop.set()
        await stop(running)
    return 0


async def _report_end(one: Running, asked_to_stop: asyncio.Event) -> None:
    code = await one.process.wait()
    if not asked_to_stop.is_set():
        talk(f"the {one.program.name} ended with {code}; the others go on ({one.program.log})")


def _say_ready(plan: DemoPlan) -> None:
    talk(f"sample portal      {plan.portal_url}/   ← open this")
    talk(f"gateway            {plan.issuer}   metrics http://127.0.0.1:{plan.metrics_port}/metrics")
    talk(f"simulators         VNeID {plan.vneid_url}   portal {plan.national_portal_url}   sources {plan.sources_url}")
    talk("be one of 14 invented people: 3 Trần Thị Bưởi is plain, 1 knows only her year, 9 is locked; Ctrl-C ends all")
    typer.echo("ready")
    sys.stdout.flush()


@asynccontextmanager
async def running_stack(plan: DemoPlan, settings: Settings, environment: dict[str, str]) -> AsyncIterator[None]:
    """Run gateway and simulators of a plan until the block ends; a signal to end cancels it. Raises ProgramFailed."""
    running: list[Running] = []
    within = asyncio.current_task()
    assert within is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, within.cancel)
    try:
        for program in programs_of(plan, settings, environment, whole=False):
            running.append(await start(program))
        await wait_until_ready(running, _READY_WITHIN_S)
        yield
    finally:
        await stop(running)


async def _walk(
    plan: DemoPlan,
    settings: Settings,
    environment: dict[str, str],
    people: Sequence[int],
    road: Road,
    *,
    as_json: bool,
) -> int:
    from gateway.cli.citizen import say_journeys

    try:
        async with running_stack(plan, settings, environment):
            return await say_journeys(plan, people, road, as_json=as_json)
    except asyncio.CancelledError:
        return Exit.INTERRUPTED
