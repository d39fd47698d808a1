"""A connector with code: the library's readers over a bus that carries XML."""

from unicodedata import normalize

from lxml import etree

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
from gateway.connector_runtime.contract.document import (
    Malformed,
    Unreadable,
    child,
    descendants,
    read_document,
    text_of,
)
from gateway.connector_runtime.contract.values import read_date, read_name
from gateway.vocabulary.partial_date import PartialDate

NAMESPACE = "urn:library"
BRANCHES = {"01": "centre", "02": "mobile"}


class ReaderConnector:
    """Asks the library about one reader."""

    def __init__(self, equipment: Equipment) -> None:
        self._transport = equipment.transport
        self._clock = equipment.clock
        self._source = equipment.source
        self._options = equipment.options

    async def answer(self, question: Question) -> Answer:
        if question.personal_number is None:
            return dict.fromkeys(question.attributes, Absent("not_kept"))
        if not (question.personal_number.isdigit() and len(question.personal_number) == 12):
            raise SourceTrouble(Refused("bad_request"), "a number of the wrong shape")
        body = await self._transport.send(self._write(question), deadline_at=question.deadline_at)
        record = self._find(self._parse(body), question)
        answer = self._read(record)
        return {name: answer[name] for name in question.attributes}

    async def check(self) -> Health:
        return await self._transport.check()

    def _write(self, question: Question) -> bytes:
        asked = etree.Element(etree.QName(NAMESPACE, "FindReader"), nsmap={"l": NAMESPACE})
        etree.SubElement(asked, etree.QName(NAMESPACE, "CitizenId")).text = question.personal_number
        etree.SubElement(asked, etree.QName(NAMESPACE, "Name")).text = question.full_name
        return etree.tostring(asked, xml_declaration=True, encoding="UTF-8")

    def _parse(self, body: bytes) -> etree._Element:
        try:
            return read_document(body)
        except Malformed as error:
            raise SourceTrouble(Unavailable(reason="malformed"), str(error)) from None

    def _find(self, root: etree._Element, question: Question) -> etree._Element:
        holder = next(descendants(root, "readers"), None)
        if holder is None:
            raise SourceTrouble(Unavailable(reason="fault"), "no list of readers")
        rows = [one for one in holder if one.tag == "reader"]
        if not rows:
            raise SourceTrouble(Absent("no_match"), "nobody")
        if len(rows) > 1:
            raise SourceTrouble(Absent("ambiguous"), "several")
        if text_of(child(rows[0], "citizenid")) != question.personal_number:
            raise SourceTrouble(Refused("other_person"), "about somebody else")
        return rows[0]

    def _read(self, record: etree._Element) -> dict[str, Outcome]:
        card = child(record, "card")
        now = self._clock.now()
        told = Provenance(source=self._source, as_of=now.date(), retrieved_at=now)
        values = {
            "the_reader_card_number": normalize("NFC", text_of(child(card, "no"))) or None,
            "the_reader_card_issued": self._date(text_of(child(card, "issued"))),
            "the_reader_branch": BRANCHES.get(text_of(child(card, "branch"))),
            "the_reader_full_name": read_name(child(record, "name")),
        }
        return {name: Absent("empty") if value is None else Found(value, told) for name, value in values.items()}

    def _date(self, text: str) -> PartialDate | None:
        try:
            return read_date(text)
        except Unreadable as error:
            raise SourceTrouble(Unavailable(reason="malformed"), str(error)) from None
