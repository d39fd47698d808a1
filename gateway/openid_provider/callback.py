"""A callback before anything is believed of it: which departure it answers, in whose browser, and that it is the first.

A state is known, then the browser is checked, and only then is the state spent: whoever opens the address in another
browser ends nothing, and the person goes on where they began.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from gateway.identity_providers.contract import Callback
from gateway.openid_provider import failure
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import MAX_BYTES
from gateway.tokens.issue import key_of
from gateway.tokens.jose import peek_claim
from gateway.vocabulary.store import Kind, Outcome, Record, RecordKey, Spend

# what a state was made for: one made for a sign-out opens no sign-in, and the other way round
SIGN_IN, SIGN_OUT_FIRST, SIGN_OUT = "sign_in", "sign_out_first", "sign_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A callback whose state is known and not spent: the attempt it belongs to, what the provider's adapter reads, and
    the record of its state."""

    attempt_id: str
    callback: Callback
    state: Record


def callback_uri(house: House, alias: str) -> str:
    """Return the one callback address of a provider: distinct per provider, so answers cannot be mixed up."""
    return f"{house.issuer}/upstream/{alias}/callback"


async def find_state(house: House, alias: str, state: str | None, *purposes: str) -> Record:
    """Return what is stored of a state, spent or not, and spend nothing. Raises CallbackForged."""
    if not state:
        raise failure.CallbackForged(operator_detail="callback without state")
    (record,) = await house.store.load(RecordKey(Kind.UPSTREAM_STATE, key_of(state)))
    if record is None or record.body["alias"] != alias or record.body["purpose"] not in purposes:
        raise failure.CallbackForged(operator_detail="callback with a state that was not sent there")
    return record


async def spend_state(house: House, state: Record) -> None:
    """Consume a state: of parallel callers one goes on, and the second use of an address finds nothing.

    Raises AttemptFinished, AttemptExpired.
    """
    verdict = await house.store.commit([Spend(state.address, revoke_on_replay=False)], now=house.clock.now())
    if verdict.outcome is Outcome.REPLAY:
        raise failure.AttemptFinished()
    if not verdict.done:
        raise failure.AttemptExpired()


async def find_callback(house: House, alias: str, raw_query: str) -> Arrival:
    """Read a callback and find the departure it answers.

    A state was made for one provider, so what one realm left with never comes back through the other.
    Raises InvalidRequest, CallbackForged.
    """
    if len(raw_query) > MAX_BYTES:
        raise failure.InvalidRequest("the callback is too large")
    pairs = parse_qsl(raw_query, keep_blank_values=True)
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise failure.CallbackForged(operator_detail="callback repeats a parameter")
    # a signed answer carries its state within (JARM §2.1): read unverified, it only says which sign-in is to judge it
    told = parameters.get("state") or peek_claim(parameters.get("response", ""), "state")
    state = await find_state(house, alias, told, SIGN_IN)
    callback = Callback(
        parameters=parameters,
        raw_query=raw_query,
        redirect_uri=callback_uri(house, alias),
        state=told or "",
        memory=state.body["memory"],
    )
    return Arrival(attempt_id=state.body["attempt_id"], callback=callback, state=state)
