"""Lists of administrative units, before and after 2025-07-01, and what each former commune became.

The package ships the units its demo needs (`areas.toml`); a province imports the full lists. A code that the
list does not hold keeps its code and gets no name: unknown is not wrong.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from unicodedata import normalize

from gateway.vocabulary.address import Address, Candidate, Scheme, Unit

_Rows = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class AreaLists:
    """Both lists. Rows are keyed by code; a province row is its name, the others hold `name` and their parent."""

    provinces: Mapping[str, Mapping[str, str]]
    districts: _Rows
    communes: Mapping[str, _Rows]

    def province(self, scheme: Scheme, code: str) -> Unit:
        """Return the province of a list."""
        return Unit(code, self.provinces[scheme].get(code))

    def district(self, code: str) -> Unit:
        """Return a former district; the present list has none."""
        return Unit(code, self.districts.get(code, {}).get("name"))

    def commune(self, scheme: Scheme, code: str) -> Unit:
        """Return the commune of a list."""
        return Unit(code, self.communes[scheme].get(code, {}).get("name"))

    def holds(self, scheme: Scheme, code: str) -> bool:
        """Tell whether the list has a unit of that code; two digits are a province, three a district."""
        tables = {2: self.provinces[scheme], 3: self.districts if scheme == "pre2025" else {}}
        return code in tables.get(len(code), self.communes[scheme])

    def candidates(self, former_code: str) -> tuple[Candidate, ...]:
        """Return every present commune that a former commune went to, in code order."""
        present = self.communes["post2025"]
        became = self.communes["pre2025"].get(former_code, {}).get("became", ())
        return tuple(
            Candidate(self.province("post2025", present[code]["province"]), Unit(code, present[code]["name"]))
            for code in sorted(became)
            if code in present
        )

    def address(
        self,
        *,
        scheme: Scheme,
        province: str | None = None,
        district: str | None = None,
        commune: str | None = None,
        text: str = "",
        country: str = "VN",
    ) -> Address:
        """Put names beside codes; a code that came alone finds its district and province where the list knows."""
        if scheme == "pre2025" and commune and not province:
            district = district or self.communes[scheme].get(commune, {}).get("district")
        if district:
            province = province or self.districts.get(district, {}).get("province")
        if scheme == "post2025" and commune:
            province = province or self.communes[scheme].get(commune, {}).get("province")
        return Address(
            scheme=scheme,
            province=self.province(scheme, province) if province else None,
            district=self.district(district) if district else None,
            commune=self.commune(scheme, commune) if commune else None,
            detail=" ".join(normalize("NFC", text).split()),
            as_received=text,
            candidates=self.candidates(commune) if scheme == "pre2025" and commune else (),
            country=country,
        )


def read_lists(text: str) -> AreaLists:
    """Read lists in the shape of `areas.toml`."""
    tables = tomllib.loads(text)
    return AreaLists(
        provinces={scheme: tables[scheme]["province"] for scheme in ("pre2025", "post2025")},
        districts=tables["pre2025"]["district"],
        communes={scheme: tables[scheme]["commune"] for scheme in ("pre2025", "post2025")},
    )


@cache
def shipped_lists() -> AreaLists:
    """Return the units that come with the package."""
    return read_lists(files("gateway.vocabulary").joinpath("areas.toml").read_text("utf-8"))
