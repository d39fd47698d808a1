"""The token endpoint (RFC 6749 §3.2): the recipe owns the order, a grant only decides.

parse → authenticate → load → decide → commit → render; a grant type cannot forget a step, since it never holds it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from gateway.audit.event import Event, GrantRevoked
from gateway.openid_provider.client_authentication import authenticate_client
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import InvalidGrant, UnauthorizedClient, UnsupportedGrantType
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.possession import (
    DpopNonceWanted,
    fresh_nonce,
    prove_possession,
    require_possession,
    used_before,
    used_mark,
)
from gateway.openid_provider.refusals import error_json, leave_receipt
from gateway.openid_provider.reply import Reply, json_reply
from gateway.openid_provider.sealing import seal_for
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.presented import Presented
from gateway.vocabulary.store import Change, Insert, Kind, Outcome, Record, RecordKey, Spend, Verdict


class Granted(Protocol):
    """A grant of either realm, as far as evidence goes."""

    def told(self) -> dict[str, Any]:
        """Return what evidence says of it: members of `Evidence.tell`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a grant type decided: changes for the one commit, the event of the step, and what to answer with.

    `answers` is the receipt of the event that the step's own event completes. `id_token` holds the claims to sign, None
    for no ID token. `waiting` is answered as an error and is no refusal: the client asks again (RFC 8628 §3.5), so it
    leaves no receipt.
    """

    changes: Sequence[Change] = ()
    event: type[Event] | None = None
    grant: Granted | None = None
    answers: str | None = None
    answer: Mapping[str, Any] = field(default_factory=dict)
    id_token: Mapping[str, Any] | None = None
    waiting: Failure | None = None


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a grant type decides about: a client that is authenticated, what it sent, and the thumbprint of the key that
    it proved to hold (RFC 9449 §5), None when it proved none."""

    portal: Portal
    parameters: Parameters
    jkt: str | None = None


class GrantType(Protocol):
    """One grant type: which records it needs, and what follows from them."""

    name: str

    def addresses(self, parameters: Parameters) -> Sequence[RecordKey]:
        """Return what to load. Raises a Failure for parameters that are missing or malformed."""
        ...

    def decide(self, house: House, asked: TokenRequest, found: Sequence[Record | None], now: datetime) -> Decision:
        """Return the decision; reads nothing but its arguments and fresh random values of the house."""
        ...


GrantTables = Mapping[str, Mapping[str, GrantType]]
"""Grant types by realm and name: an officer's client finds none of a citizen's, and the other way round."""


async def answer_token(
    house: House,
    grant_types: GrantTables,
    presented: Presented,
    parameters: Parameters,
    trace_id: str,
) -> Reply:
    """Answer a token request. Raises InvalidClient, InvalidRequest, UnauthorizedClient before the client is known."""
    now = house.clock.now()
    portal = await authenticate_client(house, presented.authorization, parameters, now)
    try:
        proof = prove_possession(house, presented, portal, now)
        require_possession(portal, proof)
        asked = TokenRequest(portal, parameters, None if proof is None else proof.jkt)
        mark = () if proof is None else (used_mark(proof),)
        seal = await seal_for(house, portal, "id_token")  # before anything is spent
        decision = await _decide(house, grant_types, asked, mark, now)
        if not await _commit(house, decision, portal, trace_id):
            # two refreshes at the same moment: decided anew, the second sees the successor and answers with it
            decision = await _decide(house, grant_types, asked, mark, now)
            await _commit(house, decision, portal, trace_id)
    except DpopNonceWanted as wanted:
        return error_json(house, wanted)
    except Failure as refused:
        return error_json(house, await leave_receipt(house, refused, portal, trace_id=trace_id))
    if decision.waiting is not None:
        return error_json(house, decision.waiting)
    answer = dict(decision.answer)
    if decision.id_token is not None:
        signed = house.keys.sign(decision.id_token, typ="JWT", alg=portal.id_token_signed_response_alg)
        answer["id_token"] = signed if seal is None else seal.close(signed)
    return json_reply(answer, headers=fresh_nonce(house, portal, now))


async def _decide(
    house: House, grant_types: GrantTables, asked: TokenRequest, mark: Sequence[Insert], now: datetime
) -> Decision:
    """Let the grant type decide; the mark of a used proof goes last, since what is single use is spent first."""
    portal, parameters = asked.portal, asked.parameters
    name = parameters.required("grant_type")
    if not any(name in table for table in grant_types.values()):
        raise UnsupportedGrantType()
    grant_type = grant_types[portal.realm].get(name)
    if grant_type is None or name not in portal.grant_types:
        raise UnauthorizedClient(f"`{name}` is not among the client's grant types")
    addresses = grant_type.addresses(parameters)
    found = await house.store.load(*addresses) if addresses else ()
    decision = grant_type.decide(house, asked, found, now)
    return replace(decision, changes=(*decision.changes, *mark)) if mark else decision


async def _commit(house: House, decision: Decision, portal: Portal, trace_id: str) -> bool:
    """Spend before anything is handed out; a replay has already killed the grant inside the same operation.

    Return False when the race was lost to an equal request that may be answered alike. Raises InvalidGrant.
    """
    if not decision.changes and decision.event is None:
        return True
    events = []
    if decision.event is not None and decision.grant is not None:
        told = decision.grant.told()
        if decision.answers:
            told["extra"] = (("asked", decision.answers), *told.get("extra", ()))
        events.append(
            await house.evidence.tell(
                decision.event,
                outcome="tokens_issued",
                actor_kind="portal",
                actor_ref=portal.client_id,
                portal=portal.client_id,
                trace_id=trace_id,
                **told,
            )
        )
    verdict = await house.store.commit(decision.changes, events, now=house.clock.now())
    if verdict.done:
        return True
    lost = decision.changes[verdict.lost_at or 0]
    if verdict.outcome is Outcome.REPLAY and isinstance(lost, Spend) and not lost.revoke_on_replay:
        return False
    if isinstance(lost, Insert) and lost.record.kind is Kind.REPLAY_MARK:
        raise used_before()
    await _tell_loss(house, decision, portal, verdict, trace_id)
    raise InvalidGrant(_WORDS.get(verdict.outcome, "the grant has ended"))


_WORDS = {
    Outcome.REPLAY: "the authorization code or refresh token was used before: the grant is revoked",
    Outcome.EXPIRED: "the authorization code or refresh token has expired",
    Outcome.REVOKED: "the grant is revoked",
    Outcome.UNKNOWN: "the authorization code or refresh token is unknown",
}


async def _tell_loss(house: House, decision: Decision, portal: Portal, verdict: Verdict, trace_id: str) -> None:
    if verdict.outcome is not Outcome.REPLAY or decision.grant is None:
        return
    event = await house.evidence.tell(
        GrantRevoked,
        outcome="replay",
        actor_kind="portal",
        actor_ref=portal.client_id,
        portal=portal.client_id,
        trace_id=trace_id,
        **decision.grant.told(),
    )
    await house.store.commit([], [event], now=house.clock.now())
