"""The operators' pages over connectors: the list with what waits, and one page for each version with all its steps.

Whoever looks is a member of staff with a young sign-in and a role that may look; every form carries a value of that
session, and its step is decided by `connector_lifecycle` as the API's is.
"""

from starlette.requests import Request
from starlette.routing import Route

from gateway.connector_lifecycle.compare import compare, minimum_bump, proofs_of
from gateway.connector_lifecycle.endpoints import ConnectorDesk
from gateway.connector_lifecycle.failure import ReleaseUnknown
from gateway.connector_lifecycle.figures import filled_percent
from gateway.connector_lifecycle.release import Release
from gateway.connector_lifecycle.steps import APPROVALS_NEEDED, DUTIES, require_duty
from gateway.connector_lifecycle.tier import tier_of
from gateway.connector_lifecycle.wire import by_name
from gateway.openid_provider.house import House
from gateway.openid_provider.http_request import read_form
from gateway.openid_provider.reply import Reply, redirect
from gateway.openid_provider.staff_realm.console import FIRST_PAGE, ConsoleVisit, check_console_form
from gateway.pages.layout.frame import Layout
from gateway.pages.operator.connector_forms import forms_for, order_of, reports_checks, step_of
from gateway.pages.operator.console_frame import ConsoleFrame
from gateway.staff.roles import REPORT_READERS, Operator

_ONE = f"{FIRST_PAGE}/{{connector}}/{{version}}"


def connector_page_routes(house: House, desk: ConnectorDesk, layout: Layout) -> list[Route]:
    """Return the routes of the pages."""
    pages = ConnectorPages(house, desk, layout)
    return [
        Route(FIRST_PAGE, pages.frame.for_staff(pages.list), methods=["GET"]),
        Route(f"{FIRST_PAGE}/quarantine", pages.frame.for_staff(pages.release), methods=["POST"]),
        Route(_ONE, pages.frame.for_staff(pages.version), methods=["GET"]),
        Route(f"{_ONE}/{{step}}", pages.frame.for_staff(pages.step), methods=["POST"]),
    ]


class ConnectorPages:
    """The handlers, bound to one house."""

    def __init__(self, house: House, desk: ConnectorDesk, layout: Layout) -> None:
        self.house = house
        self.desk = desk
        self.frame = ConsoleFrame(house, layout, FIRST_PAGE, lambda operator: require_duty(operator, "read"))

    async def list(self, request: Request, visit: ConsoleVisit) -> Reply:
        """Show every connector, and first what waits for an approval."""
        releases = by_name(await self.desk.lifecycle.releases())
        waiting = sorted((one for one in releases if one.state == "submitted"), key=lambda one: one.steps[-1].at)
        standings = self.desk.watch.standings()
        held = [one for one in standings.values() if one.why is not None]
        return self.frame.page(
            "connectors",
            visit,
            FIRST_PAGE,
            needed=APPROVALS_NEEDED,
            tier_of=tier_of,
            releases=releases,
            waiting=waiting,
            held=held,
            quarantined=await self.desk.quarantined(),
            may_read_reports=bool(set(REPORT_READERS) & set(visit.session.officer.roles)),
            report_readers=REPORT_READERS,
            may_release=bool(set(DUTIES["release"]) & set(visit.session.officer.roles)),
        )

    async def release(self, request: Request, visit: ConsoleVisit) -> Reply:
        """End a quarantine, and show the list as it is then."""
        form = await read_form(request)
        check_console_form(form, visit)
        operator = Operator.of(visit.session.officer)
        await self.desk.quarantines.release(form.get("source") or "", operator, form.get("reason") or "")
        return redirect(self.house.issuer + FIRST_PAGE)

    async def version(self, request: Request, visit: ConsoleVisit) -> Reply:
        """Show one version."""
        path = request.path_params
        release = await self.desk.lifecycle.release(path["connector"], path["version"])
        older = await self._before(release)
        differences = () if older is None else compare(older.manifest, release.manifest)
        return self.frame.page(
            "connector_version",
            visit,
            _address(release),
            needed=APPROVALS_NEEDED,
            tier_of=tier_of,
            release=release,
            older=older,
            differences=differences,
            bump=minimum_bump(differences),
            proofs=proofs_of(release.manifest),
            before=None if older is None else proofs_of(older.manifest),
            checks=reports_checks(release.report),
            told_by=next((step for step in reversed(release.steps) if step.name == "test"), None),
            impact=await self.desk.impact(release),
            filled=await self._filled(release),
            forms=forms_for(release, visit.session.officer, self.house.clock.now()),
        )

    async def step(self, request: Request, visit: ConsoleVisit) -> Reply:
        """Take a step, and show the version as it is then."""
        form = await read_form(request)
        check_console_form(form, visit)
        path = request.path_params
        step = step_of(path["step"])
        if step is None:
            raise ReleaseUnknown
        operator = Operator.of(visit.session.officer)
        order = order_of(step, form)
        release = await self.desk.lifecycle.take(
            step, operator, path["connector"], path["version"], order, trace_id=visit.browser.trace_id
        )
        return redirect(self.house.issuer + _address(release))

    async def _before(self, release: Release) -> Release | None:
        """Return the version that this one follows: the highest that was published below it."""
        known = await self.desk.lifecycle.releases(release.connector)
        before = [one for one in known if one.was_published and one.number < release.number]
        return before[-1] if before else None

    async def _filled(self, release: Release) -> dict[str, int | None]:
        tallies = await self.desk.figures.recent()
        sources = sorted(self.desk.sources_of(release))
        return {
            name: next((filled_percent(tallies.get(source, {}).get(name)) for source in sources), None)
            for name in release.manifest.provides
        }


def _address(release: Release) -> str:
    return f"{FIRST_PAGE}/{release.connector}/{release.manifest.version}"
