"""The ASGI surface: start and stop, a trace id per request, one log line, metrics, and the face of a bug.

Pure ASGI: a framework's middleware class costs more than a whole endpoint. Nothing of a request but its route
template, method, status and duration is kept; of an exception, its class and place and never its text, which
may quote what a person typed.
"""

import re
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import lru_cache
from typing import Any, Protocol

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.vocabulary.clock import Randomness

log = structlog.get_logger()

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
REQUESTS = Counter("gate06_http_requests", "Requests answered", ["route", "method", "status"])
SECONDS = Histogram(
    "gate06_http_request_seconds",
    "Time from the first byte in to the last byte out",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
_METHODS = frozenset({"GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Running(Protocol):
    """What runs between start and stop: the routes as an ASGI application, and a way to end it. `quick` are the awaited
    endpoints without parameter by path, `templates` the paths of all by endpoint."""

    application: ASGIApp
    quick: Mapping[str, Route]
    templates: Mapping[object, str]

    async def close(self) -> None:
        """End background work and close connections."""
        ...


class Shell:
    """The application as a server sees it. `open_house` is awaited once, at start; `base_path` is the issuer's path,
    under which every address is served (and without it, for a proxy that takes it away)."""

    def __init__(
        self,
        open_house: Callable[[], Awaitable[Running]],
        randomness: Randomness,
        broken: Callable[[Scope, str], tuple[int, list[tuple[bytes, bytes]], bytes]],
        base_path: str = "",
    ) -> None:
        self._open_house = open_house
        self._randomness = randomness
        self._broken = broken
        self._base_path = base_path
        self._running: Running | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and self._running is not None:
            await self._serve(self._running, scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    self._running = await self._open_house()
                except Exception as error:
                    log.error("start_failed", reason=type(error).__name__, code=getattr(error, "code", None))
                    await send({"type": "lifespan.startup.failed", "message": describe(error)})
                    raise
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if self._running is not None:
                    await self._running.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _serve(self, running: Running, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        if self._base_path:
            scope["path"] = local_path(scope["path"], self._base_path)
        trace_id = self._trace_id(scope)
        scope["gate06.trace_id"] = trace_id
        told = _Told(send, trace_id)
        try:
            await choose(running, scope)(scope, receive, told)
        except Exception as error:
            log.error("broken", trace_id=trace_id, reason=type(error).__name__, at=place_of(error))
            if not told.begun:
                status, headers, body = self._broken(scope, trace_id)
                await told({"type": "http.response.start", "status": status, "headers": headers})
                await told({"type": "http.response.body", "body": body})
        spent = time.perf_counter() - started
        route, method = route_of(scope, running.templates), scope["method"] if scope["method"] in _METHODS else "other"
        requests, seconds = meters(route, method, told.status)
        requests.inc()
        seconds.observe(spent)
        log.info(
            "request", route=route, method=method, status=told.status, ms=round(spent * 1000, 1), trace_id=trace_id
        )

    def _trace_id(self, scope: Scope) -> str:
        """Return the caller's W3C trace id, or a new one."""
        for name, value in scope["headers"]:
            if name == b"traceparent" and (match := _TRACEPARENT.fullmatch(value)) and match[1].strip(b"0"):
                return str(match[1], "ascii")
        return self._randomness.octets(16).hex()


def local_path(path: str, base_path: str) -> str:
    """Return a path without the issuer's: at its beginning, or behind a well-known name (RFC 8414 §3.1)."""
    if path == base_path or path.startswith(base_path + "/"):
        return path[len(base_path) :] or "/"
    return path.removesuffix(base_path) if path.startswith("/.well-known/") else path


@lru_cache(maxsize=4096)
def meters(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    """Return the counters of a kind of request; every label comes from a closed set."""
    return REQUESTS.labels(route, method, status), SECONDS.labels(route)


def choose(running: Running, scope: Scope) -> ASGIApp:
    """Return what serves a request: a hot route with a fixed path straight away, the whole application otherwise."""
    route = running.quick.get(scope["path"])
    if route is None or route.methods is None or scope["method"] not in route.methods:
        return running.application
    endpoint = route.endpoint
    scope.update(route=route, endpoint=endpoint, path_params={}, app=running.application)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        # our endpoints turn every failure into an answer themselves: the framework's exception layer has nothing to do
        response = await endpoint(Request(scope, receive, send))
        await response(scope, receive, send)

    return answer


class _Told:
    """Passes messages on, remembers the status, and names the trace in the answer.

    The head leaves with the first part of the body: an answer that breaks in between can still become a 500.
    """

    __slots__ = ("_head", "_send", "_trace_id", "begun", "status")

    def __init__(self, send: Send, trace_id: str) -> None:
        self._send = send
        self._trace_id = trace_id
        self._head: Message | None = None
        self.begun = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers: list[tuple[bytes, bytes]] = message.setdefault("headers", [])
            message["headers"] = [*headers, (b"x-trace-id", self._trace_id.encode("ascii"))]
            self._head = message
            return
        if self._head is not None:
            head, self._head, self.begun = self._head, None, True
            await self._send(head)
        await self._send(message)


def route_of(scope: MutableMapping[str, Any], templates: Mapping[object, str]) -> str:
    """Return the template of the route that answered, never the path itself: a path may hold an id."""
    return templates.get(scope.get("endpoint"), "none")


def place_of(error: BaseException) -> str:
    """Return where an exception was raised, file and line of the innermost frame."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""


def describe(error: Exception) -> str:
    """Return what the server may print of a failed start: failures speak for themselves, bugs only by class."""
    from gateway.vocabulary.failure import Failure

    return f"{error.code}: {error}" if isinstance(error, Failure) else type(error).__name__
