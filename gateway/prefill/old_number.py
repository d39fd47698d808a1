"""An officer has a former identity card before them: nine digits, which two registers can still be asked by.

What is asked and told belongs to the person's own history. Before a register answers nobody knows their personal
number, so the question is stored under a pointer of its own (`old_number_address`). Once the register says the number
the two pointers lead to one person: the one who has been here under that number, or whoever comes later. Until then
nothing is told, of no register's answer: nobody could find it in their own history.
"""

from dataclasses import replace

from gateway.connector_runtime.contract import Answer
from gateway.prefill.failure import OldNumberNotChecked, OldNumberNotNamed
from gateway.prefill.house import Prefill
from gateway.prefill.kept import kept_record
from gateway.prefill.plan import NUMBER
from gateway.prefill.release import Asked, Errand, Heard, commit_whole
from gateway.prefill.represent import in_trouble, point_at, store_refusal
from gateway.vocabulary.citizen import number_address, old_number_address
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.form_preview import kept_address
from gateway.vocabulary.personal_number import NumberRefused, PersonalNumber
from gateway.vocabulary.provenance import Found, Unavailable
from gateway.vocabulary.store import Change, CitizenErased, Put, Record, Remove


async def settle_subject(errand: Errand, heard: Heard, house: Prefill, *, asked: Asked | None = None) -> Errand:
    """Return the errand about the person whom a register named by their personal number; as it is where the number
    was known before, or a register that may name it is still working.

    Raises OldNumberNotNamed, OldNumberNotChecked, CitizenErased, each stored as the answer of the question `asked`;
    EvidenceNotStored.
    """
    if not errand.ask.unnamed or not errand.questions:
        return errand
    try:
        number = _told_number(heard)
        if number is None:
            _require_awaited(heard)
            return errand
        bearer = await point_at(number_address(number, house.desk.index), errand.ask.citizen.id, house)
        await house.desk.keys.derive(bearer, "represented")
    except (OldNumberNotNamed, OldNumberNotChecked, CitizenErased) as refused:
        await _refuse(refused, errand, heard, asked, house)
        raise
    return errand if bearer == errand.ask.citizen.id else await _move(errand, bearer, heard, house)


def told_part(errand: Errand, heard: Heard) -> Heard:
    """Return what may be told of what was heard: nothing until it is known whose it is, every answer is late then."""
    if not errand.ask.unnamed or _told_number(heard) is not None:
        return heard
    waiting = {source: _late(answer) for source, answer in heard.kept.answers.items()}
    return replace(heard, kept=replace(heard.kept, answers=waiting))


async def _move(errand: Errand, bearer: str, heard: Heard, house: Prefill) -> Errand:
    """Lead the old number to whoever bears it, and take along what is kept of them under the pointer."""
    old = errand.ask
    ask = replace(old, citizen=replace(old.citizen, id=bearer))
    address = old_number_address(old.citizen, house.desk.index)
    changes: list[Change] = [Put(Record(kind=address.kind, key=address.key, body={"citizen_id": bearer}))]
    if heard.kept.version:
        changes.append(Put(kept_record(replace(heard.kept, version=0), ask)))
        changes.append(Remove(kept_address(old.grant_id, old.procedure, old.about)))
    await commit_whole(house, changes)
    return replace(errand, ask=ask)


def _require_awaited(heard: Heard) -> None:
    """Go on only while a register that may still name the number is working on its answer."""
    said = [answer[NUMBER] for answer in heard.kept.answers.values() if NUMBER in answer]
    if any(isinstance(outcome, Unavailable) and outcome.reason == "late" for outcome in said):
        return
    if any(in_trouble(outcome) for outcome in said):
        raise OldNumberNotChecked(retry_after=30)
    raise OldNumberNotNamed


async def _refuse(refused: Failure, errand: Errand, heard: Heard, asked: Asked | None, house: Prefill) -> None:
    heard.drop()
    question = None if asked is None else asked.event
    waiting = () if asked is None else asked.waiting
    await store_refusal(refused, errand.ask, house, asked=question, beside=waiting)


def _late(answer: Answer) -> Answer:
    late = Unavailable(reason="late")
    return {name: said if isinstance(said, Unavailable) else late for name, said in answer.items()}


def _told_number(heard: Heard) -> str | None:
    """Return the one number that registers told of the person; None where none did, or they differ."""
    told: set[str] = set()
    for answer in heard.kept.answers.values():
        outcome = answer.get(NUMBER)
        if isinstance(outcome, Found):
            try:
                told.add(PersonalNumber.parse(str(outcome.value)).digits)
            except NumberRefused:
                return None
    return told.pop() if len(told) == 1 else None
