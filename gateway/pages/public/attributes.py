"""The catalogue of attributes as a page that anybody may read."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from gateway.connector_lifecycle.endpoints import ConnectorDesk
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.endpoints import Endpoints
from gateway.openid_provider.house import House
from gateway.openid_provider.own_pages.endpoints import language_of
from gateway.openid_provider.reply import Reply, page_reply
from gateway.pages.layout.frame import Layout
from gateway.pages.public.finding import asked_words, found_at
from gateway.vocabulary.collation import find

ADDRESS = "/attributes"


def attribute_page_routes(house: House, desk: ConnectorDesk, layout: Layout) -> list[Route]:
    """Return the route of the page."""

    async def show(request: Request, browser: Browser) -> Reply:
        query = asked_words(request)
        rows = desk.catalogue.rows(desk.watch.standings(), await desk.figures.recent())
        rows = [row for row in rows if find(query, [row], _words_of)]
        domains = sorted({row["domain"] for row in rows})
        page = layout.render(
            "public/attributes.html",
            language_of(browser),
            switch=found_at(house.issuer + ADDRESS, query),
            action=house.issuer + ADDRESS,
            query=query,
            rows=rows,
            domains=domains,
        )
        return page_reply(page)

    return [Route(ADDRESS, Endpoints(house).page(show), methods=["GET"])]


def _words_of(row: Mapping[str, Any]) -> str:
    """Return what an entry is found by: its id, its label in both languages, its authority, its procedures."""
    texts = [row["label"], row["authority"], *(one["title"] for one in row["procedures"])]
    codes = [row["id"].replace("_", " "), row["id"], *(one["code"] for one in row["procedures"])]
    return " ".join([*codes, *(words for text in texts for words in text.values())])
