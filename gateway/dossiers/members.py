"""The members of the national message (domain of the portal hub, `docs/dossiers.md`) read into ours, strictly.

What is personal is not read at all, save the owner's number, which becomes two keyed tags and is forgotten. A member
that is missing, null or empty was not said; one that is there and malformed is refused by name, without its value.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from gateway.audit.receipt import is_issued_receipt
from gateway.dossiers.codes import CodeRefused, parse_agency, parse_procedure
from gateway.dossiers.dossier import Channel, DossierStatus
from gateway.dossiers.failure import MemberRefused
from gateway.vocabulary.working_days import VIETNAM

Members = dict[str, Any]
Value = TypeVar("Value")

RECEIPTS = "BienNhanDienSan"
"""Ours, not the hub's: receipts of the filled forms that the dossier was filed with."""

LONGEST_LIST = 200
LONGEST_TEXT = 200
MOST_RECEIPTS = 10
_LARGEST_FEE = 10**12
_DIGITS = re.compile(r"[0-9]+")
_FORMS = (("%Y%m%d%H%M%S", 14), ("%Y%m%d", 8), ("%d/%m/%Y %H:%M:%S", 19), ("%d/%m/%Y", 10))
_CHANNELS = {"1": Channel.COUNTER, "2": Channel.ONLINE, "3": Channel.POST}
_FLAGS: Mapping[Any, bool] = {"0": False, "1": True, "false": False, "true": True}

WORDS: Mapping[str, DossierStatus] = {
    "new": DossierStatus.NEW,
    "waiting": DossierStatus.NEW,
    "receiving": DossierStatus.ACCEPTED,
    "processing": DossierStatus.IN_PROCESS,
    "paying": DossierStatus.FINANCIAL_DUTY,
    "denied": DossierStatus.NOT_ACCEPTED,
    "unresolved": DossierStatus.STOPPED,
    "cancelled": DossierStatus.WITHDRAWN,
    "releasing": DossierStatus.DONE,
    "done": DossierStatus.RETURNED,
}
"""What sector feeds call a status. `releasing` is a result that waits to be fetched, `done` one handed over."""


def read_members(sent: Mapping[str, Any]) -> Members:
    """Return what a message says of a dossier, in our names. Raises MemberRefused."""
    found: Members = {}
    for name, (ours, read) in _PLAIN.items():
        if _said(sent.get(name)) and (value := _read(name, sent[name], read)) is not None:
            found[ours] = value
    for name, (ours, read_items) in _LISTS.items():
        if sent.get(name) is not None:
            found[ours] = read_items(_items(name, sent[name]), name)
    if sent.get(RECEIPTS) is not None:
        found["receipts"] = _receipts(sent[RECEIPTS])
    return found


def owner_number(sent: Mapping[str, Any]) -> str | None:
    """Return the number of the dossier's owner as digits, 12 or 9; None where the message has none, or another paper's.

    It is for making tags only: nobody keeps it. Raises MemberRefused for a list that is none.
    """
    numbers = [item.get("SoDinhDanh") for item in _items("DinhDanhCHS", sent.get("DinhDanhCHS") or [])]
    for written in (*numbers, sent.get("SoGiayToChuHoSo")):
        digits = "".join(str(written or "").split()).replace(".", "")
        if digits.isascii() and digits.isdigit() and len(digits) in {9, 12}:
            return digits
    return None


def read_time(value: Any) -> int:
    """Return a time as seconds since 1970: yyyyMMddHHmmss or a sector feed's dd/MM/yyyy HH:mm:ss in Vietnam's time, or
    ISO 8601 with an offset. Raises ValueError."""
    text = str(value).strip() if isinstance(value, str | int) else ""
    for form, length in _FORMS:
        if len(text) == length:
            try:
                return int(datetime.strptime(text, form).replace(tzinfo=VIETNAM).timestamp())
            except ValueError:
                continue
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("no offset")
    return int(at.timestamp())


def read_status(value: Any) -> int:
    """Return one of the ten statuses by its number, or by a sector feed's word. Raises ValueError."""
    word = WORDS.get(value.strip().lower()) if isinstance(value, str) else None
    return int(DossierStatus(_number(value)) if word is None else word)


def read_text(value: Any) -> str:
    """Return a short text, NFC and without space around it; a number becomes its digits. Raises ValueError."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError("no text")
    text = unicodedata.normalize("NFC", str(value)).strip()
    if not text or len(text) > LONGEST_TEXT or not text.isprintable():
        raise ValueError("no short text")
    return text


def read_flag(value: Any) -> bool:
    """Return a flag: 0, 1, or a JSON boolean. Raises ValueError."""
    flag = _FLAGS.get(str(value).strip().lower()) if isinstance(value, str | int) else None
    if flag is None:
        raise ValueError("no flag")
    return flag


def from_seconds(value: int) -> datetime:
    """Return the aware time of seconds since 1970."""
    return datetime.fromtimestamp(value, UTC)


def _said(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())


def _read(name: str, value: Any, how: Callable[[Any], Value]) -> Value:
    try:
        return how(value)
    except CodeRefused as refused:
        raise MemberRefused(f"`{name}`: {refused}") from None
    except (ValueError, OverflowError, OSError):
        raise MemberRefused(f"`{name}`: is not what docs/dossiers.md says") from None


def _items(name: str, value: Any) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or len(value) > LONGEST_LIST or not all(isinstance(one, dict) for one in value):
        raise MemberRefused(f"`{name}`: is a list of at most {LONGEST_LIST} objects")
    return value


def _channel(value: Any) -> str:
    channel = _CHANNELS.get(read_text(value))
    if channel is None:
        raise ValueError("neither 1, 2 nor 3")
    return str(channel)


def _paid(value: Any) -> int:
    number = _number(value)
    if number not in {1, 2, 3}:
        raise ValueError("neither 1, 2 nor 3")
    return number


def _reused(value: Any) -> bool:
    number = _number(value)
    if number not in {0, 1, 2}:
        raise ValueError("neither 0, 1 nor 2")
    return number > 0


def _amount(value: Any) -> int:
    amount = _number(value)
    if amount > _LARGEST_FEE:
        raise ValueError("no amount")
    return amount


def _number(value: Any) -> int:
    text = read_text(value)
    if not _DIGITS.fullmatch(text):
        raise ValueError("no whole number")
    return int(text)


def _unit(value: Any) -> str | None:
    """Return the code of the unit; a name in its place (as some senders write) tells no code and is not kept."""
    try:
        return parse_agency(read_text(value))
    except CodeRefused:
        return None


def _part(item: Mapping[str, Any], place: str, name: str, how: Callable[[Any], Value]) -> Value | None:
    value = item.get(name)
    return _read(f"{place}.{name}", value, how) if _said(value) else None


def _needed(item: Mapping[str, Any], place: str, *names: str) -> str:
    for name in names:
        found = _part(item, place, name, read_text)
        if found is not None:
            return found
    raise MemberRefused(f"`{place}.{names[0]}`: is missing")


def _placed(items: list[Mapping[str, Any]], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from ((f"{name}[{at}]", item) for at, item in enumerate(items))


def _papers(items: list[Mapping[str, Any]], name: str) -> Members:
    found: Members = {}
    for place, item in _placed(items, name):
        paper: Members = {
            "component": _part(item, place, "MaThanhPhanHoSo", read_text) or "",
            "has_file": _said(item.get("DuongDanTaiTepTin")) or _said(item.get("TenTepDinhKem")),
            "digitised": _part(item, place, "DuocSoHoa", read_flag),
            "reused": _part(item, place, "DuocTaiSuDung", _reused),
            "from_store": _part(item, place, "DuocLayTuKhoDMQG", read_flag),
            "replaced_by": _part(item, place, "MaKetQuaThayThe", read_text),
        }
        deleted = _part(item, place, "IsDeleted", read_flag)
        identity = _needed(item, place, "TepDinhKemId")
        found[identity] = None if deleted else {key: value for key, value in paper.items() if value is not None}
    return found


def _results(items: list[Mapping[str, Any]], name: str) -> Members:
    found: Members = {}
    for place, item in _placed(items, name):
        link = _said(item.get("DuongDanTepTinKetQua"))
        paper = {
            "code": _part(item, place, "MaGiayToKetQua", read_text) or _part(item, place, "MaKetQua", read_text),
            "component": _part(item, place, "MaThanhPhanHoSo", read_text),
            "has_file": link,
            "has_link": link,
        }
        identity = _needed(item, place, "GiayToId", "MaGiayToKetQua", "MaThanhPhanHoSo")
        found[identity] = {key: value for key, value in paper.items() if value is not None}
    return found


def _fees(items: list[Mapping[str, Any]], name: str) -> Members:
    return {
        _needed(item, place, "MaPhiLePhi"): _part(item, place, "Gia", _amount) or 0
        for place, item in _placed(items, name)
    }


def _receipts(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_RECEIPTS:
        raise MemberRefused(f"`{RECEIPTS}`: is a list of at most {MOST_RECEIPTS} receipts")
    receipts = sorted({str(one) for one in value})
    if not all(is_issued_receipt(one) and one.startswith("rc_") for one in receipts):
        raise MemberRefused(f"`{RECEIPTS}`: holds what is no receipt of a filled form, `rc_…`")
    return receipts


def _databases(items: list[Mapping[str, Any]], name: str) -> list[str]:
    return sorted({_needed(item, place, "MaCSDL") for place, item in _placed(items, name)})


def _supplements(items: list[Mapping[str, Any]], name: str) -> list[list[int | None]]:
    found: list[list[int | None]] = []
    for place, item in _placed(items, name):
        asked = _part(item, place, "NgayBoSung", read_time)
        if asked is None:
            raise MemberRefused(f"`{place}.NgayBoSung`: is missing")
        due, answered = (_part(item, place, one, read_time) for one in ("HanBoSung", "NgayTiepNhanBoSung"))
        found.append([asked, due, answered])
    return sorted(found, key=lambda one: one[0] or 0)


_PLAIN: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "MaTTHC": ("procedure", lambda value: parse_procedure(read_text(value))),
    "DonViXuLy": ("handling_unit", _unit),
    "KenhThucHien": ("channel", _channel),
    "TrangThaiHoSo": ("status", read_status),
    "NgayTiepNhan": ("received_at", read_time),
    "NgayHenTra": ("due_at", read_time),
    "NgayKetThucXuLy": ("ended_at", read_time),
    "NgayNopHoSo": ("filed_at", read_time),
    "NgayTra": ("returned_at", read_time),
    "NgayTuChoi": ("refused_at", read_time),
    "HanBoSung": ("supplement_due", read_time),
    "DuocThanhToanTrucTuyen": ("paid_online", _paid),
    "HoSoCoThanhPhanSoHoa": ("has_digitised_part", read_flag),
    "TaiKhoanDuocXacThucVoiVNeID": ("vneid_verified", read_flag),
}
_LISTS: Mapping[str, tuple[str, Callable[[list[Mapping[str, Any]], str], Any]]] = {
    "DSKetNoiCSDL": ("databases", _databases),
    "TaiLieuNop": ("inputs", _papers),
    "DanhSachGiayToKetQua": ("results", _results),
    "DanhSachLePhi": ("fees", _fees),
    "DanhSachHoSoBoSung": ("supplements", _supplements),
}
