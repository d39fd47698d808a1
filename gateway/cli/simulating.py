"""`gate06 simulate`: one simulator by itself, for trying a connector before the real source is reachable."""

import asyncio
import signal
import socket
import sys
from contextlib import AbstractContextManager, nullcontext
from typing import Annotated, Any

import typer

from gateway.cli.exit_codes import Exit
from gateway.cli.output import talk


def simulate(
    name: Annotated[
        str,
        typer.Argument(
            help="The simulator: toy (the invented library), a register by its name, or sources for all of them."
        ),
    ] = "toy",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where it listens on this machine.")] = 8010,
) -> None:
    """Serve a simulator on 127.0.0.1 until SIGINT or SIGTERM; `ready` on stdout when it listens."""
    from gateway.cli.simulate import create_simulator

    try:
        application = create_simulator(name, {})
    except LookupError as error:
        talk(str(error))
        raise typer.Exit(Exit.NOT_FOUND) from None
    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        talk(f"port {port} cannot be used: {error.strerror}; choose another with --port")
        raise typer.Exit(Exit.CONFIGURATION) from None
    talk(f"{name} on http://127.0.0.1:{port}; Ctrl-C ends it")
    with listening:
        asyncio.run(_serve(application, listening))


async def _serve(application: Any, listening: socket.socket) -> None:
    import uvicorn

    class Serving(uvicorn.Server):
        """A server that leaves the signals to us: one of them ends the program with 0, as it ends the demo."""

        def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
            return nullcontext()

    server = Serving(uvicorn.Config(application, access_log=False, log_level="warning"))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, setattr, server, "should_exit", True)
    # the socket listens already: whoever calls now waits until the server takes over
    typer.echo("ready")
    sys.stdout.flush()
    await server.serve([listening])
