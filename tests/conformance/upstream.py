"""An identity provider that the rows of the relying-party plans make right or wrong, served beside the test."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread
from typing import TypeVar
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.tokens.key_material import public_jwk
from tests.conformance.moved_clock import MovedTime
from tests.identity_providers.issuer import Issuer, private_jwk

ALIAS, EVIL = "trial", "evil"
WORDS = "upstream words about Trần Thị Bưởi"
"""What an upstream says of an error; nobody else's page repeats it."""
OTHER_KEY = private_jwk("ES256", "other-1")


class Upstream(Issuer):
    """An issuer with an authorization endpoint; `back` changes what its answer carries (None leaves a member out),
    `leads_to` sends the browser somewhere else altogether."""

    time: MovedTime
    tries = 1
    """How often each endpoint is called for one sign-in."""

    def __init__(self, url: str) -> None:
        super().__init__(url, self)  # type: ignore[arg-type]  it tells the time itself
        self.back: dict[str, str | None] = {}
        self.asked: dict[str, str] = {}
        self.leads_to: Callable[[dict[str, str]], str] | None = None

    def make_new(self) -> None:
        """Forget everything a row did to it."""
        self.__init__(self.url)  # type: ignore[misc]  at the same address

    def now(self) -> datetime:
        """Return the time that the gateway sees."""
        return datetime.fromtimestamp(self.time.seconds(), UTC)

    def application(self) -> Starlette:
        """Return all its endpoints."""
        application = super().application()
        application.router.routes += [Route("/authorize", self.begin), Route("/other-keys", self.other_keys)]
        return application

    async def begin(self, request: Request) -> Response:
        """Sign in whoever comes, at once."""
        self.requests.append((request.method, "/authorize"))
        self.asked = dict(request.query_params)
        if self.leads_to is not None:
            return RedirectResponse(self.leads_to(self.asked), 303)
        answer = {"code": self.authorize(str(request.url)), "state": self.asked["state"], "iss": self.url, **self.back}
        carried = urlencode({name: value for name, value in answer.items() if value is not None})
        return RedirectResponse(f"{self.asked['redirect_uri']}?{carried}", 303)

    async def other_keys(self, request: Request) -> Response:
        """Publish keys that no document names."""
        self.requests.append((request.method, "/other-keys"))
        return JSONResponse({"keys": [public_jwk(OTHER_KEY)]})

    def settings(self, alias: str = ALIAS) -> dict[str, object]:
        """Return the gateway's table for it."""
        return {
            "alias": alias,
            "kind": "openid_connect",
            "label": {"vi": "Thử", "en": "Trial"},
            "issuer": self.url,
            "client_id": "gate06",
            "client_secret": "upstream s3cret of/100%",
            "scope": "openid profile",
        }


U = TypeVar("U", bound=Upstream)


@contextmanager
def served_upstream(kind: type[U]) -> Iterator[U]:
    """Serve one on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        upstream = kind(f"http://127.0.0.1:{door.getsockname()[1]}")
        config = uvicorn.Config(upstream.application(), access_log=False, log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [door]}, daemon=True)
        thread.start()
        try:
            yield upstream
        finally:
            server.should_exit = True
            thread.join(20)
