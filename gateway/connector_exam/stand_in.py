"""A source on this machine that answers whatever it is told to: slow, huge, redirecting, broken, about another person.

It counts and keeps every call; the exam alone reads them. Nothing of it outlives `close`.
"""

import asyncio
import gzip
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

TOKEN_PATH = "/exam-token"  # noqa: S105  a path, and the token of it opens nothing
_LARGEST = 4_194_304


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call as it arrived: `path` with its query, undecoded; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer to give, after `wait_for` seconds; `packed` sends the body gzipped."""

    body: bytes = b""
    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_for: float = 0.0
    packed: bool = False


class StandIn:
    """The HTTP service; `reply` is what it says next, and to whom it does not matter."""

    def __init__(self) -> None:
        self.reply: Reply | Callable[[Call], Reply] = Reply(status=503)
        self.calls: list[Call] = []
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def open(self, certificate: ssl.SSLContext | None = None) -> None:
        """Listen on a free port of the loopback interface."""
        application = web.Application(client_max_size=_LARGEST)
        application.router.add_route("*", "/{anything:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=certificate)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"{'http' if certificate is None else 'https'}://127.0.0.1:{port}"

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == TOKEN_PATH:
            return web.json_response({"access_token": "exam-token", "token_type": "Bearer", "expires_in": 3600})
        call = Call(
            method=request.method,
            path=request.raw_path,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        self.calls.append(call)
        reply = self.reply if isinstance(self.reply, Reply) else self.reply(call)
        if reply.wait_for:
            await asyncio.sleep(reply.wait_for)
        headers = {"Content-Type": reply.kind, **reply.headers}
        if reply.packed:
            headers["Content-Encoding"] = "gzip"
        return web.Response(
            status=reply.status, body=gzip.compress(reply.body, 1) if reply.packed else reply.body, headers=headers
        )
