"""Whether what a manifest says of signed SOAP answers can bind them to their questions."""

import re
from collections.abc import Iterator

from gateway.connector_runtime.failure import InvalidManifest
from gateway.connector_runtime.kinds.finding import Key, Problem
from gateway.connector_runtime.manifest import Manifest

_ACTION = re.compile(r"<(?:[\w.-]+:)?Action[\s>]")
_NUMBERS = frozenset({"personal_number", "old_number"})


def binding_problems(manifest: Manifest) -> Iterator[Problem]:
    """Yield every reason for which `bound_by` would bind nothing."""
    row, record, operations = manifest.envelope_signature, manifest.record, manifest.operations
    if row is None or record is None or operations is None:
        return
    at: Key = ("envelope_signature", "bound_by")
    if row.bound_by == "subject" and _NUMBERS.isdisjoint(record.about):
        text = "`subject` binds an answer by the number in `record.about`, and there is none"
        yield Problem(InvalidManifest, at if "bound_by" in row.model_fields_set else at[:1], text)
    if row.bound_by != "subject" and row.policy != "required":
        text = f'`{row.bound_by}` binds signed answers, and unsigned ones pass: write `policy = "required"`'
        yield Problem(InvalidManifest, at, text)
    if row.bound_by == "signature_confirmation" and manifest.auth.kind != "wss_certificate":
        text = "only a signed question can be confirmed: it needs auth kind `wss_certificate`"
        yield Problem(InvalidManifest, at, text)
    told = operations.lookup.header or ""
    if row.bound_by == "relates_to" and "MessageID" in told:
        text = "`relates_to` gives every question a MessageID of its own: take the one in `header` away"
        yield Problem(InvalidManifest, ("operations", "lookup", "header"), text)
    if row.bound_by == "relates_to" and not operations.lookup.action and not _ACTION.search(told):
        text = "`relates_to` sends `action` as `wsa:Action`, which is never empty (WS-Addressing 1.0 §3.2): write it"
        yield Problem(InvalidManifest, ("operations", "lookup", "action"), text)
