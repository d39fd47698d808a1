"""Telling a person of their own sign-ins: the facts of `consent.sign_in_notice`, gathered where they are there anyway.

What takes a look into the stores is looked at once, at the sign-in, and kept in the session; a later answer to the
same service costs nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gateway.consent.sign_in_notice import SignInFacts, SignInNotice, deciding_rule, is_suspicious, tells
from gateway.openid_provider.cookies import read_cookie
from gateway.openid_provider.house import House
from gateway.openid_provider.session import Session
from gateway.openid_provider.trusted_browser import DEVICE, trust_address
from gateway.vocabulary.clock import text_token
from gateway.vocabulary.store import Change, Kind, RecordKey


def announce(house: House, session: Session, client_id: str) -> tuple[Session, Sequence[Change]]:
    """Return the session as it is after an answer to this service, and the changes that hand in the notice.

    The very same session comes back when there is no news.
    """
    same_service = client_id in session.told
    # a suspicion is of the sign-in, and told once at each service: single sign-on there is not another sign-in
    suspicious = session.suspicious and not same_service
    rule = deciding_rule(SignInFacts(suspicious=suspicious, same_service=same_service, trusted_browser=session.trusted))
    if rule == "same_service":
        return session, ()
    told = replace(session, told=(*session.told, client_id))
    if not tells(rule):
        return told, ()
    notice = SignInNotice(
        key=text_token(house.randomness, 128),
        citizen_id=session.citizen.id,
        at=house.clock.now(),
        client_id=client_id,
        provider=session.provider,
        rule=rule,
    )
    return told, house.outbox.put(notice)


async def weighed(house: House, session: Session, cookies: Mapping[str, str], failures: int) -> Session:
    """Return a new session with what the rules need to know of browser and person. Raises StorageUnavailable."""
    now, citizen_id = house.clock.now(), session.citizen.id
    device = read_cookie(cookies, DEVICE, secure=house.secure)
    addresses = [alarm_address(citizen_id)] + ([trust_address(device, citizen_id)] if device else [])
    alarm, *trust = await house.store.load(*addresses)
    reviews = await house.listing.select(Kind.REVIEW, subject=citizen_id, limit=1)
    return replace(
        session,
        trusted=any(record is not None and record.alive(now) for record in trust),
        suspicious=is_suspicious(
            failures=failures, alarmed=alarm is not None and alarm.alive(now), under_review=bool(reviews)
        ),
    )


def alarm_address(citizen_id: str) -> RecordKey:
    """Return where it is kept that the person said a sign-in was not theirs."""
    return RecordKey(Kind.SIGN_IN_ALARM, citizen_id)
