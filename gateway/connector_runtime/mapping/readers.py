"""One reader per kind of value: from what a source wrote to a value of the vocabulary. Pure, and it guesses nothing.

A reader gets a plain value (text, number, truth) and returns the value, None for unknown, or raises Unreadable whose
text says what is wrong and never what was there.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal
from unicodedata import is_normalized, normalize

from gateway.connector_runtime.contract.document import Unreadable
from gateway.connector_runtime.contract.values import LONGEST_DATE, day_of, read_date
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.personal_number import strip_grouping

Read = Callable[[Any], Any]
DateFormat = Literal["yyyy-mm-dd", "yyyymmdd", "dd/mm/yyyy", "mm/dd/yyyy"]
DatePart = Literal["day", "month", "year"]

SEXES: Mapping[str, str] = {"1": "male", "2": "female", "3": "other", "nam": "male", "nữ": "female", "khác": "other"}

UNCARRIED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Signs that XML 1.0 §2.2 and JSON text in UTF-8 cannot both carry: no message and no form does."""

_PARTS = re.compile(r"\d+")


def text_of(value: Any) -> str:
    """Return a plain value as text: NFC and trimmed. Raises Unreadable for a truth, for anything that is no text, and
    for signs that no form carries."""
    if isinstance(value, str):
        if not value.isprintable() and UNCARRIED.search(value):
            raise Unreadable("a sign that no form can carry")
        return (value if value.isascii() else normalize("NFC", value)).strip()
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise Unreadable("a text was expected")
    return str(value)


def text_reader(transforms: Sequence[Callable[[str], str]], unknown: frozenset[str]) -> Read:
    """Return the reader of a text; `unknown` are the texts by which the source says that it does not know."""

    def plain(value: Any) -> str | None:
        # most texts are in NFC already, and looking is cheaper than making
        if type(value) is str and value.isprintable() and (value.isascii() or is_normalized("NFC", value)):
            text = value.strip()
        elif value is None:
            return None
        else:
            text = text_of(value)
        return None if text in unknown else text

    if not transforms:
        return plain

    def transformed(value: Any) -> str | None:
        text = plain(value)
        for change in transforms:
            text = None if text is None else change(text)
        return text or None

    return transformed


def number_reader(inner: Read, lengths: frozenset[int]) -> Read:
    """Return the reader of digits without grouping; nothing is padded: zeros that were lost stay lost."""

    def read(value: Any) -> str | None:
        text = inner(value)
        if text is None:
            return None
        number = strip_grouping(text)
        if not (number.isascii() and number.isdigit()):
            raise Unreadable("a number that has more than digits")
        if lengths and len(number) not in lengths:
            raise Unreadable("a number of the wrong length")
        return number

    return read


def code_reader(inner: Read, codes: Mapping[str, str] | None, *, keep_others: bool = False) -> Read:
    """Return the reader of a code by a list: a code nobody listed is Unreadable unless the list lets others pass."""

    def read(value: Any) -> str | None:
        text: str | None = inner("true" if value is True else "false" if value is False else value)
        if text is None or codes is None:
            return text
        found = codes.get(text)
        if found is None:
            found = codes.get(text.casefold())
        if found is None and not keep_others:
            raise Unreadable("a code that is in no list")
        return text if found is None else found

    return read


def date_reader(inner: Read, form: DateFormat | None, *, whole: bool, is_local: bool = False) -> Read:
    """Return the reader of a date; `whole` refuses one without its day, otherwise the source's precision stays, and
    `is_local` says that times without an offset are Vietnam's."""

    def read(value: Any) -> PartialDate | None:
        text = inner(value)
        if text is None:
            return None
        found = read_any_date(text, is_local=is_local) if form is None else parse_date(text, form, is_local=is_local)
        if found is None:
            return None
        if whole and found.day is None:
            raise Unreadable("a date without its day")
        return found

    return read


def read_any_date(text: str, *, is_local: bool) -> PartialDate | None:
    """Read a date of any form as `read_date` does. Raises Unreadable."""
    return day_of(text.strip(), read_date, is_local=True) if is_local else read_date(text)


def parse_date(text: str, form: DateFormat, *, is_local: bool = False) -> PartialDate | None:
    """Read a date written in one order, whole or shortened (`mm/yyyy`, `yyyy`); zeros for a part are unknown.

    A time beside it is read as `day_of` says. Raises Unreadable for a date that does not exist.
    """
    text = text.strip()
    if len(text) <= LONGEST_DATE:
        return _parse_day(text, form)
    return day_of(text, lambda day: _parse_day(day, form), is_local=is_local)


def _parse_day(text: str, form: DateFormat) -> PartialDate | None:
    parts = _PARTS.findall(text)
    if len("".join(parts)) + max(len(parts) - 1, 0) != len(text) or not 1 <= len(parts) <= 3:
        raise Unreadable("not a date")
    if len(parts) == 1 and form == "yyyymmdd" and len(text) in {6, 8}:
        parts = [text[:4], text[4:6], text[6:8]] if len(text) == 8 else [text[:4], text[4:6]]
    elif form in {"dd/mm/yyyy", "mm/dd/yyyy"}:
        parts.reverse()
        if form == "mm/dd/yyyy" and len(parts) == 3:
            parts[1:] = [parts[2], parts[1]]
    if len(parts[0]) != 4:
        raise Unreadable("not a date")
    numbers = [int(part) for part in parts]
    if not any(numbers):
        return None
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    try:
        if 0 in numbers:
            raise Unreadable("a date with a hole")
        return PartialDate(*numbers)
    except ValueError:
        raise Unreadable("not a date that exists") from None


def shorten(date: PartialDate, part: DatePart) -> PartialDate:
    """Return a date as far as the source says it is known. Raises Unreadable when less of it is there."""
    if part == "year":
        return PartialDate(date.year)
    if date.month is None or (part == "day" and date.day is None):
        raise Unreadable("less of the date is there than the source says")
    return PartialDate(date.year, date.month) if part == "month" else date
