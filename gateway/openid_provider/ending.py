"""What ends with a browser session: its former selves, every grant that was not meant to outlive it, and the sign-ins
at portals, which are told so."""

from gateway.openid_provider.backchannel_logout import farewells
from gateway.openid_provider.grant import grant_of
from gateway.openid_provider.house import House
from gateway.openid_provider.session import Session
from gateway.vocabulary.store import Change, Kind, RecordKey, Remove, Revoke

_ALL = 100_000


async def end_session(house: House, session: Session) -> list[Change]:
    """Return the changes that end a session; grants without offline_access end too (a shared desk keeps nothing)."""
    now = house.clock.now()
    keys = {session.key, *session.former}
    changes: list[Change] = [Remove(RecordKey(Kind.SESSION, key)) for key in sorted(keys)]
    grants = await house.listing.select(Kind.GRANT, subject=session.citizen.id, limit=_ALL)
    for record in grants:
        grant = grant_of(record, now)
        if grant is not None and grant.session_key in keys and "offline_access" not in grant.scopes:
            changes.append(Revoke(grant.id))
    return changes + farewells(house, grants, sessions=keys)
