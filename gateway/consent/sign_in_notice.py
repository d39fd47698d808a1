"""Whether a person is told of a sign-in: four rules, asked in order, over facts that are there anyway.

Neither country nor network nor time of day is a fact here: none of them is kept, and none is evidence of a thief.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from gateway.vocabulary.store import Change, Insert, Kind, Record

Rule = Literal["suspicious", "same_service", "trusted_browser", "otherwise"]
KEPT_FOR = timedelta(days=365)
FAILURES_SUSPECTED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFacts:
    """`suspicious`: see `is_suspicious`. `same_service`: this session was at this service before. `trusted_browser`:
    the person said of this browser that it is theirs."""

    suspicious: bool
    same_service: bool
    trusted_browser: bool


def deciding_rule(facts: SignInFacts) -> Rule:
    """Return the rule that decides: suspicion first, then single sign-on to the same service, then trust."""
    if facts.suspicious:
        return "suspicious"
    if facts.same_service:
        return "same_service"
    return "trusted_browser" if facts.trusted_browser else "otherwise"


def tells(rule: Rule) -> bool:
    """Tell whether a rule sends a notice: always when suspicious, and when nothing speaks for silence."""
    return rule in {"suspicious", "otherwise"}


def is_suspicious(*, failures: int, alarmed: bool, under_review: bool) -> bool:
    """Tell whether a sign-in is: it failed several times before it succeeded, the person said within a month that a
    sign-in was not theirs, or an account that contradicts theirs waits for staff."""
    return failures >= FAILURES_SUSPECTED or alarmed or under_review


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInNotice:
    """What is told: when, at which service (client id), through which identity provider, by which rule."""

    key: str
    citizen_id: str
    at: datetime
    client_id: str
    provider: str
    rule: Rule

    def record(self) -> Record:
        """Return what is stored, sealed under the citizen's key."""
        return Record(
            kind=Kind.SIGN_IN_NOTICE,
            key=self.key,
            subject=self.citizen_id,
            expires_at=self.at + KEPT_FOR,
            body={
                "at": self.at.timestamp(),
                "client_id": self.client_id,
                "provider": self.provider,
                "rule": self.rule,
            },
        )


def notice_of(record: Record) -> SignInNotice:
    """Read a stored notice."""
    body = record.body
    return SignInNotice(
        key=record.key,
        citizen_id=record.subject or "",
        at=datetime.fromtimestamp(body["at"], UTC),
        client_id=body["client_id"],
        provider=body["provider"],
        rule=body["rule"],
    )


class NoticeOutbox(Protocol):
    """Takes notices. What it returns is stored in the commit of the sign-in, so that no notice is lost or invented;
    an adapter that sends messages stores what waits to be sent and sends it beside the requests."""

    @property
    def sends(self) -> bool:
        """Whether notices are sent to the person, too: the page of alerts says so."""
        ...

    def put(self, notice: SignInNotice) -> Sequence[Change]:
        """Return the changes that hand a notice in."""
        ...


class NoticeList:
    """The first outbox: notices stand in the person's own list at `/me/notices` and are sent nowhere."""

    sends = False

    def put(self, notice: SignInNotice) -> Sequence[Change]:
        """Return the entry of the list."""
        return (Insert(notice.record()),)
