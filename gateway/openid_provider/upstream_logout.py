"""An identity provider ends a session of its own, and ours that began there ends with it (Back-Channel Logout 1.0).

Ours are found by the provider's `sid`, which a record keeps for as long as a session may live, or by its `sub`, which
the account knows. Portals of the session are told in their turn. A token is good once.
"""

import hashlib
from datetime import timedelta
from typing import get_args

from gateway.audit.event import SessionEnded
from gateway.identity_providers.contract import HearsLogout, LogoutNotice, UpstreamAnswerInvalid
from gateway.openid_provider.citizens import account_key
from gateway.openid_provider.ending import end_session
from gateway.openid_provider.failure import InvalidRequest
from gateway.openid_provider.house import House, offered_providers
from gateway.openid_provider.parameters import Parameters
from gateway.openid_provider.profiles import Lifetimes
from gateway.openid_provider.reply import NO_STORE, Reply
from gateway.openid_provider.session import Session, session_of
from gateway.vocabulary.citizen import AccountType
from gateway.vocabulary.failure import Failure, RefusedBy
from gateway.vocabulary.store import BlindIndex, Change, Insert, Kind, Put, Record, RecordKey, StoredEvent

_REMEMBERED_FOR = timedelta(minutes=10)
"""Longer than a logout token is believed (`LOGOUT_TOKEN.oldest_for`), clocks that differ included."""
_ALL = 100_000


class LogoutTokenRefused(Failure):
    """What an identity provider posted is not a logout token of it for us, or it was taken before."""

    code = "GW-1421"
    title = "logout token refused"
    oauth_error = "invalid_request"
    refused_by: RefusedBy = "gateway"
    vi = "Thông báo đăng xuất của nhà cung cấp định danh không hợp lệ."
    en = "The identity provider's logout notice is not valid."
    fix = "The log names the rule; the identity provider signs `iss`, `aud`, `iat`, `jti`, `events` and `sub` or `sid`."


def upstream_session(session: Session, index: BlindIndex, lifetimes: Lifetimes) -> list[Change]:
    """Return what remembers which of our sessions a provider's `sid` means; nothing for a provider that tells none."""
    if session.upstream_session_id is None:
        return []
    record = Record(
        kind=Kind.UPSTREAM_SESSION,
        key=_session_key(session.provider, session.upstream_session_id, index),
        subject=session.citizen.id,
        expires_at=session.created_at + lifetimes.session_max_for,
        body={"session_key": session.key},
    )
    return [Put(record)]


def _session_key(alias: str, session_id: str, index: BlindIndex) -> str:
    return index.blind("upstream-session", f"{alias}\x1f{session_id}")


async def take_upstream_logout(house: House, alias: str, form: Parameters, trace_id: str) -> Reply:
    """End what a logout token names. Answers 200 also when nothing of it is left (§2.7).

    Raises InvalidRequest, LogoutTokenRefused, IdentityProviderUnavailable when its keys cannot be had.
    """
    provider = _logout_hearer(offered_providers(house).get(alias))
    if provider is None:
        raise InvalidRequest("no identity provider of this name takes logout tokens here")
    try:
        notice = await provider.read_logout(form.required("logout_token"))
    except UpstreamAnswerInvalid as refused:
        raise LogoutTokenRefused(operator_detail=refused.operator_detail) from None
    changes: list[Change] = [Insert(_mark(house, alias, notice))]
    events: list[StoredEvent] = []
    for session in await _meant(house, alias, notice):
        changes += await end_session(house, session)
        events.append(
            await house.evidence.tell(
                SessionEnded,
                outcome="signed_out_upstream",
                actor_kind="gateway",
                citizen_id=session.citizen.id,
                connector=alias,
                trace_id=trace_id,
            )
        )
    verdict = await house.store.commit(changes, events, now=house.clock.now())
    if not verdict.done:
        raise LogoutTokenRefused(operator_detail="logout token: taken before")
    return Reply(200, b"", [*NO_STORE])


def _logout_hearer(provider: object) -> HearsLogout | None:
    return provider if isinstance(provider, HearsLogout) else None


def _mark(house: House, alias: str, notice: LogoutNotice) -> Record:
    name = hashlib.sha256(f"{alias}\0{notice.token_id}".encode("utf-8", "surrogatepass")).hexdigest()
    until = house.clock.now() + _REMEMBERED_FOR
    return Record(kind=Kind.REPLAY_MARK, key=f"logout.{name}", expires_at=until, body={})


async def _meant(house: House, alias: str, notice: LogoutNotice) -> list[Session]:
    """Return our living sessions that a notice means: of both `sub` and `sid`, where it has both."""
    people = None if notice.subject is None else await _citizens(house, notice.issuer, notice.subject)
    if notice.session_id is not None:
        found = await _by_session(house, alias, notice.session_id)
        if found is not None:
            return [found] if people is None or found.citizen.id in people else []
    sessions = [one for citizen_id in sorted(people or ()) for one in await _sessions_of(house, citizen_id)]
    here = [one for one in sessions if one.provider == alias]
    if notice.session_id is None:
        return here
    # a session whose provider told no `sid` at sign-in can only be known by its person
    return [one for one in here if one.upstream_session_id is None]


async def _by_session(house: House, alias: str, session_id: str) -> Session | None:
    (known,) = await house.store.load(RecordKey(Kind.UPSTREAM_SESSION, _session_key(alias, session_id, house.index)))
    if known is None:
        return None
    (stored,) = await house.store.load(RecordKey(Kind.SESSION, known.body["session_key"]))
    return session_of(stored, house.clock.now())


async def _citizens(house: House, issuer: str, subject: str) -> set[str]:
    """Return whom an upstream account belongs to: one subject may have an account of each type."""
    keys = [account_key(issuer, subject, kind, house.index) for kind in get_args(AccountType)]
    found = await house.store.load(*(RecordKey(Kind.ACCOUNT, key) for key in keys))
    return {str(record.body["citizen_id"]) for record in found if record is not None}


async def _sessions_of(house: House, citizen_id: str) -> list[Session]:
    records = await house.listing.select(Kind.SESSION, subject=citizen_id, limit=_ALL)
    now = house.clock.now()
    sessions = [one for record in records if (one := session_of(record, now)) is not None]
    return [one for one in sessions if not one.superseded]
