"""Routes of public progress: what is asked is posted, so that no address tells it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.openid_provider.failure import InvalidRequest
from gateway.openid_provider.http_request import read_form
from gateway.openid_provider.parameters import Parameters
from gateway.pages.public.tracking import TrackingPage
from gateway.pages.routes import page_language, page_response
from gateway.pages.slip_routes import chosen_language


def tracking_routes(page: TrackingPage) -> list[Route]:
    """Return `/tracking`: the empty page by GET, an answer by POST. Anybody may ask."""

    async def tracking(request: Request) -> Response:
        language = page_language(request)
        if request.method != "POST":
            return page_response(page.empty(language))
        try:
            given = await read_form(request)
        except InvalidRequest:
            given = Parameters({})
        language = chosen_language(given, language)
        return page_response(await page.answer(given.get("code", ""), given.get("check", ""), language))

    return [Route("/tracking", tracking, methods=["GET", "POST"])]
