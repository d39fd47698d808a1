"""“Alerts”: the sign-ins a person is told of, “not me”, and which browsers they call theirs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from gateway.audit.event import BrowserTrusted, SessionEnded
from gateway.consent.sign_in_notice import SignInNotice, notice_of
from gateway.openid_provider.announcing import alarm_address
from gateway.openid_provider.failure import ReportUnknown
from gateway.openid_provider.house import House
from gateway.openid_provider.own_client import is_own
from gateway.openid_provider.own_pages.door import Visit, frame_of, service_of
from gateway.openid_provider.own_pages.ending import Ending, end_all, ending_of
from gateway.openid_provider.own_pages.reports import Complaint, own_reports, row_of, store_report
from gateway.openid_provider.own_pages.views import MisuseDone, MyNotices, NoticeRow, Text
from gateway.openid_provider.session import session_record
from gateway.openid_provider.trusted_browser import trust
from gateway.vocabulary.store import Change, Kind, Put, Record, RecordKey, Remove, Replace, StoredEvent

ALARM_FOR = timedelta(days=30)
_ALL = 100_000
_SHOWN = 200


async def notices_page(house: House, visit: Visit) -> MyNotices:
    """Return the page, newest first."""
    now, citizen_id = house.clock.now(), visit.citizen_id
    records = await house.listing.select(Kind.SIGN_IN_NOTICE, subject=citizen_id, limit=_SHOWN)
    browsers = await house.listing.select(Kind.TRUSTED_BROWSER, subject=citizen_id, limit=_ALL)
    return MyNotices(
        frame=frame_of(house, visit, "notices", "/notices"),
        notices=tuple(_row(house, notice_of(record)) for record in records if record.alive(now)),
        reports=tuple(row_of(house, report) for report in await own_reports(house, citizen_id)),
        trusted=visit.session.trusted,
        browsers=sum(record.alive(now) for record in browsers),
        sent=house.outbox.sends,
    )


def _row(house: House, notice: SignInNotice) -> NoticeRow:
    return NoticeRow(
        key=notice.key,
        at=notice.at,
        service=service_of(house, notice.client_id),
        provider=provider_name(house, notice.provider),
        rule=notice.rule,
    )


def provider_name(house: House, alias: str) -> Text:
    """Return an identity provider's name; its alias when it is not set up any more."""
    provider = house.identity_providers.get(alias)
    return {"vi": alias, "en": alias} if provider is None else provider.label


async def not_me(house: House, visit: Visit, key: str) -> MisuseDone:
    """End every session of the person and everything any portal has from them, forget every trusted browser, raise
    the alarm and open a report, all in one commit.

    This session ends too: whoever sits here may be the one. Raises ReportUnknown for a notice that is not theirs.
    """
    (record,) = await house.store.load(RecordKey(Kind.SIGN_IN_NOTICE, key[:40]))
    if record is None or record.subject != visit.citizen_id:
        raise ReportUnknown("there is no such notice")
    notice = notice_of(record)
    portal = None if is_own(notice.client_id) else notice.client_id
    complaint = Complaint(concern="not_me", portal=portal, about=None, block=False, once=notice.key)

    async def everything() -> Ending:
        ending = await ending_of(house, visit, None, "not_me", everywhere=True)
        trust = await _sessions_and_trust(house, visit)
        told = await _tell_end(house, visit)
        return Ending((Put(_alarm(house, visit)), *trust, *ending.changes), (told, *ending.events))

    report = await store_report(house, visit, complaint, everything)
    await end_all(house, visit, None, "not_me")
    return MisuseDone(
        frame=None, report=row_of(house, report), receipt=report.receipt, again=f"{house.issuer}/me/notices"
    )


def _alarm(house: House, visit: Visit) -> Record:
    now, address = house.clock.now(), alarm_address(visit.citizen_id)
    return Record(
        kind=address.kind,
        key=address.key,
        subject=visit.citizen_id,
        expires_at=now + ALARM_FOR,
        body={"at": now.timestamp()},
    )


async def _sessions_and_trust(house: House, visit: Visit) -> list[Change]:
    """Return the changes that end every session and every trust of the person."""
    found = [
        *await house.listing.select(Kind.SESSION, subject=visit.citizen_id, limit=_ALL),
        *await house.listing.select(Kind.TRUSTED_BROWSER, subject=visit.citizen_id, limit=_ALL),
    ]
    return [Remove(record.address) for record in found]


async def _tell_end(house: House, visit: Visit) -> StoredEvent:
    return await house.evidence.tell(
        SessionEnded,
        outcome="not_me",
        actor_kind="citizen",
        citizen_id=visit.citizen_id,
        trace_id=visit.browser.trace_id,
    )


async def trust_browser(house: House, visit: Visit) -> Sequence[tuple[str, str]]:
    """Call this browser the person's own; return the headers that mark it."""
    trusting = await trust(house, visit.citizen_id, visit.browser)
    await _change_trust(house, visit, trusting.changes, trusting.event, trusted=True)
    return [trusting.header]


async def forget_browsers(house: House, visit: Visit) -> None:
    """Trust no browser any more, this one included. The cookie stays: it may be another person's mark as well."""
    records = await house.listing.select(Kind.TRUSTED_BROWSER, subject=visit.citizen_id, limit=_ALL)
    event = await house.evidence.tell(
        BrowserTrusted,
        outcome="forgotten",
        actor_kind="citizen",
        citizen_id=visit.citizen_id,
        trace_id=visit.browser.trace_id,
    )
    await _change_trust(house, visit, [Remove(record.address) for record in records], event, trusted=False)


async def _change_trust(
    house: House, visit: Visit, changes: Sequence[Change], event: StoredEvent, *, trusted: bool
) -> None:
    now = house.clock.now()
    await house.store.commit(changes, [event], now=now)
    session = replace(visit.session, trusted=trusted).touched(now)
    # a lost race with another tab is no loss: the next sign-in reads the record
    await house.store.commit([Replace(session_record(session, house.lifetimes))], now=now)
