"""Somebody else's form: who may ask for it, and whose evidence it is.

A guardian is believed on the register's own record of the child, at request time, never on what the portal says;
whatever the record does not show ends in one and the same refusal. The person the form is about is the subject of
every event and holds the key of what is kept, whether or not they ever signed in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import orjson

from gateway.assurance.match import match_name
from gateway.audit.event import ActedForAnother, FormRefused
from gateway.audit.receipt import refuse
from gateway.connector_runtime.contract import Answer
from gateway.policy.failure import RelationNotAllowed
from gateway.prefill.failure import (
    EvidenceNotStored,
    GuardianshipNotChecked,
    GuardianshipNotShown,
    GuardianshipTriedTooOften,
)
from gateway.prefill.house import Desk, Prefill
from gateway.prefill.plan import Plan
from gateway.vocabulary.citizen import Citizen, number_address, old_number_address
from gateway.vocabulary.clock import text_token
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.form_preview import FormAsk
from gateway.vocabulary.personal_number import strip_grouping
from gateway.vocabulary.provenance import Found, Outcome, Refused, Unavailable
from gateway.vocabulary.representation import Represented
from gateway.vocabulary.store import (
    BlindIndex,
    CitizenErased,
    Insert,
    Kind,
    Put,
    Record,
    RecordKey,
    Replace,
    StorageUnavailable,
    StoredEvent,
)

OF_AGE = 18
"""Years; Civil Code 91/2015/QH13 Articles 20 and 21 (named from memory, unverified)."""

Guardianship = Literal["shown", "not_shown", "unknown"]

REFUSED_AT_MOST = 10
REFUSED_COUNTED_FOR = timedelta(days=1)

_VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_TRIES = 3
_MIRRORED = ("asked", "outcomes", "reasons", "late")
"""What an event about somebody says beside its common members, and their guardian's own entry repeats."""


def citizen_represented(person: Represented) -> Citizen:
    """Return the person a form is about, by what the one who acts says; `id` is found by `find_subject`."""
    return Citizen(
        id="",
        full_name=person.full_name,
        personal_number=person.personal_number,
        old_number=person.old_number,
        birth_date=person.birth_date,
    )


def require_relation(plan: Plan) -> None:
    """Raise RelationNotAllowed for a procedure that nobody but the person themselves may have filled."""
    if plan.relation != "self" and not plan.procedure.attributes_for(plan.relation):
        raise RelationNotAllowed


async def find_subject(ask: FormAsk, house: Prefill) -> FormAsk:
    """Return the ask with the internal id of the person it is about, found by the blind index or made now.

    What is made is the pointer alone: it says nothing of the person, and their own first sign-in takes it over.
    Raises EvidenceNotStored, GuardianshipTriedTooOften, and GuardianshipNotShown where a guardian asks about somebody
    who was erased.
    """
    if ask.relation == "self" or ask.citizen.id:
        return ask
    await _require_few_refusals(ask, house)
    address = represented_address(ask.citizen, house.desk.index)
    fresh = text_token(house.desk.randomness, 128)
    found = await point_at(address, fresh, house)
    named = replace(ask, citizen=replace(ask.citizen, id=found))
    return named if found == fresh else await _known(named, house)


def represented_address(person: Citizen, index: BlindIndex) -> RecordKey:
    """Return where the pointer at somebody whom another person names is stored."""
    if person.personal_number:
        return number_address(person.personal_number, index)
    return old_number_address(person, index)


async def follow_pointer(ask: FormAsk, desk: Desk) -> FormAsk:
    """Return the ask about whom its old number leads to by now; as it is where the number of 12 digits was given.

    Raises StorageUnavailable.
    """
    if not ask.unnamed:
        return ask
    (pointer,) = await desk.store.load(old_number_address(ask.citizen, desk.index))
    if pointer is None:
        return ask
    return replace(ask, citizen=replace(ask.citizen, id=str(pointer.body["citizen_id"])))


async def point_at(address: RecordKey, citizen_id: str, house: Prefill) -> str:
    """Return whose pointer is stored there; `citizen_id`, stored now, where there was none.

    Raises EvidenceNotStored.
    """
    for _ in range(_TRIES):
        (known,) = await house.desk.store.load(address)
        if known is not None:
            return str(known.body["citizen_id"])
        pointer = Record(kind=address.kind, key=address.key, body={"citizen_id": citizen_id})
        try:
            verdict = await house.desk.store.commit([Insert(pointer)], now=house.desk.clock.now())
        except StorageUnavailable as trouble:
            raise EvidenceNotStored(operator_detail=trouble.operator_detail) from trouble
        if verdict.done:
            return citizen_id
    raise EvidenceNotStored(operator_detail="the pointer of a represented person kept changing")


def _refusals_of(guardian: Citizen) -> RecordKey:
    return RecordKey(Kind.COUNTER, f"represented.{guardian.id}")


async def _require_few_refusals(ask: FormAsk, house: Prefill) -> None:
    """Let nobody try out one child after another: each attempt also makes a pointer and a key that stay."""
    if ask.guardian is None:
        return
    now = house.desk.clock.now()
    (counted,) = await house.desk.store.load(_refusals_of(ask.guardian))
    if counted is None or counted.expires_at is None or not counted.alive(now):
        return
    if counted.body["refused"] >= REFUSED_AT_MOST:
        left = int((counted.expires_at - now).total_seconds())
        raise GuardianshipTriedTooOften(retry_after=max(1, left))


async def _count_refusal(guardian: Citizen, house: Prefill) -> None:
    """Count by compare-and-swap; attempts at the same moment may lose a count, never gain one."""
    now, address = house.desk.clock.now(), _refusals_of(guardian)
    for _ in range(_TRIES):
        (counted,) = await house.desk.store.load(address)
        alive = counted is not None and counted.alive(now)
        record = Record(
            kind=address.kind,
            key=address.key,
            body={"refused": (counted.body["refused"] if counted is not None and alive else 0) + 1},
            expires_at=counted.expires_at if counted is not None and alive else now + REFUSED_COUNTED_FOR,
            version=counted.version + 1 if counted is not None and alive else 1,
        )
        verdict = await house.desk.store.commit([Replace(record) if alive else Insert(record)], now=now)
        if verdict.done:
            return


async def _known(ask: FormAsk, house: Prefill) -> FormAsk:
    try:
        await house.desk.keys.derive(ask.citizen.id, "represented")
    except CitizenErased:
        if ask.guardian is None:
            raise
        # that somebody was here and had everything erased is told to nobody who merely names them
        raise GuardianshipNotShown from None
    return ask


async def require_guardian(
    plan: Plan, ask: FormAsk, answers: Mapping[str, Answer], house: Prefill, *, asked: StoredEvent | None = None
) -> None:
    """Raise GuardianshipNotShown or GuardianshipNotChecked, with its evidence stored, unless a guardian is shown.
    `asked` is the stored question that the refusal answers."""
    if ask.relation != "guardian":
        return
    found = judge_guardianship(plan, ask, answers, house.desk.clock.now())
    if found == "shown":
        return
    failure: Failure = GuardianshipNotShown() if found == "not_shown" else GuardianshipNotChecked(retry_after=30)
    await store_refusal(failure, ask, house, asked=asked)
    raise failure


def judge_guardianship(plan: Plan, ask: FormAsk, answers: Mapping[str, Answer], now: datetime) -> Guardianship:
    """Tell what the registers' records of the child show: one has to name the guardian, and none may say `of age`."""
    if ask.guardian is None or not ask.guardian.personal_number:
        return "not_shown"
    own = strip_grouping(ask.guardian.personal_number)
    verdicts = {
        _judge(checked - {"sex"}, answers.get(source, {}), ask, own, now) for source, checked in plan.checks.items()
    }
    if "named" in verdicts:
        return "not_shown" if "of_age" in verdicts else "shown"
    return "unknown" if "unknown" in verdicts else "not_shown"


def _judge(
    checked: frozenset[str], answer: Answer, ask: FormAsk, own_number: str, now: datetime
) -> Literal["named", "of_age", "not_named", "unknown"]:
    """Judge one register's record; what it does not say, or says of somebody else, shows nothing."""
    outcomes = [answer.get(name, Unavailable(reason="unreachable")) for name in checked]
    if all(in_trouble(outcome) for outcome in outcomes):
        return "unknown"
    name, birth = answer.get("full_name"), answer.get("birth_date")
    stated = ask.citizen.birth_date
    if not (isinstance(name, Found) and isinstance(birth, Found) and stated is not None):
        return "not_named"
    if not (match_name(ask.citizen.full_name, name.value).same and birth.value.agrees_with(stated)):
        return "not_named"
    if not birth.value.surely_younger_than(OF_AGE, now.astimezone(_VIETNAM).date()):
        return "of_age"
    named = {
        strip_grouping(outcome.value)
        for attribute in checked - {"full_name", "birth_date"}
        if isinstance(outcome := answer.get(attribute), Found)
    }
    return "named" if own_number in named else "not_named"


def in_trouble(outcome: Outcome) -> bool:
    """Tell whether a source could not say anything about anybody: trouble on the way, or no right to ask."""
    denied = isinstance(outcome, Refused) and outcome.reason in {"purpose_denied", "officer_denied"}
    return denied or isinstance(outcome, Unavailable)


def actor_of(ask: FormAsk) -> dict[str, Any]:
    """Return the members of an event that say who acts."""
    if ask.officer is not None:
        return {"actor_kind": "officer", "actor_ref": ask.officer.reference}
    return {"actor_kind": "citizen", "actor_id": None if ask.guardian is None else ask.guardian.id}


def relation_of(ask: FormAsk) -> tuple[tuple[str, Any], ...]:
    """Return what an event says beside its members of a form about somebody else."""
    if ask.officer is not None:
        return (("relation", ask.relation), ("agency", ask.officer.agency))
    return () if ask.guardian is None else (("relation", ask.relation),)


async def with_mirror(event: StoredEvent, ask: FormAsk, house: Prefill, *, outcome: str) -> tuple[StoredEvent, ...]:
    """Return the events of a step: when a guardian acts, one more, so that their own history shows the same of it."""
    if ask.guardian is None:
        return (event,)
    leaf = orjson.loads(event.leaf)
    same = tuple((name, leaf[name]) for name in _MIRRORED if name in leaf)
    mirror = await house.desk.evidence.tell(
        ActedForAnother,
        outcome=outcome,
        actor_kind="citizen",
        citizen_id=ask.guardian.id,
        portal=ask.client_id,
        procedure=ask.procedure,
        dossier=ask.dossier,
        trace_id=ask.trace_id,
        **_told_of(leaf),
        extra=(("about", event.receipt), ("did", leaf["event"]), *same),
    )
    return (event, mirror)


def _told_of(leaf: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an event that say what it was about and by which rules."""
    return {
        "attributes": tuple(leaf["attributes"]),
        "basis": leaf["basis"],
        "policy_bundle": leaf["policy_bundle"],
        "policy_ids": tuple(leaf["policy_ids"]),
    }


async def store_refusal(
    failure: Failure,
    ask: FormAsk,
    house: Prefill,
    *,
    asked: StoredEvent | None,
    beside: Sequence[StoredEvent] = (),
) -> None:
    """Store the refusal as the evidence of whom it is about and as the guardian's; `beside` are events that waited for
    it. One that cannot be stored has no receipt."""
    failure.trace_id = ask.trace_id
    try:
        record, event = await refuse(
            failure,
            evidence=house.desk.evidence,
            kind=FormRefused,
            issuer=house.figures.issuer,
            client_id=ask.client_id,
            citizen_id=ask.citizen.id,
            procedure=ask.procedure,
            dossier=ask.dossier,
            extra=(*(() if asked is None else (("asked", asked.receipt),)), *relation_of(ask)),
            **({} if asked is None else _told_of(orjson.loads(asked.leaf))),
            **actor_of(ask),
        )
        events: Sequence[StoredEvent] = await with_mirror(event, ask, house, outcome=failure.code)
        await house.desk.store.commit([Put(record)], [*beside, *events], now=house.desk.clock.now())
        if ask.guardian is not None and isinstance(failure, GuardianshipNotShown):
            await _count_refusal(ask.guardian, house)
    except (StorageUnavailable, CitizenErased):
        failure.receipt = None  # nothing was stored: a receipt would promise what nobody can show
