"""An officer's browser session: another cookie, another kind and another key space than a citizen's.

It ends after a working day at most, without sliding; roles are those of the sign-in.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.openid_provider.browser import Browser
from gateway.openid_provider.cookies import STAFF_SESSION, read_cookie
from gateway.openid_provider.house import House
from gateway.tokens.issue import key_of
from gateway.vocabulary.officer import Officer
from gateway.vocabulary.store import Kind, Record, RecordKey


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSession:
    """Which officer is signed in, and since when; `root` is the key of the first of the sign-ins that this one follows
    without a gap: of the same officer in the same browser."""

    key: str
    root: str
    officer: Officer
    auth_time: datetime
    provider: str
    created_at: datetime


def staff_session_record(session: StaffSession, house: House) -> Record:
    """Return what is stored, sealed under the house's key."""
    return Record(
        kind=Kind.STAFF_SESSION,
        key=session.key,
        expires_at=session.created_at + house.lifetimes.staff_session_for,
        body={
            "root": session.root,
            "officer": session.officer.body(),
            "auth_time": session.auth_time.timestamp(),
            "provider": session.provider,
            "created_at": session.created_at.timestamp(),
        },
    )


def staff_session_address(cookie: str) -> RecordKey:
    """Return where the session of a cookie value is stored: under its hash, so a dump opens no session."""
    return RecordKey(Kind.STAFF_SESSION, key_of(cookie))


async def load_staff_session(house: House, browser: Browser) -> StaffSession | None:
    """Return the live staff session of the browser's staff cookie."""
    cookie = read_cookie(browser.cookies, STAFF_SESSION, secure=house.secure)
    if cookie is None:
        return None
    (record,) = await house.store.load(staff_session_address(cookie))
    if record is None or not record.alive(house.clock.now()):
        return None
    body = record.body
    return StaffSession(
        key=record.key,
        root=body.get("root", record.key),  # sessions of an earlier version have none
        officer=Officer.of(body["officer"]),
        auth_time=datetime.fromtimestamp(body["auth_time"], UTC),
        provider=body["provider"],
        created_at=datetime.fromtimestamp(body["created_at"], UTC),
    )


def sign_out_proof(house: House, browser: Browser) -> str:
    """Return what a form that ends this browser's staff session posts."""
    cookie = read_cookie(browser.cookies, STAFF_SESSION, secure=house.secure) or ""
    return hmac.digest(house.refresh_secret, f"staff-sign-out|{cookie}".encode(), "sha256").hex()
