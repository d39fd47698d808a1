"""Comparing a sign-in with the population register: to believe a number that its provider does not vouch for, and
for portals registered with `match = "required"`. Evidence first: the event that the register is asked stands before
the call, the verdict in the commit of its step (design.md §5, §9)."""

from collections.abc import Mapping
from dataclasses import replace

from gateway.assurance.match import Claim, Verdict
from gateway.audit.event import PersonAsked, PersonMatched
from gateway.identity_providers.contract import AccountClosed, Authentication
from gateway.openid_provider import failure
from gateway.openid_provider.attempt import Attempt
from gateway.openid_provider.authorization import AuthorizationRequest
from gateway.openid_provider.citizens import linked_citizen
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.house import House
from gateway.openid_provider.prompts import Answer, Refuse, ShowNotice, Step
from gateway.openid_provider.session import Session, session_record
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import Outcome, Replace, StoredEvent

# what each verdict is for a portal that takes only people the register knows; `matched` refuses nobody
REFUSALS: Mapping[Verdict, type[Failure]] = {
    "unavailable": failure.RegisterSilent,
    "no_match": failure.RegisterKnowsNobody,
    "mismatched": failure.RegisterContradicts,
    "ambiguous": failure.RegisterUndecided,
    "deceased": AccountClosed,
}


def claim_of(person: Authentication | Citizen) -> Claim:
    """Return who somebody is said to be, as the register is asked."""
    return Claim(
        full_name=person.full_name,
        number=person.personal_number or person.old_number,
        birth_date=person.birth_date,
        sex=person.sex,
    )


async def confirm_number(house: House, attempt: Attempt, seen: Authentication) -> tuple[Authentication, Verdict | None]:
    """Return a sign-in whose number counts if the register knows the person by it, and the verdict when it was asked.

    A provider that vouches for numbers, and an account whose number was confirmed before, need no question. Without
    the verdict `matched` the number stays a saying of the provider's and opens nothing.
    """
    if seen.vouches_for_number or not house.matching.can_ask(claim_of(seen)):
        return seen, None
    known = await linked_citizen(seen, house.store, house.index)
    if known is not None and known.personal_number is not None:
        return seen, None
    verdict = await ask_register(house, seen, attempt.request, None if known is None else known.id, attempt.trace_id)
    return (replace(seen, vouches_for_number=True) if verdict == "matched" else seen), verdict


async def ask_register(
    house: House,
    person: Authentication | Citizen,
    request: AuthorizationRequest,
    citizen_id: str | None,
    trace_id: str,
) -> Verdict:
    """Store that the register is about to be asked, then ask it. Raises StorageUnavailable before any question."""
    procedure = next(iter(request.procedures), None)
    event = await house.evidence.tell(
        PersonAsked,
        outcome="asked",
        actor_kind="gateway" if citizen_id is None else "citizen",
        citizen_id=citizen_id,
        portal=request.client_id,
        procedure=procedure,
        attributes=house.matching.attributes,
        connector=house.matching.connector,
        trace_id=trace_id,
    )
    await house.store.commit([], [event], now=house.clock.now())
    return (await house.matching.judge(claim_of(person), procedure)).verdict


async def tell_verdict(
    house: House, verdict: Verdict, request: AuthorizationRequest, citizen_id: str, trace_id: str
) -> list[StoredEvent]:
    """Return the event that says how the comparison ended."""
    event = await house.evidence.tell(
        PersonMatched,
        outcome=verdict,
        actor_kind="citizen",
        citizen_id=citizen_id,
        portal=request.client_id,
        procedure=next(iter(request.procedures), None),
        attributes=house.matching.attributes,
        connector=house.matching.connector,
        trace_id=trace_id,
    )
    return [event]


def wants_match(portal: Portal, session: Session | None) -> bool:
    """Tell whether a portal waits for a verdict that this session does not have yet."""
    return portal.match == "required" and session is not None and session.match is None


async def require_match(
    house: House,
    request: AuthorizationRequest,
    portal: Portal,
    session: Session | None,
    step: Step,
    *,
    trace_id: str,
) -> tuple[Step, Session | None]:
    """A portal with `match = "required"` is told of nobody whom the register does not know: return the step, turned
    into a refusal where it must be, and the session with its verdict. Nobody is asked about before everything else
    about the sign-in is in order."""
    if session is None or portal.match != "required" or not isinstance(step, ShowNotice | Answer):
        return step, session
    verdict = session.match
    if verdict is None:
        verdict = await ask_register(house, session.citizen, request, session.citizen.id, trace_id)
        session = await remember_verdict(house, request, session, verdict, trace_id)
    refused = REFUSALS.get(verdict)
    return (step if refused is None else Refuse(refused())), session


async def remember_verdict(
    house: House, request: AuthorizationRequest, session: Session, verdict: Verdict, trace_id: str
) -> Session:
    """Store a verdict with its event and return the session that bears it."""
    events = await tell_verdict(house, verdict, request, session.citizen.id, trace_id)
    judged, now = session.judged(verdict), house.clock.now()
    stored = await house.store.commit([Replace(session_record(judged, house.lifetimes))], events, now=now)
    if stored.outcome is Outcome.CHANGED:
        # another tab changed the session meanwhile: the verdict holds for this step and is evidence all the same
        await house.store.commit([], events, now=now)
        return session
    return judged
