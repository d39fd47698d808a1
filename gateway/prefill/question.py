"""The consent page: what would be asked of which source, before anything is. Values on it come from the sign-in alone.

On a dossier of two parties it asks about the part of whoever signed in, and names the other party by a masked name,
so that a person knows who will see what they agree to.
"""

from dataclasses import replace

from gateway.connector_runtime.failure import SourceNotConnected
from gateway.consent.failure import NotAParty
from gateway.consent.parties import Parties, parties_address, parties_of
from gateway.consent.record import consent_address, consent_of
from gateway.policy.bundle import PolicyBundle
from gateway.prefill.assemble import display_of
from gateway.prefill.fill import permit
from gateway.prefill.house import Prefill
from gateway.prefill.mask import mask_value
from gateway.prefill.plan import PlannedField
from gateway.prefill.release import Errand
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.form_preview import FormAsk, FormPreview, PreviewField, Text
from gateway.vocabulary.person_name import display_name


async def prepare_question(ask: FormAsk, house: Prefill) -> FormPreview:
    """Return what the consent page asks. Raises UnknownProcedure, a policy refusal, NotAParty for a third person."""
    party, other = 1, None
    parties = await _load_parties(ask, house)
    if parties is not None:
        if not parties.admits(ask.citizen.id):
            raise NotAParty
        party = parties.place_of(ask.citizen.id) + 1
        other = await _load_other(parties, ask, house)
    plan = house.plan(ask.procedure, ask.relation, party=party)
    errand = permit(plan, ask, house.policy, supposed=True)
    procedure = plan.procedure
    return FormPreview(
        procedure=procedure.code,
        title=procedure.title.wire(),
        legal_basis=tuple(text.wire() for text in procedure.legal_basis),
        basis="consent",
        fields=tuple(_row(one, errand, house.policy) for one in plan.fields),
        kept_for=procedure.kept_for.wire(),
        purpose=procedure.purpose.wire(),
        form_version=procedure.form_version,
        party=party,
        other=None if other is None else mask_value("name", other.full_name, display_name(other.full_name)),
        other_id=None if other is None else other.id,
    )


async def _load_parties(ask: FormAsk, house: Prefill) -> Parties | None:
    if not house.policy.procedure(ask.procedure).parties or ask.dossier is None:
        return None
    address = parties_address(ask.client_id, ask.procedure, ask.dossier)
    (record,) = await house.desk.store.load(address)
    return parties_of(address, record)


async def _load_other(parties: Parties, ask: FormAsk, house: Prefill) -> Citizen | None:
    """Return who the other party is; nobody once their records are erased."""
    seat = parties.other_than(ask.citizen.id)
    if seat is None:
        return None
    (record,) = await house.desk.store.load(consent_address(seat.consent_id))
    consent = consent_of(record)
    return None if consent is None else consent.citizen


def _row(field: PlannedField, errand: Errand, policy: PolicyBundle) -> PreviewField:
    """A row of the page: the sources that will be asked, and what the sign-in itself already says."""
    stated = errand.plan.procedure.field(field.id)
    row = PreviewField(
        id=field.id,
        label=field.label,
        status="self_declared",
        source_label={},
        need=None if stated is None or stated.need is None else stated.need.wire(),
        required=stated is not None and stated.required,
    )
    if field.waits is not None:
        return replace(row, status="withheld", why=field.waits)
    if not field.ways or field.self_declared:
        return replace(row, why=field.by_hand)
    if field.unconnected:
        label = field.heads[field.ways[0].source].source_label
        why: Text = {"vi": SourceNotConnected.vi, "en": SourceNotConnected.en}
        return replace(row, status="unavailable", source_label=label, why=why)
    permitted = [way for way in field.ways if way.attribute in errand.decision.permitted]
    if not permitted:
        refusal = errand.refused[field.ways[0].attribute]
        return replace(row, status="withheld", why={"vi": refusal.vi, "en": refusal.en})
    sources = tuple(dict.fromkeys(way.source for way in permitted))
    known = _known_at_sign_in(errand.ask.citizen).get(permitted[0].attribute)
    display: Text = {} if known is None else display_of(field, known)
    shown = display.get("vi")
    return replace(
        row,
        status="not_asked",
        source_label=_together([field.heads[source].source_label for source in sources]),
        masked=None if shown is None else mask_value(field.mask, known, shown),
        shown=shown,
        shown_en=display.get("en"),
        sources=sources,
        attributes=tuple(dict.fromkeys(way.attribute for way in permitted)),
        sensitive=any(policy.attributes[way.attribute].sensitivity == "sensitive" for way in permitted),
    )


def _known_at_sign_in(citizen: Citizen) -> dict[str, object]:
    return {
        "full_name": citizen.full_name,
        "birth_date": citizen.birth_date,
        "sex": citizen.sex,
        "personal_number": citizen.personal_number,
        "old_number": citizen.old_number,
    }


def _together(labels: list[Text]) -> Text:
    return {language: "; ".join(label[language] for label in labels) for language in ("vi", "en")}
