"""Sessions kept on the server: the cookie is random and says nothing about anybody."""

import secrets
import time
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "portal_session"
IDLE_FOR = 1800.0
MOST = 10_000


class Session(dict[str, Any]):
    """What is known of one browser. `renew()` gives it a new cookie, as every sign-in must (session fixation)."""

    def __init__(self) -> None:
        super().__init__()
        self.renewed = False
        self.ended = False

    def renew(self) -> None:
        """Change the cookie with this answer."""
        self.renewed = True

    def end(self) -> None:
        """Forget everything."""
        self.clear()
        self.ended = True


class Sessions:
    """All sessions of this process, forgotten after half an hour without a request."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Session]] = {}

    def find(self, key: str | None) -> Session | None:
        """Return the session of a cookie, or None."""
        kept = self._kept.get(key or "")
        if kept is None or kept[0] < time.monotonic() - IDLE_FOR:
            self._kept.pop(key or "", None)
            return None
        return kept[1]

    def keep(self, key: str, session: Session) -> None:
        """Store a session and drop what is too old or too much."""
        self._kept.pop(key, None)
        self._kept[key] = (time.monotonic(), session)
        oldest = time.monotonic() - IDLE_FOR
        while self._kept:
            first = next(iter(self._kept))
            if self._kept[first][0] >= oldest and len(self._kept) <= MOST:
                break
            del self._kept[first]

    def drop(self, key: str | None) -> None:
        """Forget a session."""
        self._kept.pop(key or "", None)


class SessionLayer:
    """Puts `request.session` in place (pure ASGI) and sets the cookie when it is new."""

    def __init__(self, app: ASGIApp, *, secure: bool = False) -> None:
        self._app = app
        self._sessions = Sessions()
        self._name = f"__Host-{COOKIE}" if secure else COOKIE
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Load, run, keep."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        key = self._cookie(scope)
        found = self._sessions.find(key)
        session = found if found is not None else Session()
        session.renewed = session.ended = False
        scope["session"] = session

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._finish(key if found is not None else None, session, MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    def _finish(self, key: str | None, session: Session, headers: MutableHeaders) -> None:
        if session.ended:
            self._sessions.drop(key)
            headers.append("set-cookie", f"{self._name}=; Max-Age=0{self._attributes}")
        elif session:
            if key is None or session.renewed:
                self._sessions.drop(key)
                key = secrets.token_urlsafe(32)
                headers.append("set-cookie", f"{self._name}={key}{self._attributes}")
            self._sessions.keep(key, session)

    def _cookie(self, scope: Scope) -> str | None:
        for name, value in scope["headers"]:
            if name == b"cookie":
                try:
                    morsel = SimpleCookie(value.decode("latin-1")).get(self._name)
                except CookieError:
                    return None
                return None if morsel is None else morsel.value
        return None
