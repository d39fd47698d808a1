"""What a SOAP source signs of its answer, verified before anything is read, with the certificates of the operator.

The answer's own certificate is never believed. Body and Timestamp are digested where they stand, and the Body that was
verified is the one that is read: a message with a second one, or with one identifier twice, is refused as a whole.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from cryptography.x509 import Certificate

from gateway.connector_runtime.configuration import ConnectorSettings
from gateway.connector_runtime.contract import OutboundReply, SourceTrouble, Unavailable
from gateway.connector_runtime.contract.document import LARGEST, Malformed
from gateway.connector_runtime.kinds.secret_files import certificates_of
from gateway.connector_runtime.manifest_parts import EnvelopeSignatureRow
from gateway.connector_runtime.transports.reply import refuse_status
from gateway.connector_runtime.transports.wss_binding import Mark, Unbound, require_bound
from gateway.connector_runtime.transports.wss_envelope import Envelope, is_fresh
from gateway.tokens.pem import is_current, public_key_of
from gateway.tokens.xml_signature import XmlSignatureRefused, verify_elements


class EnvelopeSeal:
    """A compiled `[envelope_signature]` table and the source's certificates."""

    def __init__(self, row: EnvelopeSignatureRow, certificates: Sequence[Certificate]) -> None:
        self._is_required = row.policy == "required"
        self._bound_by = row.bound_by
        self._fresh_for = timedelta(seconds=row.fresh_for)
        self._certificates = [(one, public_key_of(one)) for one in certificates]

    def require(self, reply: OutboundReply, *, now: datetime, sent: bytes | None = None) -> None:
        """Let a signed answer to the question that was `sent` pass. Raises SourceTrouble: malformed, replayed (an old
        answer, or one to another question); what is no message at all says what its status says.

        Where signatures are required nothing unsigned reaches the manifest's outcomes: a forged “nobody” neither.
        """
        if len(reply.body) > LARGEST:
            raise SourceTrouble(Unavailable(reason="oversize"), "answer larger than 1 MB")
        try:
            envelope = Envelope.of(reply.body)
            held = envelope.signed()
        except Malformed as error:
            refuse_status(reply)
            raise _refused(str(error)) from None
        if held is None:
            if self._is_required:
                refuse_status(reply)
                raise _refused("the answer is not signed")
            return
        try:
            covered = envelope.covered(held)
        except Malformed as error:
            raise _refused(str(error)) from None
        keys = [key for one, key in self._certificates if is_current(one, now)]
        if not keys:
            raise _refused("no certificate of the source holds today")
        try:
            verify_elements(held.signature, covered, keys)
        except XmlSignatureRefused as refused:
            raise _refused(f"the signature of the answer does not verify: {refused.rule}") from None
        if not is_fresh(held.stamp, now, self._fresh_for):
            raise _refused("the Timestamp of the answer is old, ahead, or over", "replayed")
        try:
            require_bound(envelope, held, covered, Mark.of(sent), self._bound_by)
        except Unbound as unbound:
            raise _refused(str(unbound), "replayed") from None


def open_envelope_seal(row: EnvelopeSignatureRow, settings: ConnectorSettings) -> EnvelopeSeal:
    """Return the seal of a manifest. Raises SecretUnnamed, CredentialUnfit, OSError (unreadable file)."""
    name = row.certificates_ref
    return EnvelopeSeal(row, certificates_of(name, "envelope_signature.certificates_ref", settings))


def _refused(detail: str, reason: Literal["malformed", "replayed"] = "malformed") -> SourceTrouble:
    return SourceTrouble(Unavailable(reason=reason), detail)
