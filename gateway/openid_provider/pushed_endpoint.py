"""The pushed authorization request endpoint (RFC 9126 §2): who pushes is authenticated before anybody signs in."""

from collections.abc import Sequence

from gateway.openid_provider import failure
from gateway.openid_provider.authorization import parse_authorization, require_procedures, trusted_redirect_uri
from gateway.openid_provider.client_authentication import authenticate_client
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.pushed_request import push
from gateway.openid_provider.refusals import leave_receipt
from gateway.openid_provider.reply import Reply, json_reply
from gateway.openid_provider.request_object import unfold
from gateway.vocabulary.failure import Failure
from gateway.vocabulary.store import Insert


async def answer_pushed(house: House, authorization: Sequence[str], parameters: Parameters, trace_id: str) -> Reply:
    """Keep a request that passed every check of the authorization endpoint; answer 201 {request_uri, expires_in}.

    Raises InvalidClient and the failures of the authorization request, all of them as OAuth JSON.
    """
    now = house.clock.now()
    portal = await authenticate_client(house, authorization, parameters, now)
    try:
        if "request_uri" in parameters:
            raise failure.InvalidRequest("`request_uri` cannot be pushed itself")
        request_uri, kept = _decide(house, portal, await unfold(house, portal, parameters, now))
    except Failure as refused:
        raise await leave_receipt(house, refused, portal, trace_id=trace_id) from None
    await house.store.commit([kept], now=now)
    lifetime = int(house.lifetimes.pushed_for.total_seconds())
    return json_reply({"request_uri": request_uri, "expires_in": lifetime}, 201)


def _decide(house: House, portal: Portal, parameters: Parameters) -> tuple[str, Insert]:
    """Run the checks of the authorization endpoint (RFC 9126 §2.1), of what is signed where it is signed (§3)."""
    try:
        redirect_uri = trusted_redirect_uri(parameters, portal)
    except failure.InvalidRedirect as refused:
        raise failure.InvalidRequest(refused.detail) from None  # no browser is here to be shown a page
    request = parse_authorization(parameters, portal, redirect_uri)
    require_procedures(request, house.policy.procedures)
    return push(house, request, house.clock.now())
