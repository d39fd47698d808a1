"""Routes of the page that says how to check the evidence log oneself. They know nobody's session and set no cookie."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.pages.layout.frame import Layout
from gateway.pages.public.evidence import PROGRAM, EvidencePage, Outside
from gateway.pages.routes import page_language, page_response

EVIDENCE = "/evidence"


def evidence_routes(layout: Layout, outside: Outside) -> list[Route]:
    """Return `/evidence` and the program `/evidence/verify.py`."""
    page = EvidencePage(layout, outside, layout.base_path + EVIDENCE)

    async def show(request: Request) -> Response:
        return page_response(page.show(page_language(request)))

    async def program(request: Request) -> Response:
        headers = {
            "content-disposition": 'attachment; filename="verify.py"',
            "cache-control": "public, max-age=300",
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        }
        return Response(PROGRAM, media_type="text/x-python; charset=utf-8", headers=headers)

    return [Route(EVIDENCE, show, methods=["GET"]), Route(f"{EVIDENCE}/verify.py", program, methods=["GET"])]
