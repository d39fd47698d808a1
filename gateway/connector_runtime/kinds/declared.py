"""A connector that is its manifest: the kinds rest and soap."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from gateway.connector_runtime.contract import (
    Absent,
    Answer,
    Health,
    OutboundReply,
    Question,
    Refused,
    SourceTrouble,
    Unavailable,
)
from gateway.connector_runtime.contract.document import LARGEST, Malformed, read_document, read_json
from gateway.connector_runtime.contract.lookup import officer_class
from gateway.connector_runtime.kinds.carrier import Carried, Carrier
from gateway.connector_runtime.kinds.envelope_seal import EnvelopeSeal
from gateway.connector_runtime.kinds.question import Needed
from gateway.connector_runtime.kinds.record import RecordReader
from gateway.connector_runtime.kinds.secret_slots import HIDDEN
from gateway.connector_runtime.kinds.signature import Seal
from gateway.connector_runtime.kinds.signs import Signs
from gateway.connector_runtime.kinds.writing import Write, Written
from gateway.connector_runtime.mapping.template import Unaskable, inputs_of
from gateway.connector_runtime.transports.reply import refuse_status
from gateway.vocabulary.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Under which name values are kept (`source`), on whose behalf is asked, and the secrets that the question itself
    holds, by the slot they fill. They are not shown."""

    source: str
    officer: str
    agency_code: str
    clock: Clock
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """How a kind speaks: writes a question, opens a body, judges its signs, requires its signature, reads its record.

    `seal` is over an object of a JSON answer, `envelope_seal` over a SOAP message; None where the source signs nothing.
    """

    needed: Needed
    write: Write
    open: Callable[[OutboundReply], Any]
    signs: Signs
    record: RecordReader
    seal: Seal | None = None
    envelope_seal: EnvelopeSeal | None = None


class DeclaredConnector:
    """Asks one source as its manifest says."""

    def __init__(self, asker: Asker, speech: Speech, carrier: Carrier) -> None:
        self._asker = asker
        self._speech = speech
        self._carrier = carrier

    async def answer(self, question: Question) -> Answer:
        """Map every attribute asked to an outcome. Raises SourceTrouble when the call as a whole failed."""
        try:
            written = self.write(question)
        except SourceTrouble as trouble:
            if trouble.outcome == Absent("not_kept"):
                return dict.fromkeys(question.attributes, trouble.outcome)
            raise
        return self.read(await self.send(written, question), question)

    async def check(self) -> Health:
        """Probe the source; nobody is asked about."""
        return await self._carrier.check()

    def write(self, question: Question) -> Written:
        """Return the question as it goes out, without credentials. Raises SourceTrouble (bad_request, not_kept)."""
        return self._write(question, self._asker.secrets)

    def show(self, question: Question) -> Written:
        """Return the question as people may see it: as `write` does, every secret hidden. Raises as it does."""
        return self._write(question, dict.fromkeys(self._asker.secrets, HIDDEN))

    def _write(self, question: Question, secrets: Mapping[str, str]) -> Written:
        inputs = inputs_of(question, officer=self._asker.officer, agency_code=self._asker.agency_code)
        self._speech.needed.check(inputs)
        try:
            return self._speech.write({**inputs, **secrets})
        except Unaskable as error:
            raise SourceTrouble(Refused("bad_request"), str(error)) from None

    async def send(self, written: Written, question: Question) -> Carried:
        """Carry a written question. Raises SourceTrouble."""
        return await self._carrier.send(
            written, deadline_at=question.deadline_at, officer_class=officer_class(question)
        )

    def read(self, carried: Carried, question: Question) -> Answer:
        """Read an answer about the person of a question. Raises SourceTrouble."""
        reply = carried.reply
        if self._speech.envelope_seal is not None:
            self._speech.envelope_seal.require(reply, now=self._asker.clock.now(), sent=carried.sent)
        root = self.open(reply)
        if self._speech.seal is not None:
            self._speech.seal.require(root, now=self._asker.clock.now())
        return self._speech.record.read(root, question, source=self._asker.source, now=self._asker.clock.now())

    def open(self, reply: OutboundReply) -> Any:
        """Return the tree of an answer that may hold a record. Raises SourceTrouble for any other answer."""
        opened: list[Any] = []

        def read() -> Any:
            if not opened:
                opened.append(self._speech.open(reply))
            return opened[0]

        self._speech.signs.judge(reply, read)
        return read()


def open_json(reply: OutboundReply) -> Any:
    """Return the JSON of an answer. Raises SourceTrouble."""
    return _guarded(reply, read_json)


def open_envelope(reply: OutboundReply) -> etree._Element:
    """Return the body of a SOAP envelope, whose one child is the answer. Raises SourceTrouble."""
    root: etree._Element = _guarded(reply, read_document)
    bodies = [one for one in root if one.tag == "body"]
    if root.tag != "envelope" or len(bodies) != 1:
        raise SourceTrouble(Unavailable(reason="malformed"), "no SOAP envelope with one body")
    return bodies[0]


def refuse_no_envelope(reply: OutboundReply, read: Callable[[], Any]) -> None:
    """Let an envelope without a fault pass; a fault comes with status 500 (SOAP 1.1 §6.2). Raises SourceTrouble."""
    broken = reply.status == 500 and "xml" in reply.headers.get("content-type", "").lower()
    if not broken:
        refuse_status(reply)
    if any(one.tag == "fault" for one in read()):
        raise SourceTrouble(Unavailable(reason="fault"), "the source answered a SOAP fault")
    if broken:
        refuse_status(reply)


def _guarded(reply: OutboundReply, read: Callable[[bytes], Any]) -> Any:
    if len(reply.body) > LARGEST:
        raise SourceTrouble(Unavailable(reason="oversize"), "answer larger than 1 MB")
    try:
        return read(reply.body)
    except Malformed as error:
        raise SourceTrouble(Unavailable(reason="malformed"), str(error)) from None
