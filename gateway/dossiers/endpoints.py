"""The wire of dossiers: POST /v1/dossiers/events and POST /v1/dossiers/sync for systems, POST /v1/tracking for anybody.

Who asks is found before what they sent is read: a stranger's words are looked at by nobody. A refusal of a known client
leaves a receipt; one that cannot be stored is answered all the same, without.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.audit.endpoints import refusal
from gateway.audit.receipt import refuse
from gateway.dossiers.event import DossiersRefused
from gateway.dossiers.failure import MessageTooLarge
from gateway.dossiers.intake import Intake, Sender, Taken
from gateway.dossiers.message import (
    BODY_LIMIT,
    TRACKING_LIMIT,
    media_type_of,
    read_events,
    read_national,
    read_tracking,
)
from gateway.dossiers.sender import Caller, CallerReader, require_sender
from gateway.dossiers.tracking import Tracking
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.octets import read_capped
from gateway.vocabulary.presented import Presented
from gateway.vocabulary.store import Put, StorageUnavailable

Handler = Callable[[Request, Sender], Awaitable[Response]]
_NO_STORE = {"cache-control": "no-store"}
TAKEN = "0"
NOT_TAKEN = "-1"
"""What the national message's `error_code` says: all of it was taken, or something was not."""


@dataclass(frozen=True, slots=True)
class IntakeDesk:
    """What the endpoints need."""

    intake: Intake
    callers: CallerReader
    issuer: str

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at the issuer's root."""
        return [
            self._route("/v1/dossiers/events", self._events),
            self._route("/v1/dossiers/sync", self._sync),
        ]

    def _route(self, path: str, answer: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            caller: Caller | None = None
            try:
                url = self.issuer.rstrip("/") + request.scope["path"]
                caller = await self.callers.read(Presented.by(request.headers.getlist, request.method, url))
                return await answer(request, require_sender(caller))
            except Failure as failure:
                return await self._refuse(failure, request, caller)

        return Route(path, endpoint, methods=["POST"], name=path)

    async def _events(self, request: Request, sender: Sender) -> Response:
        octets = await read_capped(request.stream(), BODY_LIMIT, MessageTooLarge)
        media_type = media_type_of(request.headers.getlist("content-type"))
        offers = self.intake.read(sender.client_id, "event", read_events(media_type, dict(request.headers), octets))
        return _json((await self.intake.take(sender, offers, trace_id=_trace(request))).wire(), 202)

    async def _sync(self, request: Request, sender: Sender) -> Response:
        octets = await read_capped(request.stream(), BODY_LIMIT, MessageTooLarge)
        message = read_national(media_type_of(request.headers.getlist("content-type")), octets)
        at = self.intake.clock.now()
        offers = self.intake.read(sender.client_id, message.way, message.rows, at if message.way == "whole" else None)
        taken = await self.intake.take(sender, offers, trace_id=_trace(request))
        return _json({**_hub_answer(taken), **taken.wire()}, 200)

    async def _refuse(self, failure: Failure, request: Request, caller: Caller | None) -> Response:
        failure.trace_id = _trace(request)
        if caller is not None and failure.http_status < 500:
            try:
                record, event = await refuse(
                    failure,
                    evidence=self.intake.evidence,
                    kind=DossiersRefused,
                    issuer=self.issuer,
                    client_id=caller.client_id,
                )
                await self.intake.store.commit([Put(record)], [event], now=self.intake.clock.now())
            except StorageUnavailable:
                failure.receipt = None  # nothing was stored: a receipt would promise what nobody can show
        return refusal(failure, request, self.issuer)


def tracking_route(tracking: Tracking, issuer: str) -> Route:
    """Return the route of public progress; it wants no token."""

    async def endpoint(request: Request) -> Response:
        try:
            octets = await read_capped(request.stream(), TRACKING_LIMIT, MessageTooLarge)
            code, check = read_tracking(media_type_of(request.headers.getlist("content-type")), octets)
            return _json((await tracking.look(code, check)).wire(), 200)
        except Failure as failure:
            return refusal(failure, request, issuer)

    return Route("/v1/tracking", endpoint, methods=["POST"], name="/v1/tracking")


def _hub_answer(taken: Taken) -> dict[str, Any]:
    if taken.rejected:
        return {"error_code": NOT_TAKEN, "message": f"Không nhận {len(taken.rejected)} bản ghi; xem rejected."}
    return {"error_code": TAKEN, "message": f"Đã nhận {taken.accepted}, trùng {taken.duplicate}."}


def _trace(request: Request) -> str | None:
    return request.scope.get("gate06.trace_id")


def _json(document: dict[str, Any], status: int) -> Response:
    return Response(orjson.dumps(document), status, _NO_STORE, "application/json")
