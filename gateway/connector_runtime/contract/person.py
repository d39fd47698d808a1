"""From an answer to outcomes: the one record that is about the person asked for, and nothing of anybody else."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone

from lxml import etree

from gateway.connector_runtime.contract import (
    Absent,
    Answer,
    Found,
    Outcome,
    Provenance,
    Question,
    Refused,
    SourceTrouble,
    Speech,
    Unavailable,
)
from gateway.connector_runtime.contract.answer_tree import AnswerNames, Reading, read_answer
from gateway.connector_runtime.contract.document import LARGEST, Malformed, Unreadable, read_document, read_object
from gateway.connector_runtime.contract.values import Reader, Row, read_number
from gateway.vocabulary.areas import AreaLists
from gateway.vocabulary.personal_number import strip_grouping

_VIETNAM = timezone(timedelta(hours=7))
_ERRORS: dict[str, Refused] = {"4": Refused("purpose_denied"), "5": Refused("officer_denied")}


def numbers_of(question: Question) -> tuple[str | None, str | None]:
    """Return the 12-digit number, or without one the 9-digit one. Raises SourceTrouble for other shapes."""
    personal_number = strip_grouping(question.personal_number or "")
    old_number = strip_grouping(question.old_number or "")
    if len(old_number) == 12 and not personal_number:
        personal_number = old_number  # old cards had 12 digits too: the very same number
    asked, length = (personal_number, 12) if personal_number else (old_number, 9)
    if not (asked.isascii() and asked.isdigit() and len(asked) == length):
        raise SourceTrouble(Refused("bad_request"), "a number of the wrong shape")
    return (asked, None) if length == 12 else (None, asked)


def read_tree(body: bytes, speech: Speech) -> etree._Element:
    """Return an answer as a tree. Raises SourceTrouble when it is none, or larger than 1 MB."""
    if len(body) > LARGEST:
        raise SourceTrouble(Unavailable(reason="oversize"), "answer larger than 1 MB")
    try:
        return read_document(body) if speech == "soap" else read_object(body)
    except Malformed as error:
        raise SourceTrouble(Unavailable(reason="malformed"), str(error)) from None


def find_person(
    root: etree._Element, question: Question, *, names: AnswerNames, lists: AreaLists, now: datetime
) -> Row:
    """Return the record that is about the person asked for. Raises SourceTrouble in every other case.

    An answer that says no date is taken as true of today, which is a day in Vietnam.
    """
    try:
        reading = read_answer(root, names, lists=lists, today=now.astimezone(_VIETNAM).date())
    except Malformed as error:
        raise SourceTrouble(Unavailable(reason="malformed"), str(error)) from None
    return _one_person(reading, question)


def outcomes_of(row: Row, readers: Mapping[str, Reader], attributes: Iterable[str], provenance: Provenance) -> Answer:
    """Return an outcome for every attribute; one that cannot be read is unavailable by itself."""
    return {name: _outcome(readers.get(name), row, provenance) for name in attributes}


def refuse_error(code: str | None, *, fault: bool) -> None:
    """Raise SourceTrouble when the source answered an error code or a fault instead of a record."""
    if code is not None:
        refusal = _ERRORS.get(code.lstrip("0"))
        raise SourceTrouble(refusal or Unavailable(reason="fault"), "the source answered an error code")
    if fault:
        raise SourceTrouble(Unavailable(reason="fault"), "the source answered a SOAP fault")


def _one_person(reading: Reading, question: Question) -> Row:
    refuse_error(reading.error_code, fault=reading.fault)
    if reading.count > 1:
        raise SourceTrouble(Absent("ambiguous"), "the source named several people")
    if reading.row is None:
        raise SourceTrouble(Absent("no_match"), "the source named nobody")
    _check_same_person(reading.row, question)
    return reading.row


def _check_same_person(row: Row, question: Question) -> None:
    """Let nothing of an answer about somebody else through. Raises SourceTrouble."""
    personal_number, old_number = numbers_of(question)
    asked, name, lengths = (
        (personal_number, "sodinhdanh", (12,)) if personal_number else (old_number, "socmnd", (9, 12))
    )
    try:
        told = read_number(row.part(name), lengths)
    except Unreadable:
        told = None
    if told is None:
        raise SourceTrouble(Unavailable(reason="malformed"), "the answer does not say whom it is about")
    if told != asked:
        raise SourceTrouble(Refused("other_person"), "the answer is about somebody else")


def _outcome(reader: Reader | None, row: Row, provenance: Provenance) -> Outcome:
    if reader is None:
        return Absent("not_kept")
    try:
        value = reader(row)
    except Unreadable:
        return Unavailable(reason="malformed")
    return Absent("empty") if value is None else Found(value, provenance)
