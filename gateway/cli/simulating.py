"""`gate06 simulate`: one simulator by itself, for trying a connector before the real source is reachable."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.exit_codes import Exit
from gateway.cli.output import talk

if TYPE_CHECKING:
    import uvicorn


def simulate(
    name: Annotated[str, typer.Argument(help="The simulator: toy plays the invented library.")] = "toy",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where it listens on this machine.")] = 8010,
) -> None:
    """Serve a simulator on 127.0.0.1 until SIGINT or SIGTERM; `ready` on stdout when it listens."""
    import uvicorn

    from gateway.cli.simulate import create_simulator

    try:
        application = create_simulator(name, {})
    except LookupError as error:
        talk(str(error))
        raise typer.Exit(Exit.NOT_FOUND) from None
    talk(f"{name} on http://127.0.0.1:{port}; Ctrl-C ends it")
    server = uvicorn.Server(uvicorn.Config(application, "127.0.0.1", port, access_log=False, log_level="warning"))
    asyncio.run(_serve(server))


async def _serve(server: "uvicorn.Server") -> None:
    serving = asyncio.create_task(server.serve())
    while not server.started and not serving.done():  # noqa: ASYNC110  the server has no event for it
        await asyncio.sleep(0.02)
    if server.started:
        typer.echo("ready")
        sys.stdout.flush()
    await serving
