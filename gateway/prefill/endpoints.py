"""The wire of prefill: POST /v1/prefill, GET /v1/prefill/{id}, POST /v1/prefill/verify.

Each endpoint parses, lets its road decide and commit, and renders. A refusal leaves a receipt; one that cannot be
stored is answered all the same, without.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.audit.event import FormRefused
from gateway.audit.receipt import refuse
from gateway.prefill.bearer import Bearer, BearerReader
from gateway.prefill.failure import BodyNotJson, BodyTooLarge, ClientTokenWanted, FormUnknown, RequestMalformed
from gateway.prefill.fill import PrefillRequest, fill_form
from gateway.prefill.house import Prefill
from gateway.prefill.reissue import ReissueRequest, reissue_form
from gateway.prefill.verify import VerifyRequest, verify_form
from gateway.prefill.wire import PrefillBody, VerifyBody, read_body
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.form_preview import kept_address
from gateway.vocabulary.octets import read_capped
from gateway.vocabulary.presented import Presented
from gateway.vocabulary.problem import preferred_language, problem
from gateway.vocabulary.store import CitizenErased, Put, RecordKey, StorageUnavailable

PREFILL_LIMIT = 16_384
VERIFY_LIMIT = 1_048_576

_FORM_ID = re.compile(r"pf_[A-Za-z0-9_-]{16,64}")
_TRACE_PARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


@dataclass(slots=True)
class Call:
    """One request under way: what is known of it so far, for the refusal it may end in."""

    request: Request
    trace_id: str
    bearer: Bearer | None = None
    procedure: str | None = field(default=None)
    body: PrefillBody | Failure | None = None


Handler = Callable[[Call, Prefill], Awaitable[dict[str, Any]]]


def prefill_routes(house: Prefill, bearers: BearerReader) -> list[Route]:
    """Return the routes of prefill; `bearers` reads access tokens."""

    def endpoint(handle: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            call = Call(request, trace_id_of(request, house))
            try:
                beside = await parse_prefill(call) if handle is post_prefill else None
                presented = Presented.by(request.headers.getlist, request.method, _url(request, house))
                call.bearer = await bearers.read(presented, beside=beside)
                return _json(await handle(call, house))
            except Failure as failure:
                return await refuse_call(failure, call, house)

        return answer

    return [
        Route("/v1/prefill", endpoint(post_prefill), methods=["POST"]),
        Route("/v1/prefill/verify", endpoint(post_verify), methods=["POST"]),
        Route("/v1/prefill/{form_id}", endpoint(get_prefill), methods=["GET"]),
    ]


async def parse_prefill(call: Call) -> Callable[[str], Sequence[RecordKey]] | None:
    """Read the body, and return where the answers kept for it are, by the id of a grant: they load with the token.

    What is wrong with the body is told once it is known who asks.
    """
    try:
        body = call.body = read_body(PrefillBody, await read_json(call.request, PREFILL_LIMIT))
    except Failure as failure:
        call.body = failure
        return None
    if body.represented is not None:
        return None
    return lambda grant_id: (kept_address(grant_id, body.procedure),)


async def post_prefill(call: Call, house: Prefill) -> dict[str, Any]:
    """Fill a form."""
    body = call.body
    if not isinstance(body, PrefillBody):
        raise body or RequestMalformed("`body`: is missing")
    call.procedure = body.procedure if body.procedure in house.policy.procedures else None
    asked = PrefillRequest(
        bearer=_bearer(call),
        procedure=body.procedure,
        dossier=body.dossier,
        fields=None if body.fields is None else frozenset(body.fields),
        represented=None if body.represented is None else body.represented.person(),
        conditions=body.conditions or {},
        trace_id=call.trace_id,
    )
    return (await fill_form(asked, house)).wire()


async def get_prefill(call: Call, house: Prefill) -> dict[str, Any]:
    """Give a form again, with what came late."""
    form_id = call.request.path_params["form_id"]
    if not _FORM_ID.fullmatch(form_id):
        raise FormUnknown
    asked = ReissueRequest(bearer=_bearer(call), form_id=form_id, trace_id=call.trace_id)
    return (await reissue_form(asked, house)).wire()


async def post_verify(call: Call, house: Prefill) -> dict[str, Any]:
    """Compare a submitted form with its manifest."""
    if _bearer(call).grant_id is not None:
        raise ClientTokenWanted
    body = read_body(VerifyBody, await read_json(call.request, VERIFY_LIMIT))
    asked = VerifyRequest(
        bearer=_bearer(call),
        manifest=body.manifest,
        values=body.values,
        expected=body.expected(),
        trace_id=call.trace_id,
    )
    return (await verify_form(asked, house)).wire()


async def refuse_call(failure: Failure, call: Call, house: Prefill) -> Response:
    """Store the refusal as evidence where a known client was refused, and answer it as problem JSON."""
    failure.trace_id = call.trace_id
    language = preferred_language(call.request.headers.get("accept-language"))
    if call.bearer is not None and failure.http_status < 500 and failure.receipt is None:
        await _leave_receipt(failure, call, house)
    headers = {**_NO_STORE, **failure.headers, "content-language": language}
    if failure.retry_after is not None:
        headers["retry-after"] = str(failure.retry_after)
    document = problem(failure, issuer=house.figures.issuer, language=language)
    return Response(orjson.dumps(document), failure.http_status, headers, "application/problem+json")


async def read_json(request: Request, limit: int) -> bytes:
    """Return a body that says it is JSON (RFC 8259 knows no charset: it is UTF-8). Raises BodyNotJson, BodyTooLarge."""
    declared = request.headers.getlist("content-type")
    if len(declared) != 1 or declared[0].partition(";")[0].strip().lower() != "application/json":
        raise BodyNotJson
    return await read_capped(request.stream(), limit, BodyTooLarge)


def trace_id_of(request: Request, house: Prefill) -> str:
    """Return the trace id the application gave this request; else the caller's (W3C Trace Context), or a new one."""
    if (given := request.scope.get("gate06.trace_id")) is not None:
        return str(given)
    sent = _TRACE_PARENT.fullmatch(request.headers.get("traceparent", ""))
    return sent[1] if sent else house.desk.randomness.octets(16).hex()


async def _leave_receipt(failure: Failure, call: Call, house: Prefill) -> None:
    bearer = _bearer(call)
    try:
        record, event = await refuse(
            failure,
            evidence=house.desk.evidence,
            kind=FormRefused,
            issuer=house.figures.issuer,
            client_id=bearer.client_id,
            procedure=call.procedure,
            citizen_id=bearer.citizen.id if bearer.citizen else None,
            **_officer_acting(bearer),
        )
        await house.desk.store.commit([Put(record)], [event], now=house.desk.clock.now())
    except (StorageUnavailable, CitizenErased):
        failure.receipt = None  # nothing was stored: a receipt would promise what nobody can show


def _officer_acting(bearer: Bearer) -> dict[str, str]:
    return {} if bearer.officer is None else {"actor_kind": "officer", "actor_ref": bearer.officer.reference}


def _bearer(call: Call) -> Bearer:
    assert call.bearer is not None
    return call.bearer


def _url(request: Request, house: Prefill) -> str:
    """Return the URL a proof of possession has to name: ours by the issuer, never by the Host header."""
    path: str = request.scope["path"]
    return house.figures.issuer + path


def _json(document: dict[str, Any]) -> Response:
    return Response(orjson.dumps(document), 200, _NO_STORE, "application/json")
