"""The pushed authorization request endpoint (RFC 9126 §2): who pushes is authenticated before anybody signs in."""

from dataclasses import replace
from datetime import datetime

from gateway.openid_provider import failure
from gateway.openid_provider.authorization import parse_authorization, trusted_redirect_uri
from gateway.openid_provider.client_authentication import authenticate_client
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.house import House
from gateway.openid_provider.offered import within_offer
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.possession import DpopNonceWanted, fresh_nonce, prove_possession, used_before, used_mark
from gateway.openid_provider.pushed_request import push
from gateway.openid_provider.refusals import leave_receipt
from gateway.openid_provider.reply import Reply, json_reply
from gateway.openid_provider.request_object import unfold
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.presented import Presented
from gateway.vocabulary.store import Insert


async def answer_pushed(house: House, presented: Presented, parameters: Parameters, trace_id: str) -> Reply:
    """Keep a request that passed every check of the authorization endpoint; answer 201 {request_uri, expires_in}.

    Raises InvalidClient and the failures of the authorization request, all of them as OAuth JSON.
    """
    now = house.clock.now()
    portal = await authenticate_client(house, presented.authorization, parameters, now)
    try:
        if "request_uri" in parameters:
            raise failure.InvalidRequest("`request_uri` cannot be pushed itself")
        asked = await unfold(house, portal, parameters, now)
        request_uri, changes = _decide(house, presented, portal, asked, now)
        if not (await house.store.commit(changes, now=now)).done:
            raise used_before()  # the name is new: only the mark of the proof can have been there
    except DpopNonceWanted:
        raise
    except Failure as refused:
        raise await leave_receipt(house, refused, portal, trace_id=trace_id) from None
    lifetime = int(house.lifetimes.pushed_for.total_seconds())
    body = {"request_uri": request_uri, "expires_in": lifetime}
    return json_reply(body, 201, fresh_nonce(house, portal, now))


def _decide(
    house: House, presented: Presented, portal: Portal, parameters: Parameters, now: datetime
) -> tuple[str, list[Insert]]:
    """Run the checks of the authorization endpoint (RFC 9126 §2.1), of what is signed where it is signed (§3); a proof
    binds the code to its key."""
    try:
        redirect_uri = trusted_redirect_uri(parameters, portal)
    except failure.InvalidRedirect as refused:
        raise failure.InvalidRequest(refused.detail) from None  # no browser is here to be shown a page
    request = within_offer(house, parse_authorization(parameters, portal, redirect_uri), portal)
    proof = prove_possession(house, presented, portal, now)
    if proof is None:
        request_uri, kept = push(house, request, now)
        return request_uri, [kept]
    if request.dpop_jkt not in {None, proof.jkt}:
        raise failure.InvalidRequest("`dpop_jkt` names another key than the `DPoP` proof")
    request_uri, kept = push(house, replace(request, dpop_jkt=proof.jkt), now)
    return request_uri, [kept, used_mark(proof)]
