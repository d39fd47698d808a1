"""`gate06 serve`: the gateway on granian, one or several worker processes."""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.connection import Config, Redis, Store, settings_of
from gateway.cli.metrics import served_metrics
from gateway.cli.output import talk
from gateway.settings import Settings

Portals = Annotated[list[Path] | None, typer.Option("--portal", help="A seed file with portals; may be repeated.")]
TARGET = "gateway.application:create_application"
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
    settings.master_key_bytes()  # refused here, once, and not in every worker
    talk(f"gate06 serves {settings.issuer} at http://{settings.server.host}:{settings.server.port}")
    with tempfile.TemporaryDirectory(prefix="gate06-metrics-") as folder, served_metrics(settings, Path(folder)):
        run_server(settings)


def export(flags: Mapping[str, object], configs: list[Path] | None, portals: list[Path] | None) -> None:
    """Put flags where worker processes read them: they start afresh and see the environment only."""
    os.environ.update({name: str(value) for name, value in flags.items() if value is not None})
    for name, files in (("GATE06_CONFIG", configs), ("GATE06_PORTALS", portals)):
        if files:
            os.environ[name] = os.pathsep.join(str(file.resolve()) for file in files)


def run_server(settings: Settings) -> None:
    """Run granian until a signal ends it. Several workers share the port through the parent's socket."""
    from granian import Granian
    from granian.constants import Interfaces, Loops
    from granian.log import LogLevels

    # Without this a worker would import the application twice, once under another name
    sys.argv = ["gate06", "serve"]
    Granian(
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
    ).serve()
