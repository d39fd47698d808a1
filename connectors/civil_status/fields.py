"""One reader per attribute of a HoTich record."""

from datetime import date

from gateway.connector_runtime.contract.document import Unreadable, child, text_of
from gateway.connector_runtime.contract.values import (
    Reader,
    Row,
    known,
    place,
    read_birth_date,
    read_code,
    read_date,
    read_name,
    read_number,
    read_sex,
    relative,
)
from gateway.vocabulary.partial_date import PartialDate

_MARRIAGE = {"1": "single", "2": "married", "3": "divorced", "4": "widowed"}


def _read_marriage(row: Row) -> str | None:
    """Return the word of a code this register alone may be believed for; a code nobody listed is garbled."""
    code = read_code(child(row.part("kethon"), "tinhtrang"))
    if code is None:
        return None
    if code.lstrip("0") not in _MARRIAGE:
        raise Unreadable("a marital status nobody listed")
    return _MARRIAGE[code.lstrip("0")]


def _read_death(row: Row) -> PartialDate | None:
    """Return the date of death. A death entry without a readable date is garbled: it is still a death.

    Raises Unreadable for a date that lies after what the register can know.
    """
    entry = row.part("khaitu")
    died = read_date(text_of(child(entry, "ngaychet")))
    if died is None:
        if entry is not None and any(known(text_of(one)) for one in entry.iter()):
            raise Unreadable("a death entry without a date")
        return None
    if date(died.year, died.month or 1, died.day or 1) > row.as_of:
        raise Unreadable("a death after the date of the data")
    return died


READERS: dict[str, Reader] = {
    "full_name": lambda row: read_name(row.part("hovaten")),
    "birth_date": lambda row: read_birth_date(row.part("ngaythangnamsinh")),
    "sex": lambda row: read_sex(row.part("gioitinh")),
    "personal_number": lambda row: read_number(row.part("sodinhdanh"), (12,)),
    "birth_place": place("noisinh"),
    "birth_registration_place": place("noidangkykhaisinh"),
    "father_name": relative("cha", "hovaten"),
    "father_number": relative("cha", "sodinhdanh"),
    "mother_name": relative("me", "hovaten"),
    "mother_number": relative("me", "sodinhdanh"),
    "marital_status": _read_marriage,
    "spouse_name": relative("vochong", "hovaten"),
    "spouse_number": relative("vochong", "sodinhdanh"),
    "death_date": _read_death,
    "representative_name": relative("nguoidaidien", "hovaten"),
    "representative_number": relative("nguoidaidien", "sodinhdanh"),
}
