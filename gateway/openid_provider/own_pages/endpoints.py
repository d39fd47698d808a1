"""HTTP for the own pages: every address wants a young sign-in, every form a value of this session's pages."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.openid_provider.browser import Browser
from gateway.openid_provider.cookies import SESSION, clear_cookie, read_cookie, set_cookie
from gateway.openid_provider.endpoints import Endpoints
from gateway.openid_provider.house import House
from gateway.openid_provider.http_request import address_of, read_form
from gateway.openid_provider.logout import LogoutRequest, sign_out
from gateway.openid_provider.notice import identity_rows
from gateway.openid_provider.own_client import PAGES
from gateway.openid_provider.own_pages.connections import connections_page, unblock, withdraw
from gateway.openid_provider.own_pages.door import (
    UNDONE,
    Visit,
    admit,
    frame_of,
    is_from_here,
    send_to_sign_in,
    undone_page,
)
from gateway.openid_provider.own_pages.export import export_history, export_proof
from gateway.openid_provider.own_pages.notices import (
    forget_browsers,
    not_me,
    notices_page,
    provider_name,
    trust_browser,
)
from gateway.openid_provider.own_pages.reports import (
    misuse_form,
    read_complaint,
    report_page,
    submit_report,
    unanswered_form,
)
from gateway.openid_provider.own_pages.usage import Asked, usage_page
from gateway.openid_provider.own_pages.views import MyRecord, OwnView
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.reply import Reply, page_reply, redirect
from gateway.openid_provider.unsent_report import keep_report, written_of
from gateway.vocabulary.problem import preferred_language

log = structlog.get_logger()

LANGUAGE = "language"
"""The cookie of a language chosen on an own page, so that it lasts from page to page."""

Show = Callable[[Request, Visit], Awaitable[Reply]]
Act = Callable[[Parameters, Visit], Awaitable[Reply]]
Handler = Callable[[Request], Awaitable[Response]]


def own_routes(house: House) -> list[Route]:
    """Return the routes of the own pages."""
    own = OwnPages(house)
    shown: list[tuple[str, Handler]] = [
        ("/me", own.shown(own.record)),
        ("/me/usage", own.shown(own.usage)),
        ("/me/usage/export", own.shown(own.export)),
        ("/me/usage/{receipt}/proof", own.shown(own.proof)),
        ("/me/connections", own.shown(own.connections)),
        ("/me/notices", own.shown(own.notices)),
        ("/me/report/{number}", own.shown(own.report)),
    ]
    done: list[tuple[str, Handler]] = [
        ("/me/connections/withdraw", own.done("connections", own.withdraw)),
        ("/me/connections/unblock", own.done("connections", own.unblock)),
        ("/me/notices/not-me", own.done("notices", own.not_me)),
        ("/me/browser/trust", own.done("notices", own.trust)),
        ("/me/browser/forget", own.done("notices", own.forget)),
        ("/me/sign-out", own.done("record", own.sign_out)),
    ]
    asking, sending = own.shown(own.report_form), own.done("report", own.send_report)
    return [
        *(Route(path, handler, methods=["GET"]) for path, handler in shown),
        *(Route(path, handler, methods=["POST"]) for path, handler in done),
        Route("/me/report", asking, methods=["GET"]),
        Route("/me/report", sending, methods=["POST"]),
    ]


class OwnPages:
    """The handlers, bound to one house."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._wrap = Endpoints(house).page

    def shown(self, show: Show) -> Handler:
        """Wrap what is looked at; without a young sign-in the person signs in and comes back to this very address."""

        async def handle(request: Request, browser: Browser) -> Reply:
            asked, chosen = in_language(self.house, browser)
            visit = await admit(self.house, asked)
            if visit is None:
                reply = await send_to_sign_in(self.house, asked, address_of(request))
            else:
                reply = await show(request, replace(visit, undone=UNDONE in request.query_params))
            return reply.adding(*chosen)

        return self._wrap(handle)

    def done(self, page: str, act: Act) -> Handler:
        """Wrap what is done: the form is read, and it is from a page of this person's in this browser, before anything
        happens. Otherwise nothing does: the page comes back, says so, and wants a new press."""

        async def handle(request: Request, browser: Browser) -> Reply:
            form = await read_form(request)
            asked, _ = in_language(self.house, browser)
            visit = await admit(self.house, asked)
            written = written_of(form) if page == "report" else None
            if visit is None:
                return await send_to_sign_in(self.house, asked, undone_page(page, form), written)
            if not is_from_here(form, visit):
                log.info("form_not_taken", page=page, trace_id=asked.trace_id)
                await self.house.store.commit(
                    keep_report(self.house, visit.session, written), now=self.house.clock.now()
                )
                return redirect(self.house.issuer + undone_page(page, form))
            return await act(form, visit)

        return self._wrap(handle)

    def _page(self, view: OwnView, visit: Visit) -> Reply:
        return page_reply(self.house.screens.show(view, languages=visit.browser.languages))

    def _to(self, page: str) -> Reply:
        return redirect(self.house.issuer + PAGES[page])

    async def record(self, request: Request, visit: Visit) -> Reply:
        """Show whom the gateway takes the person for."""
        session = visit.session
        view = MyRecord(
            frame=frame_of(self.house, visit, "record"),
            person=identity_rows(session.citizen),
            account_level=session.citizen.account_level,
            provider=provider_name(self.house, session.provider),
            signed_in_at=session.auth_time,
        )
        return self._page(view, visit)

    async def usage(self, request: Request, visit: Visit) -> Reply:
        """Show who used the person's data."""
        return self._page(await usage_page(self.house, visit, asked_of(request)), visit)

    async def export(self, request: Request, visit: Visit) -> Reply:
        """Give the history as a file: `format=csv` or `jsonl`, which it is for anything else."""
        kind = "csv" if request.query_params.get("format") == "csv" else "jsonl"
        year, language = asked_of(request).year, language_of(visit.browser)
        return await export_history(self.house, visit.citizen_id, kind, year=year, language=language)

    async def proof(self, request: Request, visit: Visit) -> Reply:
        """Give the proof that an event about this person is in the log."""
        size = number_of(request, "size", longest=15)
        return await export_proof(self.house, visit.citizen_id, request.path_params["receipt"], size)

    async def connections(self, request: Request, visit: Visit) -> Reply:
        """Show the portals with a living grant, and the blocked ones."""
        return self._page(await connections_page(self.house, visit), visit)

    async def notices(self, request: Request, visit: Visit) -> Reply:
        """Show sign-ins and reports."""
        return self._page(await notices_page(self.house, visit), visit)

    async def report_form(self, request: Request, visit: Visit) -> Reply:
        """Ask what was wrong, about an entry (`about`), a portal (`portal`), or in general."""
        query = request.query_params
        return self._page(await misuse_form(self.house, visit, query.get("about"), query.get("portal")), visit)

    async def report(self, request: Request, visit: Visit) -> Reply:
        """Show a report's number."""
        return self._page(await report_page(self.house, visit, request.path_params["number"]), visit)

    async def send_report(self, form: Parameters, visit: Visit) -> Reply:
        """Store a report, and block the portal when that is wanted; without a word of what is wrong nothing is done."""
        if "concern" not in form:
            view, languages = await unanswered_form(self.house, visit, form), visit.browser.languages
            return page_reply(self.house.screens.show(view, languages=languages, status=400))
        report = await submit_report(self.house, visit, await read_complaint(self.house, visit, form))
        return redirect(f"{self.house.issuer}/me/report/{report.number}")

    async def withdraw(self, form: Parameters, visit: Visit) -> Reply:
        """End every grant of a portal."""
        await withdraw(self.house, visit, form.required("portal"))
        return self._to("connections")

    async def unblock(self, form: Parameters, visit: Visit) -> Reply:
        """Open a blocked portal again."""
        await unblock(self.house, visit, form.required("portal"))
        return self._to("connections")

    async def not_me(self, form: Parameters, visit: Visit) -> Reply:
        """End everything; the page with the report's number is the last this session shows."""
        done = await not_me(self.house, visit, form.required("notice"))
        return self._page(done, visit).adding(clear_cookie(SESSION, secure=self.house.secure))

    async def trust(self, form: Parameters, visit: Visit) -> Reply:
        """Call this browser the person's own."""
        return self._to("notices").adding(*await trust_browser(self.house, visit))

    async def forget(self, form: Parameters, visit: Visit) -> Reply:
        """Trust no browser any more."""
        await forget_browsers(self.house, visit)
        return self._to("notices")

    async def sign_out(self, form: Parameters, visit: Visit) -> Reply:
        """Sign out, at the identity provider too."""
        request = LogoutRequest(portal=None, hint=None, return_to=None)
        return await sign_out(self.house, request, visit.session, visit.browser)


def in_language(house: House, browser: Browser) -> tuple[Browser, list[tuple[str, str]]]:
    """Return the browser in its chosen language, and the header that keeps what a link chose just now."""
    if browser.chosen is None:
        return browser.asked_in(read_cookie(browser.cookies, LANGUAGE, secure=house.secure)), []
    return browser, [set_cookie(LANGUAGE, language_of(browser), secure=house.secure)]


def asked_of(request: Request) -> Asked:
    """Read `year` and `page`."""
    return Asked(year=number_of(request, "year", longest=4), page=number_of(request, "page", longest=5) or 1)


def number_of(request: Request, name: str, *, longest: int) -> int | None:
    """Return a number of the query; what is none is as if it were not there."""
    text = request.query_params.get(name, "")
    plain = text.isascii() and text.isdigit() and len(text) <= longest
    return (int(text) or None) if plain else None


def language_of(browser: Browser) -> str:
    """Return `vi` or `en`, as pages of ours speak to this browser."""
    return preferred_language(browser.languages.replace(" ", ",") if browser.chosen else browser.languages)
