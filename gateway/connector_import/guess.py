"""Proposals by names, formats and examples; every one is to be confirmed by whoever knows the register."""

import re
from collections.abc import Mapping
from typing import Any

from gateway.connector_import.node import Node
from gateway.vocabulary.person_name import strip_marks

INPUTS: Mapping[str, tuple[str, ...]] = {
    "personal_number": ("sodinhdanh", "sodinhdanhcanhan", "socccd", "cccd", "socancuoc", "personalnumber", "citizenid"),
    "old_number": ("socmnd", "cmnd", "oldnumber"),
    "full_name": ("hovaten", "hoten", "fullname", "hotencongdan"),
    "birth_date": ("ngaysinh", "ngaythangnamsinh", "birthdate", "dateofbirth", "namsinh"),
    "request_id": ("mayeucau", "requestid", "xrequestid", "correlationid", "magiaodich"),
    "procedure": ("madvc", "mathutuc", "mathutuchanhchinh", "procedure"),
    "officer": ("macanbo", "canbotracuu"),
    "agency_code": ("madonvi", "macoquan", "agencycode"),
    "channel": ("kenhthuchien",),
}
"""Names as services write them, without marks, capitals and signs; longer names may end with one of a person's."""

PERSON = ("personal_number", "old_number", "full_name", "birth_date")
_UPDATED = ("ngaycapnhat", "thoidiemcapnhat", "thoidiemdulieu", "updated", "updatedat", "asof")
_SEX = ("gioitinh", "sex", "gender")
_DATED = re.compile(r"ngay|date|thoidiem")
MIDNIGHT: Mapping[str, str] = {"dateTime": "T00:00:00", "date-time": "T00:00:00Z"}
"""What makes a day a moment, by the format that wants one: XML Schema lets the offset be left out, RFC 3339 does not,
and midnight of UTC is the same day in Vietnam."""

_FORMS = (
    ("yyyymmdd", re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])")),
    ("dd/mm/yyyy", re.compile(r"(?:[0-2]?\d|3[01])/(?:0?[1-9]|1[0-2])/(?:19|20)\d{2}")),
    ("yyyy-mm-dd", re.compile(r"(?:19|20)\d{2}-\d{2}-\d{2}")),
)


def plain(name: str) -> str:
    """Return a name without marks, capitals and signs: `Số-ĐịnhDanh` is `sodinhdanh`."""
    return re.sub(r"[^a-z0-9]", "", strip_marks(name).lower())


def snake(name: str) -> str:
    """Return a name as attributes are written: `soTheBHYT` is `so_the_bhyt`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", strip_marks(name))
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def input_of(name: str) -> str | None:
    """Return the input a member of a question is most likely for, None where nothing fits."""
    told = plain(name)
    for wanted, names in INPUTS.items():
        if told in names:
            return wanted
    for wanted in ("personal_number", "full_name", "birth_date"):
        if any(told.endswith(one) and len(one) > 5 for one in INPUTS[wanted]):
            return wanted
    return None


def is_about(name: str) -> str | None:
    """Return which of a person's own marks a member of an answer holds; exact names alone: a father has one, too."""
    told = plain(name)
    return next((wanted for wanted in PERSON if told in INPUTS[wanted]), None)


def is_updated(name: str) -> bool:
    """Tell whether a member says how old the record is."""
    return plain(name) in _UPDATED


def type_of(node: Node) -> str:
    """Return the type a field most likely has: date, sex, number, code or text."""
    told = plain(node.name)
    if told in _SEX:
        return "sex"
    if (
        node.form == "date"
        or node.form in MIDNIGHT
        or (node.form == "" and _DATED.search(told) and date_form(node) is not None)
    ):
        return "date"
    if is_about(node.name) in {"personal_number", "old_number"}:
        return "number"
    return "code" if node.values else "text"


def date_form(node: Node) -> str | None:
    """Return how a date is written, by its format and its example, a time beside it or not; None where nothing says
    it."""
    if node.form == "date" or node.form in MIDNIGHT:
        return "yyyy-mm-dd"
    shown = str(node.example) if node.example is not None else ""
    for name, pattern in _FORMS:
        if pattern.fullmatch(shown) or name in node.text.lower():
            return name
    return "yyyymmdd" if node.longest == 8 else None


def value_of(node: Node) -> Any:
    """Return a value for a sample: the description's own example, else an invented one that fits its kind."""
    about = is_about(node.name)
    if about is not None:
        return _INVENTED[about] if about != "birth_date" else _date(node, "1975-05-12")
    if node.example is not None:
        return node.example
    if node.values:
        return node.values[0]
    if type_of(node) == "date" or is_updated(node.name):
        return _date(node, "2024-03-05")
    if type_of(node) == "sex":
        return "1"
    return (plain(node.name).upper()[: node.longest or 40]) or "X"


def invented(value: Any) -> Any:
    """Return a value of an example with every number of twelve digits in the range of invented people (999…)."""
    if isinstance(value, str):
        return re.sub(r"(?<!\d)(?!999)\d{3}(\d{9})(?!\d)", r"999\1", value)
    if isinstance(value, dict):
        return {name: invented(inner) for name, inner in value.items()}
    return [invented(one) for one in value] if isinstance(value, list) else value


_INVENTED = {"personal_number": "999175000003", "old_number": "099999003", "full_name": "TRẦN THỊ BƯỞI"}


def _date(node: Node, iso: str) -> str:
    year, month, day = iso.split("-")
    form = date_form(node)
    told = {"yyyymmdd": f"{year}{month}{day}", "dd/mm/yyyy": f"{day}/{month}/{year}"}.get(form or "", iso)
    return told + MIDNIGHT.get(node.form, "")
