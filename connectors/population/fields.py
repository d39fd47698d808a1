"""One reader per attribute of a CongDan; how each kind of value is read stands under the contract."""

from unicodedata import normalize

from gateway.connector_runtime.contract.document import text_of
from gateway.connector_runtime.contract.values import (
    Reader,
    Row,
    known,
    place,
    read_address,
    read_birth_date,
    read_code,
    read_name,
    read_number,
    read_sex,
    relative,
)


def _read_old_number(row: Row) -> str | None:
    # a 12-digit old number exists too and is the personal number itself: it says nothing new
    number = read_number(row.part("socmnd"), (9, 12))
    return number if number is not None and len(number) == 9 else None


def _nfc(text: str | None) -> str | None:
    return None if text is None else normalize("NFC", text)


def _coded(name: str) -> Reader:
    return lambda row: read_code(row.part(name))


READERS: dict[str, Reader] = {
    "full_name": lambda row: read_name(row.part("hovaten")),
    "birth_date": lambda row: read_birth_date(row.part("ngaythangnamsinh")),
    "sex": lambda row: read_sex(row.part("gioitinh")),
    "personal_number": lambda row: read_number(row.part("sodinhdanh"), (12,)),
    "old_number": _read_old_number,
    "ethnic_group": _coded("dantoc"),
    "religion": _coded("tongiao"),
    "nationality": _coded("quoctich"),
    "blood_type": _coded("nhommau"),
    "birth_registration_place": place("noidangkykhaisinh"),
    "native_place": place("quequan"),
    "permanent_residence": place("thuongtru"),
    "current_residence": lambda row: read_address(row, "noiohientai") or read_address(row, "noiohiennay"),
    "father_name": relative("cha", "hovaten"),
    "father_number": relative("cha", "sodinhdanh"),
    "mother_name": relative("me", "hovaten"),
    "mother_number": relative("me", "sodinhdanh"),
    "spouse_name": relative("vochong", "hovaten"),
    "spouse_number": relative("vochong", "sodinhdanh"),
    "spouse_nationality": relative("vochong", "quoctich"),
    "representative_name": relative("nguoidaidien", "hovaten"),
    "representative_number": relative("nguoidaidien", "sodinhdanh"),
    "head_name": relative("chuho", "hovaten"),
    "head_number": relative("chuho", "sodinhdanh"),
    "head_relation": relative("chuho", "quanhe"),
    "household_number": lambda row: _nfc(known(text_of(row.part("sosohokhau")))),
}
