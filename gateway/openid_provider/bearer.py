"""Who calls our own API: implements what prefill and the log ask of a token, without knowing either of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.openid_provider.access import REFUSED, Access, bearer_of, client_of, load_access
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import InvalidToken
from gateway.openid_provider.grant import Grant
from gateway.openid_provider.house import House
from gateway.openid_provider.session import session_lives
from gateway.vocabulary.store import Kind, RecordKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The client behind a token, its registration, and for a citizen's token the grant and whether its session
    still lives."""

    access: Access
    portal: Portal
    grant: Grant | None
    session_alive: bool
    read_at: datetime


async def read_caller(house: House, authorization: Sequence[str]) -> Caller:
    """Return who calls. Raises InvalidToken, InvalidRequest."""
    now = house.clock.now()
    access = await load_access(house.store, bearer_of(authorization), now)
    portal = client_of(access, house.clients, now)
    if access.resource is not None:
        # a token for somebody else's resource is not for us (RFC 9700 §2.3)
        raise InvalidToken("the access token is not for this API", headers=REFUSED)
    alive = False
    if access.grant is not None:
        (record,) = await house.store.load(RecordKey(Kind.SESSION, access.grant.session_key))
        alive = session_lives(record, now)
    return Caller(access=access, portal=portal, grant=access.grant, session_alive=alive, read_at=now)
