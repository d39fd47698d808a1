"""“Who used my data”: the person's events, read from the log by their keyed references, in words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

import orjson

from gateway.audit.failure import ReceiptUnknown
from gateway.audit.journal import FoundEvent
from gateway.audit.receipt import is_receipt
from gateway.consent.access_history import CLAIMED, Access, access_of, history_of, months_between
from gateway.consent.outcome_words import outcome_words
from gateway.openid_provider.house import House
from gateway.openid_provider.notice import identity_claims
from gateway.openid_provider.own_pages.door import Visit, frame_of, service_of
from gateway.openid_provider.own_pages.views import MyUsage, NamedPortal, Office, Text, Use
from gateway.openid_provider.staff_realm.names import Called, called_at
from gateway.openid_provider.target import resource_names
from gateway.policy.procedure import Procedure
from gateway.vocabulary.failure import Failure, catalogue
from gateway.vocabulary.working_days import VIETNAM

PER_PAGE = 20
MOST = 5000
EVERYTHING = 1_000_000
_FIRST = ("full_name", "birth_date", "sex", "personal_number", "old_number")
_LAST = ("death_date",)
_DOUBTFUL = frozenset({"conflict", "stale"})
_TOLD = frozenset({"verified", "self_declared", "conflict", "stale"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the person wants to see: entries of one year (in Vietnam) or all, and which page of them, from 1."""

    year: int | None = None
    page: int = 1

    @property
    def query(self) -> dict[str, int]:
        """The query that asks for the same."""
        return ({"year": self.year} if self.year else {}) | ({"page": self.page} if self.page > 1 else {})

    def address(self, page: int | None = None) -> str:
        """Return the address below `/me` that asks for this, or for another page of it."""
        query = Asked(year=self.year, page=page or self.page).query
        return "/usage" + (f"?{urlencode(query)}" if query else "")


async def recorded_since(house: House) -> datetime:
    """Return since when this gateway keeps evidence: the first entry of its log, or now when there is none."""
    journal = house.log.journal
    first = await journal.entries(0, 1) or [event.leaf for event in await journal.pending(1)]
    return datetime.fromisoformat(orjson.loads(first[0])["at"]) if first else house.clock.now()


async def load_history(house: House, citizen_id: str, *, year: int | None = None, limit: int = MOST) -> list[Access]:
    """Return the entries of a person, newest first. Raises CitizenErased, StorageUnavailable."""
    months = months_between(await recorded_since(house), house.clock.now())
    if year is not None:
        # a year in Vietnam begins while it is still December in UTC
        months = [month for month in months if month in {f"{year - 1:04}-12"} or month.startswith(f"{year:04}-")]
    if not months:
        return []
    tags = await house.evidence.subject_tags(citizen_id, months)
    history = history_of(await house.log.journal.of_subject(tags, limit))
    return [one for one in history if year is None or one.at.astimezone(VIETNAM).year == year]


async def own_event(house: House, citizen_id: str, receipt: str) -> FoundEvent:
    """Return an event about this very person. Raises ReceiptUnknown: anybody else's is as good as none."""
    event = await house.log.journal.find(receipt) if is_receipt(receipt) else None
    if event is None:
        raise ReceiptUnknown
    leaf = orjson.loads(event.leaf)
    reference = leaf["subject_ref"]
    if reference is None or reference not in await house.evidence.subject_tags(citizen_id, [leaf["at"][:7]]):
        raise ReceiptUnknown
    return event


async def own_use(house: House, citizen_id: str, receipt: str) -> Use:
    """Return an entry about this very person in words. Raises ReceiptUnknown."""
    event = await own_event(house, citizen_id, receipt)
    (access,) = await with_names(house, [access_of(event, orjson.loads(event.leaf))])
    return use_of(house, access)


async def with_names(house: House, history: Sequence[Access]) -> list[Access]:
    """Return entries with what the staff in them were called at that time, and the agency where the event has none."""
    called = await called_at(house.store, [(one.officer, one.at) for one in history if one.officer])
    return [_with_name(one, called.get((one.officer or "", one.at))) for one in history]


def _with_name(access: Access, called: Called | None) -> Access:
    if called is None:
        return access
    return replace(access, officer_name=called.full_name, agency=access.agency or called.agency)


async def usage_page(house: House, visit: Visit, asked: Asked) -> MyUsage:
    """Return the page asked for; a page beyond the last one is the last one."""
    history = await load_history(house, visit.citizen_id, year=asked.year)
    since, now = await recorded_since(house), house.clock.now()
    last = max(1, -(-len(history) // PER_PAGE))
    page = min(asked.page, last)
    shown = history[(page - 1) * PER_PAGE : page * PER_PAGE]
    frame = frame_of(house, visit, "usage", Asked(year=asked.year, page=page).address())
    query = f"&year={asked.year}" if asked.year else ""
    return MyUsage(
        frame=frame,
        uses=tuple(use_of(house, one) for one in await with_names(house, shown)),
        count=len(history),
        year=asked.year,
        years=tuple(range(now.astimezone(VIETNAM).year, since.astimezone(VIETNAM).year - 1, -1)),
        newer=frame.home + asked.address(page - 1) if page > 1 else None,
        older=frame.home + asked.address(page + 1) if page < last else None,
        cut=len(history) >= MOST,
        since=since.astimezone(VIETNAM).date(),
        exports=tuple((kind, f"{frame.home}/usage/export?format={kind}{query}") for kind in ("csv", "jsonl")),
    )


def use_of(house: House, access: Access) -> Use:
    """Return an entry in words: labels of the catalogue, titles of procedures, laws, rules, sentences of refusals."""
    procedure = house.policy.procedures.get(access.procedure or "")
    told = access.meaning.part in {"received", "shown"}
    return Use(
        receipt=access.receipt,
        at=access.at,
        part=access.meaning.part,
        by=_actor(house, access),
        words=access.meaning.words,
        officer=access.officer,
        officer_name=access.officer_name,
        office=_office(house, access),
        by_other=access.by_other,
        claimed=access.claimed,
        title=None if procedure is None else procedure.title.wire(),
        procedure=access.procedure,
        dossier=access.dossier,
        items=_items(house, access),
        missing=tuple(
            (_label(house, name), _why_missing(access, name, state))
            for name, state in access.states.items()
            if told and state not in _TOLD
        ),
        basis=access.basis,
        laws=() if procedure is None or access.basis is None else _laws(procedure),
        rules=tuple(_rule(house, policy_id) for policy_id in access.policy_ids),
        outcome=access.outcome,
        outcome_words=outcome_words(access.outcome),
        reason=_reason(access) if access.meaning.part == "refused" else None,
        proof=f"{house.issuer}/me/usage/{access.receipt}/proof",
        doubtful=tuple(f"attribute.{name}" for name, state in access.states.items() if told and state in _DOUBTFUL),
    )


def _why_missing(access: Access, name: str, state: str) -> str:
    """Return what a source's own reason was, else the status: our own reasons are told by what it came to."""
    reason = access.reasons.get(name, "")
    return reason if reason.startswith("CR-") else state


def _actor(house: House, access: Access) -> NamedPortal | None:
    return None if access.portal is None else service_of(house, access.portal)


def _office(house: House, access: Access) -> Office | None:
    return None if access.agency is None else Office(code=access.agency, name=house.offices.get(access.agency, {}))


def _items(house: House, access: Access) -> tuple[Text, ...]:
    """Return the labels of what an entry is about: as the procedure's form has them, then who the person is, then the
    rest of the catalogue; a sign-in's attributes are scopes."""
    if access.event in {"PortalAnswered", "CodeRedeemed", "TokensRefreshed"}:
        return identity_claims(access.attributes, None, resource_names(house))
    procedure, asked = house.policy.procedures.get(access.procedure or ""), frozenset(access.attributes)
    form = () if procedure is None else (fill.attribute for field in procedure.fields for fill in field.fill)
    # a form that asks whether somebody lives does not open with the day of their death
    others = [name for name in house.policy.attributes if name not in _LAST]
    order = dict.fromkeys((*form, *_FIRST, *others, *_LAST, *access.attributes))
    return tuple(_label(house, name) for name in order if name in asked)


def _label(house: House, name: str) -> Text:
    attribute = house.policy.attributes.get(name)
    return {"vi": name, "en": name} if attribute is None else attribute.label.wire()


def _laws(procedure: Procedure) -> tuple[Text, ...]:
    return tuple(text.wire() for text in procedure.legal_basis)


def _rule(house: House, policy_id: str) -> Text:
    """Return a rule in words; one that the book does not have any more goes by its id."""
    try:
        words = house.policy.words(policy_id)
    except KeyError:
        return {"vi": policy_id, "en": policy_id}
    return {language: f"{text} ({policy_id})" for language, text in words.items()}


def _reason(access: Access) -> Text | None:
    """Return why somebody was refused, in the sentence of the failure's class where it speaks to this person."""
    if access.claimed:
        return CLAIMED[access.outcome]
    failure = failures().get(access.outcome)
    return None if failure is None else {"vi": failure.vi, "en": failure.en}


def failures() -> dict[str, type[Failure]]:
    """Return every failure class by its code."""
    return {failure.code: failure for failure in catalogue()}


def title_of(house: House, code: str) -> Text:
    """Return what people call a procedure; its code where it exists no more."""
    procedure = house.policy.procedures.get(code)
    return {"vi": code, "en": code} if procedure is None else procedure.title.wire()
