"""A form given out again: whole, with what came late, under a new manifest (GET /v1/prefill/{id})."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.audit.event import FormReleased, LateFieldsReleased
from gateway.prefill.assemble import Assembled, assemble, outcome_word
from gateway.prefill.bearer import Bearer
from gateway.prefill.conditions import Answers, answer_conditions
from gateway.prefill.cover import agreed_part, load_cover, refuse_ended
from gateway.prefill.envelope import FilledForm
from gateway.prefill.failure import FormUnknown
from gateway.prefill.fill import PrefillRequest, admit, facts_of, living_part, load_kept, permit
from gateway.prefill.house import Prefill
from gateway.prefill.old_number import settle_subject, told_part
from gateway.prefill.other_party import OtherPart, hear_other
from gateway.prefill.release import (
    ConsentLost,
    Errand,
    FormIds,
    Heard,
    commit_whole,
    manifest_of,
    require_grant,
    sign_form,
    tell,
)
from gateway.prefill.represent import follow_pointer, require_guardian, with_mirror
from gateway.prefill.told import outcome_members, told_attributes
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.representation import Represented
from gateway.vocabulary.store import Change, CitizenErased, Kind, Put, Record, RecordKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ReissueRequest:
    """Asks for a form by its id."""

    bearer: Bearer
    form_id: str
    trace_id: str


async def reissue_form(request: ReissueRequest, house: Prefill) -> FilledForm:
    """Return the whole form as its sources stand now; no source is asked about who signed in, and about the other
    party of a dossier what has not been asked yet.

    Raises FormUnknown for any other citizen or client, and when the kept answers are over; SessionOver.
    """
    record = await _own_record(request, house)
    body = record.body
    ask = admit(request.bearer, _first_request(request, body), house)
    ask = replace(ask, grant_id=body["grant_id"], citizen=replace(ask.citizen, id=record.subject or ""))
    ask = await follow_pointer(ask, house.desk)
    cover = await load_cover(ask, house)
    answers: Answers = body.get("conditions", {})  # a form of before conditions could be answered has none
    plan = house.plan(ask.procedure, ask.relation, body["fields"], party=cover.party)
    plan = agreed_part(answer_conditions(plan, answers), cover.own)
    errand = replace(permit(plan, ask, house.policy, consent=cover.own), answers=answers)
    kept = await load_kept(ask, house)
    if kept is None:
        await refuse_ended(cover, ask, house)  # a withdrawal forgets what was kept
        raise FormUnknown
    heard = Heard(kept=kept)
    await require_guardian(plan, ask, kept.answers, house)
    errand = await settle_subject(errand, heard, house)  # the number may have come late, after the form itself
    told = told_part(errand, heard)
    living = living_part(errand, told)  # so may the word of a death
    assembled = assemble(living, facts_of(errand, told, house.desk.clock.now()))
    other = await hear_other(cover, ask, body["fields"], house)
    try:
        return await _give_again(errand, assembled, record, house, other=other)
    except CitizenErased:
        if other is None:
            raise
        return await _give_again(errand, assembled, record, house, other=None)
    except ConsentLost as lost:
        if other is None or (cover.own is not None and lost.consent_id == cover.own.id):
            await refuse_ended(cover, ask, house)
            raise
        return await _give_again(errand, assembled, record, house, other=None)


async def _give_again(
    errand: Errand,
    assembled: Assembled,
    record: Record,
    house: Prefill,
    *,
    other: OtherPart | None,
) -> FilledForm:
    arrived = _arrived(record.body["late"], assembled)
    event = await tell(
        LateFieldsReleased if arrived else FormReleased,
        errand,
        house,
        outcome=outcome_word(assembled),
        attributes=told_attributes(assembled),
        extra=(("late", arrived), *outcome_members(assembled)),
    )
    ids = FormIds(record.key, record.key).again(house.desk)
    whole = assembled if other is None else other.joined(assembled)
    form = await sign_form(ids, errand, whole, event, house)
    beside = () if other is None else await other.events(house)
    events = await with_mirror(event, errand.ask, house, outcome=outcome_word(assembled))
    changes: list[Change] = [*errand.standing, *(() if other is None else other.standing)]
    changes += [require_grant(errand), *manifest_of(ids, form, errand, whole), *_moved(record, errand)]
    await commit_whole(house, changes, *beside, *events)
    return form


def _moved(record: Record, errand: Errand) -> list[Change]:
    """Return the form's record sealed under whom a register has named since it was first given out. No value was told
    until then, so no tag of its manifest was made under the key it had."""
    if record.subject == errand.ask.citizen.id:
        return []
    return [Put(replace(record, subject=errand.ask.citizen.id, version=record.version + 1))]


def _first_request(request: ReissueRequest, body: Mapping[str, Any]) -> PrefillRequest:
    """Return the request the form was made for: about whom, and for an officer on which dossier."""
    person = None if body["represented"] is None else Citizen.of(body["represented"])
    represented = None
    if person is not None and (person.personal_number or person.old_number) and person.birth_date:
        represented = Represented(
            personal_number=person.personal_number,
            old_number=person.old_number,
            full_name=person.full_name,
            birth_date=person.birth_date,
        )
    return PrefillRequest(
        bearer=request.bearer,
        procedure=body["procedure"],
        dossier=body["dossier"] if request.bearer.officer else None,
        represented=represented,
        trace_id=request.trace_id,
    )


async def _own_record(request: ReissueRequest, house: Prefill) -> Record:
    """Return the record of the form if this caller asked for it at this client; otherwise there is no such form."""
    (record,) = await house.desk.store.load(RecordKey(Kind.MANIFEST_KEY, request.form_id))
    if (
        record is None
        or not record.alive(house.desk.clock.now())
        or not _asked_by(request.bearer, record)
        or record.body["client_id"] != request.bearer.client_id
        or record.body["form"] != request.form_id
    ):
        raise FormUnknown
    return record


def _asked_by(bearer: Bearer, record: Record) -> bool:
    """Tell whether the caller is who asked: the person the form is about, or the one who acts for them."""
    if bearer.officer is not None:
        return bearer.officer.reference == record.body["acting"] and bearer.citizen is None
    if bearer.citizen is None:
        return False
    return bearer.citizen.id == (record.body["acting"] or record.subject)


def _arrived(late_before: list[str], assembled: Assembled) -> list[str]:
    """Return the fields that were late when the form was first given out and have a value now."""
    return [name for name in late_before if name in assembled.fields and assembled.fields[name].value is not None]
