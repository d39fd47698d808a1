"""The operators' pages over reports of misuse: the queue, and one page for each report with its steps and forms.

Whoever looks is a member of staff with a young sign-in and a role that may look; nothing shown leads to the person.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import get_args

from starlette.requests import Request
from starlette.routing import Route

from gateway.consent.misuse_report import MisuseReport
from gateway.consent.report_step import FROM, LONGEST_ANSWER, ReportVerb, due_on, is_overdue
from gateway.openid_provider.failure import ReportUnknown
from gateway.openid_provider.house import House
from gateway.openid_provider.http_request import read_form
from gateway.openid_provider.own_pages.door import service_of
from gateway.openid_provider.own_pages.views import NamedPortal
from gateway.openid_provider.reply import Reply, redirect
from gateway.openid_provider.staff_realm.console import ConsoleVisit, check_console_form
from gateway.openid_provider.staff_realm.report_desk import ReportDesk, StepOrder
from gateway.pages.layout.frame import Layout
from gateway.pages.operator.console_frame import ConsoleFrame
from gateway.staff.roles import DUTIES, REPORT_READERS, Operator, held_role
from gateway.vocabulary.officer import StaffRole

HOME = "/staff/reports"
_SHOWN_CLOSED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """A report with what the queue shows beside it."""

    report: MisuseReport
    service: NamedPortal | None
    due: date | None
    overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportForm:
    """A step that the state allows; `needs` are the roles that are wanted when the visitor holds none of them."""

    verb: ReportVerb
    needs: tuple[StaffRole, ...] = ()


def report_page_routes(house: House, layout: Layout) -> list[Route]:
    """Return the routes of the pages."""
    pages = ReportPages(house, layout)
    for_staff = pages.frame.for_staff
    return [
        Route(HOME, for_staff(pages.list), methods=["GET"]),
        Route(f"{HOME}/{{number}}", for_staff(pages.report), methods=["GET"]),
        Route(f"{HOME}/{{number}}/{{step}}", for_staff(pages.step), methods=["POST"]),
    ]


class ReportPages:
    """The handlers, bound to one house."""

    def __init__(self, house: House, layout: Layout) -> None:
        self.house = house
        self.desk = ReportDesk(house.store, house.listing, house.evidence, house.log.journal, house.clock)
        self.frame = ConsoleFrame(
            house, layout, HOME, lambda operator: held_role(operator, REPORT_READERS, "report.read")
        )

    async def list(self, request: Request, visit: ConsoleVisit) -> Reply:
        """Show the queue, what is due first at its top, and what is closed, newest first."""
        now = self.house.clock.now()
        lines = [self._line(report, now) for report in await self.desk.reports()]
        waiting = [line for line in lines if line.report.state != "closed"]
        return self.frame.page(
            "reports",
            visit,
            HOME,
            waiting=sorted(waiting, key=lambda line: (line.due is None, line.due or now.date(), line.report.at)),
            closed=[line for line in lines if line.report.state == "closed"][:_SHOWN_CLOSED],
        )

    async def report(self, request: Request, visit: ConsoleVisit) -> Reply:
        """Show one report."""
        report = await self.desk.report(request.path_params["number"])
        return self.frame.page(
            "report",
            visit,
            f"{HOME}/{report.number}",
            line=self._line(report, self.house.clock.now()),
            forms=forms_for(report, Operator.of(visit.session.officer)),
            longest=LONGEST_ANSWER,
        )

    async def step(self, request: Request, visit: ConsoleVisit) -> Reply:
        """Take a step, and show the report as it is then."""
        form = await read_form(request)
        check_console_form(form, visit)
        verb = next((verb for verb in get_args(ReportVerb) if verb == request.path_params["step"]), None)
        if verb is None:
            raise ReportUnknown
        order = StepOrder(
            verb=verb,
            number=request.path_params["number"],
            reason=form.get("reason", ""),
            text=form.get("text", ""),
            trace_id=visit.browser.trace_id,
        )
        report = await self.desk.take_step(Operator.of(visit.session.officer), order)
        return redirect(f"{self.house.issuer}{HOME}/{report.number}")

    def _line(self, report: MisuseReport, now: datetime) -> ReportLine:
        return ReportLine(
            report=report,
            service=None if report.portal is None else service_of(self.house, report.portal),
            due=due_on(report, self.house.working_days),
            overdue=is_overdue(report, self.house.working_days, now),
        )


def forms_for(report: MisuseReport, operator: Operator) -> tuple[ReportForm, ...]:
    """Return the forms of a report for somebody: a step they may not take is shown with the role it wants."""
    verbs: tuple[ReportVerb, ...] = get_args(ReportVerb)
    return tuple(_form(verb, operator) for verb in verbs if report.state in FROM[verb])


def _form(verb: ReportVerb, operator: Operator) -> ReportForm:
    asks = DUTIES[f"report.{verb}"].asks
    return ReportForm(verb=verb, needs=() if set(asks) & set(operator.roles) else asks)
