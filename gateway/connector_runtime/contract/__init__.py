"""What a connector is: two methods. A connector never sees the form, the session or the portal.

This folder and `gateway.vocabulary` are all that a connector may import; the surface is public and versioned. Beside
the contract itself stands what registers of the exchange platform have in common: `lookup` writes the question,
`document` reads XML and JSON without trusting them, `answer_tree` finds the person, `values` reads one value each,
`person` turns a record into outcomes. The modules `simulator_…` are for playing a register; the gateway imports none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from gateway.vocabulary.clock import Clock
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.provenance import Absent, Found, Outcome, Provenance, Refused, Unavailable

__all__ = [
    "Absent",
    "Answer",
    "Connector",
    "Equipment",
    "Found",
    "Health",
    "OfficerClass",
    "OutboundClient",
    "OutboundReply",
    "Outcome",
    "Provenance",
    "Question",
    "Refused",
    "SourceTrouble",
    "Speech",
    "Transport",
    "Unavailable",
    "VerifiesMatch",
]

Answer = Mapping[str, Outcome]

Speech = Literal["soap", "json", "camel"]
"""An envelope, an object under the operation's name, or a flat object whose members are in camel case."""
OfficerClass = Literal["system", "desk"]
"""On whose behalf a bus is used: the system's own officer when a citizen asks, or an officer at a desk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """All attributes one source is asked for, at once, about one person.

    The three-way key (number, name, birth date) is the source's own privacy guard: a number alone is refused.
    `request_id` is unique and serves the source's log; `deadline_at` is when the asker stops waiting (UTC);
    `officer_ref` names the officer at a desk, None when the citizen is the one who asks. `requester_number` and
    `requester_name` are of a guardian who asks for a child; None when it is the person or an officer.
    """

    attributes: frozenset[str]
    personal_number: str | None
    old_number: str | None
    full_name: str
    birth_date: PartialDate | None
    procedure: str
    purpose: str
    request_id: str
    deadline_at: datetime
    officer_ref: str | None = None
    requester_number: str | None = None
    requester_name: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The outcome of a harmless probe: `detail` is for operators and holds no citizen's value."""

    state: Literal["up", "degraded", "down"]
    detail: str = ""


class Connector(Protocol):
    """A source of attributes."""

    async def answer(self, question: Question) -> Answer:
        """Map every attribute asked to an outcome.

        Raises SourceTrouble when the call as a whole failed; the runtime turns it into Unavailable or Refused
        for every attribute asked.
        """
        ...

    async def check(self) -> Health:
        """Probe the source without asking about a person."""
        ...


@runtime_checkable
class VerifiesMatch(Protocol):
    """A further ability: saying whether number, name and birth date belong together, without telling anything."""

    async def verify(self, question: Question) -> bool:
        """Return whether the source holds this person just so; False is “absent or different”, never which.

        `question.attributes` does not count. Raises SourceTrouble when the source did not say.
        """
        ...


class SourceTrouble(Exception):
    """The call as a whole failed: `outcome` is what every attribute asked becomes. No value of a citizen inside.

    `asked_to_wait` when the source itself named the seconds of `retry_after` (RFC 9110 §10.2.3): it is left alone
    for so long.
    """

    def __init__(
        self, outcome: Refused | Unavailable | Absent, operator_detail: str = "", *, asked_to_wait: bool = False
    ) -> None:
        super().__init__(operator_detail)
        self.outcome = outcome
        self.operator_detail = operator_detail
        self.asked_to_wait = asked_to_wait


@dataclass(frozen=True, slots=True)
class OutboundReply:
    """The answer to an outbound call: status, lower-cased header names, body capped by the client."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class OutboundClient(Protocol):
    """The only way out of the house: the runtime hands it to a connector, bound to its egress zone.

    No redirects, no environment proxies, 1 MB response cap unless said otherwise.
    """

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_for: float = 2.0,
        limit: int = 1_048_576,
    ) -> OutboundReply:
        """Send one request. Raises SourceTrouble (timeout, unreachable, oversize) and nothing else."""
        ...


class Transport(Protocol):
    """The bus between us and a source: it knows its headers and credentials, the connector knows the message.

    `speech` is the form of the messages it carries, in both directions.
    """

    @property
    def speech(self) -> Speech:
        """`soap` for an envelope, `json` and `camel` for an object."""
        ...

    async def send(self, message: bytes, *, deadline_at: datetime, officer_class: OfficerClass = "system") -> bytes:
        """Carry a message to the source and return its answer, unread, at most 1 MB.

        Raises SourceTrouble when the bus gave no answer by `deadline_at` (UTC) or refused to carry it.
        """
        ...

    async def check(self) -> Health:
        """Tell whether the bus can be reached, without a message."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """Everything the runtime hands to a code connector: `MyConnector(equipment)`.

    `source` is the id that stands in provenance; `officer` the system officer used when no officer asks;
    `agency_code` ours (Decision 20/2020); `options` what the manifest declares, with defaults filled in.
    """

    source: str
    transport: Transport
    clock: Clock
    officer: str
    agency_code: str
    options: Mapping[str, str]
