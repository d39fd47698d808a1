"""Reporting a misuse: one form, one number, and on the person's word the portal is blocked in the same commit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import get_args

from gateway.audit.event import MisuseReported, PortalBlocked
from gateway.consent.misuse_report import CONCERNS, Concern, MisuseReport, report_address, report_number, report_of
from gateway.consent.portal_block import block_record
from gateway.consent.report_step import answer_by
from gateway.openid_provider.failure import AttemptFinished, InvalidRequest, ReportUnknown
from gateway.openid_provider.house import House
from gateway.openid_provider.own_client import is_own
from gateway.openid_provider.own_pages.door import Visit, frame_of, service_of
from gateway.openid_provider.own_pages.ending import Ending, end_all, ending_of
from gateway.openid_provider.own_pages.usage import load_history, own_use
from gateway.openid_provider.own_pages.views import MisuseDone, MisuseForm, ReportAct, ReportRow, by_name
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.reply import with_query
from gateway.openid_provider.unsent_report import UnsentReport, load_report, shown_to, subject_of_report, unsent_address
from gateway.vocabulary.clock import text_token
from gateway.vocabulary.store import Insert, Kind, Put, Remove, StoredEvent

_ALL = 100_000
_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What the person reports: the concern, whom and which entry it is about, whether to block, and the form's own
    random value, by which a form sent twice is one report."""

    concern: Concern
    portal: str | None
    about: str | None
    block: bool
    once: str


async def misuse_form(house: House, visit: Visit, receipt: str | None, client_id: str | None) -> MisuseForm:
    """Return the form about an entry, a portal of their history, or in general.

    Raises ReceiptUnknown for an entry that is not theirs.
    """
    use = None if receipt is None else await own_use(house, visit.citizen_id, receipt)
    known = [] if use is not None else await _known_portals(house, visit)
    service = None if use is None else use.by
    if client_id is not None and client_id in known:
        service, known = service_of(house, client_id), []
    query = {"about": receipt} if receipt else {"portal": client_id} if service and client_id else {}
    here, once = with_query("/report", query), text_token(house.randomness, 128)
    subject = subject_of_report(receipt, client_id)
    before = await load_report(house, visit.session, subject) if visit.undone else UnsentReport()
    return MisuseForm(
        frame=frame_of(house, visit, "report", here),
        action=f"{house.issuer}/me/report",
        once=once,
        shown=shown_to(house, visit.citizen_id, once),
        use=use,
        service=None if service is None or is_own(service.key) else service,
        services=tuple(sorted((service_of(house, one) for one in known), key=by_name)),
        concerns=CONCERNS,
        chosen=before.concern,
        block=before.block,
    )


async def unanswered_form(house: House, visit: Visit, form: Parameters) -> MisuseForm:
    """Return the form again, with what was chosen, for a person who did not say what is wrong.

    Raises ReceiptUnknown for an entry that is not theirs.
    """
    again = await misuse_form(house, visit, form.get("about"), form.get("portal"))
    return replace(again, unanswered=True, block="block" in form)


async def _known_portals(house: House, visit: Visit) -> list[str]:
    """Return the portals that the person's history names, the latest first."""
    history = await load_history(house, visit.citizen_id)
    return list(dict.fromkeys(one.portal for one in history if one.portal is not None and not is_own(one.portal)))


async def read_complaint(house: House, visit: Visit, form: Parameters) -> Complaint:
    """Read what was sent. Raises InvalidRequest, ReceiptUnknown."""
    concern = form.required("concern")
    if concern not in get_args(Concern):
        raise InvalidRequest("`concern` is not one of the offered ones")
    about = form.get("about")
    use = None if about is None else await own_use(house, visit.citizen_id, about)
    portal = use.by.key if use is not None and use.by is not None else form.get("portal")
    if use is None and portal is not None and portal not in await _known_portals(house, visit):
        raise InvalidRequest("`portal` is none that this person's history names")
    if portal is not None and is_own(portal):
        portal = None
    return Complaint(
        concern=concern,  # type: ignore[arg-type]
        portal=portal,
        about=about,
        block="block" in form and portal is not None,
        once=form.required("once"),
    )


async def submit_report(house: House, visit: Visit, complaint: Complaint) -> MisuseReport:
    """Store a report with its event, and the block with everything it ends, in one commit."""
    portal = complaint.portal
    if not complaint.block or portal is None:
        return await store_report(house, visit, complaint, _nothing_more)

    async def block() -> Ending:
        ending = await ending_of(house, visit, portal, "blocked_by_citizen")
        record = block_record(visit.citizen_id, portal, house.clock.now())
        told = await _tell_block(house, visit, portal)
        return Ending((Put(record), *ending.changes), (told, *ending.events))

    report = await store_report(house, visit, complaint, block)
    await end_all(house, visit, portal, "blocked_by_citizen")
    return report


async def _nothing_more() -> Ending:
    return Ending((), ())


async def store_report(
    house: House,
    visit: Visit,
    complaint: Complaint,
    beside: Callable[[], Awaitable[Ending]],
) -> MisuseReport:
    """Commit a report with what goes with it; the same form again gets the report of its first time.

    `beside` looks anew at every try: what ends may have changed since. Raises StorageUnavailable; AttemptFinished when
    no free number was found or something changed every time, which no form ever meets.
    """
    now, attempt, sent = house.clock.now(), 0, Remove(unsent_address(visit.session))
    told = await tell_report(house, visit, complaint)
    for _ in range(_TRIES):
        # another number for the one time in a billion that somebody else has it
        seed = f"{complaint.once}|{attempt}" if attempt else complaint.once
        report = MisuseReport(
            number=report_number(house.refresh_secret, visit.citizen_id, seed, now),
            citizen_id=visit.citizen_id,
            at=now,
            concern=complaint.concern,
            portal=complaint.portal,
            about=complaint.about,
            receipt=told.receipt,
            blocked=complaint.block,
        )
        more = await beside()
        verdict = await house.store.commit(
            [Insert(report.record()), *more.changes, sent], [told, *more.events], now=now
        )
        if verdict.done:
            return report
        if verdict.lost_at != 0:
            continue
        first = await find_report(house, visit.citizen_id, report.number)
        if first is not None:
            return first
        attempt += 1
    raise AttemptFinished()


async def _tell_block(house: House, visit: Visit, client_id: str) -> StoredEvent:
    return await house.evidence.tell(
        PortalBlocked,
        outcome="blocked",
        actor_kind="citizen",
        citizen_id=visit.citizen_id,
        portal=client_id,
        trace_id=visit.browser.trace_id,
    )


async def tell_report(house: House, visit: Visit, complaint: Complaint) -> StoredEvent:
    """Return the event of a report."""
    return await house.evidence.tell(
        MisuseReported,
        outcome="reported",
        actor_kind="citizen",
        citizen_id=visit.citizen_id,
        portal=complaint.portal,
        trace_id=visit.browser.trace_id,
        extra=(("concern", complaint.concern), ("about", complaint.about)),
    )


async def find_report(house: House, citizen_id: str, number: str) -> MisuseReport | None:
    """Return a report of this very person."""
    (record,) = await house.store.load(report_address(number[:40]))
    return None if record is None or record.subject != citizen_id else report_of(record)


async def own_reports(house: House, citizen_id: str) -> list[MisuseReport]:
    """Return the person's reports, newest first."""
    records = await house.listing.select(Kind.MISUSE_REPORT, subject=citizen_id, limit=_ALL)
    return [report_of(record) for record in records]


async def report_page(house: House, visit: Visit, number: str) -> MisuseDone:
    """Return the page with the number. Raises ReportUnknown: anybody else's is as good as none."""
    report = await find_report(house, visit.citizen_id, number)
    if report is None:
        raise ReportUnknown
    frame = frame_of(house, visit, "report", f"/report/{report.number}")
    return MisuseDone(frame=frame, report=row_of(house, report), receipt=report.receipt, again=frame.home)


def row_of(house: House, report: MisuseReport) -> ReportRow:
    """Return a report as a row."""
    return ReportRow(
        number=report.number,
        at=report.at,
        concern=report.concern,
        service=None if report.portal is None else service_of(house, report.portal),
        blocked=report.blocked,
        state=report.state,
        due=None if report.answered else answer_by(report, house.working_days),
        acts=tuple(ReportAct(state=one.state, at=one.at, who=one.who, text=one.text) for one in report.steps),
    )
