"""What every page of the operators' console shares: who may come in, and how a page is drawn."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.connector_lifecycle.steps import DUTIES
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.endpoints import Endpoints
from gateway.openid_provider.house import House
from gateway.openid_provider.own_pages.endpoints import in_language, language_of
from gateway.openid_provider.parameters import same_secret
from gateway.openid_provider.reply import Reply, page_reply, with_query
from gateway.openid_provider.screens import FailurePage
from gateway.openid_provider.staff_realm.console import (
    FIRST_PAGE,
    UNDONE,
    ConsoleVisit,
    admit_operator,
    send_to_console,
    undone_address,
    undone_mark,
)
from gateway.openid_provider.telling import told_again_at
from gateway.pages.layout.frame import Layout
from gateway.staff.failure import RoleMissing
from gateway.staff.roles import Operator

Handler = Callable[[Request], Awaitable[Response]]
Show = Callable[[Request, ConsoleVisit], Awaitable[Reply]]
MayLook = Callable[[Operator], object]
"""Raises RoleMissing for whoever may not look."""


class ConsoleFrame:
    """The frame of pages below `home`, bound to one house."""

    def __init__(self, house: House, layout: Layout, home: str, may_look: MayLook) -> None:
        self._house = house
        self._layout = layout
        self._home = home
        self._may_look = may_look
        self._wrap = Endpoints(house).page

    def for_staff(self, show: Show) -> Handler:
        """Wrap a page: without a young staff sign-in the visitor signs in first and comes back to it, without a role
        they are told. A form that was sent without one is not acted upon: its page says so and wants a new press."""

        async def handle(request: Request, browser: Browser) -> Reply:
            asked, chosen = in_language(self._house, browser)
            visit = await admit_operator(self._house, asked)
            if visit is None:
                path = str(request.scope["path"])
                page = undone_address(path) if request.method == "POST" else path
                return (await send_to_console(self._house, asked, page)).adding(*chosen)
            try:
                self._may_look(Operator.of(visit.session.officer))
            except RoleMissing as refused:
                return self._not_for(refused, visit).adding(*chosen)
            mark = undone_mark(self._house, visit.session, str(request.scope["path"]))
            visit = replace(visit, undone=same_secret(request.query_params.get(UNDONE, ""), mark))
            return (await show(request, visit)).adding(*chosen)

        return self._wrap(handle)

    def _not_for(self, refused: RoleMissing, visit: ConsoleVisit) -> Reply:
        """Say which role a page wants, and lead back to the console's first page whoever may see that one."""
        browser, officer = visit.browser, visit.session.officer
        refused.trace_id = browser.trace_id
        # a page that refuses them too would send them in a circle
        leads = self._home != FIRST_PAGE and not set(DUTIES["read"]).isdisjoint(officer.roles)
        onward = self._house.issuer + FIRST_PAGE if leads else None
        here = browser.here or told_again_at(self._house, refused)
        view = FailurePage(failure=refused, onward_url=onward, here=here)
        shown = self._house.screens.show(view, languages=browser.languages, status=refused.http_status)
        return page_reply(shown)

    def page(self, name: str, visit: ConsoleVisit, here: str, **values: Any) -> Reply:
        """Draw a page; `here` is its address below the issuer."""
        mark = undone_mark(self._house, visit.session, here) if visit.undone else None
        page = self._layout.render(
            f"operator/{name}.html",
            language_of(visit.browser),
            switch=with_query(self._house.issuer + here, {UNDONE: mark}),
            has_form=True,
            home=self._house.issuer + self._home,
            here=self._house.issuer + here,
            visit=visit,
            now=self._house.clock.now(),
            **values,
        )
        return page_reply(page)
