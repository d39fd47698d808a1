"""The operators' desk for reports of misuse: one road for the pages and the command.

A step wants a role first, then the report, then that whoever takes it did not do what is reported. Step and event are
one commit; the event has the reporting person as its subject, so they see it among their own, and holds no text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from gateway.audit.event import Event
from gateway.audit.journal import Journal
from gateway.audit.record import Evidence
from gateway.consent.failure import ReportAboutOneself, ReportStepOutOfOrder
from gateway.consent.misuse_report import MisuseReport, report_address, report_of
from gateway.consent.report_step import ReportVerb, Taken, step_on
from gateway.openid_provider.failure import ReportUnknown
from gateway.staff.event import ReportAnswered, ReportClosed, ReportTaken
from gateway.staff.free_text import keep_words, require_nobody, require_reason
from gateway.staff.roles import Operator, require_role
from gateway.vocabulary.clock import Clock
from gateway.vocabulary.store import CitizenErased, Kind, Listing, Replace, Store

_ALL = 100_000
_EVENTS: Final[Mapping[ReportVerb, type[Event]]] = {
    "take": ReportTaken,
    "answer": ReportAnswered,
    "close": ReportClosed,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOrder:
    """What was asked for: `text` is the answer, written for the citizen; `reason` is for the record, and closing
    needs one."""

    verb: ReportVerb
    number: str
    reason: str = ""
    text: str = ""
    trace_id: str | None = None


class ReportDesk:
    """Reads reports and takes steps on them."""

    def __init__(self, store: Store, listing: Listing, evidence: Evidence, journal: Journal, clock: Clock) -> None:
        self._store = store
        self._listing = listing
        self._evidence = evidence
        self._journal = journal
        self._clock = clock

    async def reports(self) -> list[MisuseReport]:
        """Return all reports, newest first; those of erased people are gone."""
        found = [report_of(record) for record in await self._listing.select(Kind.MISUSE_REPORT, limit=_ALL)]
        return sorted(found, key=lambda one: (one.at, one.number), reverse=True)

    async def report(self, number: str) -> MisuseReport:
        """Return a report. Raises ReportUnknown."""
        (record,) = await self._store.load(report_address(number.strip().upper()[:40]))
        if record is None:
            raise ReportUnknown
        return report_of(record)

    async def take_step(self, operator: Operator, order: StepOrder) -> MisuseReport:
        """Take a step and return the report after it.

        Raises RoleMissing, ReportUnknown, ReportAboutOneself, ReportStepOutOfOrder (also when somebody was quicker),
        AnswerMissing, ReasonMissing, WordsNamePerson.
        """
        verb = f"report.{order.verb}"
        role = require_role(operator, verb)
        report = await self.report(order.number)
        await self._require_uninvolved(operator, report)
        reason = require_reason(order.reason) if order.verb == "close" else keep_words(order.reason)
        require_nobody(order.text, "text")
        now = self._clock.now()
        after = step_on(
            report,
            order.verb,
            Taken(by=operator.reference, who=operator.name, role=role, at=now, reason=reason, text=order.text),
        )
        try:
            event = await self._evidence.tell(
                _EVENTS[order.verb],
                outcome=after.state,
                actor_kind="operator",
                actor_ref=operator.reference,
                citizen_id=report.citizen_id,
                trace_id=order.trace_id,
                extra=(("verb", verb), ("object", report.number), ("role", role)),
            )
            verdict = await self._store.commit([Replace(after.record())], [event], now=now)
        except CitizenErased:
            raise ReportUnknown from None
        if not verdict.done:
            raise ReportStepOutOfOrder(f"somebody else took a step on `{report.number}` at this moment")
        return after

    async def _require_uninvolved(self, operator: Operator, report: MisuseReport) -> None:
        """Raise ReportAboutOneself when the reported event is something this operator did."""
        event = None if report.about is None else await self._journal.find(report.about)
        leaf = {} if event is None else orjson.loads(event.leaf)
        if leaf and leaf["actor"]["ref"] == operator.reference:
            raise ReportAboutOneself(f"`{report.number}` is about something done by `{operator.reference}`")
