"""What binds a SOAP answer to its question, as the standards have it: RelatesTo of WS-Addressing 1.0 (§3.4 of its core)
names the question's MessageID, SignatureConfirmation of WS-Security 1.1 (§8.5) repeats the question's signature.

Each counts only under the answer's own signature; one that names another question refuses the answer even without.
"""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from lxml import etree

from gateway.connector_runtime.contract.document import Malformed
from gateway.connector_runtime.manifest_parts import AnswerBinding
from gateway.connector_runtime.transports.wss_envelope import Envelope, Held, identifier, wsa, wsse11
from gateway.vocabulary.clock import Randomness

_REPLY = ("", "http://www.w3.org/2005/08/addressing/reply")
_UNSPECIFIED = ("", "http://www.w3.org/2005/08/addressing/unspecified")


class Unbound(Exception):
    """An answer to another question, or one that does not say to which; the text says what was missing or differed."""


class Mark(NamedTuple):
    """What a question is told apart by: its MessageID, and the value of its signature; empty where it has none."""

    message_id: str = ""
    signature: str = ""

    @classmethod
    def of(cls, octets: bytes | None) -> "Mark":
        """Return the mark of a question as it went out; without one of a message that is no envelope of ours."""
        try:
            envelope = Envelope.of(octets or b"")
            held = envelope.signed()
        except Malformed:
            return cls()
        names = [_text(one) for one in envelope.header_parts() if one.tag == wsa("MessageID")]
        return cls(names[0] if len(names) == 1 else "", "" if held is None else held.value)


def add_message_id(octets: bytes, action: str, chance: Randomness) -> bytes:
    """Return a question with a MessageID nobody else has, and the Action that WS-Addressing wants beside it."""
    envelope = Envelope.of(octets)
    header = envelope.open_header()
    if header.find(wsa("Action")) is None:
        etree.SubElement(header, wsa("Action")).text = action
    etree.SubElement(header, wsa("MessageID")).text = f"urn:uuid:{UUID(bytes=chance.octets(16), version=4)}"
    return envelope.octets()


def add_relation(envelope: Envelope, mark: Mark) -> None:
    """Say in an answer to which question it belongs."""
    etree.SubElement(envelope.open_header(), wsa("RelatesTo")).text = mark.message_id


def require_bound(
    envelope: Envelope, held: Held, covered: Mapping[str, etree._Element], mark: Mark, by: AnswerBinding
) -> None:
    """Let an answer pass that belongs to the question of a mark; `covered` is what its signature verified.

    Raises Unbound.
    """
    relations = [one for one in envelope.header_parts() if one.tag == wsa("RelatesTo")]
    replies = [one for one in relations if one.get("RelationshipType", "") in _REPLY]
    for one in replies:
        told = _text(one)
        if told != mark.message_id and (mark.message_id or told not in _UNSPECIFIED):
            raise Unbound("RelatesTo of the answer names another question")
    confirmations = held.security.findall(wsse11("SignatureConfirmation"))
    for one in confirmations:
        if "".join(one.get("Value", "").split()) != mark.signature:
            raise Unbound("SignatureConfirmation of the answer is of another question")
    wanted = {"relates_to": (replies, mark.message_id), "signature_confirmation": (confirmations, mark.signature)}
    found, own = wanted.get(by, ([], "-"))
    if by in wanted and (not own or len(found) != 1 or covered.get(identifier(found[0])) is not found[0]):
        raise Unbound(f"the answer does not say under its signature to which question it belongs (`{by}`)")


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()
