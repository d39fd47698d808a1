"""Finding the person in an answer: one row, several, none, an error code or a fault (domain.md §5.4, §5.6)."""

from dataclasses import dataclass
from datetime import date

from lxml import etree

from connectors.population.document import (
    Malformed,
    Unreadable,
    attribute,
    child,
    descendants,
    local_name,
    read_document,
    text_of,
)
from connectors.population.fields import Row, known, read_date, read_name
from gateway.vocabulary.areas import AreaLists

_ERROR_CODES = ("errorcode", "error_code", "maloi")
_ROOTS = ("envelope", "congdancollection", "congdan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What an answer holds. `error_code` is the source's own, `fault` a SOAP fault; `count` how many people it
    speaks of, `row` the person when there is exactly one."""

    error_code: str | None = None
    fault: bool = False
    count: int = 0
    row: Row | None = None


def read_answer(body: bytes, *, lists: AreaLists, today: date) -> Reading:
    """Read an answer's bytes. Raises Malformed when it is not an answer of this service at all.

    A row whose name is empty is no person. Several rows are counted and none of them is given out.
    """
    root = read_document(body)
    if local_name(root) not in _ROOTS:
        raise Malformed("not a SOAP answer")
    rows = [one for one in descendants(root, "congdan") if _has_name(one)]
    error_code = _error_code(root)
    if error_code is not None:
        return Reading(error_code=error_code)
    if next(descendants(root, "fault"), None) is not None:
        return Reading(fault=True)
    collection = next(descendants(root, "congdancollection"), None)
    if not rows:
        _check_empty(root, collection)
        return Reading()
    count = max(len(rows), _told_count(collection))
    if count > 1:
        return Reading(count=count)
    as_of = _as_of(collection) or today
    return Reading(count=1, row=Row(rows[0], as_of, lists))


def _has_name(element: etree._Element) -> bool:
    try:
        return read_name(child(element, "hovaten")) is not None
    except Unreadable:
        return True  # somebody is there, told twice: not an empty row


def _error_code(root: etree._Element) -> str | None:
    for element in descendants(root, *_ERROR_CODES):
        if any(local_name(above) == "congdan" for above in element.iterancestors()):
            continue
        code = text_of(element)
        if known(code) is not None:
            return code
    return None


def _check_empty(root: etree._Element, collection: etree._Element | None) -> None:
    """Let an answer without people pass only when it is one of this service's own."""
    if collection is not None or local_name(root) == "congdan":
        return
    bodies = [one for one in root if isinstance(one.tag, str) and local_name(one) == "body"]
    if len(bodies) != 1:
        raise Malformed("a SOAP envelope without one body")
    if any("congdan" not in local_name(one) for one in bodies[0] if isinstance(one.tag, str)):
        raise Malformed("the body holds something else")


def _told_count(collection: etree._Element | None) -> int:
    text = attribute(collection, "socongdan") if collection is not None else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _as_of(collection: etree._Element | None) -> date | None:
    if collection is None:
        return None
    try:
        told = read_date(attribute(collection, "thoidiemdulieu"))
    except Unreadable:
        return None
    if told is None or told.month is None or told.day is None:
        return None
    return date(told.year, told.month, told.day)
