"""Addresses that say which list of units their codes belong to.

On 2025-07-01 Vietnam went from provinces, districts and communes to provinces and communes. Nearly every
commune code of today existed before for another unit, so a code without its list (`scheme`) means nothing.
Source: domain.md §6, design.md §15 (wire shape).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Scheme = Literal["pre2025", "post2025"]


class Unit(NamedTuple):
    """An administrative unit: its code as text (zeros kept) and its name, None when the list does not hold it."""

    code: str
    name: str | None = None

    def wire(self) -> dict[str, str | None]:
        """Return it as JSON members `code` and `name`."""
        return {"code": self.code, "name": self.name}


class Candidate(NamedTuple):
    """A present unit that a former commune may have become; several stand for a commune that was split."""

    province: Unit
    commune: Unit

    def wire(self) -> dict[str, Any]:
        """Return it in the shape of an address of the present list."""
        return {"scheme": "post2025", "province": self.province.wire(), "commune": self.commune.wire()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A place as a register knows it.

    `detail` is the street or hamlet, NFC and trimmed; `as_received` the source's text untouched, since mixed
    texts keep old names and evidence is never rewritten. `candidates` stand beside a former commune: which of
    them it is needs the hamlet, and nobody guesses. `country` is the source's country code.
    """

    scheme: Scheme
    province: Unit | None
    district: Unit | None = None
    commune: Unit | None = None
    detail: str = ""
    as_received: str = ""
    candidates: tuple[Candidate, ...] = ()
    country: str = "VN"

    def wire(self) -> dict[str, Any]:
        """Return the shape of design.md §15, with `candidates` and `country` added."""
        return {
            "scheme": self.scheme,
            "province": self.province.wire() if self.province else None,
            "district": self.district.wire() if self.district else None,
            "commune": self.commune.wire() if self.commune else None,
            "detail": self.detail,
            "as_received": self.as_received,
            "candidates": [candidate.wire() for candidate in self.candidates],
            "country": self.country,
        }

    def display(self) -> str:
        """Return it as an envelope would carry it, from the smallest part to the largest."""
        names = (unit.name or unit.code for unit in (self.commune, self.district, self.province) if unit)
        return ", ".join(part for part in (self.detail, *names) if part)

    @classmethod
    def from_wire(cls, members: Mapping[str, Any]) -> "Address":
        """Read what `wire` wrote. Raises KeyError or TypeError when `members` is not such an object."""
        return cls(
            scheme=members["scheme"],
            province=_unit(members["province"]),
            district=_unit(members.get("district")),
            commune=_unit(members.get("commune")),
            detail=members.get("detail", ""),
            as_received=members.get("as_received", ""),
            candidates=tuple(
                Candidate(Unit(**one["province"]), Unit(**one["commune"])) for one in members.get("candidates", ())
            ),
            country=members.get("country", "VN"),
        )


def _unit(members: Mapping[str, Any] | None) -> Unit | None:
    return Unit(members["code"], members.get("name")) if members else None
