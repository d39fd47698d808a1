"""Readers of single values. None is unknown (empty, missing, `0`, `00`); Unreadable is garbled; nothing is guessed."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from lxml import etree

from gateway.connector_runtime.contract.document import Unreadable, child, text_of
from gateway.vocabulary.address import Address, Scheme
from gateway.vocabulary.areas import AreaLists
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.personal_number import strip_grouping
from gateway.vocabulary.working_days import VIETNAM

REFORM = date(2025, 7, 1)

_SEXES = {"1": "male", "2": "female", "3": "other", "nam": "male", "nữ": "female", "khác": "other"}
_SEPARATOR = re.compile(r"[-/.]")
LONGEST_DATE = 10
"""Characters of a date without a time."""

# AM and PM as .NET writes them, in Vietnamese too: SA (sáng) and CH (chiều)
_MOMENT = re.compile(
    r"(?P<day>[^T ]+)(?:T| +)(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?"
    r"(?: *(?P<half>[AaPp][Mm]|SA|CH))? *(?P<offset>[Zz]|[+-]\d\d(?::?\d\d)?)?"
)
_DAY_WITH_OFFSET = re.compile(r"(?P<day>[^ T]+?)(?:[Zz]|[+-](?:0\d|1[0-4]):[0-5]\d)")

Value = str | PartialDate | Address


@dataclass(frozen=True, slots=True)
class Row:
    """One person's record, the date its content is true of, and the unit lists that give codes their names."""

    element: etree._Element
    as_of: date
    lists: AreaLists

    def part(self, name: str) -> etree._Element | None:
        """Return a direct child by its local name (lower case)."""
        return child(self.element, name)


Reader = Callable[[Row], Value | None]


def known(text: str) -> str | None:
    """Return the text, or None when it is empty or all zeros: the register writes unknown as `0`, `00`, `000000000`."""
    return text if text.strip("0 ") else None


def read_name(element: etree._Element | None) -> str | None:
    """Return a name as written (NFC, single spaces), plain or from Ho, ChuDem, Ten; Ten may hold all of it."""
    if element is None:
        return None
    parts = [text_of(element)] if not len(element) else [text_of(child(element, part)) for part in _NAME_PARTS]
    return known(unicodedata.normalize("NFC", " ".join(" ".join(parts).split())))


_NAME_PARTS = ("ho", "chudem", "ten")


def read_number(element: etree._Element | None, lengths: tuple[int, ...]) -> str | None:
    """Return a number without grouping. Raises Unreadable for another length: zeros are never added."""
    number = known(strip_grouping(text_of(element)))
    if number is None:
        return None
    if not (number.isascii() and number.isdigit() and len(number) in lengths):
        raise Unreadable("a number of the wrong shape")
    return number


def read_code(element: etree._Element | None) -> str | None:
    """Return a code, plain or inside a structure with another name; code 99 (other) is told by that name."""
    if element is None:
        return None
    if not len(element):
        return known(text_of(element))
    texts = [known(text_of(one)) for one in element if isinstance(one.tag, str)]
    told = [text for text in texts if text is not None]
    codes = [text for text in told if text.isascii() and text.isalnum() and len(text) <= 4]
    names = [text for text in told if text not in codes]
    if len(codes) > 1 or len(names) > 1:
        raise Unreadable("a code with several readings")
    if codes and codes[0] != "99":
        return codes[0]
    return names[0] if names else (codes[0] if codes else None)


def read_date(text: str) -> PartialDate | None:
    """Read yyyymmdd, yyyymm, yyyy, yyyy-mm-dd, dd/mm/yyyy and their shorter forms; parts of zeros are unknown.

    A time beside it is read as `day_of` says. Raises Unreadable for a date that does not exist.
    """
    text = text.strip()
    return _read_day(text) if len(text) <= LONGEST_DATE else day_of(text, _read_day)


def day_of(text: str, read: Callable[[str], PartialDate | None], *, is_local: bool = False) -> PartialDate | None:
    """Return the day in Vietnam of a date with a time: `2024-03-04T17:00:00Z` is 5 March there (RFC 3339 §5.6).

    `read` reads the date alone. A day with an offset and no time is that day (`1975-05-12+07:00`, XML Schema Part 2
    §3.2.9). Midnight without an offset is a date that was written with a time; another time
    without one is Vietnam's with `is_local`, and otherwise Unreadable: nobody says whose clock it is.
    """
    if " " not in text and "T" not in text:
        return _day_with_offset(text, read)
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise Unreadable("not a date")
    told = read(match["day"])
    if told is None:
        return None
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    half = (match["half"] or "").upper()
    if half:
        hour = hour % 12 + (12 if half in {"PM", "CH"} else 0)
    try:
        if told.month is None or told.day is None:
            raise Unreadable("a time of day beside a date without its day")
        moment = datetime(told.year, told.month, told.day, hour, minute, second)  # noqa: DTZ001  its zone comes below
        if match["offset"] is not None:
            there = datetime.fromisoformat(f"{moment:%Y-%m-%dT%H:%M:%S}{_written_offset(match['offset'])}")
            day = there.astimezone(VIETNAM).date()
            return PartialDate(day.year, day.month, day.day)
    except (ValueError, OverflowError):
        raise Unreadable("not a time of day that exists") from None
    if (hour or minute or second or int(match["part"] or 0)) and not is_local:
        raise Unreadable("a time of day without its offset from UTC")
    return told


def _day_with_offset(text: str, read: Callable[[str], PartialDate | None]) -> PartialDate | None:
    match = _DAY_WITH_OFFSET.fullmatch(text)
    if match is None:
        return read(text)
    told = read(match["day"])
    if told is not None and told.day is None:
        raise Unreadable("an offset beside a date without its day")
    return told


def _written_offset(text: str) -> str:
    if text in {"Z", "z"}:
        return "+00:00"
    digits = text[1:].replace(":", "")
    return f"{text[0]}{digits[:2]}:{digits[2:] or '00'}"


def _read_day(text: str) -> PartialDate | None:
    text = known(text) or ""
    if not text:
        return None
    if text.isascii() and text.isdigit():
        parts = [text[:4], text[4:6], text[6:8]]
        if len(text) not in {4, 6, 8, 14}:
            raise Unreadable("not a date")
    else:
        parts = _SEPARATOR.split(text)
        if len(parts[0]) != 4:
            parts.reverse()
    try:
        numbers = [int(part) for part in parts if part]
        while len(numbers) > 1 and numbers[-1] == 0:
            numbers.pop()
        if not 1 <= len(numbers) <= 3 or not 1000 <= numbers[0] <= 2999:
            raise Unreadable("not a date")
        return PartialDate(*numbers)
    except ValueError:
        raise Unreadable("not a date") from None


def read_birth_date(element: etree._Element | None) -> PartialDate | None:
    """Return the most precise of Nam, ThangNam and NgayThangNam. Raises Unreadable when they contradict each other."""
    if element is None:
        return None
    texts = [text_of(element)]
    if len(element):
        texts = [text_of(child(element, part)) for part in ("nam", "thangnam", "ngaythangnam")]
    dates = [one for one in map(read_date, texts) if one is not None]
    if not dates:
        return None
    best = max(dates, key=lambda one: len(str(one)))
    if not all(best.agrees_with(one) for one in dates):
        raise Unreadable("the parts of a date contradict each other")
    return best


def read_address(row: Row, name: str) -> Address | None:
    """Return a place from its codes; three codes or one MaDonViHanhChinh of 2, 3 or 5 digits.

    The shape tells the list: a district is pre-2025; without one the codes are of the present list, unless the
    data are older than the reform or only the former list has the code.
    """
    element = row.part(name)
    if element is None:
        return None
    if not len(element):
        text = known(element.text or "")
        return row.lists.address(scheme=_scheme(row, None, None), text=text, country="") if text else None
    province, district, commune = (_unit_code(element, part) for part in ("matinhthanh", "maquanhuyen", "maphuongxa"))
    single = _unit_code(element, "madonvihanhchinh")
    if single and not (province or district or commune):
        province, district, commune = (single if len(single) == length else None for length in (2, 3, 5))
        if not (province or district or commune):
            raise Unreadable("a unit code of the wrong length")
    detail = child(element, "chitiet")
    text = (detail.text or "") if detail is not None else ""
    if not (province or district or commune or known(text.strip())):
        return None
    return row.lists.address(
        scheme="pre2025" if district else _scheme(row, province, commune),
        province=province,
        district=district,
        commune=commune,
        text=text,
        country=known(text_of(child(element, "quocgia"))) or ("VN" if province or district or commune else ""),
    )


def _scheme(row: Row, province: str | None, commune: str | None) -> Scheme:
    if row.as_of < REFORM:
        return "pre2025"
    code = commune or province
    only_former = code and row.lists.holds("pre2025", code) and not row.lists.holds("post2025", code)
    return "pre2025" if only_former else "post2025"


def _unit_code(element: etree._Element, name: str) -> str | None:
    code = known(text_of(child(element, name)))
    if code is not None and not (code.isascii() and code.isdigit() and len(code) <= 5):
        raise Unreadable("a unit code that is no code")
    return code


def read_sex(element: etree._Element | None) -> str | None:
    """Return `male`, `female` or `other`. Raises Unreadable for a code nobody listed."""
    code = read_code(element)
    if code is None:
        return None
    if code.lstrip("0").lower() not in _SEXES:
        raise Unreadable("a sex nobody listed")
    return _SEXES[code.lstrip("0").lower()]


def relative(part: str, name: str) -> Reader:
    """Return the reader of one member of a relative (`hovaten`, `sodinhdanh`, `quanhe`, `quoctich`)."""

    def read(row: Row) -> Value | None:
        found = child(row.part(part), name)
        if found is None:
            return None
        if name == "hovaten":
            return read_name(found)
        return read_code(found) if name in {"quanhe", "quoctich"} else read_number(found, (12,))

    return read


def place(name: str) -> Reader:
    """Return the reader of a place."""
    return lambda row: read_address(row, name)
