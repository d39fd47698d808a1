"""A store of evidence of the exam's own: what the gateway would write about one question, in the order it writes it.

No evidence, no data (design.md §9): `FormAsked` is stored before the source is called, `FormReleased` before anybody
sees what came. Both are made by the gateway's own `Evidence` with the members of its events, and end with the exam.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.audit.event import FormAsked, FormReleased
from gateway.audit.record import Evidence
from gateway.connector_exam.room import Case, Room
from gateway.connector_exam.stand_in import Call, Reply
from gateway.connector_exam.subject import Told
from gateway.connector_runtime.contract import Found, Outcome
from gateway.connector_runtime.outcome_words import is_in_words
from gateway.vocabulary.clock import SystemClock, SystemRandomness

PORTAL = "exam-portal"
_CITIZEN = "exam-citizen"
_STRAGGLES_FOR = 0.1
_TOLD = ("attributes", "outcome", "outcomes", "reasons")
_KEYED = ("receipt", "nonce", "subject_ref")
_STATUSES = {"Found": "verified", "Absent": "not_applicable", "Refused": "withheld", "Unavailable": "unavailable"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """One question with its evidence: what came, the stored leaves (RFC 8785 octets), and how many calls reached the
    source outside of them: `early` before the first was stored, `late` after the second was."""

    told: Told
    leaves: tuple[bytes, ...]
    early: int = 0
    late: int = 0

    @property
    def words(self) -> str:
        """What the connector had a part in, as one text: names, states and reasons."""
        return orjson.dumps([[event.get(name) for name in _TOLD] for event in self.events]).decode()

    @property
    def events(self) -> list[Mapping[str, Any]]:
        """The stored events, in order."""
        return [orjson.loads(leaf) for leaf in self.leaves]


class _Keys:
    """The one key of the one invented citizen; it is nowhere else."""

    def __init__(self) -> None:
        self._key = SystemRandomness().octets(32)

    async def derive(self, citizen_id: str, purpose: str) -> bytes:
        return self._key

    async def erase(self, citizen_id: str) -> None:
        self._key = b""


async def witness(room: Room, case: Case, reply: Reply, *, follow: bool) -> Witnessed:
    """Ask once, through a connector made for this question alone, with the evidence that the gateway would store.
    `follow` waits a moment for calls that come before anything is asked, and when all is over."""
    leaves: list[bytes] = []
    seen: list[int] = []

    def answer(call: Call) -> Reply:
        seen.append(len(leaves))
        return reply

    evidence = Evidence(SystemClock(), SystemRandomness(), _Keys())
    room.subject.stand_in.reply = answer
    connector = room.subject.connector(SystemClock(), room.subject.stand_in.url)
    await asyncio.sleep(_STRAGGLES_FOR if follow else 0)
    question = room.question(case)
    asked = await evidence.tell(
        FormAsked, outcome="asked", attributes=tuple(sorted(question.attributes)), **_members(room, question.procedure)
    )
    leaves.append(asked.leaf)
    told = await room.subject.ask(answer, question, connector=connector)
    released = await evidence.tell(
        FormReleased,
        outcome="released",
        attributes=tuple(sorted(name for name, one in told.outcomes.items() if isinstance(one, Found))),
        extra=(("asked", asked.receipt), *_outcomes(told.outcomes)),
        **_members(room, question.procedure),
    )
    leaves.append(released.leaf)
    await asyncio.sleep(_STRAGGLES_FOR if follow else 0)
    return Witnessed(told=told, leaves=tuple(leaves), early=seen.count(0), late=seen.count(2))


def odd_reasons(outcomes: Mapping[str, Outcome]) -> list[str]:
    """Return the attributes whose outcome gives another reason than a word of the contract: evidence would keep it."""
    return sorted(name for name, one in outcomes.items() if not is_in_words(one))


def missing_members(seen: Witnessed, connector: str) -> list[str]:
    """Return the members of the two events that are not there, or say something else than was asked and came."""
    asked, released = seen.events
    question, outcomes = seen.told.question, seen.told.outcomes
    common = {"portal": PORTAL, "procedure": question.procedure, "connector": connector}
    wanted = [
        (asked, {**common, "event": FormAsked.name, "attributes": sorted(question.attributes)}),
        (released, {**common, "event": FormReleased.name, "asked": asked["receipt"]}),
    ]
    gaps = [name for event, members in wanted for name, value in members.items() if event.get(name) != value]
    gaps += [] if set(released["outcomes"]) == set(outcomes) else ["outcomes"]
    return sorted({*gaps, *(name for event in seen.events for name in _KEYED if not event.get(name))})


def _members(room: Room, procedure: str) -> dict[str, Any]:
    return {
        "actor_kind": "citizen",
        "citizen_id": _CITIZEN,
        "portal": PORTAL,
        "procedure": procedure,
        "connector": room.candidate.manifest.id,
    }


def _outcomes(outcomes: Mapping[str, Outcome]) -> tuple[tuple[str, Any], ...]:
    """Return the members about what came, as the gateway names them: a status by attribute, and why a value is not
    there."""
    statuses = {name: _STATUSES.get(type(one).__name__, "unavailable") for name, one in outcomes.items()}
    reasons = {name: str(one.reason) for name, one in outcomes.items() if not isinstance(one, Found)}
    return (("outcomes", statuses), ("reasons", reasons))
