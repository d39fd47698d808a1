"""Who can sign in at a played identity provider, and how they are named."""

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256

from gateway.vocabulary.organisation_persona import OrganisationPersona, organisation_personas
from gateway.vocabulary.persona import Persona, personas

Person = Persona | OrganisationPersona

_NEVER_ISSUED = "999"
_NUMBER = re.compile(r"\d(?:[ .]?\d){8,}")


class People:
    """The people of a simulator. Raises ValueError when there are none, and for a number that may be somebody's."""

    def __init__(self, people: Iterable[Person] | None = None) -> None:
        everybody: Iterable[Person] = (*personas(), *organisation_personas()) if people is None else people
        self._people = {person.index: person for person in everybody}
        if not self._people:
            raise ValueError("the simulator never starts empty")
        for person in self._people.values():
            one = human(person)
            if any(looks_real(number) for number in (one.personal_number, one.old_number) if number):
                raise ValueError(f"persona `{person.index}` has a real-looking number")

    def __iter__(self) -> Iterator[Person]:
        """Yield them in order."""
        return iter(self._people.values())

    def find(self, name: str) -> Person | None:
        """Return who is named by index, or by personal number for a person's own account, or None."""
        if not (name.isascii() and name.isdigit()):
            return None
        if len(name) <= 3:
            return self._people.get(int(name))
        own = (person for person in self if isinstance(person, Persona))
        return next((person for person in own if person.personal_number == name), None)


def looks_real(text: str) -> bool:
    """Tell whether a text holds a number that may be somebody's: twelve digits not starting 999, or nine not
    starting 099999 (the demo's old numbers)."""
    found = [re.sub(r"[ .]", "", one) for one in _NUMBER.findall(text)]
    return any(not one.startswith(_NEVER_ISSUED if len(one) >= 12 else "099" + _NEVER_ISSUED) for one in found)


def human(person: Person) -> Persona:
    """Return the human being who signs in."""
    return person if isinstance(person, Persona) else person.representative


def subject_at(provider: str, person: Person) -> str:
    """Return the stable id of an account at a provider: another one at each, and never a number of the person."""
    return sha256(f"{provider} account {person.index}".encode()).hexdigest()[:24]
