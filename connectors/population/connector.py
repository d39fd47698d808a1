"""The population connector: one question, one SOAP call, an outcome for every attribute."""

from datetime import datetime, timedelta, timezone

from connectors.population.answer_tree import Reading, read_answer
from connectors.population.document import LARGEST, Malformed, Unreadable
from connectors.population.envelope import Lookup, Unaskable, write_envelope
from connectors.population.fields import READERS, Row, read_number
from gateway.connector_runtime.contract import (
    Absent,
    Answer,
    Equipment,
    Found,
    Health,
    Outcome,
    Provenance,
    Question,
    Refused,
    SourceTrouble,
    Unavailable,
)
from gateway.vocabulary.areas import shipped_lists
from gateway.vocabulary.personal_number import strip_grouping

_VIETNAM = timezone(timedelta(hours=7))


class PopulationConnector:
    """Asks the population database about one person by number, name and birth date, never by a number alone."""

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self._lists = shipped_lists()

    async def answer(self, question: Question) -> Answer:
        """Map every attribute asked to an outcome. Raises SourceTrouble when the call as a whole failed.

        A person without any number (a foreign resident) is not in this register: `not_kept`, without a call.
        """
        if not (question.personal_number or question.old_number):
            return dict.fromkeys(question.attributes, Absent("not_kept"))
        message = self._write(question)
        body = await self._equipment.transport.send(message, deadline_at=question.deadline_at)
        retrieved_at = self._equipment.clock.now()
        row = _one_person(self._read(body, retrieved_at), question)
        provenance = Provenance(source=self._equipment.source, as_of=row.as_of, retrieved_at=retrieved_at)
        return {name: _outcome(name, row, provenance) for name in question.attributes}

    async def check(self) -> Health:
        """Probe the bus; nobody is asked about."""
        if not (self._equipment.officer and self._equipment.agency_code):
            return Health("down", "`officer` and `agency_code` must be set")
        return await self._equipment.transport.check()

    def _write(self, question: Question) -> bytes:
        equipment = self._equipment
        personal_number, old_number = _numbers(question)
        if question.birth_date is None:
            raise SourceTrouble(Refused("bad_request"), "no birth date: the source wants a three-way key")
        lookup = Lookup(
            request_id=question.request_id,
            procedure=question.procedure,
            integration_code=equipment.options["integration_code"],
            agency=equipment.agency_code,
            officer=question.officer_ref or equipment.officer,
            personal_number=personal_number,
            old_number=old_number,
            full_name=question.full_name,
            birth_date=question.birth_date,
        )
        try:
            return write_envelope(
                lookup, key_form=equipment.options["key_form"], date_form=equipment.options["date_form"]
            )
        except Unaskable as error:
            raise SourceTrouble(Refused("bad_request"), str(error)) from None

    def _read(self, body: bytes, now: datetime) -> Reading:
        if len(body) > LARGEST:
            raise SourceTrouble(Unavailable(reason="oversize"), "answer larger than 1 MB")
        try:
            return read_answer(body, lists=self._lists, today=now.astimezone(_VIETNAM).date())
        except Malformed as error:
            raise SourceTrouble(Unavailable(reason="malformed"), str(error)) from None


def _numbers(question: Question) -> tuple[str | None, str | None]:
    """Return the 12-digit number, or without one the 9-digit one. Raises SourceTrouble for other shapes."""
    personal_number = strip_grouping(question.personal_number or "")
    old_number = strip_grouping(question.old_number or "")
    if len(old_number) == 12 and not personal_number:
        personal_number = old_number  # old cards had 12 digits too: the very same number
    asked, length = (personal_number, 12) if personal_number else (old_number, 9)
    if not (asked.isascii() and asked.isdigit() and len(asked) == length):
        raise SourceTrouble(Refused("bad_request"), "a number of the wrong shape")
    return (asked, None) if length == 12 else (None, asked)


_ERRORS: dict[str, Refused] = {"4": Refused("purpose_denied"), "5": Refused("officer_denied")}


def _one_person(reading: Reading, question: Question) -> Row:
    """Return the row that is about the person asked for. Raises SourceTrouble in every other case."""
    if reading.error_code is not None:
        refusal = _ERRORS.get(reading.error_code.lstrip("0"))
        raise SourceTrouble(refusal or Unavailable(reason="fault"), "the source answered an error code")
    if reading.fault:
        raise SourceTrouble(Unavailable(reason="fault"), "the source answered a SOAP fault")
    if reading.count > 1:
        raise SourceTrouble(Absent("ambiguous"), "the source named several people")
    if reading.row is None:
        raise SourceTrouble(Absent("no_match"), "the source named nobody")
    _check_same_person(reading.row, question)
    return reading.row


def _check_same_person(row: Row, question: Question) -> None:
    """Let nothing of an answer about somebody else through. Raises SourceTrouble."""
    personal_number, old_number = _numbers(question)
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


def _outcome(name: str, row: Row, provenance: Provenance) -> Outcome:
    reader = READERS.get(name)
    if reader is None:
        return Absent("not_kept")
    try:
        value = reader(row)
    except Unreadable:
        return Unavailable(reason="malformed")
    return Absent("empty") if value is None else Found(value, provenance)
