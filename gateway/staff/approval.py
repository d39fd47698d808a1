"""An act that waits for its second person: asked once, decided once, never by whoever asked.

A decision is a pure step from one value to the next; the version of its record decides a race, so of two approvers at
the same moment one is stored and the other is told that it is decided. The act itself is done in the commit that
stores the approval, or neither is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from gateway.staff.failure import ApprovalDecided, ApprovalExpired, ApproverIsRequester
from gateway.staff.free_text import keep_words, require_reason
from gateway.staff.roles import Operator, require_approver, require_named
from gateway.vocabulary.officer import StaffRole
from gateway.vocabulary.store import Kind, Record, RecordKey

OPEN_FOR = timedelta(days=3)
KEPT_FOR = timedelta(days=90)
State = Literal["waiting", "approved", "rejected", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """`parameters` is what the act needs to be done later, `object` the id it is about, `role` the one it was asked in.

    Requester and decider are references (`staff:<id>`) with the names to show.
    """

    id: str
    verb: str
    object: str
    parameters: Mapping[str, Any] = field(repr=False)
    reason: str = field(repr=False)
    role: StaffRole
    asked_by: str
    asked_name: str
    asked_at: datetime
    ends_at: datetime
    state: State = "waiting"
    decided_by: str | None = None
    decided_name: str = ""
    decided_at: datetime | None = None
    answer: str = field(default="", repr=False)
    version: int = 1

    @property
    def address(self) -> RecordKey:
        """Where it is stored."""
        return approval_address(self.id)

    def waits(self, now: datetime) -> bool:
        """Tell whether it can still be decided."""
        return self.state == "waiting" and now < self.ends_at

    def lapsed(self, now: datetime) -> bool:
        """Tell whether its time is over and nothing says so yet."""
        return self.state == "waiting" and now >= self.ends_at


def approval_address(approval_id: str) -> RecordKey:
    """Return where an approval is stored."""
    return RecordKey(Kind.APPROVAL, approval_id)


def decide(approval: Approval, approver: Operator, now: datetime, *, agree: bool, reason: str = "") -> Approval:
    """Return the approval after a decision of `approver`.

    Raises ApprovalDecided, ApprovalExpired, ApproverIsRequester, NobodySignedIn, RoleMissing, ReasonMissing (a no
    needs one), WordsNamePerson.
    """
    if approval.lapsed(now) or approval.state == "expired":
        raise ApprovalExpired(f"`{approval.id}` waited until {approval.ends_at.isoformat(timespec='seconds')}")
    if approval.state != "waiting":
        raise ApprovalDecided(f"`{approval.id}` is {approval.state}")
    if approver.reference == approval.asked_by:
        raise ApproverIsRequester(f"`{approval.id}` was asked for by yourself")
    require_named(approver, f"`{approval.id}`")
    require_approver(approver, approval.verb)
    return replace(
        approval,
        state="approved" if agree else "rejected",
        decided_by=approver.reference,
        decided_name=approver.name,
        decided_at=now,
        answer=keep_words(reason) if agree else require_reason(reason),
        version=approval.version + 1,
    )


def lapse(approval: Approval) -> Approval:
    """Return the approval as it is kept after its time."""
    return replace(approval, state="expired", version=approval.version + 1)


def approval_record(approval: Approval) -> Record:
    """Return what is stored; it stays readable for a while after it was decided."""
    times = {"asked_at": approval.asked_at, "ends_at": approval.ends_at, "decided_at": approval.decided_at}
    members = ("verb", "object", "reason", "role", "asked_by", "asked_name", "state", "decided_by", "decided_name")
    body: dict[str, Any] = {name: getattr(approval, name) for name in members}
    body |= {name: None if at is None else at.timestamp() for name, at in times.items()}
    body |= {"parameters": dict(approval.parameters), "answer": approval.answer}
    return Record(
        kind=Kind.APPROVAL,
        key=approval.id,
        version=approval.version,
        expires_at=approval.ends_at + KEPT_FOR,
        body=body,
    )


def approval_of(record: Record) -> Approval:
    """Read a stored approval."""
    body = dict(record.body)
    for name in ("asked_at", "ends_at", "decided_at"):
        body[name] = None if body[name] is None else datetime.fromtimestamp(body[name], UTC)
    return Approval(id=record.key, version=record.version, **body)
