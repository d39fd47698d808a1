"""Somebody else's form: who it is about, and the officer at a desk who asks for it."""

from dataclasses import dataclass

from gateway.vocabulary.partial_date import PartialDate


@dataclass(frozen=True, slots=True, kw_only=True)
class Represented:
    """The person a form is about when it is not the one who acts, by the three-way key that registers ask for:
    `personal_number` has 12 digits, `full_name` is NFC."""

    personal_number: str
    full_name: str
    birth_date: PartialDate


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskOfficer:
    """An officer who signed in through the staff realm. `reference` names them in the staff register and in events,
    `agency` their office; `level` is that of the account they signed in with, None when it is not known, which
    refuses."""

    reference: str
    agency: str
    level: int | None

    @property
    def register_code(self) -> str:
        """How registers are told of the officer (`MaCanBo`, at most 20 characters): the reference without its realm,
        cut to that length, by which the staff register still finds them."""
        return self.reference.partition(":")[2][:20] or self.reference[:20]
