"""Where a value comes from and how a source answers: a missing value is never the same as a failed call."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The source of a value (`population`), the date it is true of there, and when it was fetched (UTC).

    `stale` when it was kept from an earlier call and the source could not be asked now.
    """

    source: str
    as_of: date
    retrieved_at: datetime
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The source has the value. `value` is text, a PartialDate, an Address or a mapping of them."""

    value: Any
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Absent:
    """The source answered and has no value. `reason` `no_match` when it found no such person at all, `ambiguous`
    when it named several (none of them is used), `not_kept` when it never holds this of such a person."""

    reason: Literal["empty", "no_match", "not_kept", "ambiguous"] = "empty"


RefusalReason = Literal["purpose_denied", "officer_denied", "bad_request", "other_person"]


@dataclass(frozen=True, slots=True)
class Refused:
    """The source may not tell: a configuration matter, never the citizen's fault."""

    reason: RefusalReason


UnavailableReason = Literal[
    "timeout", "unreachable", "malformed", "replayed", "oversize", "fault", "late", "closed", "quota", "suspended"
]


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The source did not give a usable answer in time. `retry_after` in seconds; `suspended` when it may not be asked
    at all. Then, and in an outage, `notice` is what its owner has people read, Vietnamese and English."""

    retry_after: int = 30
    reason: UnavailableReason = "unreachable"
    notice: tuple[str, str] | None = None


Outcome = Found | Absent | Refused | Unavailable
