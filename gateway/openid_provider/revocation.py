"""Token revocation (RFC 7009): a refresh token takes its grant with it, an access token goes alone.

200 for an authenticated client, so that nobody learns which tokens exist; a token of another client stays. Only a
signed token of its own is refused: saying 200 would promise an end that its resource never hears of.
"""

from collections.abc import Sequence
from datetime import datetime

from gateway.audit.event import GrantRevoked
from gateway.openid_provider.client_authentication import authenticate_client
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import UnsupportedTokenType
from gateway.openid_provider.grant import grant_address, grant_of
from gateway.openid_provider.house import House
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.refusals import leave_receipt, required_of
from gateway.openid_provider.reply import Reply, empty_reply
from gateway.openid_provider.staff_realm.grant import StaffGrant, staff_grant_of
from gateway.staff.event import StaffSignedOut
from gateway.tokens.issue import key_of, parse
from gateway.tokens.jose import ACCESS_TOKEN, JoseRefused, verify
from gateway.vocabulary.store import Kind, RecordKey, Remove, Revoke

_KINDS = {"ga": Kind.ACCESS_TOKEN, "gr": Kind.REFRESH_TOKEN, "sa": Kind.STAFF_TOKEN}


async def answer_revocation(house: House, authorization: Sequence[str], parameters: Parameters, trace_id: str) -> Reply:
    """Revoke a token of the calling client. Raises InvalidClient, InvalidRequest, UnsupportedTokenType."""
    now = house.clock.now()
    portal = await authenticate_client(house, authorization, parameters, now)
    token = await required_of(house, portal, parameters, "token", trace_id=trace_id)
    done = empty_reply()
    named = parse(token)
    kind = _KINDS.get(named[0]) if named is not None else None
    if named is None and is_own_signed_token(house, token, portal, now):
        raise await leave_receipt(house, UnsupportedTokenType(), portal, trace_id=trace_id)
    if named is None or kind is None:
        return done
    record, stored = await house.store.load(RecordKey(kind, key_of(token)), grant_address(named[1]))
    if record is None or record.body["client_id"] != portal.client_id:
        return done
    if kind is Kind.STAFF_TOKEN:
        await _end_staff_grant(house, staff_grant_of(stored, now), trace_id)
        return done
    grant = grant_of(stored, now)
    if kind is Kind.ACCESS_TOKEN:
        await house.store.commit([Remove(record.address)], now=now)
    elif grant is not None:
        event = await house.evidence.tell(
            GrantRevoked,
            outcome="revoked_by_portal",
            actor_kind="portal",
            actor_ref=portal.client_id,
            citizen_id=grant.citizen_id,
            portal=portal.client_id,
            trace_id=trace_id,
        )
        await house.store.commit([Revoke(grant.id)], [event], now=now)
    return done


async def _end_staff_grant(house: House, grant: StaffGrant | None, trace_id: str) -> None:
    """An officer's token takes its grant with it: there is one token to a grant, and `gate06 logout` means the end."""
    if grant is None:
        return
    event = await house.evidence.tell(
        StaffSignedOut,
        outcome="token_revoked",
        actor_kind="officer",
        actor_ref=grant.officer.reference,
        portal=grant.client_id,
        trace_id=trace_id,
    )
    await house.store.commit([Revoke(grant.id)], [event], now=house.clock.now())


def is_own_signed_token(house: House, token: str, portal: Portal, now: datetime) -> bool:
    """Tell whether this is a JWT access token that is good now and was issued to the calling client."""
    try:
        claims = verify(token, ACCESS_TOKEN, house.keys, now=now, issuer=house.issuer)
    except JoseRefused:
        return False
    return bool(claims["client_id"] == portal.client_id)
