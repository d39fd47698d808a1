"""`python -m tests.proofs.breaking_gateway serve`: the gateway, with every route broken on demand.

The header `x-break` names when a route ends in an exception: `before` it runs, `after` it ran (its answer is thrown
away) or `midway` in its answer. The exception's text quotes all that the caller sent and got: if any of it came out
anywhere, the search would find it. `leak` does what the house must never do, for the search's positive control: it
says what it was sent on stdout and stderr, and counts it as a metric's label.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ROUTES_FILE = "routes.json"


class Forced(Exception):
    """The bug that was asked for."""


class Breaking:
    """One route's application, that breaks when it is told to."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or break."""
        headers = dict(scope.get("headers", ()))
        match headers.get(b"x-break", b"").decode():
            case "":
                await self._application(scope, receive, send)
            case "leak":
                _leak(unquote(headers[b"x-leak"].decode()))
                await self._application(scope, receive, send)
            case "before":
                raise Forced(scope["path"], scope["query_string"], headers, await _read(receive))
            case "after":
                said: list[Message] = []
                await self._application(scope, receive, _keep(said))
                raise Forced(scope["path"], scope["query_string"], headers, said)
            case "midway":
                await self._application(scope, receive, _cut(send))


def create_application() -> ASGIApp:
    """Return the gateway whose routes break on demand; write which routes there are into the working folder."""
    from gateway.application import create_application as create
    from gateway.settings import read_settings

    shell: Any = create()
    open_house = shell._open_house

    async def open_and_break() -> Any:
        running = await open_house()
        routes = running.application.router.routes
        for route in routes:
            route.app = Breaking(route.app)
        # the short way past the framework calls endpoints, which are not wrapped: every request takes the long one
        running.quick = {}
        folder = Path(read_settings().store.master_key_file or "").parent
        (folder / ROUTES_FILE).write_bytes(orjson.dumps(list(_listed(routes))))
        return running

    shell._open_house = open_and_break
    application: ASGIApp = shell
    return application


def _listed(routes: Iterable[BaseRoute]) -> Iterable[tuple[str, str]]:
    for route in routes:
        if isinstance(route, Mount):
            yield "GET", f"{route.path}/{{path}}"
        elif isinstance(route, Route):
            yield from ((method, route.path) for method in sorted((route.methods or {"GET"}) - {"HEAD"}))


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


def _keep(said: list[Message]) -> Send:
    async def send(message: Message) -> None:
        said.append(message)

    return send


def _cut(send: Send) -> Send:
    async def pass_on(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise Forced(message.get("body"))
        await send(message)

    return pass_on


def _leak(text: str) -> None:
    from prometheus_client import Counter

    print(text, flush=True)  # noqa: T201
    print(text.upper(), file=sys.stderr, flush=True)  # noqa: T201
    Counter("gate06_planted", "What must be found", ["value"]).labels(text).inc()


def main() -> None:
    """Serve as `gate06 serve` does, with this application in its place."""
    from gateway.cli import serving
    from gateway.cli.command import main as run

    serving.create_worker = create_application
    run()


if __name__ == "__main__":
    main()
