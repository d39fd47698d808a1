"""Who a staff sign-in belongs to: one subject for each number of the staff register, however many accounts show it.

Two accounts of one person are one subject, so nobody is their own second person; an account that shows another number
than before is refused until somebody has looked. No citizen's record is read or written here, even when the person is
one, and the blind indexes have purposes of their own: the same digits never meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.identity_providers.contract import Authentication, UpstreamAnswerInvalid
from gateway.openid_provider.house import House
from gateway.openid_provider.staff_realm.failure import StaffAccountContradicts
from gateway.openid_provider.staff_realm.names import remembered
from gateway.vocabulary.clock import text_token
from gateway.vocabulary.officer import Officer
from gateway.vocabulary.store import Change, Insert, Kind, Put, Record, RecordKey

_CODE_LENGTH = 20
"""Characters; registers take no longer `MaCanBo`, and the staff register still finds an officer by so many."""


@dataclass(frozen=True, slots=True)
class Known:
    """The officer of a sign-in and what must be stored with it."""

    officer: Officer
    changes: Sequence[Change]


async def know_officer(house: House, seen: Authentication) -> Known:
    """Find or make the subject of a staff sign-in. Raises StaffAccountContradicts, UpstreamAnswerInvalid."""
    staff = seen.staff
    if staff is None:
        raise UpstreamAnswerInvalid(operator_detail="a sign-in of the staff realm without a staff account")
    account = RecordKey(
        Kind.STAFF_ACCOUNT, house.index.blind("staff_account", "\x1f".join((seen.issuer, seen.subject)))
    )
    number = RecordKey(Kind.STAFF_NUMBER, house.index.blind("staff_number", staff.number))
    by_account, by_number = await house.store.load(account, number)
    of_account = None if by_account is None else str(by_account.body["staff_id"])
    of_number = None if by_number is None else str(by_number.body["staff_id"])
    if of_account is not None and of_account != of_number:
        raise StaffAccountContradicts(operator_detail="an account shows another staff number than before")
    staff_id = of_number or text_token(house.randomness, 128)
    officer = Officer(
        id=staff_id,
        full_name=seen.full_name,
        agency=staff.agency,
        roles=staff.roles,
        level=seen.account_level,
        register_code=staff.register_code or (staff_id[:_CODE_LENGTH] if staff.code_by_reference else None),
    )
    (before,) = await house.store.load(RecordKey(Kind.STAFF_SUBJECT, staff_id))
    names = remembered(None if before is None else before.body, officer, house.clock.now())
    subject = Record(kind=Kind.STAFF_SUBJECT, key=staff_id, body={**officer.body(), "names": names})
    changes: list[Change] = [Put(subject)]
    for address, known in ((account, of_account), (number, of_number)):
        if known is None:
            changes.append(Insert(Record(kind=address.kind, key=address.key, body={"staff_id": staff_id})))
    return Known(officer, changes)
