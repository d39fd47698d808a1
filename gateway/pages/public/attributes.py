"""The catalogue of attributes as a page that anybody may read."""

from starlette.requests import Request
from starlette.routing import Route

from gateway.connector_lifecycle.endpoints import ConnectorDesk
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.endpoints import Endpoints
from gateway.openid_provider.house import House
from gateway.openid_provider.own_pages.endpoints import language_of
from gateway.openid_provider.reply import Reply, page_reply
from gateway.pages.layout.frame import Layout

ADDRESS = "/attributes"


def attribute_page_routes(house: House, desk: ConnectorDesk, layout: Layout) -> list[Route]:
    """Return the route of the page."""

    async def show(request: Request, browser: Browser) -> Reply:
        rows = desk.catalogue.rows(desk.watch.standings(), await desk.figures.recent())
        domains = sorted({row["domain"] for row in rows})
        page = layout.render(
            "public/attributes.html",
            language_of(browser),
            switch=house.issuer + ADDRESS,
            rows=rows,
            domains=domains,
        )
        return page_reply(page)

    return [Route(ADDRESS, Endpoints(house).page(show), methods=["GET"])]
