"""Where consent is the basis: what the page asks, whether the answer of before still covers it, and what an answer
stores. The law's own notice never comes here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.consent.failure import NotAParty, TooManyDossiersJoined
from gateway.consent.grant import (
    Answered,
    Question,
    Standing,
    agree,
    load_standing,
    refuse,
    rest_on,
    standing_address,
)
from gateway.consent.page_content import content_hash, offers_of, page_content
from gateway.consent.parties import Parties, SeatsTaken, parties_address, parties_of, seats_address, seats_taken
from gateway.consent.record import Consent
from gateway.openid_provider.answer import Resting
from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.forms import FormAsk, FormPreview, Text
from gateway.openid_provider.house import House
from gateway.openid_provider.notice import told_claims
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.screens import Edition
from gateway.openid_provider.session import Session
from gateway.openid_provider.staying import BOX
from gateway.openid_provider.target import resource_names
from gateway.tokens.issue import pairwise_subject
from gateway.vocabulary.clock import text_token
from gateway.vocabulary.failure import Failure


def asks_consent(house: House, request: AuthorizationRequest) -> bool:
    """Tell whether the form asked for is told by consent; a procedure that does not exist is refused elsewhere."""
    known = (house.policy.procedures.get(code) for code in request.procedures)
    return any(procedure is not None and procedure.basis == "consent" for procedure in known)


def recipient_of(portal: Portal) -> Text:
    """Return the legal name of who gets the values: the agency behind the portal, or the portal."""
    return portal.display_agency or portal.display_name


def subject_of(house: House, portal: Portal, session: Session) -> str:
    """Return the citizen's pairwise subject at a portal."""
    sector = "" if portal.subject_type == "public" else portal.sector_identifier
    return pairwise_subject(house.pairwise_secret, sector, session.citizen.id)


def form_ask(house: House, request: AuthorizationRequest, portal: Portal, session: Session) -> FormAsk:
    """Return what a page asks prefill about, for no grant yet."""
    return FormAsk(
        citizen=session.citizen,
        subject=subject_of(house, portal, session),
        client_id=portal.client_id,
        procedure=request.procedures[0],
        dossier=request.dossier,
        grant_id="",
        granted=False,
        trace_id="",
        portal_procedures=frozenset(portal.procedures),
        portal_attributes=None if portal.attributes is None else frozenset(portal.attributes),
    )


Claims = Iterable[Mapping[str, Any]]
"""What the sign-in itself tells, as `ToldClaim.wire` writes it."""


def page_hash(form: FormPreview, portal: Portal, claims: Claims) -> str:
    """Return the hash of what the consent page says."""
    return content_hash(content_of(form, portal, claims))


def content_of(form: FormPreview, portal: Portal, claims: Claims) -> dict[str, Any]:
    """Return what the consent page says."""
    return page_content(form, recipient_of(portal), claims, portal=portal.display_name)


def claims_told(house: House, scopes: Iterable[str], ask: FormAsk) -> list[dict[str, Any]]:
    """Return what the sign-in itself tells of whom the form is about."""
    return [claim.wire() for claim in told_claims(scopes, ask.citizen, resource_names(house))]


async def remembered_consent(house: House, ask: FormAsk, portal: Portal, scopes: Iterable[str]) -> Consent | None:
    """Return the consent that covers the page that would be shown now for these scopes, if it is remembered: the very
    page, or the one that tells more at sign-in and is the same otherwise."""
    try:
        form = await house.forms.prepare(ask)
    except Failure:
        return None  # the page will say why
    standing = await standing_of(house, ask)
    consent = standing.consent
    if consent is None:
        return None
    agreed = consent.content.get("claims", ())  # consents of an earlier version name none and cover none
    covered = all(claim in agreed for claim in claims_told(house, scopes, ask))
    if not covered or not consent.is_remembered(page_hash(form, portal, agreed), house.clock.now()):
        return None
    return consent


async def rest_on_remembered(house: House, ask: FormAsk, portal: Portal, scopes: Iterable[str]) -> Resting | None:
    """Let a new grant rest on what was agreed to before; None when it does not cover what is asked now."""
    consent = await remembered_consent(house, ask, portal, scopes)
    return None if consent is None else Resting(consent.id, [rest_on(consent, ask.grant_id)])


async def standing_of(house: House, ask: FormAsk) -> Standing:
    """Return what the person answered last for this portal, procedure and dossier."""
    address = standing_address(ask.citizen.id, ask.client_id, ask.procedure, ask.dossier)
    return await load_standing(house.store, address)


async def take_agreement(
    house: House,
    ask: FormAsk,
    portal: Portal,
    session: Session,
    given: Parameters,
    *,
    scopes: Iterable[str],
    languages: str,
) -> Answered | None:
    """Return what an agreement stores; None when the page that was answered is not the one that would be shown now.
    `languages` is what the browser reads, where the page that was posted does not say its own.

    Raises NotAParty, TooManyDossiersJoined, a policy refusal.
    """
    form = await house.forms.prepare(ask)
    claims = claims_told(house, scopes, ask)
    if given.get("notice") != page_hash(form, portal, claims):
        return None
    parties = await _parties_of(house, ask)
    if parties is not None and not _as_shown(parties, ask, form):
        return None
    ticked = {name.removeprefix(BOX) for name in given if name.startswith(BOX)}
    edition = edition_read(house, given, languages)
    question = question_of(house, ask, portal, session, form, claims=claims, edition=edition)
    standing = await standing_of(house, ask)
    if not any(offer.required or offer.field in ticked for offer in question.offers):
        return await refuse(question, standing=standing, evidence=house.evidence, now=house.clock.now())
    return await agree(
        question,
        ticked,
        standing=standing,
        parties=parties,
        seats=await _seats_of(house, ask, parties),
        grant_id=ask.grant_id,
        evidence=house.evidence,
        now=house.clock.now(),
    )


async def take_refusal(
    house: House,
    ask: FormAsk,
    portal: Portal,
    session: Session,
    given: Parameters,
    *,
    scopes: Iterable[str],
    languages: str,
) -> Answered:
    """Return what a refusal stores. Raises NotAParty, a policy refusal."""
    form, edition = await house.forms.prepare(ask), edition_read(house, given, languages)
    claims = claims_told(house, scopes, ask)
    question = question_of(house, ask, portal, session, form, claims=claims, edition=edition, control="consent-deny")
    standing = await standing_of(house, ask)
    return await refuse(question, standing=standing, evidence=house.evidence, now=house.clock.now())


def edition_read(house: House, given: Parameters, languages: str) -> Edition:
    """Return which edition of the page was answered: the page posts its language."""
    return house.screens.consent_edition(given.get("language") or languages)


def question_of(
    house: House,
    ask: FormAsk,
    portal: Portal,
    session: Session,
    form: FormPreview,
    *,
    claims: Claims,
    edition: Edition,
    control: str = "consent-allow",
) -> Question:
    """Return what the page asked and how it was answered."""
    content = content_of(form, portal, claims)
    return Question(
        consent_id=f"cs_{text_token(house.randomness, 128)}",
        citizen=ask.citizen,
        subject=ask.subject,
        client_id=ask.client_id,
        procedure=ask.procedure,
        dossier=ask.dossier,
        party=form.party,
        offers=offers_of(form),
        content=content,
        content_hash=content_hash(content),
        language=edition.language,
        other_id=form.other_id,
        method={
            "screen": edition.screen,
            "edition": edition.sha256,
            "control": control,
            "account_level": ask.citizen.account_level,
            "acr": session.acr,
            "transaction": ask.trace_id,
        },
    )


async def _parties_of(house: House, ask: FormAsk) -> Parties | None:
    if not house.policy.procedure(ask.procedure).parties or ask.dossier is None:
        return None
    address = parties_address(ask.client_id, ask.procedure, ask.dossier)
    (record,) = await house.store.load(address)
    parties = parties_of(address, record)
    if not parties.admits(ask.citizen.id):
        raise NotAParty
    return parties


async def _seats_of(house: House, ask: FormAsk, parties: Parties | None) -> SeatsTaken | None:
    """Return the count to step when the person joins a dossier newly. Raises TooManyDossiersJoined."""
    if parties is None or parties.holds(ask.citizen.id):
        return None
    (record,) = await house.store.load(seats_address(ask.citizen.id))
    seats = seats_taken(ask.citizen.id, record, house.clock.now())
    if seats.full:
        raise TooManyDossiersJoined
    return seats


def _as_shown(parties: Parties, ask: FormAsk, form: FormPreview) -> bool:
    """Tell whether the parties are still those the page was made for: somebody may have taken a place since."""
    other = parties.other_than(ask.citizen.id)
    same_other = (other.citizen_id if other is not None else None) == form.other_id
    return same_other and parties.place_of(ask.citizen.id) + 1 == form.party
