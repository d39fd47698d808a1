"""Finding the person in an answer: one row, several, none, an error code or a fault (domain.md §5.4, §5.6).

The registers of the exchange platform answer in one shape, so the search is here and a register only says what its
elements are called. XML and JSON become the same tree first: values cannot depend on the bus they came by.
"""

from dataclasses import dataclass
from datetime import date

from lxml import etree

from gateway.connector_runtime.contract.document import (
    Malformed,
    Unreadable,
    child,
    descendants,
    local_name,
    member,
    text_of,
)
from gateway.connector_runtime.contract.values import Row, known, read_date, read_name
from gateway.vocabulary.areas import AreaLists

_ERROR_CODES = ("errorcode", "error_code", "maloi")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerNames:
    """What a register calls the parts of its answer, in lower case: `row` one person's record, `collection` what
    holds the rows, `count` and `as_of` its members for their number and the date they are true of."""

    row: str
    collection: str
    count: str
    as_of: str = "thoidiemdulieu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an answer holds. `error_code` is the source's own, `fault` a SOAP fault; `count` how many people it
    speaks of, `row` the person when there is exactly one."""

    error_code: str | None = None
    fault: bool = False
    count: int = 0
    row: Row | None = None


def read_answer(root: etree._Element, names: AnswerNames, *, lists: AreaLists, today: date) -> Reading:
    """Read an answer's tree. Raises Malformed when it is not an answer of this service at all.

    A row whose name is empty is no person. Several rows are counted and none of them is given out.
    """
    if local_name(root) not in {"envelope", "response", names.collection, names.row}:
        raise Malformed("not an answer of this service")
    rows = [one for one in descendants(root, names.row) if _has_name(one)]
    error_code = find_error(root, names.row)
    if error_code is not None:
        return Reading(error_code=error_code)
    if next(descendants(root, "fault"), None) is not None:
        return Reading(fault=True)
    collection = next(descendants(root, names.collection), None)
    if not rows:
        _check_empty(root, collection, names)
        return Reading()
    count = max(len(rows), _told_count(collection, names))
    if count > 1:
        return Reading(count=count)
    as_of = _as_of(collection, names) or today
    return Reading(count=1, row=Row(rows[0], as_of, lists))


def _has_name(element: etree._Element) -> bool:
    try:
        return read_name(child(element, "hovaten")) is not None
    except Unreadable:
        return True  # somebody is there, told twice: not an empty row


def find_error(root: etree._Element, row: str) -> str | None:
    """Return the source's own error code, None without one; what stands inside a person's record is none."""
    for element in descendants(root, *_ERROR_CODES):
        if any(local_name(above) == row for above in element.iterancestors()):
            continue
        code = text_of(element)
        if known(code) is not None:
            return code
    return None


def _check_empty(root: etree._Element, collection: etree._Element | None, names: AnswerNames) -> None:
    """Let an answer without people pass only when it is one of this service's own."""
    if collection is not None or local_name(root) == names.row:
        return
    bodies = [one for one in root if isinstance(one.tag, str) and local_name(one) == "body"]
    if len(bodies) != 1:
        raise Malformed("a SOAP envelope without one body")
    if any(names.row not in local_name(one) for one in bodies[0] if isinstance(one.tag, str)):
        raise Malformed("the body holds something else")


def _told_count(collection: etree._Element | None, names: AnswerNames) -> int:
    text = member(collection, names.count) if collection is not None else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _as_of(collection: etree._Element | None, names: AnswerNames) -> date | None:
    if collection is None:
        return None
    try:
        told = read_date(member(collection, names.as_of))
    except Unreadable:
        return None
    if told is None or told.month is None or told.day is None:
        return None
    return date(told.year, told.month, told.day)
