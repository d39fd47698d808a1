"""A form given out again: whole, with what came late, under a new manifest (GET /v1/prefill/{id})."""

from dataclasses import dataclass, replace

from gateway.audit.event import FormReleased, LateFieldsReleased
from gateway.prefill.assemble import Assembled, assemble, outcome_word
from gateway.prefill.bearer import Bearer
from gateway.prefill.envelope import FilledForm
from gateway.prefill.failure import FormUnknown
from gateway.prefill.fill import PrefillRequest, admit, facts_of, load_kept, permit, require_living
from gateway.prefill.house import Prefill
from gateway.prefill.release import (
    FormIds,
    Heard,
    commit_kept,
    manifest_of,
    outcomes,
    require_grant,
    sign_form,
    tell,
    told_attributes,
)
from gateway.vocabulary.store import Kind, Record, RecordKey


@dataclass(frozen=True, slots=True, kw_only=True)
class ReissueRequest:
    """Asks for a form by its id."""

    bearer: Bearer
    form_id: str
    trace_id: str


async def reissue_form(request: ReissueRequest, house: Prefill) -> FilledForm:
    """Return the whole form as its sources stand now; no source is asked.

    Raises FormUnknown for any other citizen or client, and when the kept answers are over; SessionOver.
    """
    body = (await _own_record(request, house)).body
    ask = admit(
        request.bearer,
        PrefillRequest(bearer=request.bearer, procedure=body["procedure"], trace_id=request.trace_id),
        house,
    )
    ask = replace(ask, grant_id=body["grant_id"])
    plan = house.plan(ask.procedure, ask.relation, body["fields"])
    errand = permit(plan, ask, house.policy)
    kept = await load_kept(ask, house)
    if kept is None:
        raise FormUnknown
    heard = Heard(kept=kept)
    require_living(errand, heard)  # the word may have come late, after the form itself
    assembled = assemble(plan, facts_of(errand, heard, house.desk.clock.now()))
    arrived = _arrived(body["late"], assembled)
    event = await tell(
        LateFieldsReleased if arrived else FormReleased,
        errand,
        house,
        outcome=outcome_word(assembled),
        attributes=told_attributes(assembled),
        extra=(("late", arrived), ("outcomes", outcomes(assembled))),
    )
    ids = FormIds(request.form_id, request.form_id).again(house.desk)
    form = await sign_form(ids, errand, assembled, event, house)
    await commit_kept(errand, heard, [require_grant(errand), manifest_of(ids, form, errand)], event, house)
    return form


async def _own_record(request: ReissueRequest, house: Prefill) -> Record:
    """Return the record of the form if it is this citizen's at this client; otherwise there is no such form."""
    (record,) = await house.desk.store.load(RecordKey(Kind.MANIFEST_KEY, request.form_id))
    citizen = request.bearer.citizen
    if (
        record is None
        or citizen is None
        or not record.alive(house.desk.clock.now())
        or record.subject != citizen.id
        or record.body["client_id"] != request.bearer.client_id
        or record.body["form"] != request.form_id
    ):
        raise FormUnknown
    return record


def _arrived(late_before: list[str], assembled: Assembled) -> list[str]:
    """Return the fields that were late when the form was first given out and have a value now."""
    return [name for name in late_before if name in assembled.fields and assembled.fields[name].value is not None]
