"""A plan and the answers become envelopes. Pure: what it is given decides, and a blank always says why."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from gateway.assurance.match import Claim, RegisterRecord, contradictions
from gateway.connector_runtime.contract import Answer
from gateway.connector_runtime.failure import SourceNotConnected
from gateway.connector_runtime.failure import why as reason_of
from gateway.policy.procedure import Condition
from gateway.prefill import failure
from gateway.prefill.envelope import TOLD, Envelope, Status, Why
from gateway.prefill.plan import Plan, PlannedField, Way
from gateway.vocabulary.address import Address
from gateway.vocabulary.canonical import NotCanonical, canonical_bytes
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.form_preview import Text
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.person_name import display_name
from gateway.vocabulary.provenance import Absent, Found, Outcome, Refused, Unavailable

STALE_AFTER = timedelta(hours=24)
"""A value fetched longer ago than this was not fetched for this form."""

_NO_NUMBER = Why.of(failure.NoPersonalNumber)
_CONTRADICTS = Why.of(failure.RecordContradicts)
_DISAGREE = Why.of(failure.SourcesDisagree)
_STALE = Why.of(failure.ValueStale)
_BY_HAND = Why.of(failure.FilledByHand)
_NOT_CONNECTED = Why.of(SourceNotConnected)
_NOT_ASKED = Unavailable(reason="unreachable")
_UNDECLARED = Why.of(failure.NothingDeclared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What assembling rests on: who signed in, what the policy refused and why, what sources and the person said.

    `answers` per source; `declared` what the person says of themselves, by attribute.
    """

    citizen: Citizen
    now: datetime
    refused: Mapping[str, Why] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)


class Beside(NamedTuple):
    """The fields of a form that are about its other party, and who that is."""

    citizen_id: str
    fields: frozenset[str]


class Assembled(NamedTuple):
    """The envelopes by field, the fields one of whose sources still works, whether no source's trouble shows, and
    which fields are another person's."""

    fields: dict[str, Envelope]
    late: tuple[str, ...]
    complete: bool
    beside: Beside | None = None


class _Part(NamedTuple):
    """What one way of filling a field came to."""

    way: Way
    outcome: Outcome
    canonical: bytes | None = None


class _Reading(NamedTuple):
    """What is the same for every field of a form: the sources whose record is a stranger's, the sex that conditions
    look at, and since when a value counts as fetched for this form."""

    facts: Facts
    strangers: frozenset[str]
    sex: str | None
    fresh_since: datetime


def assemble(plan: Plan, facts: Facts) -> Assembled:
    """Return an envelope for every planned field; sources in trouble touch their own fields only."""
    strangers = strange_sources(facts)
    reading = _Reading(facts, strangers, known_sex(facts, strangers), facts.now - STALE_AFTER)
    numberless = facts.citizen.personal_number is None and facts.citizen.old_number is None
    closed, refused = plan.closed, facts.refused
    fields: dict[str, Envelope] = {}
    late: list[str] = []
    complete = True
    for planned in plan.fields:
        field_id = planned.id
        if field_id in closed:
            why = closed[field_id]
            fields[field_id] = Envelope("withheld", "editable", planned.rule, planned.type, why=why)
        elif (same := _same_in_every_form(planned)) is not None:
            fields[field_id] = same
            complete = complete and not planned.unconnected
        elif planned.self_declared:
            fields[field_id] = _declared(planned, facts)
        elif numberless and planned.ways[0].attribute not in refused:
            fields[field_id] = _blank(planned, planned.ways[0], "not_applicable", _NO_NUMBER)
        else:
            fill = _fill if refused or len(planned.ways) > 1 else _fill_from_one
            fields[field_id], trouble = fill(planned, reading)
            if trouble is not None:
                complete = False
                if trouble.reason == "late":
                    late.append(field_id)
    return Assembled(fields, tuple(late), complete)


def strange_sources(facts: Facts) -> frozenset[str]:
    """Return the sources whose record contradicts the person who signed in (name with marks, or sex).

    Where one register confirms the sex that the provider said, another one that says otherwise is no stranger's: the
    registers disagree about this person, and both are shown.
    """
    claim = Claim(full_name=facts.citizen.full_name, sex=facts.citizen.sex)
    against: dict[str, tuple[str, ...]] = {}
    confirmed = False
    for source, answer in facts.answers.items():
        name, sex = answer.get("full_name"), answer.get("sex")
        record = RegisterRecord(
            full_name=name.value if isinstance(name, Found) else claim.full_name,
            sex=sex.value if isinstance(sex, Found) else None,
        )
        against[source] = contradictions(claim, record)
        confirmed |= record.sex is not None and record.sex == claim.sex and not against[source]
    excused = {"sex"} if confirmed else set()
    return frozenset(source for source, points in against.items() if set(points) - excused)


def known_sex(facts: Facts, strangers: frozenset[str]) -> str | None:
    """Return the sex the sign-in said, else the one that registers agree on; None when nobody knows or they differ."""
    if facts.citizen.sex is not None:
        return facts.citizen.sex
    told = {
        outcome.value
        for source, answer in facts.answers.items()
        if source not in strangers and isinstance(outcome := answer.get("sex"), Found)
    }
    return told.pop() if len(told) == 1 else None


def display_of(planned: PlannedField, value: Any) -> Text:
    """Return the words of a value: a name in title case when it came in capitals, a date as forms write it."""
    if not isinstance(value, str):
        shown: PartialDate | Address = value
        return {"vi": shown.display()}
    if planned.type == "code":
        if value in planned.words:
            return planned.words[value]
        if any(letter.isdigit() for letter in value):
            return {"vi": f"mã {value}", "en": f"code {value}"}  # a bare code would look like words nobody understands
    return {"vi": display_name(value) if planned.mask == "name" else value}


@lru_cache(maxsize=4096)
def _same_in_every_form(planned: PlannedField) -> Envelope | None:
    """The envelope of a field that waits for another party, that no source fills or whose registers are not connected:
    it holds no value, so it is everybody's. None for any other field."""
    if planned.waits is not None:
        why = Why.saying(failure.OtherPartyAwaited.code, planned.waits)
        return Envelope("withheld", "editable", planned.rule, planned.type, why=why).fixed()
    if not planned.ways:
        return _left_to_hand(planned)
    if planned.unconnected:
        return _blank(planned, planned.ways[0], "unavailable", _NOT_CONNECTED).fixed()
    return None


@lru_cache(maxsize=4096)
def _left_to_hand(planned: PlannedField) -> Envelope:
    why = Why.saying(failure.FilledByHand.code, planned.by_hand) if planned.by_hand else _BY_HAND
    return Envelope("self_declared", "editable", planned.rule, planned.type, why=why).fixed()


@lru_cache(maxsize=4096)
def _left_undeclared(planned: PlannedField) -> Envelope:
    """The envelope of a field whose person has declared nothing: it holds no value, so it is everybody's."""
    return _blank(planned, planned.ways[0], "self_declared", _UNDECLARED).fixed()


def _declared(planned: PlannedField, facts: Facts) -> Envelope:
    way = planned.ways[0]
    if way.attribute in facts.refused:
        return _blank(planned, way, "withheld", facts.refused[way.attribute])
    said = facts.declared.get(way.attribute)
    if said is None:
        return _left_undeclared(planned)
    head = planned.heads[way.source]
    return Envelope(
        "self_declared",
        planned.lock,
        planned.rule,
        planned.type,
        said,
        {"vi": said},
        way.source,
        head.source_label,
        correction=head.correction,
        attribute=way.attribute,
    )


def _fill(planned: PlannedField, reading: _Reading) -> tuple[Envelope, Unavailable | Refused | None]:
    """Return the envelope of a field filled by registers, and the trouble to tell: what left it empty, or a second
    register that still works and may yet disagree."""
    facts, strangers = reading.facts, reading.strangers
    allowed = [way for way in planned.ways if way.attribute not in facts.refused]
    if not allowed:
        way = planned.ways[0]
        return _blank(planned, way, "withheld", facts.refused[way.attribute]), None
    possible = [way for way in allowed if way.condition is None or way.condition.possible_for(reading.sex)]
    if not possible:
        return _left_to_hand(planned), None
    if any(way.answered for way in possible):
        possible = [way for way in possible if way.answered or way.condition is None]
    parts = [_part(planned, way, facts.answers) for way in possible]
    found = [part for part in parts if part.canonical is not None and part.way.source not in strangers]
    if not found:
        return _empty(planned, parts, strangers)
    condition, answered = found[0].way.condition, found[0].way.answered
    one_of_several = len({part.way.condition and part.way.condition.id for part in found}) > 1
    if condition is not None and ((condition.unknown == "withheld" and not answered) or one_of_several):
        return _blank(planned, found[0].way, "withheld", _reservation(condition)), None
    if len(parts) == 1:
        return _told(planned, found[0], reading), None
    return _reconcile([_told(planned, part, reading) for part in found]), _late(parts)


def _fill_from_one(planned: PlannedField, reading: _Reading) -> tuple[Envelope, Unavailable | Refused | None]:
    """What `_fill` does for nearly every field: one register, nothing refused."""
    way = planned.ways[0]
    condition = way.condition
    if condition is not None and not condition.possible_for(reading.sex):
        return _left_to_hand(planned), None
    part = _part(planned, way, reading.facts.answers)
    if part.canonical is None or way.source in reading.strangers:
        return _empty(planned, [part], reading.strangers)
    if condition is not None and condition.unknown == "withheld" and not way.answered:
        return _blank(planned, way, "withheld", _reservation(condition)), None
    return _told(planned, part, reading), None


def _late(parts: list[_Part]) -> Unavailable | None:
    late = (part.outcome for part in parts if isinstance(part.outcome, Unavailable) and part.outcome.reason == "late")
    return next(late, None)


def _part(planned: PlannedField, way: Way, answers: Mapping[str, Answer]) -> _Part:
    """Return what a source said; a value that is not one of the field's type was garbled on its way."""
    answer = answers.get(way.source)
    outcome = _NOT_ASKED if answer is None else answer.get(way.attribute, _NOT_ASKED)
    if not isinstance(outcome, Found):
        return _Part(way, outcome)
    try:
        return _Part(way, outcome, canonical_bytes(planned.type, outcome.value))
    except NotCanonical:
        return _Part(way, Unavailable(reason="malformed"))


def _told(planned: PlannedField, part: _Part, reading: _Reading) -> Envelope:
    way = part.way
    assert isinstance(part.outcome, Found)
    value, provenance = part.outcome.value, part.outcome.provenance
    if isinstance(value, str):
        value = unicodedata.normalize("NFC", value)
    lock, why = planned.lock, None
    status: Status = "verified"
    if way.condition is not None and not way.answered:
        lock, why = "confirm", _reservation(way.condition)
    if provenance.stale or provenance.retrieved_at < reading.fresh_since:
        status, lock, why = "stale", "confirm", _STALE
    head = planned.heads[way.source]
    return Envelope(
        status,
        lock,
        planned.rule,
        planned.type,
        value,
        display_of(planned, value),
        provenance.source,
        head.source_label,
        provenance.as_of,
        provenance.retrieved_at,
        head.correction,
        why,
        way.attribute,
        part.canonical,
    )


def _reservation(condition: Condition) -> Why:
    return Why(failure.ConditionUnknown.code, condition.note.vi, condition.note.en)


def _reconcile(envelopes: list[Envelope]) -> Envelope:
    """One envelope of several sources: the first of the file's order, or a conflict that shows them all."""
    first, *others = envelopes
    if any(first.canonical != other.canonical for other in others):
        return first._replace(status="conflict", lock="confirm", why=_DISAGREE, rivals=tuple(envelopes))
    return first


def _empty(
    planned: PlannedField, parts: list[_Part], strangers: frozenset[str]
) -> tuple[Envelope, Unavailable | Refused | None]:
    """No way gave a value: tell of the one that may still give one, else of the first."""
    part = next((part for part in parts if isinstance(part.outcome, Unavailable)), parts[0])
    outcome = part.outcome
    if isinstance(outcome, Found) or part.way.source in strangers:
        return _blank(planned, part.way, "withheld", _CONTRADICTS), Refused("other_person")
    words = reason_of(outcome)
    retry_after = outcome.retry_after if isinstance(outcome, Unavailable) else None
    why = Why.of(words or failure.FormIncomplete, retry_after)
    if isinstance(outcome, Unavailable) and outcome.notice is not None:
        # a source that was taken out of service or is in an outage: its owner's own words
        why = why._replace(vi=outcome.notice[0], en=outcome.notice[1])
    envelope = _blank(planned, part.way, _status_without_value(outcome), why)
    return envelope, outcome if isinstance(outcome, Unavailable | Refused) else None


def _status_without_value(outcome: Outcome) -> Status:
    match outcome:
        case Absent("not_kept"):
            return "not_applicable"
        case Refused("purpose_denied" | "officer_denied" | "other_person"):
            return "withheld"
        case _:
            return "unavailable"


def _blank(planned: PlannedField, way: Way, status: Status, why: Why) -> Envelope:
    head = planned.heads[way.source]
    return Envelope(
        status,
        "editable",
        planned.rule,
        planned.type,
        source=way.source,
        source_label=head.source_label,
        correction=head.correction,
        why=why,
        attribute=way.attribute,
    )


def outcome_word(assembled: Assembled) -> str:
    """Return how a form came out, for evidence: `released`, `partial`, or `failed` when every register failed."""
    if assembled.complete:
        return "released"
    told = any(envelope.status in TOLD for envelope in assembled.fields.values())
    return "partial" if told else "failed"
