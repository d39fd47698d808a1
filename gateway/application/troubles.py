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
from gateway.vocabulary.problem import preferred_language, problem

_PROGRAMS = ("/v1/", "/token", "/userinfo", "/introspect", "/revoke", "/jwks", "/.well-known/", "/log/")
_OAUTH = ("/token", "/userinfo", "/introspect", "/revoke")
Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]


def answers_as(path: str) -> Literal["oauth", "problem", "page"]:
    """Return in what shape a bug or a wrong address is told to whoever asks for a path."""
    if path.startswith(_OAUTH):
        return "oauth"
    return "problem" if path.startswith(_PROGRAMS) else "page"


def error_handlers(pages: PublicPages, issuer: str) -> dict[Any, Handler]:
    """Return the handlers for what no endpoint answered: unknown addresses and wrong methods."""

    async def http_error(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        shape = answers_as(request.url.path)
        if shape != "page":
            title = "method not allowed" if error.status_code == 405 else "not found"
            document = {"type": "about:blank", "title": title, "status": error.status_code}
            if shape == "oauth":
                document = {"error": "invalid_request", "error_description": title}
            media_type = "application/json" if "error" in document else "application/problem+json"
            return Response(orjson.dumps(document), error.status_code, headers, media_type)
        page = page_response(pages.missing(page_language(request)))
        page.status_code = error.status_code
        page.headers.update(headers)
        return page

    return {HTTPException: http_error}


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
    if shape == "oauth":
        return (
            500,
            _headers("application/json"),
            orjson.dumps(
                {
                    "error": "server_error",
                    "error_description": failure.title,
                    "error_uri": f"{issuer}/errors/{failure.code}",
                }
            ),
        )
    if shape == "problem":
        document = problem(failure, issuer=issuer, language=language)
        return 500, _headers("application/problem+json"), orjson.dumps(document)
    page = pages.broken(language, trace_id=trace_id)
    return 500, [(k.encode(), v.encode("latin-1")) for k, v in page.headers.items()], page.body


def _headers(media_type: str) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", media_type.encode()), *((k.encode(), v.encode()) for k, v in NO_STORE)]
