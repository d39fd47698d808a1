"""A sign-in under way: one record per attempt, bound to the browser that started it by its own cookie.

An attempt holds no value of a citizen: who signed in stands in the session, which the attempt only points to.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from gateway.openid_provider import failure
from gateway.openid_provider.authorization import AuthorizationRequest, request_body, request_of
from gateway.openid_provider.cookies import attempt_cookie, read_cookie, set_cookie
from gateway.openid_provider.profiles import Lifetimes
from gateway.tokens.issue import key_of
from gateway.vocabulary.clock import Randomness, text_token
from gateway.vocabulary.store import Kind, Record, RecordKey

Realm = Literal["citizen", "staff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """Boxes ticked on a page that was not answered yet: their names, by whom (the page's `csrf`), and the hash of what
    the page said to them."""

    by: str
    notice: str
    ticked: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setback:
    """Why the last sign-in of an attempt failed, as its page tells it again: the failure's code, its receipt if it has
    one, and the `detail` that the portal may read. Nothing of a citizen."""

    code: str
    receipt: str | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """`cookie_key` is the hash of the browser's secret, `session_key` the session made in this attempt (or None),
    `grant_seed` what `grant_id_for` derives from, `signed_out_of` the provider whose session was ended for it,
    `failures` how often a provider came back without anybody, `begun_at` when the portal asked, `unsent` what was
    ticked and not sent, `setback` why the last sign-in failed, `ended` that it is not active any more. An attempt of
    one realm is none in the other."""

    id: str
    request: AuthorizationRequest
    csrf: str
    cookie_key: str
    grant_seed: str
    trace_id: str
    session_key: str | None = None
    signed_out_of: str | None = None
    failures: int = 0
    begun_at: datetime
    expires_at: datetime
    version: int = 1
    realm: Realm = "citizen"
    unsent: Unsent | None = None
    setback: Setback | None = None
    ended: bool = False

    def grant_id_for(self, acting: str) -> str:
        """Return the id of the grant a person may give here: known before there is one, so that what sources answer
        for the notice serves the prefill, and another one for whoever else signs in, whom those answers are not of."""
        octets = hmac.digest(self.grant_seed.encode("ascii"), acting.encode("utf-8"), "sha256")[:16]
        return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")

    def notice_proof(self, acting: str) -> str:
        """Return what a notice page posts: proof that this person was shown it, in whichever tab they signed in."""
        return f"{self.csrf}.{hmac.digest(self.csrf.encode('ascii'), acting.encode('ascii'), 'sha256').hex()}"

    @property
    def address(self) -> RecordKey:
        """Where it is stored."""
        return RecordKey(Kind.ATTEMPT, key_of(self.id))


def begin_attempt(
    request: AuthorizationRequest,
    randomness: Randomness,
    lifetimes: Lifetimes,
    now: datetime,
    trace_id: str,
    *,
    realm: Realm = "citizen",
    unsent: Unsent | None = None,
) -> tuple[Attempt, str]:
    """Return a new attempt and the secret for its cookie."""
    secret = text_token(randomness, 128)
    attempt = Attempt(
        id=text_token(randomness, 128),
        request=request,
        csrf=text_token(randomness, 128),
        cookie_key=key_of(secret),
        grant_seed=text_token(randomness, 128),
        trace_id=trace_id,
        begun_at=now,
        expires_at=now + lifetimes.attempt_for,
        realm=realm,
        unsent=unsent,
    )
    return attempt, secret


def prolonged(attempt: Attempt, now: datetime, lifetimes: Lifetimes) -> Attempt:
    """Return the attempt with its whole time again, at most until the hard end (WCAG 2.2.1: ten times and more)."""
    ends_at = min(now + lifetimes.attempt_for, attempt.begun_at + lifetimes.attempt_max_for)
    return replace(attempt, expires_at=max(ends_at, attempt.expires_at), version=attempt.version + 1)


def attempt_header(attempt: Attempt, secret: str, *, secure: bool, lifetimes: Lifetimes) -> tuple[str, str]:
    """Return the header that binds the attempt to this browser."""
    max_age = int(lifetimes.attempt_max_for.total_seconds())  # the record ends it; the cookie must not end first
    return set_cookie(attempt_cookie(attempt.id), secret, secure=secure, max_age=max_age)


def attempt_record(attempt: Attempt) -> Record:
    """Return what is stored."""
    return Record(
        kind=Kind.ATTEMPT,
        key=key_of(attempt.id),
        expires_at=attempt.expires_at,
        version=attempt.version,
        state="used" if attempt.ended else "active",
        body={
            "request": request_body(attempt.request),
            "csrf": attempt.csrf,
            "cookie_key": attempt.cookie_key,
            "grant_seed": attempt.grant_seed,
            "trace_id": attempt.trace_id,
            "session_key": attempt.session_key,
            "signed_out_of": attempt.signed_out_of,
            "failures": attempt.failures,
            "begun_at": attempt.begun_at.timestamp(),
            "realm": attempt.realm,
            "unsent": None if attempt.unsent is None else _unsent_body(attempt.unsent),
            "setback": None if attempt.setback is None else _setback_body(attempt.setback),
        },
    )


def is_held(attempt_id: str, record: Record | None, cookies: Mapping[str, str], *, secure: bool) -> bool:
    """Tell whether these are the cookies of the browser that began the attempt."""
    secret = read_cookie(cookies, attempt_cookie(attempt_id), secure=secure)
    return record is not None and secret is not None and hmac.compare_digest(key_of(secret), record.body["cookie_key"])


def attempt_of(
    attempt_id: str,
    record: Record | None,
    cookies: Mapping[str, str],
    now: datetime,
    *,
    secure: bool,
    realm: Realm = "citizen",
    ended_too: bool = False,
) -> Attempt:
    """Read a stored attempt of a realm for the browser that started it; one that has ended only when `ended_too`.

    Raises AttemptExpired, AttemptUnknown (no record any more, or never), AttemptLost (no or another cookie) or
    AttemptFinished.
    """
    if record is None or record.expires_at is None or _realm_of(record) != realm:
        # a browser with a cookie of it began it once: the record of what took too long is cleaned up some time
        begun = record is None and read_cookie(cookies, attempt_cookie(attempt_id), secure=secure) is not None
        raise failure.AttemptExpired() if begun else failure.AttemptUnknown()
    if now >= record.expires_at:
        raise failure.AttemptExpired()
    if not is_held(attempt_id, record, cookies, secure=secure):
        raise failure.AttemptLost()
    if record.state != "active" and not ended_too:
        raise failure.AttemptFinished()
    body = record.body
    return Attempt(
        id=attempt_id,
        request=request_of(body["request"]),
        csrf=body["csrf"],
        cookie_key=body["cookie_key"],
        grant_seed=body["grant_seed"],
        trace_id=body["trace_id"],
        session_key=body["session_key"],
        signed_out_of=body["signed_out_of"],
        failures=body.get("failures", 0),  # attempts of an earlier version count none
        begun_at=datetime.fromtimestamp(body["begun_at"], UTC),
        expires_at=record.expires_at,
        version=record.version,
        realm=realm,
        unsent=_unsent_of(body.get("unsent")),
        setback=_setback_of(body.get("setback")),
        ended=record.state != "active",
    )


def set_back(attempt: Attempt, setback: Setback, *, ended: bool) -> Attempt:
    """Return the attempt after a failure; `ended`: it cannot be tried again. Otherwise a provider came back without
    anybody, which is counted."""
    failures = attempt.failures if ended else attempt.failures + 1
    return replace(attempt, failures=failures, setback=setback, ended=ended, version=attempt.version + 1)


def _setback_body(setback: Setback) -> dict[str, object]:
    return {"code": setback.code, "receipt": setback.receipt, "detail": setback.detail}


def _setback_of(body: Mapping[str, Any] | None) -> Setback | None:
    return None if body is None else Setback(code=body["code"], receipt=body["receipt"], detail=body["detail"])


def _unsent_body(unsent: Unsent) -> dict[str, object]:
    return {"by": unsent.by, "notice": unsent.notice, "ticked": list(unsent.ticked)}


def _unsent_of(body: Mapping[str, Any] | None) -> Unsent | None:
    return None if body is None else Unsent(by=body["by"], notice=body["notice"], ticked=tuple(body["ticked"]))


def _realm_of(record: Record) -> str:
    return str(record.body.get("realm", "citizen"))


def signed_in(attempt: Attempt, session_key: str) -> Attempt:
    """Return the attempt after its sign-in, which leaves the failures before it behind."""
    return replace(attempt, session_key=session_key, setback=None, version=attempt.version + 1)
