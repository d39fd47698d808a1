"""`gate06 serve`: the gateway on uvicorn, one or several worker processes."""

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from gateway.cli.connection import Config, Redis, Store, settings_of
from gateway.cli.metrics import served_metrics
from gateway.cli.output import talk
from gateway.cli.programs import die_with_parent
from gateway.cli.workers import Workers
from gateway.settings import ConfigurationRefused, Settings, read_settings, reserved_in
from gateway.vocabulary.failure import Failure

Portals = Annotated[list[Path] | None, typer.Option("--portal", help="A seed file with portals; may be repeated.")]
_BACKLOG = 2048
_IDLE_S = 75  # longer than a proxy keeps its own connections (60 s): else it sends into one that is just closing
_GRACE_S = 8  # for answers under way when a worker is asked to end


class WorkersGivenUp(Failure):
    """Workers ended as often as they were started."""

    code = "GW-9107"
    title = "workers cannot live"
    http_status = 503
    vi = "Máy chủ không khởi động được."
    en = "The server cannot start."
    fix = "Read the lines the workers left in the log; the last change of settings or memory limits is the usual cause."


def serve(
    config: Config = None,
    portal: Portals = None,
    issuer: Annotated[str | None, typer.Option("--issuer", help="The exact issuer.")] = None,
    store: Store = None,
    redis: Redis = None,
    *,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help="How many processes serve.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="The port to listen on.")] = None,
) -> None:
    """Serve the gateway in the foreground until SIGINT or SIGTERM."""
    flags = {
        "GATE06_ISSUER": issuer,
        "GATE06_STORE__URL": store,
        "GATE06_STORE__REDIS": redis,
        "GATE06_SERVER__WORKERS": workers,
        "GATE06_SERVER__PORT": port,
    }
    export(flags, config, portal)
    settings = settings_of(None, None, None, on_demo=False)
    for name in reserved_in(settings):
        talk(f"{name} is set and has no effect in this version (docs/settings.md, reserved)")
    signal.signal(signal.SIGTERM, leave)  # until workers run and wait for it themselves
    talk(f"gate06 serves {settings.issuer} at http://{settings.server.host}:{settings.server.port}")
    with tempfile.TemporaryDirectory(prefix="gate06-metrics-") as folder, served_metrics(settings, Path(folder)):
        asyncio.run(rehearse())
        run_server(settings)


def leave(number: int, frame: FrameType | None) -> None:
    """End through what has to be cleaned up. Raises SystemExit."""
    raise SystemExit(128 + number)


def export(flags: Mapping[str, object], configs: list[Path] | None, portals: list[Path] | None) -> None:
    """Put flags where worker processes read them: they start afresh and see the environment only."""
    os.environ.update({name: str(value) for name, value in flags.items() if value is not None})
    for name, files in (("GATE06_CONFIG", configs), ("GATE06_PORTALS", portals)):
        if files:
            os.environ[name] = os.pathsep.join(str(file.resolve()) for file in files)


def create_worker() -> Any:
    """Return the application of one worker; the worker ends with its parent, however that ends."""
    die_with_parent()
    from gateway.application import create_application

    return create_application()


async def rehearse() -> None:
    """Start and stop the application once, here: what is wrong is said once, by its own failure, before anybody forks.

    It also makes the first keys and tables without a race, and leaves the imports to be shared by all workers.
    Raises whatever failure the start raises.
    """
    from gateway.application import create_application

    application = create_application()
    messages: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    started = asyncio.Event()

    async def send(message: Any) -> None:
        if message["type"] == "lifespan.startup.complete":
            started.set()

    await messages.put({"type": "lifespan.startup"})
    life = asyncio.ensure_future(application({"type": "lifespan", "asgi": {"version": "3.0"}}, messages.get, send))
    waiting = asyncio.ensure_future(started.wait())
    await asyncio.wait({life, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    await messages.put({"type": "lifespan.shutdown"})
    await life


def run_server(settings: Settings) -> None:
    """Serve with uvicorn in worker processes until a signal ends it; they share the port through the parent's socket.

    SIGHUP makes every worker take over the portals as they are written now; settings that cannot be used are named
    and change nothing. Raises ConfigurationRefused for a port that is taken, WorkersGivenUp.
    """
    place = f"{settings.server.host}:{settings.server.port}"
    try:
        door = socket.create_server((settings.server.host, settings.server.port), backlog=_BACKLOG)
    except OSError as trouble:
        raise ConfigurationRefused([f"`server.port`: {place} cannot be listened on"]) from trouble
    with door:
        if not Workers(settings.server.workers, lambda: work(door), settings_can_be_read).run():
            raise WorkersGivenUp(f"workers at {place} ended again and again")


def work(door: socket.socket) -> None:
    """Serve connections of the shared socket in this process."""
    from uvicorn import Config, Server

    # forwarding headers are never believed: every address of ours comes from the issuer
    server = Server(
        Config(
            create_worker,
            factory=True,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            proxy_headers=False,
            server_header=False,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=_GRACE_S,
            timeout_keep_alive=_IDLE_S,
        )
    )
    server.run(sockets=[door])


def settings_can_be_read() -> bool:
    """Tell whether the settings as they are written now can be used; say what is wrong with them otherwise."""
    try:
        read_settings()
    except ConfigurationRefused as refused:
        for problem in refused.problems:
            talk(f"{refused.code}: {problem}; the settings stay as they were")
        return False
    return True
