"""The storage contract: records, changes, one atomic commit, one verdict.

Endpoints parse, load, decide, commit and render. `decide` is pure and returns *changes*, which are data;
`Store.commit` applies all of them with their events in one atomic operation, or none of them, and says which
change lost. SQLite, PostgreSQL and Redis implement the same contract (`tests/storage` holds the suite).

A record's `key` is never personal: a hash of a token, a keyed blind index or a random id. Its `body` is
JSON-able and is sealed (AES-256-GCM) before any backend sees it: under the data key of the citizen `subject`,
or under the house key when `subject` is None. `group` names the grant a record hangs on; when the grant is
revoked every record of the group is dead in the same instant (one flipped field, no fan-out).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from gateway.vocabulary.failure import Failure

# A consent has to be proven after it ended (Law 91/2025); the figure is for the legal unit to confirm (docs/law.md).
CONSENT_KEPT_FOR = timedelta(days=5 * 365)


class Kind(StrEnum):
    """What a record is. `storage` routes short-lived kinds to Redis where there is one."""

    # short-lived: Redis decides their races where it is configured
    ATTEMPT = "attempt"  # a sign-in under way, keyed by the hash of its id
    UPSTREAM_STATE = "upstream_state"  # one redirect to an identity provider, keyed by the hash of `state`
    UPSTREAM_SESSION = "upstream_session"  # a provider's `sid` → our session, keyed by blind index of both
    SESSION = "session"  # a citizen's browser session, keyed by the hash of the cookie
    PUSHED_REQUEST = "pushed_request"  # an authorization request that a portal pushed, by the hash of its name
    CODE = "code"
    ACCESS_TOKEN = "access_token"  # noqa: S105  a kind, not a secret
    KEPT_ANSWERS = "kept_answers"  # what sources answered, kept with the grant for ten minutes
    REPLAY_MARK = "replay_mark"
    FORM = "form"  # a filled form with late fields, ten minutes
    UNSENT_REPORT = "unsent_report"  # what was picked on a report while the session ended, keyed by the session's root
    COUNTER = "counter"
    # durable: SQL is their source of truth
    GRANT = "grant"  # in SQL and, write-through, in Redis: every artifact read checks it
    REFRESH_TOKEN = "refresh_token"  # noqa: S105
    CITIZEN = "citizen"
    ACCOUNT = "account"  # upstream account → citizen, keyed by blind index of (issuer, subject, kind)
    CITIZEN_NUMBER = "citizen_number"  # blind index of the personal number → citizen
    NOTICE_MEMORY = "notice_memory"
    CONSENT = "consent"  # what one person answered to one consent page; never removed but by time and erasure
    STANDING_CONSENT = "standing_consent"  # which consent counts for a person, portal, procedure and dossier
    DOSSIER_PARTIES = "dossier_parties"  # who the two persons of a dossier are
    MANIFEST_KEY = "manifest_key"
    CITIZEN_KEY = "citizen_key"  # wrapped data key; removing it is erasure
    SIGNING_KEY = "signing_key"
    RECEIPT = "receipt"  # problem JSON of a refusal, by receipt id
    PORTAL = "portal"  # a portal registered by command or protocol
    DECLARED_PORTALS = "declared_portals"  # what the settings of the running gateway declare, without secrets
    QUARANTINE = "quarantine"  # a connector whose source drifted, keyed by its name
    CONNECTOR_RELEASE = "connector_release"  # one version of a connector, keyed `id/version`
    TRIAL_COUNT = "trial_count"  # what a version on trial answered, counted by one worker; no person in it
    SOURCE_FIGURES = "source_figures"  # what sources answered on one day, counted by one worker; no person in it
    REVIEW = "review"  # an account contradiction waiting for staff
    # what a citizen says of their own access, all sealed under the citizen
    PORTAL_BLOCK = "portal_block"  # a portal they do not want to be signed in at, keyed by the hash of both
    MISUSE_REPORT = "misuse_report"  # keyed by its number
    SIGN_IN_NOTICE = "sign_in_notice"
    SIGN_IN_ALARM = "sign_in_alarm"  # they said that a sign-in was not theirs, keyed by the internal id
    TRUSTED_BROWSER = "trusted_browser"  # keyed by the hash of the browser's cookie and the internal id
    # the staff realm: kinds of its own, all in SQL, so that nothing of a citizen is ever read as an officer's
    STAFF_SUBJECT = "staff_subject"
    STAFF_ACCOUNT = "staff_account"  # upstream account → staff subject, keyed by blind index of (issuer, subject)
    STAFF_NUMBER = "staff_number"  # blind index of the number in the staff register → staff subject
    STAFF_SESSION = "staff_session"
    STAFF_TOKEN = "staff_token"  # noqa: S105
    DEVICE_CODE = "device_code"
    USER_CODE = "user_code"  # what a person types, keyed by blind index → device code
    APPROVAL = "approval"  # an act that waits for its second person
    # what one-stop systems told of dossiers: no person in it but two keyed tags of the owner
    DOSSIER = "dossier"  # everything said of one dossier, keyed by its code
    DOSSIER_CHECK = "dossier_check"  # blind index of a dossier's code and four digits → the dossier
    RECEIPT_USE = "receipt_use"  # a prefill's receipt → the one dossier it was used for
    DEAD_LETTER = "dead_letter"  # what was said and not taken, sealed as it came, for two weeks
    UNIT_LIST = "unit_list"  # the province's units with their dates, one record
    DELIVERY = "delivery"  # what waits to be sent to somebody else's address, keyed by when it is due


class RecordKey(NamedTuple):
    """The address of a record."""

    kind: Kind
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One stored thing. `state` is `active`, `used` or, on reading, `revoked` when its group is."""

    kind: Kind
    key: str
    body: dict[str, Any]
    expires_at: datetime | None = None
    group: str | None = None
    subject: str | None = None
    state: str = "active"
    version: int = 1

    @property
    def address(self) -> RecordKey:
        """The key it is stored under."""
        return RecordKey(self.kind, self.key)

    def alive(self, now: datetime) -> bool:
        """Tell whether it is active and not expired at `now`."""
        return self.state == "active" and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Insert:
    """Store a new record; lost as `exists` when a record that has not expired has the key."""

    record: Record


@dataclass(frozen=True, slots=True)
class Put:
    """Store a record whether or not one was there."""

    record: Record


@dataclass(frozen=True, slots=True)
class Replace:
    """Store `record` if the stored version is `record.version - 1`; otherwise lost as `changed`."""

    record: Record


@dataclass(frozen=True, slots=True)
class Spend:
    """Turn a record from active to used, exactly once, whatever the number of parallel callers.

    Lost as `unknown`, `expired`, `revoked` (its group is) or `replay` (already used). A replay also revokes
    the group in the same operation when `revoke_on_replay` (RFC 6749 §4.1.2, RFC 9700 §4.14).
    """

    address: RecordKey
    revoke_on_replay: bool = True


@dataclass(frozen=True, slots=True)
class Require:
    """Go on only if the record is active, not expired and its group not revoked; writes nothing."""

    address: RecordKey


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete a record; no verdict when it is not there."""

    address: RecordKey


@dataclass(frozen=True, slots=True)
class Revoke:
    """Flip the grant `group` to revoked: every record of the group is dead with it."""

    group: str


Change = Insert | Put | Replace | Spend | Require | Remove | Revoke


class Outcome(StrEnum):
    """How a commit ended."""

    DONE = "done"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REPLAY = "replay"
    REVOKED = "revoked"
    EXISTS = "exists"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a commit and, when it lost, the position of the change that lost."""

    outcome: Outcome
    lost_at: int | None = None

    @property
    def done(self) -> bool:
        """Whether everything was stored."""
        return self.outcome is Outcome.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as the journal keeps it: the leaf bytes that enter the Merkle tree and how to find it.

    `leaf` is the RFC 8785 form of the event; `receipt` its public id (`rc_…`, `rf_…`); `subject_tag` the keyed
    monthly reference of the citizen; `client_id` who may ask for the receipt.
    """

    receipt: str
    at: datetime
    leaf: bytes
    subject_tag: str | None = None
    client_id: str | None = None


class Store(Protocol):
    """Two methods are all a protocol endpoint knows of storage."""

    async def load(self, *addresses: RecordKey) -> tuple[Record | None, ...]:
        """Return the records in the order asked, in one round trip; None where there is none.

        A record whose group is revoked comes back with state `revoked`. Expired records may still be returned
        (tombstones): compare `expires_at` with the clock.
        Raises StorageUnavailable.
        """
        ...

    async def commit(self, changes: Sequence[Change], events: Sequence[StoredEvent] = (), *, now: datetime) -> Verdict:
        """Apply all changes and store all events in one atomic operation, or nothing at all.

        The first change that cannot be applied decides the verdict. Expiry is judged by `now`.
        Raises StorageUnavailable when a backend cannot take it: then nothing was promised to anybody.
        """
        ...


class Listing(Protocol):
    """Finding records without their key, for citizens' pages, keys and commands; not for the hot path."""

    async def select(
        self, kind: Kind, *, subject: str | None = None, group: str | None = None, limit: int = 1000
    ) -> list[Record]:
        """Return the records of a kind, newest first, optionally of one citizen or one grant."""
        ...


class Agenda(Protocol):
    """Reading a durable kind whose keys begin with a time, in the order of these times."""

    async def earliest(self, kind: Kind, *, before: str, limit: int = 1000) -> list[Record]:
        """Return the active records of a kind whose key is below `before`, in the order of their keys.

        Raises StorageUnavailable.
        """
        ...


class BlindIndex(Protocol):
    """Look-up keys for personal values, worthless without the key (HMAC-SHA-256 under its own key)."""

    def blind(self, purpose: str, value: str) -> str:
        """Return the look-up key of `value` for `purpose`; two purposes never match."""
        ...


class CitizenKeys(Protocol):
    """Keys that live and die with a citizen's data key; destroying it makes everything derived unreadable."""

    async def derive(self, citizen_id: str, purpose: str) -> bytes:
        """Return 32 bytes derived (HKDF-SHA-256) from the citizen's data key for `purpose`.

        The data key is made when the citizen has none yet. Raises CitizenErased after an erasure.
        """
        ...

    async def erase(self, citizen_id: str) -> None:
        """Destroy the data key: every record sealed with it, and every reference derived from it, is lost."""
        ...


class CitizenErased(Failure):
    """The citizen's key was destroyed; what it sealed is gone for good."""

    code = "GW-1303"
    title = "citizen's records erased"
    http_status = 410
    oauth_error = "access_denied"
    vi = "Dữ liệu của tài khoản này đã được xóa theo yêu cầu."
    en = "The records of this account were erased on request."
    fix = "Start a new sign-in; nothing of the old records can be restored."


class StorageUnavailable(Failure):
    """A store did not take a commit or did not answer."""

    code = "GW-9002"
    title = "storage unavailable"
    http_status = 503
    oauth_error = "temporarily_unavailable"
    vi = "Hệ thống đang bận, chưa lưu được. Thử lại sau ít phút."
    en = "The service could not store this step. Try again in a few minutes."
    fix = "Check `gate06 doctor`: the database or Redis does not answer, or refuses writes."
