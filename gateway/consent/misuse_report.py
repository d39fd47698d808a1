"""A person's report that their data, or a sign-in, was used wrongly: a number for them, a line for the operator.

What is wrong is picked from a list. There is no free text: it could name the person, and an operator reads reports
without learning whose they are. What an operator answers is sealed under the person's key with the report itself;
`report_step` has the way it takes.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from gateway.vocabulary.store import Kind, Record, RecordKey

Concern = Literal["not_me", "not_asked", "too_much", "other"]
CONCERNS: tuple[Concern, ...] = get_args(Concern)
ReportState = Literal["received", "in_hand", "answered", "closed"]

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # without I, L, O, U, which are misread or misheard


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportStep:
    """A step of the house: the state it led to, who took it (`by` a reference, `who` their name at that time, in which
    `role`), why, and for an answer its text. Neither `reason` nor `text` ever stands in an event."""

    state: ReportState
    at: datetime
    by: str
    who: str
    role: str
    reason: str = field(default="", repr=False)
    text: str = field(default="", repr=False)

    def body(self) -> dict[str, Any]:
        """Return what is stored with the report."""
        names = ("state", "by", "who", "role", "reason", "text")
        return {"at": self.at.timestamp()} | {name: getattr(self, name) for name in names}

    def for_operator(self) -> Mapping[str, str]:
        """Return the step as an operator reads it."""
        return {**self.body(), "at": _instant(self.at)}


@dataclass(frozen=True, slots=True, kw_only=True)
class MisuseReport:
    """`number` is what the person keeps, `about` the receipt of the reported event, `portal` whom it concerns (either
    may be None), `receipt` that of the report's own event, `blocked` whether the portal was blocked with it, `steps`
    what was done about it since, oldest first."""

    number: str
    citizen_id: str
    at: datetime
    concern: Concern
    portal: str | None
    about: str | None
    receipt: str
    blocked: bool
    steps: tuple[ReportStep, ...] = ()
    version: int = 1

    @property
    def state(self) -> ReportState:
        """Where it stands."""
        return self.steps[-1].state if self.steps else "received"

    @property
    def answered(self) -> bool:
        """Whether there is an answer for the person to read."""
        return any(step.text for step in self.steps)

    def record(self) -> Record:
        """Return what is stored, sealed under the citizen's key."""
        return Record(
            kind=Kind.MISUSE_REPORT,
            key=self.number,
            subject=self.citizen_id,
            version=self.version,
            body={
                "at": self.at.timestamp(),
                "concern": self.concern,
                "portal": self.portal,
                "about": self.about,
                "receipt": self.receipt,
                "blocked": self.blocked,
                "steps": [step.body() for step in self.steps],
            },
        )

    def for_operator(self) -> Mapping[str, str | bool | None]:
        """Return what an operator reads: nothing that leads to the person."""
        return {
            "number": self.number,
            "at": _instant(self.at),
            "portal": self.portal,
            "concern": self.concern,
            "blocked": self.blocked,
            "about": self.about,
            "receipt": self.receipt,
            "state": self.state,
        }


def report_of(record: Record) -> MisuseReport:
    """Read a stored report."""
    body = record.body
    return MisuseReport(
        number=record.key,
        citizen_id=record.subject or "",
        at=datetime.fromtimestamp(body["at"], UTC),
        concern=body["concern"],
        portal=body["portal"],
        about=body["about"],
        receipt=body["receipt"],
        blocked=body["blocked"],
        steps=tuple(_step_of(step) for step in body.get("steps", ())),  # reports from before had none
        version=record.version,
    )


def _step_of(body: Mapping[str, Any]) -> ReportStep:
    return ReportStep(**{**body, "at": datetime.fromtimestamp(body["at"], UTC)})


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def report_address(number: str) -> RecordKey:
    """Return where a report is stored."""
    return RecordKey(Kind.MISUSE_REPORT, number)


def report_number(secret: bytes, citizen_id: str, once: str, now: datetime) -> str:
    """Return `BC-YYYY-XXXX-XXXX`: forty bits that only we can derive. One form sent twice gets one number: `once` is
    what the form carries."""
    digest = hmac.digest(secret, f"misuse-report|{citizen_id}|{once}".encode("utf-8", "surrogatepass"), "sha256")
    value = int.from_bytes(digest[:5], "big")
    letters = "".join(_LETTERS[value >> 5 * place & 31] for place in range(8))
    return f"BC-{now.astimezone(_VIETNAM).year}-{letters[:4]}-{letters[4:]}"
