"""The public routes and the static files, for `application` to join."""

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.audit.receipt import is_issued_receipt
from gateway.openid_provider.screens import Page
from gateway.pages.public.finding import asked_words
from gateway.pages.public.pages import PublicPages
from gateway.pages.public.status import StatusReport
from gateway.vocabulary.problem import preferred_language

StatusReading = Callable[[], Awaitable[StatusReport]]


def public_routes(pages: PublicPages, read_status: StatusReading) -> list[BaseRoute]:
    """Return `/`, `/errors`, `/errors/{code}`, `/status` and `/static/…`.

    `/status` answers JSON unless the browser asks for HTML. A code that does not exist gets the 404 page.
    """

    async def home(request: Request) -> Response:
        return page_response(pages.home(page_language(request)))

    async def errors(request: Request) -> Response:
        return page_response(pages.errors(page_language(request), asked_words(request)))

    async def error(request: Request) -> Response:
        receipt = request.query_params.get("receipt")
        if receipt is not None and not is_issued_receipt(receipt):
            receipt = None
        code = request.path_params["code"]
        return page_response(pages.error(code, page_language(request), receipt=receipt))

    async def status(request: Request) -> Response:
        report = await read_status()
        if "text/html" in request.headers.get("accept", ""):
            return page_response(pages.status(report, page_language(request)))
        headers = {"cache-control": "public, max-age=15", "x-content-type-options": "nosniff", "vary": "Accept"}
        return Response(orjson.dumps(report.as_json()), media_type="application/json", headers=headers)

    return [
        Route("/", home, methods=["GET"]),
        Route("/errors", errors, methods=["GET"]),
        Route("/errors/{code}", error, methods=["GET"]),
        Route("/status", status, methods=["GET"]),
        Route("/static/{path:path}", pages.layout.assets.serve, methods=["GET"]),
    ]


def page_language(request: Request) -> str:
    """Return `vi` or `en`: what `ui_locales` in the query says, else Accept-Language."""
    asked = request.query_params.get("ui_locales")
    if asked:
        return preferred_language(asked.replace(" ", ","))
    return preferred_language(request.headers.get("accept-language"))


def page_response(page: Page) -> Response:
    """Return a page as a Starlette response."""
    return Response(page.body, page.status, dict(page.headers))
