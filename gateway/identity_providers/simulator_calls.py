"""Counting what a played identity provider was asked."""

from collections import deque

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.vocabulary.clock import Clock


class Calls:
    """Counts requests to what is played (not to `/_…`); keeps method and path of the last hundred, never a query.
    `/_calls` below `prefix` tells them."""

    def __init__(self, application: ASGIApp, clock: Clock, prefix: str = "") -> None:
        self._application = application
        self._clock = clock
        self._own = f"{prefix}/_calls"
        self._count = 0
        self._last: deque[dict[str, str]] = deque(maxlen=100)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count, then pass on."""
        if scope["type"] == "http" and "/_" not in scope["path"]:
            self._count += 1
            at = self._clock.now().isoformat(timespec="milliseconds")
            self._last.append({"method": scope["method"], "path": scope["path"], "at": at})
        if scope["type"] == "http" and scope["path"] == self._own:
            await JSONResponse({"count": self._count, "last": list(self._last)})(scope, receive, send)
            return
        await self._application(scope, receive, send)
