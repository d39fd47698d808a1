"""`/openapi.json`: what every floor promises, joined into one OpenAPI 3.1 document.

What belongs to all operations is added here: the trace id, what a bug looks like, and how a token is refused.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.application.troubles import answers_as
from gateway.audit.openapi import log_operations
from gateway.connector_lifecycle.openapi import connector_operations
from gateway.dossiers.openapi import dossier_operations
from gateway.openid_provider.failure import InvalidRequest, InvalidToken, ServerError
from gateway.openid_provider.openapi import provider_operations, provider_schemas
from gateway.openid_provider.openapi_upstream import upstream_operations
from gateway.openid_provider.possession import AccessNonceWanted, AccessProofRefused
from gateway.openid_provider.profiles import IDENTITY_SCOPES
from gateway.openid_provider.staff_realm.failure import NotForStaff
from gateway.openid_provider.staff_realm.openapi import staff_operations
from gateway.prefill.openapi import prefill_operations
from gateway.vocabulary.operation import (
    BOTH_LANGUAGES,
    HTML,
    INSTANT,
    JSON,
    OAUTH_ERROR,
    PROBLEM,
    TEXT,
    Responses,
    answer,
    joined,
    oauth_errors,
    pages,
    parameter,
    problems,
    shape,
)

_PROOF_AT = frozenset({"/par", "/token"})
_PROOF = (
    "a proof of possession (RFC 9449): it binds what `/par` and `/token` give to its key, and goes with every request "
    "that shows a bound token"
)

PAGES: Mapping[str, str] = {
    "/": "the first page, for people",
    "/errors": "the error catalogue, for people",
    "/errors/{code}": "one entry of the error catalogue, for people",
    "/static/{path:path}": "style sheet, fonts and marks of the pages",
    "/interaction/{attempt_id}": "the pages of one sign-in; their forms change with them",
    "/upstream/{alias}/callback": "an identity provider sends the browser here; only it knows the parameters",
    "/upstream/{alias}/signed-out": "the same after a sign-out",
    "/consents/{consent_id}": "a person's own consent, for the browser in which they are signed in",
    "/consents/{consent_id}/receipt.pdf": "its paper on A4: the receipt of an agreement, or the record of a refusal",
    "/consents/{consent_id}/receipt.jws": "the same, signed",
    "/consents/{consent_id}/withdraw": "the answer to that page's own form",
    "/logout/confirm": "the answer to the sign-out page's own form",
    "/failed/{code}": "what a failure page told, once more and in the other language",
    "/logout/done": "the last page of a sign-out that leads nowhere",
    "/me": "what the gateway knows of a citizen, for that citizen",
    "/me/usage": "who used the citizen's data, for that citizen",
    "/me/usage/export": "the same as a file, for that citizen's browser",
    "/me/usage/{receipt}/proof": "the proof of one entry, for that citizen's browser",
    "/me/connections": "the portals a citizen lets in",
    "/me/connections/withdraw": "that page's own form",
    "/me/connections/unblock": "that page's own form",
    "/me/notices": "sign-ins a citizen is told of, and their reports",
    "/me/notices/not-me": "that page's own form",
    "/me/browser/trust": "that page's own form",
    "/me/browser/forget": "that page's own form",
    "/me/report": "the form that reports a misuse",
    "/me/report/{number}": "the number of a report, for whoever made it",
    "/evidence": "how to check the evidence log oneself, for people",
    "/evidence/verify.py": "the program for it",
    "/corrections/{procedure}": "the slip for corrections, a page and a paper for anybody",
    "/me/sign-out": "the own pages' form that signs out",
    "/device": "where a person types the code a command shows (RFC 8628 §3.3)",
    "/staff/interaction/{attempt_id}": "the pages of one staff sign-in; their forms change with them",
    "/attributes": "the catalogue of attributes, for people; `/v1/attributes` is the same for programs",
    "/staff/reports": "the operators' list of citizens' reports",
    "/staff/reports/{number}": "one report, for operators",
    "/staff/reports/{number}/{step}": "that page's own forms",
    "/staff/connectors": "the operators' list of connectors",
    "/staff/connectors/quarantine": "the form of that list that ends a quarantine",
    "/staff/connectors/{connector}/{version}": "one version of a connector, for operators",
    "/staff/connectors/{connector}/{version}/{step}": "that page's own forms",
    "/tracking": "how far a dossier is, for people; `/v1/tracking` is the same for programs",
    "/staff/sign-out": "where an officer ends the session of this browser",
}
"""Routes that are no promise to programs, each with the reason why it is not described."""

_REFUSED = {"oauth": oauth_errors, "problem": problems, "page": pages}
_TRACE = {"X-Trace-Id": {"description": "names the request in logs, evidence and refusals", "schema": TEXT}}


def openapi_route(issuer: str) -> Route:
    """Return the route of the document; it is the same for everybody as long as the gateway runs."""
    octets = orjson.dumps(describe(issuer))

    async def openapi(request: Request) -> Response:
        return Response(octets, media_type=JSON, headers={"cache-control": "public, max-age=300"})

    return Route("/openapi.json", openapi, methods=["GET"])


def describe(issuer: str) -> dict[str, Any]:
    """Return the document. Every address in it is derived from the issuer."""
    operations = {
        **provider_operations(),
        **upstream_operations(),
        **staff_operations(),
        **prefill_operations(),
        **log_operations(),
        **connector_operations(),
        **dossier_operations(),
        **_own_operations(),
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Gate06",
            "version": version("gate06"),
            "summary": "Sign-in with VNeID and prefilled forms with the source of every value",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": issuer}],
        "paths": {path: _whole(path, operations[path]) for path in sorted(operations)},
        "components": {
            "schemas": {"OAuthError": OAUTH_ERROR, "Problem": PROBLEM, **provider_schemas()},
            "securitySchemes": _security(issuer),
        },
    }


def _whole(path: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a path item with what all operations have in common."""
    return {method: _completed(path, method, operation) for method, operation in item.items()}


def _completed(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    refused = _REFUSED[answers_as(path)]
    parts: list[Responses] = [operation["responses"], refused(ServerError)]
    security = operation.get("security", [{"access_token": []}])
    if path.startswith("/v1/") and any("access_token" in way for way in security):
        parts.append(problems(InvalidRequest, InvalidToken, AccessProofRefused, AccessNonceWanted))
    if any("staff_token" in way for way in security):
        parts.append(problems(InvalidRequest, InvalidToken, NotForStaff))
    if method == "get" and operation.get("parameters"):
        too_long = "the address is longer than the server reads; said by the server, before the gateway"
        parts.append({"400": answer(too_long, {"text/plain": TEXT})})
    responses = joined(*parts)
    for response in responses.values():
        response["headers"] = {**response.get("headers", {}), **_TRACE}
    words = [word for word in path.replace("{", "").replace("}", "").replace(".", "_").split("/") if word]
    operation = {**operation, "security": security, **_proving(path, operation, security)}
    return {**operation, "operationId": "_".join([method, *words]).replace("-", "_"), "responses": responses}


def _proving(path: str, operation: Mapping[str, Any], security: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Where a proof of possession goes with a request (RFC 9449 §4.1, §7.1), and that a token may be bound to a key."""
    bound = any("access_token" in way for way in security)
    if not bound and path not in _PROOF_AT:
        return {}
    proof = parameter("DPoP", TEXT, _PROOF, place="header")
    members: dict[str, Any] = {"parameters": [*operation.get("parameters", ()), proof]}
    if bound:
        members["security"] = [*security[:1], {"bound_token": []}, *security[1:]]
    return members


def _security(issuer: str) -> dict[str, Any]:
    return {
        "client_secret_basic": {
            "type": "http",
            "scheme": "basic",
            "description": "client id and secret, form-encoded before they are joined (RFC 6749 §2.3.1); a client "
            "registered for `client_secret_post` or `none` sends `client_id` (and its secret) in the body instead, one "
            "for `private_key_jwt` a `client_assertion` (RFC 7523)",
        },
        "access_token": {
            "type": "http",
            "scheme": "bearer",
            "description": "prefill: the token of a citizen's sign-in; the rest: a token of the client itself",
        },
        "bound_token": {
            "type": "http",
            "scheme": "dpop",
            "description": "the same token where it is bound to a key: `Authorization: DPoP` and a proof in `DPoP`",
        },
        "staff_token": {
            "type": "http",
            "scheme": "bearer",
            "description": "a member of staff's token with the scope `operate`, got by the device grant (RFC 8628) as "
            "`gate06 login` does; a citizen's, a portal's and a desk's token open nothing",
        },
        "sign_in": {
            "type": "openIdConnect",
            "openIdConnectUrl": f"{issuer}/.well-known/openid-configuration",
            "description": "how a citizen's token is got: code flow with PKCE; scopes " + ", ".join(IDENTITY_SCOPES),
        },
    }


def _own_operations() -> dict[str, dict[str, Any]]:
    """Return what the application itself answers: health, status and this document."""
    ready = shape(
        {"ready": {"type": "boolean"}, "checks": {"type": "object", "additionalProperties": {"type": "boolean"}}}
    )
    state = {"enum": ["up", "degraded", "down"]}
    part = shape({"id": TEXT, "name": BOTH_LANGUAGES, "status": state, "since": {"type": ["string", "null"]}})
    status = shape(
        {
            "status": state,
            "checked_at": INSTANT,
            "next_at": {"type": ["string", "null"]},
            "parts": {"type": "array", "items": part},
        }
    )
    return {
        "/livez": _look("This process answers", {"200": answer("alive", {"text/plain": TEXT})}),
        "/readyz": _look(
            "Own stores, keys and log are in order; a source being down never fails it",
            {"200": answer("ready", {JSON: ready}), "503": answer("not ready: which check fails", {JSON: ready})},
        ),
        "/status": _look(
            "The sources and since when they are as they are; a page for whoever accepts HTML",
            {"200": answer("at most 15 seconds old", {JSON: status, HTML: TEXT})},
        ),
        "/openapi.json": _look("This document", {"200": answer("OpenAPI 3.1", {JSON: {"type": "object"}})}),
    }


def _look(summary: str, responses: Responses) -> dict[str, Any]:
    return {"get": {"summary": summary, "tags": ["health"], "security": [], "responses": responses}}
