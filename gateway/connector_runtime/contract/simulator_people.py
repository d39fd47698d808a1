"""Synthetic people for simulators of registers: the same seed gives the same people, byte for byte, on every machine.

Numbers start with 999 (never issued) and agree with sex, century and birth year; their last six digits lie between
100000 and 899999, clear of the personas below and of the magic ranges above. Every kind of edge of domain.md §5.7
comes round again and again.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from random import Random
from typing import Any, Literal, TypeVar

from gateway.vocabulary.address import Address
from gateway.vocabulary.areas import AreaLists, shipped_lists
from gateway.vocabulary.persona import Account, CivilStatus, Persona, PopulationBehaviour, Relative

SEED = 6
COUNT = 2000

_FIRST_INDEX = 1001
_T = TypeVar("_T")

_FAMILIES = [
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Nông",
    "Lý",
    "Triệu",
    "Bế",
    "Đặng",
    "Dương",
    "Ma",
    "Lường",
    "Hà",
    "Vi",
    "Chu",
    "Đinh",
    "Bàn",
]
_MIDDLES = {
    "male": ["Văn", "Đức", "Minh", "Quốc", "Hữu", "Đình", "Thế"],
    "female": ["Thị", "Thu", "Ngọc", "Bích", "Kim", "Thị", "Thị"],
}
_GIVEN = {
    "male": [
        "An",
        "Bình",
        "Cường",
        "Dũng",
        "Hải",
        "Khôi",
        "Long",
        "Nghĩa",
        "Phúc",
        "Quân",
        "Sơn",
        "Thành",
        "Tuấn",
        "Vượng",
        "Huỳnh",
    ],
    "female": [
        "Ánh",
        "Bưởi",
        "Chi",
        "Diễm",
        "Hoa",
        "Hương",
        "Khuyên",
        "Lan",
        "Mến",
        "Nga",
        "Oanh",
        "Phượng",
        "Thuý",
        "Uyên",
        "Yến",
    ],
}
_HIGHLAND = {
    "male": ["Y Bhăm Niê", "Y-Thuk Kpă", "Y Moan Ênuôl", "A Lềnh", "K'Brết"],
    "female": ["H'Nuôl Êban", "H'Rin Mlô", "Ka-Thị Nhung", "H'Ƀlăng Niê", "Y Blom"],
}
_HAMLETS = ("Xóm Đồng Bẩm", "Thôn Nà Khoa", "Tổ 4", "Bản Chang", "Xóm Cây Thị", "Tổ dân phố 8", "Thôn Khuổi Lùng")
_LONG_DETAIL = (
    "Căn hộ số 1508, tầng 15, tòa nhà hỗn hợp thương mại dịch vụ và nhà ở Sông Cầu, ngõ 233, ngách 12, "
    "đường Bắc Kạn kéo dài, khu đô thị phía Tây hồ điều hòa, tổ dân phố số 27"
)


def generate_people(seed: int = SEED, count: int = COUNT) -> tuple[Persona, ...]:
    """Return `count` people; every 14 in a row show each kind of `KINDS` once."""
    chance = _Chance(seed)
    used: set[str] = set()
    people: list[Persona] = []
    for position in range(count):
        name, bend = KINDS[position % len(KINDS)]
        plain = _plain_person(chance, _FIRST_INDEX + position, used)
        bent = replace(bend(plain, chance), note_en=name, note_vi=name)
        people.append(replace(bent, civil_status=_civil_status(bent)))
    return tuple(people)


@lru_cache(maxsize=2)
def remembered_people(seed: int = SEED, count: int = COUNT) -> tuple[Persona, ...]:
    """Return the same people, made once: several registers of one program know them."""
    return generate_people(seed, count)


def _civil_status(person: Persona) -> CivilStatus:
    """Return what the civil status register says, made from the person alone: no chance is used up for it.

    Old papers were not entered everywhere, and every ninth married person has lost the husband or wife.
    """
    if person.birth_date[:4] < "1945" or person.personal_number is None:
        return CivilStatus(known=False)
    towns = sorted(_lists().communes["pre2025"])
    born = _lists().address(scheme="pre2025", commune=towns[person.index % len(towns)], text="Trạm y tế")
    married: Literal["married", "widowed"] = "widowed" if person.index % 9 == 4 else "married"
    return CivilStatus(
        marital_status="single" if person.spouse is None else married,
        birth_place=born if person.index % 4 else None,
        as_of=CivilStatus().as_of if person.death_date else person.as_of,
    )


def people_bytes(seed: int = SEED, count: int = COUNT) -> bytes:
    """Return the people as JSON lines with sorted members, to compare two runs."""
    rows = (json.dumps(asdict(one), ensure_ascii=False, sort_keys=True) for one in generate_people(seed, count))
    return "".join(f"{row}\n" for row in rows).encode()


class _Chance:
    """Picks built on `Random.random` alone: of the generator's methods only that one never changes its sequence."""

    def __init__(self, seed: int) -> None:
        self._source = Random(seed)  # noqa: S311  repeatable people, not secrets

    def below(self, bound: int) -> int:
        return int(self._source.random() * bound)

    def pick(self, choices: Sequence[_T]) -> _T:
        return choices[self.below(len(choices))]


def number_of(birth_year: int, sex: str, last_six: int) -> str:
    """Return a number whose parts agree with the person (domain.md §2)."""
    century = 2 * ((birth_year - 1900) // 100) + (1 if sex == "female" else 0)
    return f"999{century}{birth_year % 100:02d}{last_six:06d}"


def _fresh_number(chance: _Chance, used: set[str], birth_year: int, sex: str) -> str:
    """Return a number whose last six digits nobody else has, so that a bent person's number stays unique."""
    while True:
        number = number_of(birth_year, sex, 100_000 + chance.below(800_000))
        if number[-6:] not in used:
            used.add(number[-6:])
            return number


def _name(chance: _Chance, sex: str, family: str | None = None) -> str:
    return f"{family or chance.pick(_FAMILIES)} {chance.pick(_MIDDLES[sex])} {chance.pick(_GIVEN[sex])}"


def _plain_person(chance: _Chance, index: int, used: set[str]) -> Persona:
    sex = chance.pick(("male", "female"))
    year = 1940 + chance.below(66)
    family = chance.pick(_FAMILIES)
    name = _name(chance, sex, family)
    number = _fresh_number(chance, used, year, sex)
    old_number = f"0991{len(used) % 100_000:05d}" if year < 1998 and chance.below(3) == 0 else None
    home = _present_address(chance)
    other = "female" if sex == "male" else "male"
    spouse_year = max(1935, year - 5 + chance.below(10))
    married = year < 2000 and chance.below(4) != 0
    spouse = Relative(name=_name(chance, other), number=_fresh_number(chance, used, spouse_year, other))
    mother_year, father_year = year - 20 - chance.below(15), year - 22 - chance.below(15)
    return Persona(
        index=index,
        personal_number=number,
        old_number=old_number,
        passport_number=None,
        full_name=name,
        birth_date=f"{year:04d}-{1 + chance.below(12):02d}-{1 + chance.below(28):02d}",
        sex="male" if sex == "male" else "female",
        account=Account(),
        population=PopulationBehaviour(),
        ethnic_group=f"{1 + chance.below(54):02d}",
        religion="00",
        nationality="VN",
        marital_status="2" if married else "1",
        blood_type=f"{chance.below(5):02d}",
        birth_registration_place=_former_address(chance),
        native_place=_former_address(chance),
        permanent_residence=home,
        current_residence=home if chance.below(3) else _present_address(chance),
        father=_parent(chance, used, father_year, "male", family),
        mother=_parent(chance, used, mother_year, "female", None),
        spouse=spouse if married else None,
        head_of_household=Relative(name=name, number=number, relation="CH01"),
        household_number=f"99{index:07d}",
        as_of="2026-11-22",
        note_vi="",
        note_en="",
    )


def _parent(chance: _Chance, used: set[str], year: int, sex: str, family: str | None) -> Relative:
    """Return a parent; those born before 1900 have no number."""
    number = _fresh_number(chance, used, year, sex) if year >= 1900 else None
    return Relative(name=_name(chance, sex, family), number=number)


def _lists() -> AreaLists:
    return shipped_lists()


def _present_address(chance: _Chance) -> Address:
    commune = chance.pick(sorted(_lists().communes["post2025"]))
    return _lists().address(scheme="post2025", commune=commune, text=_detail(chance))


def _former_address(chance: _Chance) -> Address:
    commune = chance.pick(sorted(_lists().communes["pre2025"]))
    return _lists().address(scheme="pre2025", commune=commune, text=_detail(chance))


def _detail(chance: _Chance) -> str:
    return f"{chance.pick(_HAMLETS)}, số nhà {1 + chance.below(300)}"


def _year_only(person: Persona, chance: _Chance) -> Persona:
    return replace(person, birth_date=person.birth_date[:4])


def _old_number_only(person: Persona, chance: _Chance) -> Persona:
    head = Relative(name=person.full_name, relation="CH01")
    old_number = f"0992{person.index:05d}"
    return replace(person, personal_number=None, old_number=old_number, head_of_household=head)


def _foreign_spouse(person: Persona, chance: _Chance) -> Persona:
    spouse = Relative(name=chance.pick(("Anna Lindqvist", "John O'Hara", "Kim Min-jun")), nationality="SE")
    return replace(person, spouse=spouse, marital_status="2")


def _dead(person: Persona, chance: _Chance) -> Persona:
    """Return somebody who died before the reform of 2025: the record stands still, with the units of its day."""
    home = _former_address(chance)
    return replace(
        person,
        death_date="2024-06-30",
        account=Account(state="closed"),
        permanent_residence=home,
        current_residence=home,
        as_of="2024-06-28",
    )


def _minor(person: Persona, chance: _Chance) -> Persona:
    year = 2012 + chance.below(10)
    number = number_of(year, person.sex, int((person.personal_number or "")[-6:]))
    father = _of_age(person.father, year - 30, "male")
    mother = _of_age(person.mother, year - 27, "female")
    head = replace(father, relation="CH03") if father else None
    return replace(
        person,
        personal_number=number,
        old_number=None,
        birth_date=f"{year}{person.birth_date[4:]}",
        marital_status="1",
        spouse=None,
        father=father,
        mother=mother,
        head_of_household=head,
        representative=mother,
        account=Account(level=None, state="none"),
    )


def _of_age(parent: Relative | None, year: int, sex: str) -> Relative | None:
    if parent is None or parent.number is None:
        return parent
    return replace(parent, number=number_of(year, sex, int(parent.number[-6:])))


def _member(person: Persona, chance: _Chance) -> Persona:
    head = replace(person.father, relation="CH03") if person.father else None
    return replace(person, head_of_household=head)


def _old_codes(person: Persona, chance: _Chance) -> Persona:
    return replace(person, permanent_residence=_former_address(chance))


def _split_commune(person: Persona, chance: _Chance) -> Persona:
    rows = _lists().communes["pre2025"]
    split = sorted(code for code, row in rows.items() if len(row["became"]) > 1)
    home = _lists().address(scheme="pre2025", commune=chance.pick(split), text=_detail(chance))
    return replace(person, permanent_residence=home)


def _missing_district(person: Persona, chance: _Chance) -> Persona:
    home = replace(_former_address(chance), district=None)
    return replace(person, permanent_residence=home, current_residence=home, as_of="2025-06-01")


def _no_nationality(person: Persona, chance: _Chance) -> Persona:
    return replace(person, nationality="")


def _highland_name(person: Persona, chance: _Chance) -> Persona:
    name = chance.pick(_HIGHLAND[person.sex])
    head = Relative(name=name, number=person.personal_number, relation="CH01")
    return replace(person, full_name=name, ethnic_group="12", head_of_household=head)


def _long_address(person: Persona, chance: _Chance) -> Persona:
    home = person.permanent_residence
    return replace(
        person, permanent_residence=replace(home, detail=_LONG_DETAIL, as_received=_LONG_DETAIL) if home else None
    )


KINDS: tuple[tuple[str, Callable[[Persona, Any], Persona]], ...] = (
    ("plain", lambda person, chance: person),
    ("year only", _year_only),
    ("old number only", _old_number_only),
    ("no spouse", lambda person, chance: replace(person, spouse=None, marital_status="1")),
    ("foreign spouse", _foreign_spouse),
    ("dead", _dead),
    ("minor with representative", _minor),
    ("household member", _member),
    ("old codes", _old_codes),
    ("split commune", _split_commune),
    ("missing district", _missing_district),
    ("no nationality", _no_nationality),
    ("apostrophe or hyphen", _highland_name),
    ("long address", _long_address),
)
