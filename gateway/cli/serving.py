"""`gate06 serve`: the gateway on granian, one or several worker processes."""

import asyncio
import os
import signal
import tempfile
import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.connection import Config, Redis, Store, settings_of
from gateway.cli.metrics import served_metrics
from gateway.cli.output import talk
from gateway.cli.programs import die_with_parent
from gateway.settings import ConfigurationRefused, Settings, read_settings

Portals = Annotated[list[Path] | None, typer.Option("--portal", help="A seed file with portals; may be repeated.")]
TARGET = "gateway.cli.serving:create_worker"
_BACKPRESSURE = 512  # requests a worker holds at a time; what comes above waits in the accept queue
_BACKLOG = 2048


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
    talk(f"gate06 serves {settings.issuer} at http://{settings.server.host}:{settings.server.port}")
    with tempfile.TemporaryDirectory(prefix="gate06-metrics-") as folder, served_metrics(settings, Path(folder)):
        asyncio.run(rehearse())
        run_server(settings)


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


class Patience(dict[int, float]):
    """When the server respawned which worker, as it asks before it gives up: two crashes in five seconds to it, to us
    `CRASHES` within `WITHIN_S`: a killed worker must come back, a start that cannot succeed must end."""

    CRASHES, WITHIN_S = 10, 5.0

    def __init__(self) -> None:
        super().__init__()
        self._crashed: deque[float] = deque(maxlen=self.CRASHES)

    def get(self, worker: int, default: Any = 0) -> Any:
        """Answer a moment ago when it is time to give up, long ago otherwise."""
        now = time.monotonic()
        self._crashed.append(now)
        hopeless = len(self._crashed) == self.CRASHES and now - self._crashed[0] < self.WITHIN_S
        return now if hopeless else default


def run_server(settings: Settings) -> None:
    """Run granian until a signal ends it. Several workers share the port through the parent's socket.

    SIGHUP makes every worker take over the portals as they are written now; settings that cannot be used are named
    and change nothing.
    """
    from granian import Granian
    from granian.constants import Interfaces, Loops
    from granian.log import LogLevels

    server = Granian(
        TARGET,
        address=settings.server.host,
        port=settings.server.port,
        interface=Interfaces.ASGI,
        workers=settings.server.workers,
        loop=Loops.uvloop,
        backlog=_BACKLOG,
        backpressure=_BACKPRESSURE,
        websockets=False,
        log_level=LogLevels.warning,
        log_access=False,
        factory=True,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    )
    server.respawned_wrks = Patience()

    def hand_on(*_: Any) -> None:
        try:
            read_settings()
        except ConfigurationRefused as refused:
            for problem in refused.problems:
                talk(f"{refused.code}: {problem}; the settings stay as they were")
            return
        for worker in server.wrks:
            os.kill(worker.inner.pid, signal.SIGHUP)  # type: ignore[union-attr]

    server.signal_handler_reload = hand_on  # type: ignore[method-assign]
    server.serve()
