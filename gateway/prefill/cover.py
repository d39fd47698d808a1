"""What covers a form: the law by itself, or the consent that the sign-in rests on, as it stands now.

Loaded before anything is asked, and required again in every commit that asks or releases: between the two a consent
may end on any node.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.consent.failure import (
    ConsentOver,
    ConsentSupersededBefore,
    ConsentWithdrawnBefore,
    FieldNotAgreed,
)
from gateway.consent.parties import parties_address, parties_of
from gateway.consent.record import Consent, consent_address, consent_of
from gateway.policy.failure import ConsentMissing
from gateway.policy.procedure import Procedure
from gateway.prefill.envelope import Why
from gateway.prefill.house import Prefill
from gateway.prefill.plan import Plan, close_fields
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.form_preview import FormAsk

_ENDED: Mapping[str, type[Failure]] = {
    "withdrawn": ConsentWithdrawnBefore,
    "expired": ConsentOver,
    "superseded": ConsentSupersededBefore,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """The consent of the person who signed in and, on a dossier of two parties, that of the other party when it names
    this person; both None where the law is the basis."""

    own: Consent | None = None
    other: Consent | None = None

    @property
    def party(self) -> int:
        """Whose part of the form the person speaks for."""
        return 1 if self.own is None else self.own.party


BY_LAW = Cover()


async def load_cover(ask: FormAsk, house: Prefill) -> Cover:
    """Return what covers a form. Raises ConsentMissing, or the refusal that says how the consent ended."""
    procedure = house.policy.procedure(ask.procedure)
    if procedure.basis != "consent" or ask.relation != "self":
        return BY_LAW  # nobody consents for somebody else: the policy refuses who acts for another here
    own = require_open(await _load(ask.consent_id, house), ask, house)
    return Cover(own=own, other=await _other_party(own, procedure, house))


def require_open(consent: Consent | None, ask: FormAsk, house: Prefill) -> Consent:
    """Return a consent that covers this person, portal, procedure and dossier now. Raises as `load_cover` does."""
    if consent is None or _scope(consent) != (ask.citizen.id, ask.client_id, ask.procedure, ask.dossier):
        raise ConsentMissing
    state = consent.state_at(house.desk.clock.now())
    if state in _ENDED:
        raise _ENDED[state]
    if state == "refused":
        raise ConsentMissing
    return consent


async def refuse_ended(cover: Cover, ask: FormAsk, house: Prefill) -> None:
    """Raise what became of the consent while sources were asked; nothing when it stands or the law covers."""
    if cover.own is not None:
        require_open(await _load(ask.consent_id, house), ask, house)


def agreed_part(plan: Plan, consent: Consent | None, why: type[Failure] = FieldNotAgreed) -> Plan:
    """Return the plan with everything closed that the person did not agree to; all of it where the law covers."""
    if consent is None:
        return plan
    closed = {
        one.id: Why.of(why)
        for one in plan.fields
        if one.ways
        and one.waits is None
        and not (one.self_declared or one.unconnected)
        and one.id not in consent.agreed
    }
    return close_fields(plan, closed, consent.attributes)


async def _load(consent_id: str | None, house: Prefill) -> Consent | None:
    if consent_id is None:
        return None
    (record,) = await house.desk.store.load(consent_address(consent_id))
    return consent_of(record)


async def _other_party(own: Consent, procedure: Procedure, house: Prefill) -> Consent | None:
    """Return the other party's consent if it stands and its page named this person as who will see the values."""
    if not procedure.parties or own.dossier is None:
        return None
    address = parties_address(own.client_id, own.procedure, own.dossier)
    (record,) = await house.desk.store.load(address)
    seat = parties_of(address, record).other_than(own.citizen_id)
    if seat is None:
        return None
    other = await _load(seat.consent_id, house)
    if other is None or other.other_id != own.citizen_id or not other.opens(house.desk.clock.now()):
        return None
    return other


def _scope(consent: Consent) -> tuple[str, str, str, str | None]:
    return consent.citizen_id, consent.client_id, consent.procedure, consent.dossier
