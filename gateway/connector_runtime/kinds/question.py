"""What a source wants to know before it can be asked, by the `inputs` of its manifest."""

from collections.abc import Mapping, Sequence

from gateway.connector_runtime.contract import Absent, Refused, SourceTrouble
from gateway.connector_runtime.mapping.template import ALWAYS, PERSON
from gateway.vocabulary.partial_date import PartialDate

_NUMBERS = frozenset({"personal_number", "old_number"})


class InputUnknown(ValueError):
    """An entry of `inputs` names something no question has; the text lists what one has."""


class Needed:
    """The compiled `inputs`: every entry is a name, or names joined by ` or ` of which one is enough."""

    def __init__(self, entries: Sequence[str]) -> None:
        self._entries = [tuple(name.strip() for name in entry.split(" or ")) for entry in entries]
        for name in (name for entry in self._entries for name in entry):
            if name not in PERSON:
                known = ", ".join(f"`{one}`" for one in PERSON)
                raise InputUnknown(f"`{name}` is nothing a question says of a person; it says {known}")

    @property
    def names(self) -> frozenset[str]:
        """The inputs a template may use: those declared, and what is known of every question."""
        return frozenset(name for entry in self._entries for name in entry) | frozenset(ALWAYS)

    def check(self, inputs: Mapping[str, str | PartialDate | None]) -> None:
        """Refuse what cannot be asked, without a call. Raises SourceTrouble.

        Who has none of the numbers a register is kept by is not in it (`not_kept`): a foreign resident.
        """
        for entry in self._entries:
            if any(inputs.get(name) is not None for name in entry):
                continue
            if _NUMBERS.issuperset(entry):
                raise SourceTrouble(Absent("not_kept"), "the person has no number this register is kept by")
            raise SourceTrouble(Refused("bad_request"), f"`{' or '.join(entry)}` is not known")
        for name in _NUMBERS & inputs.keys():
            number = inputs[name]
            if isinstance(number, str) and not (number.isascii() and number.isdigit() and len(number) in {9, 12}):
                raise SourceTrouble(Refused("bad_request"), "a number of the wrong shape")
