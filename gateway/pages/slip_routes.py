"""Routes of the slip for corrections: everything somebody chooses is posted, so that no address tells it."""

import asyncio
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.openid_provider.allowance import Allowance
from gateway.openid_provider.failure import InvalidRequest
from gateway.openid_provider.http_request import read_form
from gateway.openid_provider.parameters import Parameters
from gateway.pages.public.pages import PublicPages
from gateway.pages.public.slip import SlipDesk
from gateway.pages.routes import page_language, page_response
from gateway.policy.bundle import PolicyBundle
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.problem import preferred_language

SLIPS = "/corrections"


def slip_routes(policy: PolicyBundle, pages: PublicPages, clock: Clock) -> list[BaseRoute]:
    """Return `/corrections/{procedure}`. Anybody may ask, and a PDF takes some 40 ms of a processor, so each worker
    makes one in a second after the first sixty: beyond it the page itself is shown, which can be printed as well."""
    desk = SlipDesk(policy, pages.layout, clock, pages.layout.base_path + SLIPS)
    papers = Allowance(clock, burst=60, each=timedelta(seconds=1))

    async def slip(request: Request) -> Response:
        language = page_language(request)
        procedure = desk.procedure(request.path_params["procedure"])
        if procedure is None:
            return page_response(pages.missing(language))
        given = Parameters({})
        if request.method == "POST":
            try:
                given = await read_form(request)
            except InvalidRequest:
                return page_response(desk.show(procedure, Parameters({}), language, status=400))
            language = chosen_language(given, language)
        busy = False
        if given.get("as") == "pdf":
            busy = not papers.take()
            paper = None if busy else await asyncio.to_thread(desk.print, procedure, given, language)
            if paper is not None:
                return page_response(paper)
        return page_response(desk.show(procedure, given, language, busy=busy))

    return [Route(f"{SLIPS}/{{procedure}}", slip, methods=["GET", "POST"])]


def chosen_language(given: Parameters, otherwise: str) -> str:
    """Return the language a form asks for: its language button, else the one the form was shown in."""
    asked = given.get("ui_locales") or given.get("language")
    return preferred_language(asked) if asked else otherwise
