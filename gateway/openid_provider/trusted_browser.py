"""Calling a browser one's own: offered once, right after a sign-in, and never where others sign in too.

A trusted browser only stops telling the person of their own sign-ins there; it opens nothing and skips nothing. On a
shared machine it would hide a stranger's sign-in, so whatever hints at one takes the box off the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from gateway.audit.event import BrowserTrusted
from gateway.openid_provider.attempt import Attempt
from gateway.openid_provider.browser import Browser
from gateway.openid_provider.cookies import STAFF_SESSION, read_cookie, set_cookie
from gateway.openid_provider.house import House
from gateway.openid_provider.session import Session
from gateway.vocabulary.clock import text_token
from gateway.vocabulary.store import Change, Kind, Put, Record, RecordKey, StoredEvent

DEVICE = "device"
"""The cookie of a browser that somebody called theirs."""

TRUST_FOR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Trusting:
    """What makes a browser a person's own: the changes, their evidence, and the header that marks the browser."""

    changes: Sequence[Change]
    event: StoredEvent
    header: tuple[str, str]


def may_trust(house: House, attempt: Attempt, session: Session, browser: Browser) -> bool:
    """Tell whether the page of an attempt may offer the box.

    Only to who signed in just now, in a browser that nobody called theirs (the mark of a browser stays when it is
    forgotten), where nobody else was signed in before them and no officer is, and never after a suspicious sign-in.
    """
    just_now = session.key == attempt.session_key
    doubtful = session.trusted or session.suspicious or session.shared
    marks = (read_cookie(browser.cookies, name, secure=house.secure) for name in (DEVICE, STAFF_SESSION))
    return just_now and not doubtful and all(mark is None for mark in marks)


async def trust(house: House, citizen_id: str, browser: Browser) -> Trusting:
    """Return what calls this browser the person's own for a year. Raises CitizenErased."""
    device = read_cookie(browser.cookies, DEVICE, secure=house.secure) or text_token(house.randomness)
    now, address = house.clock.now(), trust_address(device, citizen_id)
    record = Record(
        kind=address.kind,
        key=address.key,
        subject=citizen_id,
        expires_at=now + TRUST_FOR,
        body={"at": now.timestamp()},
    )
    event = await house.evidence.tell(
        BrowserTrusted, outcome="trusted", actor_kind="citizen", citizen_id=citizen_id, trace_id=browser.trace_id
    )
    header = set_cookie(DEVICE, device, secure=house.secure, max_age=int(TRUST_FOR.total_seconds()))
    return Trusting([Put(record)], event, header)


def trust_address(device: str, citizen_id: str) -> RecordKey:
    """Return where the trust of one person in one browser is kept: two people of one browser trust it apart."""
    return RecordKey(Kind.TRUSTED_BROWSER, sha256(f"{device}\x1f{citizen_id}".encode()).hexdigest())
