"""The person a session belongs to, as the gateway knows them: who signed in, never who was looked up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gateway.vocabulary.organisation import Organisation
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.store import BlindIndex, Kind, RecordKey

AccountType = Literal["citizen", "foreigner", "organisation"]


def number_address(personal_number: str, index: BlindIndex) -> RecordKey:
    """Return where the citizen of a number is stored; without the index's key the address says nothing."""
    return RecordKey(Kind.CITIZEN_NUMBER, index.blind("personal_number", personal_number))


def old_number_address(person: "Citizen", index: BlindIndex) -> RecordKey:
    """Return where the person is stored whom an old number, a name and a birth date name together: provinces gave the
    same nine digits to different people, so the digits alone name nobody."""
    whole = (person.old_number or "", str(person.birth_date or ""), " ".join(person.full_name.casefold().split()))
    return RecordKey(Kind.CITIZEN_NUMBER, index.blind("old_number", "\x1f".join(whole)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Citizen:
    """The identity snapshot of a sign-in.

    `id` is the random internal id; it never leaves the gateway. `personal_number` is 12 digits or None (a
    foreign resident may have only `passport_number`). `full_name` is as the provider wrote it, NFC.
    `sex` is `male`, `female`, `other` or None. `account_level` is 1, 2 or None (organisations have no level).
    `organisation` is whom this sign-in acts for; everything else is about the human being all the same.
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
    organisation: Organisation | None = None

    @property
    def acting(self) -> str:
        """Who acts here, as one word: the same person acting for an organisation is somebody else."""
        return self.id if self.organisation is None else f"{self.id}+{self.organisation.tax_code}"

    def body(self) -> dict[str, Any]:
        """Return the JSON-able form kept, sealed, in records."""
        return {
            "id": self.id,
            "full_name": self.full_name,
            "personal_number": self.personal_number,
            "old_number": self.old_number,
            "passport_number": self.passport_number,
            "birth_date": None if self.birth_date is None else str(self.birth_date),
            "sex": self.sex,
            "account_type": self.account_type,
            "account_level": self.account_level,
            "organisation": None if self.organisation is None else self.organisation.body(),
        }

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Citizen":
        """Read what `body` wrote."""
        birth_date, organisation = body.get("birth_date"), body.get("organisation")
        return cls(
            id=body["id"],
            full_name=body["full_name"],
            personal_number=body.get("personal_number"),
            old_number=body.get("old_number"),
            passport_number=body.get("passport_number"),
            birth_date=None if birth_date is None else PartialDate.parse(birth_date),
            sex=body.get("sex"),
            account_type=body.get("account_type", "citizen"),
            account_level=body.get("account_level"),
            organisation=None if organisation is None else Organisation.of(organisation),
        )
