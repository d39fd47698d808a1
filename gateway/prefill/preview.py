"""The same road for the notice page: what would be told, masked, before the citizen lets anything go.

Where the law is the basis the sources are asked now and the answers are kept for the prefill that follows. Where
consent is the basis nothing is asked before the citizen agrees: the page lists fields and sources, with values
from the sign-in alone.
"""

from gateway.audit.event import FormPrepared, FormRefused
from gateway.prefill.assemble import Assembled, assemble, display_of, outcome_word
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
from gateway.prefill.release import Errand, commit_kept, commit_whole, outcomes, tell
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.form_preview import FormAsk, FormPreview, PreviewField, PreviewRival, Text

_AT_SIGN_IN: Text = {"vi": "Lần đăng nhập này", "en": "This sign-in"}


async def prepare_form(ask: FormAsk, house: Prefill) -> FormPreview:
    """Return what the notice page shows. Raises UnknownProcedure, a policy refusal or EvidenceNotStored."""
    plan = house.plan(ask.procedure, ask.relation)
    errand = permit(plan, ask, house.policy)
    if plan.procedure.basis == "consent":
        return _preview(errand, tuple(_asked_later(field, ask.citizen) for field in plan.fields))
    assembled = await _ask_now(errand, house)
    return _preview(errand, tuple(_row(field, assembled.fields[field.id]) for field in plan.fields))


async def _ask_now(errand: Errand, house: Prefill) -> Assembled:
    """Ask and keep. A page shown again within ten minutes asks nobody and tells the log so."""
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
        extra=(*extra, ("outcomes", outcomes(assembled))),
    )
    await commit_kept(errand, heard, [], [event], house)
    return assembled


def _preview(errand: Errand, fields: tuple[PreviewField, ...]) -> FormPreview:
    procedure = errand.plan.procedure
    return FormPreview(
        procedure=procedure.code,
        title=procedure.title.wire(),
        legal_basis=tuple(text.wire() for text in procedure.legal_basis),
        basis="consent" if procedure.basis == "consent" else "law",
        fields=fields,
        kept_for=procedure.kept_for.wire(),
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


def _asked_later(field: PlannedField, citizen: Citizen) -> PreviewField:
    """A row of the consent page: the source that will be asked, and what the sign-in itself already says."""
    if field.waits is not None:
        return PreviewField(id=field.id, label=field.label, status="withheld", source_label={}, why=field.waits)
    if not field.ways:
        return PreviewField(id=field.id, label=field.label, status="self_declared", source_label={}, why=field.by_hand)
    way = field.ways[0]
    known = {
        "full_name": citizen.full_name,
        "birth_date": citizen.birth_date,
        "sex": citizen.sex,
        "personal_number": citizen.personal_number,
        "old_number": citizen.old_number,
    }.get(way.attribute)
    display: Text = {} if known is None else display_of(field, known)
    shown = display.get("vi")
    return PreviewField(
        id=field.id,
        label=field.label,
        status="not_asked",
        source_label=field.heads[way.source].source_label if shown is None else _AT_SIGN_IN,
        masked=None if shown is None else mask_value(field.mask, known, shown),
        shown=shown,
        shown_en=display.get("en"),
    )
