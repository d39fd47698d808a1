"""The same road for the notice page: what would be told, masked, before the citizen lets anything go.

Where the law is the basis the sources are asked now and the answers are kept for the prefill that follows. Where
consent is the basis nothing is asked before the citizen agrees (`question`).
"""

from gateway.audit.event import FormPrepared, FormRefused
from gateway.prefill.assemble import Assembled, assemble, outcome_word
from gateway.prefill.envelope import TOLD, Envelope
from gateway.prefill.failure import RecordStopsForm
from gateway.prefill.fill import (
    asked_attributes,
    facts_of,
    hear,
    load_kept,
    missing_answers,
    permit,
    require_living,
    store_asked,
)
from gateway.prefill.house import Prefill
from gateway.prefill.mask import mask_value
from gateway.prefill.plan import PlannedField
from gateway.prefill.question import prepare_question
from gateway.prefill.release import Errand, commit_kept, commit_whole, tell
from gateway.prefill.told import outcome_members
from gateway.vocabulary.form_preview import FormAsk, FormPreview, PreviewField, PreviewRival, Text

_AT_SIGN_IN: Text = {"vi": "Lần đăng nhập này", "en": "This sign-in"}


async def prepare_form(ask: FormAsk, house: Prefill) -> FormPreview:
    """Return what the notice page shows. Raises UnknownProcedure, a policy refusal or EvidenceNotStored."""
    if house.policy.procedure(ask.procedure).basis == "consent":
        return await prepare_question(ask, house)
    plan = house.plan(ask.procedure, ask.relation)
    errand = permit(plan, ask, house.policy)
    assembled, receipt = await _ask_now(errand, house)
    rows = tuple(_row(field, assembled.fields[field.id]) for field in plan.fields)
    return _preview(errand, rows, receipt)


async def _ask_now(errand: Errand, house: Prefill) -> tuple[Assembled, str]:
    """Ask and keep; return the receipt too. A page shown again within ten minutes asks nobody and tells the log so."""
    kept = await load_kept(errand.ask, house)
    extra: tuple[tuple[str, str], ...] = ()
    if missing_answers(errand, kept):
        asked = await store_asked(errand, kept, house)
        extra = (("asked", asked.event.receipt),)
    heard = await hear(errand, kept, house)
    try:
        require_living(errand, heard)
    except RecordStopsForm as refused:
        event = await tell(FormRefused, errand, house, outcome=refused.code, attributes=(), extra=extra)
        await commit_whole(house, [], event)
        raise
    assembled = assemble(errand.plan, facts_of(errand, heard, house.desk.clock.now()))
    event = await tell(
        FormPrepared,
        errand,
        house,
        outcome=outcome_word(assembled),
        attributes=asked_attributes(errand),
        extra=(*extra, *outcome_members(assembled)),
    )
    await commit_kept(errand, heard, [], [event], house)
    return assembled, event.receipt


def _preview(errand: Errand, fields: tuple[PreviewField, ...], receipt: str) -> FormPreview:
    procedure = errand.plan.procedure
    return FormPreview(
        procedure=procedure.code,
        title=procedure.title.wire(),
        legal_basis=tuple(text.wire() for text in procedure.legal_basis),
        basis="law",
        fields=fields,
        kept_for=procedure.kept_for.wire(),
        purpose=procedure.purpose.wire(),
        form_version=procedure.form_version,
        receipt=receipt,
        for_minors=bool(procedure.attributes_for("guardian")),
    )


def _row(field: PlannedField, envelope: Envelope) -> PreviewField:
    display = envelope.display if envelope.display is not None and envelope.status in TOLD else {}
    shown = display.get("vi")
    return PreviewField(
        id=field.id,
        label=field.label,
        status=envelope.status,
        source_label=envelope.source_label or {},
        as_of=envelope.as_of,
        masked=None if shown is None else mask_value(field.mask, envelope.value, shown),
        shown=shown,
        shown_en=display.get("en"),
        why=None if envelope.why is None else {"vi": envelope.why.vi, "en": envelope.why.en},
        rivals=tuple(_rival(field, rival) for rival in envelope.rivals),
    )


def _rival(field: PlannedField, envelope: Envelope) -> PreviewRival:
    row = _row(field, envelope)
    return PreviewRival(
        source_label=row.source_label,
        as_of=row.as_of,
        masked=row.masked,
        shown=row.shown,
        shown_en=row.shown_en,
    )
