"""The citizen's browser session: one cookie, one sealed record, sliding idle time under a hard maximum."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gateway.assurance.match import Verdict
from gateway.openid_provider.profiles import Lifetimes
from gateway.tokens.issue import key_of
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.store import Kind, Record, RecordKey

_TOUCH_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who is signed in, how and since when.

    Signing in again gives the browser a new session: `former` are the keys of those of the same person before it,
    which are then `superseded`: their cookie opens nothing, but what was granted in them goes on until this one ends.
    `match` is the register's verdict about the person, None when it was not asked or did not answer. `told` are the
    services this session was at: single sign-on there is no news. `trusted` tells that the person called this browser
    theirs, `suspicious` what `sign_in_notice.is_suspicious` said when they signed in; `shared` that somebody else was
    signed in here before them.
    """

    key: str
    citizen: Citizen
    acr: str | None
    amr: tuple[str, ...]
    auth_time: datetime
    provider: str
    upstream_session_id: str | None = None
    upstream_id_token: str | None = None
    created_at: datetime
    touched_at: datetime
    former: tuple[str, ...] = ()
    superseded: bool = False
    match: Verdict | None = None
    told: tuple[str, ...] = ()
    trusted: bool = False
    suspicious: bool = False
    shared: bool = False
    version: int = 1

    @property
    def root(self) -> str:
        """The key of the first sign-in of this person in this browser that the session goes on from: it survives that
        they sign in anew, and ends with the session or with anybody else's sign-in."""
        return self.former[0] if self.former else self.key

    def alive(self, now: datetime, lifetimes: Lifetimes) -> bool:
        """Tell whether neither the idle time nor the hard maximum has passed."""
        return now < min(self.touched_at + lifetimes.session_idle_for, self.created_at + lifetimes.session_max_for)

    def due_touch(self, now: datetime) -> bool:
        """Tell whether the idle clock is worth a write."""
        return now - self.touched_at > _TOUCH_AFTER

    def touched(self, now: datetime) -> "Session":
        """Return it as used just now."""
        return replace(self, touched_at=now, version=self.version + 1)

    def judged(self, verdict: Verdict) -> "Session":
        """Return it with the register's verdict; that it did not answer is no verdict and will be asked again."""
        return replace(self, match=None if verdict == "unavailable" else verdict, version=self.version + 1)


def session_address(cookie: str) -> RecordKey:
    """Return where the session of a cookie value is stored: under its hash, so a dump opens no session."""
    return RecordKey(Kind.SESSION, key_of(cookie))


def session_record(session: Session, lifetimes: Lifetimes) -> Record:
    """Return what is stored, sealed under the citizen's key."""
    return Record(
        kind=Kind.SESSION,
        key=session.key,
        subject=session.citizen.id,
        version=session.version,
        expires_at=min(session.touched_at + lifetimes.session_idle_for, session.created_at + lifetimes.session_max_for),
        body={
            "citizen": session.citizen.body(),
            "acr": session.acr,
            "amr": list(session.amr),
            "auth_time": session.auth_time.timestamp(),
            "provider": session.provider,
            "upstream_session_id": session.upstream_session_id,
            "upstream_id_token": session.upstream_id_token,
            "created_at": session.created_at.timestamp(),
            "touched_at": session.touched_at.timestamp(),
            "former": list(session.former),
            "superseded": session.superseded,
            "match": session.match,
            "told": list(session.told),
            "trusted": session.trusted,
            "suspicious": session.suspicious,
            "shared": session.shared,
        },
    )


def session_lives(record: Record | None, now: datetime) -> bool:
    """Tell whether a stored session lives; its record expires when the idle time or the hard maximum has passed."""
    return record is not None and record.alive(now)


def session_of(record: Record | None, now: datetime) -> Session | None:
    """Read a stored session; None when there is none or it has ended."""
    if record is None or not record.alive(now):
        return None
    body = record.body
    return Session(
        key=record.key,
        citizen=Citizen.of(body["citizen"]),
        acr=body["acr"],
        amr=tuple(body["amr"]),
        auth_time=datetime.fromtimestamp(body["auth_time"], UTC),
        provider=body["provider"],
        upstream_session_id=body["upstream_session_id"],
        upstream_id_token=body["upstream_id_token"],
        created_at=datetime.fromtimestamp(body["created_at"], UTC),
        touched_at=datetime.fromtimestamp(body["touched_at"], UTC),
        former=tuple(body["former"]),
        superseded=body["superseded"],
        match=body.get("match"),  # sessions of an earlier version have none
        told=tuple(body.get("told", ())),
        trusted=body.get("trusted", False),
        suspicious=body.get("suspicious", False),
        shared=body.get("shared", False),
        version=record.version,
    )
