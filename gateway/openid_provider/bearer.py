"""Who calls our own API: implements what prefill and the log ask of a token, without knowing either of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.openid_provider.access import (
    REFUSED,
    Access,
    check_possession,
    client_of,
    grant_named,
    load_access,
    token_of,
)
from gateway.openid_provider.clients import Portal
from gateway.openid_provider.failure import InvalidToken
from gateway.openid_provider.grant import Grant
from gateway.openid_provider.house import House
from gateway.openid_provider.session import session_lives
from gateway.vocabulary.presented import Presented
from gateway.vocabulary.store import Kind, Record, RecordKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The client behind a token, its registration, and for a citizen's token the grant and whether its session
    still lives; `beside` are the records that were asked for along with it."""

    access: Access
    portal: Portal
    grant: Grant | None
    session_alive: bool
    read_at: datetime
    beside: tuple[Record | None, ...] = ()


async def read_caller(
    house: House, presented: Presented, beside: Callable[[str], Sequence[RecordKey]] | None = None
) -> Caller:
    """Return who calls, and what is stored at the addresses that `beside` names for the token's grant.

    One round trip when this worker has met the grant before, else two; a bound token costs one more, for its proof.
    Raises InvalidToken, InvalidRequest, AccessProofRefused, AccessNonceWanted.
    """
    now = house.clock.now()
    shown = token_of(presented.authorization)
    grant_id = grant_named(shown.token)
    guessed = house.session_hints.get(grant_id)
    wanted = [] if beside is None else [*beside(grant_id)]
    sessions = [] if guessed is None else [RecordKey(Kind.SESSION, guessed)]
    access = await load_access(house.store, shown.token, now, [*wanted, *sessions])
    portal = client_of(access, house.clients, now)
    if access.resource is not None:
        # a token for somebody else's resource is not for us (RFC 9700 §2.3)
        raise InvalidToken("the access token is not for this API", headers=REFUSED)
    await check_possession(house, presented, shown, access, portal=portal, now=now)
    alive = False
    if access.grant is not None:
        session = access.beside[-1] if sessions else None
        if access.grant.session_key != guessed:
            (session,) = await house.store.load(RecordKey(Kind.SESSION, access.grant.session_key))
            house.session_hints.remember(access.grant.id, access.grant.session_key)
        alive = session_lives(session, now)
    return Caller(
        access=access,
        portal=portal,
        grant=access.grant,
        session_alive=alive,
        read_at=now,
        beside=access.beside[: len(wanted)],
    )
