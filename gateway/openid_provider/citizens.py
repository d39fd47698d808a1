"""Who a sign-in belongs to: an upstream account is linked once to a citizen, and never merged silently.

(issuer, subject, account type) is the key of an account; the personal number links accounts only when the
provider vouches for it and name and birth date do not contradict what is linked already (design.md §3). Who has no
number is linked by passport, name and birth date together: with another name it is another passport, and no merging.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.assurance.match import match_name
from gateway.identity_providers.contract import Authentication
from gateway.openid_provider.failure import AccountNeedsReview
from gateway.vocabulary.citizen import Citizen
from gateway.vocabulary.citizen import number_address as citizen_number_address
from gateway.vocabulary.clock import Randomness, text_token
from gateway.vocabulary.store import BlindIndex, Change, Insert, Kind, Put, Record, RecordKey, Store


@dataclass(frozen=True, slots=True)
class Linked:
    """The citizen of a sign-in and what must be stored with it."""

    citizen: Citizen
    changes: Sequence[Change]


def snapshot(citizen_id: str, seen: Authentication, linked: Citizen | None = None) -> Citizen:
    """Return the identity as this sign-in shows it.

    A number opens registers, so it counts only from a provider that vouches for it, or from an earlier sign-in of
    the same citizen at one that did; a number that somebody else merely says is left out.
    """
    vouched = seen if seen.vouches_for_number else linked
    return Citizen(
        id=citizen_id,
        full_name=seen.full_name,
        personal_number=None if vouched is None else vouched.personal_number,
        old_number=None if vouched is None else vouched.old_number,
        passport_number=seen.passport_number,
        birth_date=seen.birth_date,
        sex=seen.sex,
        account_type=seen.account_type,
        account_level=seen.account_level,
        organisation=seen.organisation,
    )


def remembered(citizen: Citizen, linked: Citizen | None) -> Citizen:
    """Return what is kept of the human being: an organisation's account says nothing about their own."""
    if citizen.organisation is None:
        return citizen
    own = ("citizen", None) if linked is None else (linked.account_type, linked.account_level)
    return replace(citizen, account_type=own[0], account_level=own[1], organisation=None)


def contradicts(linked: Citizen, seen: Authentication) -> bool:
    """Tell whether a sign-in contradicts what is linked: another number, another birth date, a different name."""
    if linked.personal_number and seen.personal_number and linked.personal_number != seen.personal_number:
        return True
    if linked.birth_date and seen.birth_date and not linked.birth_date.agrees_with(seen.birth_date):
        return True
    return match_name(linked.full_name, seen.full_name).outcome == "different"


def account_address(seen: Authentication, index: BlindIndex) -> RecordKey:
    """Return where the upstream account is stored."""
    return RecordKey(Kind.ACCOUNT, account_key(seen.issuer, seen.subject, seen.account_type, index))


def account_key(issuer: str, subject: str, account_type: str, index: BlindIndex) -> str:
    """Return the key of an upstream account."""
    return index.blind("account", "\x1f".join((issuer, subject, account_type)))


def number_address(seen: Authentication, index: BlindIndex) -> RecordKey | None:
    """Return where the citizen of the number is stored, when the provider vouches for the number; for who has none,
    where the citizen of the passport is."""
    if not seen.vouches_for_number:
        return None
    if seen.personal_number:
        return citizen_number_address(seen.personal_number, index)
    if seen.passport_number and seen.birth_date and seen.birth_date.precision == "day":
        # a passport's number alone is not unique: countries number their own
        whole = (seen.passport_number.upper(), str(seen.birth_date), " ".join(seen.full_name.casefold().split()))
        return RecordKey(Kind.CITIZEN_NUMBER, index.blind("passport", "\x1f".join(whole)))
    return None


async def linked_citizen(seen: Authentication, store: Store, index: BlindIndex) -> Citizen | None:
    """Return whom an upstream account is linked to already."""
    (account,) = await store.load(account_address(seen, index))
    if account is None:
        return None
    (stored,) = await store.load(RecordKey(Kind.CITIZEN, str(account.body["citizen_id"])))
    return None if stored is None else Citizen.of(stored.body)


async def link_account(
    seen: Authentication, store: Store, index: BlindIndex, randomness: Randomness, now: datetime
) -> Linked:
    """Find or make the citizen of a sign-in. Raises AccountNeedsReview after storing the contradiction."""
    account, number = account_address(seen, index), number_address(seen, index)
    found = await store.load(account, *([number] if number else []))
    known = next((record for record in found if record is not None), None)
    if known is None:
        return _new_citizen(seen, account, number, text_token(randomness, 128))
    citizen_id = str(known.body["citizen_id"])
    (stored,) = await store.load(RecordKey(Kind.CITIZEN, citizen_id))
    linked = None if stored is None else Citizen.of(stored.body)
    of_two = len({record.body["citizen_id"] for record in found if record is not None}) > 1
    if of_two or (linked is not None and contradicts(linked, seen)):
        review = Record(
            kind=Kind.REVIEW,
            key=text_token(randomness, 128),
            subject=citizen_id,
            body={"seen": snapshot(citizen_id, seen).body(), "provider": seen.provider, "at": now.timestamp()},
        )
        await store.commit([Put(review)], now=now)
        raise AccountNeedsReview(operator_detail="the account contradicts the linked identity")
    citizen = snapshot(citizen_id, seen, linked)
    changes: list[Change] = [Put(_kept(citizen, linked))]
    if found[0] is None:
        changes.append(Insert(_pointer(account, citizen_id)))
    if number is not None and found[1] is None:
        changes.append(Insert(_pointer(number, citizen_id)))
    return Linked(citizen, changes)


def _new_citizen(seen: Authentication, account: RecordKey, number: RecordKey | None, citizen_id: str) -> Linked:
    citizen = snapshot(citizen_id, seen)
    changes: list[Change] = [
        Insert(_pointer(account, citizen_id)),
        Insert(_kept(citizen, None)),
    ]
    if number is not None:
        changes.append(Insert(_pointer(number, citizen_id)))
    return Linked(citizen, changes)


def _kept(citizen: Citizen, linked: Citizen | None) -> Record:
    body = remembered(citizen, linked).body()
    return Record(kind=Kind.CITIZEN, key=citizen.id, subject=citizen.id, body=body)


def _pointer(address: RecordKey, citizen_id: str) -> Record:
    return Record(kind=address.kind, key=address.key, body={"citizen_id": citizen_id})
