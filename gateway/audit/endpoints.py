"""The log over HTTP: checkpoints, proofs and tiles for everybody, receipts for the client concerned.

`/v1/log/…` answers JSON whose members `gate06 verify merkle` reads; `/log/checkpoint` and `/log/tile/…` are the
C2SP tlog-tiles paths under the log's origin. Entry bundles are not served: leaves go only to those concerned.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.audit.failure import CallerUnknown, LogQuestionMalformed, ReceiptUnknown, TileUnknown
from gateway.audit.journal import TileAddress
from gateway.audit.log import Log
from gateway.audit.merkle import HASH_LENGTH, TILE_WIDTH, tile_width
from gateway.audit.proof import (
    consistency_members,
    inclusion_members,
    latest_note,
    prove_consistency,
    prove_inclusion,
)
from gateway.audit.receipt import ReceiptDesk, is_receipt
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.presented import Presented
from gateway.vocabulary.problem import preferred_language, problem

_SIZE = re.compile(r"[1-9][0-9]{0,14}")
_TILE = re.compile(r"(0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_LONG_CACHE = "public, max-age=31536000, immutable"


class ClientReader(Protocol):
    """Tells which client calls; `application` joins it with the OpenID provider's tokens."""

    async def client_id(self, presented: Presented) -> str:
        """Return the client behind what a request shows.

        Raises a Failure with status 401 and a `WWW-Authenticate` header otherwise.
        """
        ...


@dataclass(frozen=True, slots=True)
class LogDesk:
    """What the endpoints need."""

    log: Log
    receipts: ReceiptDesk
    clients: ClientReader
    issuer: str

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at the issuer's root."""
        return [
            self._route("/v1/log/checkpoint", self._checkpoint),
            self._route("/v1/log/inclusion", self._inclusion),
            self._route("/v1/log/consistency", self._consistency),
            self._route("/v1/receipts/{receipt}", self._receipt),
            self._route("/log/checkpoint", self._checkpoint),
            self._route("/log/tile/{path:path}", self._tile),
        ]

    def _route(self, path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                return await answer(request)
            except Failure as failure:
                return refusal(failure, request, self.issuer)

        return Route(path, endpoint, methods=["GET"], name=path)

    async def _checkpoint(self, request: Request) -> Response:
        note = await latest_note(self.log)
        return Response(note, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-cache"})

    async def _inclusion(self, request: Request) -> Response:
        receipt = _one(request, "receipt")
        if receipt is None or not is_receipt(receipt):
            raise LogQuestionMalformed("`receipt` must be one receipt id")
        caller = await self._caller(request) if request.headers.getlist("authorization") else None
        proof = await prove_inclusion(self.log, receipt, _size(request, "size"))
        concerned = caller is not None and caller == proof.event.client_id
        return _json(inclusion_members(proof, with_leaf=concerned))

    async def _consistency(self, request: Request) -> Response:
        size1, size2 = _size(request, "from"), _size(request, "to")
        if size1 is None:
            raise LogQuestionMalformed("`from` is missing")
        return _json(consistency_members(await prove_consistency(self.log, size1, size2)))

    async def _receipt(self, request: Request) -> Response:
        receipt = request.path_params["receipt"]
        caller = await self._caller(request)
        if not is_receipt(receipt):
            raise ReceiptUnknown
        found = await self.receipts.find(receipt, caller)
        return _json(found, "application/problem+json" if "status" in found else "application/json")

    async def _tile(self, request: Request) -> Response:
        address, width = parse_tile_path(request.path_params["path"])
        if tile_width(address, await self.log.tree.size()) < width:
            raise TileUnknown
        (stored,) = await self.log.tree.tiles([address])
        if stored is None or len(stored) < width * HASH_LENGTH:
            raise TileUnknown
        content = bytes(stored[: width * HASH_LENGTH])
        return Response(content, media_type="application/octet-stream", headers={"Cache-Control": _LONG_CACHE})

    async def _caller(self, request: Request) -> str:
        url = self.issuer.rstrip("/") + request.url.path
        presented = Presented.by(request.headers.getlist, request.method, url)
        if not presented.authorization:
            raise CallerUnknown(headers={"WWW-Authenticate": "Bearer"})
        return await self.clients.client_id(presented)


def refusal(failure: Failure, request: Request, issuer: str) -> Response:
    """Return a failure as problem JSON (RFC 9457) in the caller's language."""
    failure.trace_id = failure.trace_id or request.scope.get("gate06.trace_id")
    language = preferred_language(request.headers.get("accept-language"))
    headers = {"Content-Language": language, "Cache-Control": "no-store", **failure.headers}
    if failure.retry_after is not None:
        headers["Retry-After"] = str(failure.retry_after)
    document = orjson.dumps(problem(failure, issuer=issuer, language=language))
    return Response(document, failure.http_status, headers, media_type="application/problem+json")


def parse_tile_path(path: str) -> tuple[TileAddress, int]:
    """Return address and width of `<level>/<number>[.p/<width>]` (C2SP tlog-tiles). Raises TileUnknown."""
    found = _TILE.fullmatch(path)
    if found is None or int(found[1]) > 63:
        raise TileUnknown
    digits = found[2].replace("x", "").replace("/", "")
    width = int(found[3] or TILE_WIDTH)
    if (found[3] and width >= TILE_WIDTH) or (len(digits) > 3 and digits.startswith("000")):
        raise TileUnknown
    return TileAddress(int(found[1]), int(digits)), width


def _one(request: Request, name: str) -> str | None:
    """Return a query parameter; raise LogQuestionMalformed when it is repeated (RFC 6749 §3.1's rule, kept here)."""
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise LogQuestionMalformed(f"`{name}` is given more than once")
    return values[0] if values else None


def _size(request: Request, name: str) -> int | None:
    text = _one(request, name)
    if text is None:
        return None
    if not _SIZE.fullmatch(text):
        raise LogQuestionMalformed(f"`{name}` must be a tree size")
    return int(text)


def _json(document: dict[str, Any], media_type: str = "application/json") -> Response:
    return Response(orjson.dumps(document), headers={"Cache-Control": "no-store"}, media_type=media_type)
