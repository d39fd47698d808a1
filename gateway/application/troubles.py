"""What a caller sees of a bug or of an address that does not exist: JSON for programs, a page for people."""

from collections.abc import Callable, Coroutine
from typing import Any, Literal

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from gateway.openid_provider.failure import ServerError
from gateway.openid_provider.reply import NO_STORE
from gateway.pages.public.pages import PublicPages
from gateway.pages.routes import page_language, page_response
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.problem import preferred_language, problem

_OAUTH = ("/token", "/par", "/device_authorization", "/userinfo", "/introspect", "/revoke")
_PROGRAMS = (*_OAUTH, "/v1/", "/jwks", "/.well-known/", "/log/")
_METADATA = ("/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]


class AddressUnknown(Failure):
    """No endpoint has this address."""

    code = "GW-1801"
    title = "no such address"
    http_status = 404
    oauth_error = "invalid_request"
    vi = "Không có địa chỉ này."
    en = "There is no such address."
    fix = "Take addresses from the discovery document or from `/openapi.json`."


class MethodNotOffered(Failure):
    """The endpoint does not take this method; `Allow` names those it takes (RFC 9110 §15.5.6)."""

    code = "GW-1802"
    title = "method not allowed"
    http_status = 405
    oauth_error = "invalid_request"
    vi = "Địa chỉ này không nhận phương thức đó."
    en = "This address does not take that method."
    fix = "Use a method of the `Allow` header; `/openapi.json` lists every operation."


def answers_as(path: str) -> Literal["oauth", "problem", "page"]:
    """Return in what shape a bug or a wrong address is told to whoever asks for a path."""
    if path.startswith(_OAUTH) or path in _METADATA or path.endswith("/backchannel-logout"):
        return "oauth"
    return "problem" if path.startswith(_PROGRAMS) else "page"


def error_handlers(pages: PublicPages, issuer: str) -> dict[Any, Handler]:
    """Return the handlers for what no endpoint answered: unknown addresses, wrong methods, and bugs."""

    async def http_error(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        shape = answers_as(request.url.path)
        if shape != "page":
            failure = MethodNotOffered() if error.status_code == 405 else AddressUnknown()
            failure.trace_id = request.scope.get("gate06.trace_id")
            language = preferred_language(request.headers.get("accept-language"))
            status, given, body = _told(failure, shape, issuer, language)
            return Response(body, status, {**headers, **given})
        language = page_language(request)
        shown = pages.not_offered(language) if error.status_code == 405 else pages.missing(language)
        page = page_response(shown)
        page.status_code = error.status_code
        page.headers.update(headers)
        return page

    async def bug(request: Request, error: Exception) -> Response:
        raise error  # the shell gives it its face; the framework's own would be two English words

    return {HTTPException: http_error, Exception: bug}


def broken_answer(
    pages: PublicPages, issuer: str, scope: Scope, trace_id: str
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Return status, headers and body for a bug: a code and the trace id, nothing of the cause."""
    failure = ServerError()
    failure.trace_id = trace_id
    path = str(scope["path"])
    headers = dict(scope["headers"])
    language = preferred_language(headers.get(b"accept-language", b"").decode("latin-1"))
    shape = answers_as(path)
    if shape != "page":
        status, given, body = _told(failure, shape, issuer, language)
        return status, [(name.encode(), value.encode()) for name, value in given.items()], body
    page = pages.broken(language, trace_id=trace_id)
    return 500, [(k.encode(), v.encode("latin-1")) for k, v in page.headers.items()], page.body


def _told(failure: Failure, shape: str, issuer: str, language: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of a failure for programs."""
    if shape == "oauth":
        uri = f"{issuer}/errors/{failure.code}"
        document = {"error": failure.oauth_error, "error_description": failure.title, "error_uri": uri}
        media_type = "application/json"
    else:
        document = problem(failure, issuer=issuer, language=language)
        media_type = "application/problem+json"
    return failure.http_status, {"content-type": media_type, **dict(NO_STORE)}, orjson.dumps(document)
