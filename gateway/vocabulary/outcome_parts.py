"""An outcome as JSON-able parts: what is kept sealed for a while comes back as it was, provenance and all."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from gateway.vocabulary.address import Address
from gateway.vocabulary.partial_date import PartialDate
from gateway.vocabulary.provenance import Absent, Found, Outcome, Provenance, Refused, Unavailable


def encode_outcome(outcome: Outcome) -> list[Any]:
    """Return an outcome as JSON-able parts; `decode_outcome` reads them back unchanged."""
    match outcome:
        case Found(value, provenance):
            at = provenance.retrieved_at.timestamp()
            parts = ["found", *_encode(value), provenance.source, provenance.as_of.isoformat(), at]
            return [*parts, "stale"] if provenance.stale else parts
        case Absent(reason):
            return ["absent", reason]
        case Refused(reason):
            return ["refused", reason]
        case Unavailable(retry_after, reason, notice):
            return ["unavailable", retry_after, reason, *(notice or ())]


def decode_outcome(parts: list[Any]) -> Outcome:
    """Read what `encode_outcome` wrote."""
    if parts[0] == "found" and len(parts) == 6:  # nearly every outcome of a form
        _, kind, value, source, as_of, at = parts
        return Found(value if kind == "plain" else _decode(kind, value), _provenance(source, as_of, at))
    match parts:
        case ["found", kind, value, source, as_of, at, "stale"]:
            return Found(_decode(kind, value), replace(_provenance(source, as_of, at), stale=True))
        case ["absent", reason]:
            return Absent(reason)
        case ["refused", reason]:
            return Refused(reason)
        case ["unavailable", retry_after, reason]:
            return Unavailable(retry_after, reason)
        case ["unavailable", retry_after, reason, vi, en]:
            return Unavailable(retry_after, reason, (vi, en))
    raise ValueError("not an outcome that was kept")


@lru_cache(maxsize=256)
def _provenance(source: str, as_of: str, at: float) -> Provenance:
    """What one answer of a source says of all its values; it is made once for them."""
    retrieved_at = datetime.fromtimestamp(at, UTC)
    return Provenance(source=source, as_of=date.fromisoformat(as_of), retrieved_at=retrieved_at)


def _encode(value: Any) -> tuple[str, Any]:
    if isinstance(value, PartialDate):
        return "date", str(value)
    if isinstance(value, Address):
        return "address", value.wire()
    if isinstance(value, Mapping):
        return "object", {name: _encode(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return "list", [_encode(part) for part in value]
    return "plain", value


def _decode(kind: str, value: Any) -> Any:
    match kind:
        case "plain":
            return value
        case "date":
            return PartialDate.parse(value)
        case "address":
            return Address.from_wire(value)
        case "object":
            return {name: _decode(*part) for name, part in value.items()}
        case _:
            return [_decode(*part) for part in value]
