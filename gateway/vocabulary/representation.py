"""Somebody else's form: who it is about, and the officer at a desk who asks for it."""

from dataclasses import dataclass, field

from gateway.vocabulary.partial_date import PartialDate


@dataclass(frozen=True, slots=True, kw_only=True)
class Represented:
    """The person a form is about when it is not the one who acts, by the three-way key that registers ask for:
    `personal_number` has 12 digits, `full_name` is NFC. With `old_number` (9 digits) there is no personal number: an
    officer has a former identity card before them and nothing newer."""

    personal_number: str | None
    full_name: str
    birth_date: PartialDate
    old_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskOfficer:
    """An officer who signed in through the staff realm. `reference` names them in the staff register and in events,
    `agency` their office; `level` is that of the account they signed in with, None when it is not known, which
    refuses. `register_code` is how registers are told of them (`MaCanBo`, at most 20 characters), None when their
    sign-in says no code, which refuses, too: nobody stands in for an officer."""

    reference: str
    agency: str
    level: int | None
    register_code: str | None = field(default=None, repr=False)
