"""Who can sign in at the simulator, how they are named and what their account tells."""

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256

from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.persona import Persona

_NEVER_ISSUED = "999"
_NUMBER = re.compile(r"\d(?:[ .]?\d){8,}")


class People:
    """The people of a simulator. Raises ValueError when there are none, and for a number that may be somebody's."""

    def __init__(self, people: Iterable[Persona]) -> None:
        self._people = {person.index: person for person in people}
        if not self._people:
            raise ValueError("the simulator never starts empty")
        for person in self._people.values():
            if any(looks_real(number) for number in (person.personal_number, person.old_number) if number):
                raise ValueError(f"persona `{person.index}` has a real-looking number")

    def __iter__(self) -> Iterator[Persona]:
        """Yield them in order."""
        return iter(self._people.values())

    def find(self, name: str) -> Persona | None:
        """Return who is named by index or by personal number, or None."""
        if not (name.isascii() and name.isdigit()):
            return None
        if len(name) <= 3:
            return self._people.get(int(name))
        return next((person for person in self if person.personal_number == name), None)


def looks_real(text: str) -> bool:
    """Tell whether a text holds a number that may be somebody's: twelve digits not starting 999, or nine not
    starting 099999 (the demo's old numbers)."""
    found = [re.sub(r"[ .]", "", one) for one in _NUMBER.findall(text)]
    return any(not one.startswith(_NEVER_ISSUED if len(one) >= 12 else "099" + _NEVER_ISSUED) for one in found)


def claims_of(person: Persona, *, level1: bool = False) -> dict[str, str]:
    """Return the thin claims of the direct dialect: who it is and what kind of account, nothing else."""
    level = 1 if level1 else person.account.level
    claims = {
        "sub": "vn-" + sha256(f"vneid account {person.index}".encode()).hexdigest()[:24],
        "citizenPid": person.personal_number,
        "passportNumber": person.passport_number if person.personal_number is None else None,
        "fullName": person.full_name,
        "birthDate": PartialDate.parse(person.birth_date).display(),
        "accountType": person.account.type.upper(),
        "accountLevel": None if level is None else f"{level:02d}",
    }
    return {name: value for name, value in claims.items() if value is not None}
