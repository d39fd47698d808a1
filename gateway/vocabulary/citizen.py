"""The person a session belongs to, as the gateway knows them: who signed in, never who was looked up."""

from dataclasses import dataclass
from typing import Literal

from gateway.vocabulary.partial_date import PartialDate

AccountType = Literal["citizen", "foreigner", "organisation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Citizen:
    """The identity snapshot of a sign-in.

    `id` is the random internal id; it never leaves the gateway. `personal_number` is 12 digits or None (a
    foreign resident may have only `passport_number`). `full_name` is as the provider wrote it, NFC.
    `sex` is `male`, `female`, `other` or None. `account_level` is 1, 2 or None (organisations have no level).
    """

    id: str
    full_name: str
    personal_number: str | None = None
    old_number: str | None = None
    passport_number: str | None = None
    birth_date: PartialDate | None = None
    sex: str | None = None
    account_type: AccountType = "citizen"
    account_level: int | None = None
