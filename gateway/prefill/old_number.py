"""An officer has a former identity card before them: nine digits, which two registers can still be asked by.

What is asked and told belongs to the person's own history. Before a register answers nobody knows their personal
number, so the question is stored under a pointer of its own (`old_number_address`). Once the register says the number
the two pointers lead to one person: the one who has been here under that number, or whoever comes later.
"""

from dataclasses import replace

from gateway.prefill.house import Prefill
from gateway.prefill.release import Errand, Heard, commit_whole
from gateway.prefill.represent import point_at
from gateway.vocabulary.citizen import number_address, old_number_address
from gateway.vocabulary.personal_number import NumberRefused, PersonalNumber
from gateway.vocabulary.provenance import Found
from gateway.vocabulary.store import Put, Record


async def settle_subject(errand: Errand, heard: Heard, house: Prefill) -> Errand:
    """Return the errand about the person whom a register named by their personal number; as it is where the number
    was known before, or no register said it. Raises EvidenceNotStored, CitizenErased."""
    person = errand.ask.citizen
    number = None if person.personal_number or not person.old_number else _told_number(heard)
    if number is None:
        return errand
    bearer = await point_at(number_address(number, house.desk.index), person.id, house)
    if bearer == person.id:
        return errand
    await house.desk.keys.derive(bearer, "represented")
    address = old_number_address(person, house.desk.index)
    pointer = Record(kind=address.kind, key=address.key, body={"citizen_id": bearer})
    await commit_whole(house, [Put(pointer)])
    ask = replace(errand.ask, citizen=replace(person, id=bearer))
    heard.about(ask)
    return replace(errand, ask=ask)


def _told_number(heard: Heard) -> str | None:
    """Return the one number that registers told of the person; None where none did, or they differ."""
    told: set[str] = set()
    for answer in heard.kept.answers.values():
        outcome = answer.get("personal_number")
        if isinstance(outcome, Found):
            try:
                told.add(PersonalNumber.parse(str(outcome.value)).digits)
            except NumberRefused:
                return None
    return told.pop() if len(told) == 1 else None
