"""Bodies as they come, taken apart without I/O: CloudEvents by media type, and the national hub's own envelope."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.dossiers.cloud_event import BATCH, STRUCTURED, binary_event
from gateway.dossiers.failure import MediaTypeUnknown, MessageMalformed, MessageTooLarge
from gateway.dossiers.intake import AT_ONCE
from gateway.dossiers.offer import Way
from gateway.vocabulary.strict_json import JsonRefused, parse_json

BODY_LIMIT = 4_194_304
TRACKING_LIMIT = 1024
SERVICES: Mapping[str, Way] = {"DongBoHoSoMC": "whole", "CapNhatTienDoHoSoMC": "step"}
"""The services of the national hub that are understood, and what their rows are."""


@dataclass(frozen=True, slots=True)
class NationalMessage:
    """A message of the national hub: what its rows are, and the rows. Session and password of the hub are not read:
    whoever calls here shows a token."""

    way: Way
    rows: Sequence[Any]


def media_type_of(values: Sequence[str]) -> str:
    """Return the media type of a body from the values of its Content-Type, lower case, without parameters."""
    return values[0].partition(";")[0].strip().lower() if len(values) == 1 else ""


def read_events(media_type: str, headers: Mapping[str, str], octets: bytes) -> list[Any]:
    """Return the events of a body in structured form. Raises MediaTypeUnknown, MessageMalformed, MessageTooLarge."""
    binary = "ce-specversion" in headers
    if media_type not in {STRUCTURED, BATCH} and not (binary and media_type.endswith(("/json", "+json"))):
        raise MediaTypeUnknown(f"send `{STRUCTURED}`, `{BATCH}`, or JSON with `ce-` headers")
    sent = _parse(octets)
    if media_type == BATCH:
        return _few(sent, "a batch")
    return [sent if media_type == STRUCTURED else binary_event(headers, sent)]


def read_national(media_type: str, octets: bytes) -> NationalMessage:
    """Return a message of the national hub. Raises MediaTypeUnknown, MessageMalformed, MessageTooLarge."""
    if media_type != "application/json":
        raise MediaTypeUnknown("send `application/json`")
    sent = _parse(octets)
    if not isinstance(sent, dict):
        raise MessageMalformed("a message is a JSON object")
    service = sent.get("service", "DongBoHoSoMC")
    way = SERVICES.get(service) if isinstance(service, str) else None
    if way is None:
        raise MessageMalformed(f"`service`: is one of {', '.join(f'`{one}`' for one in SERVICES)}")
    return NationalMessage(way, _few(sent.get("data"), "`data`"))


def read_tracking(media_type: str, octets: bytes) -> tuple[str, str]:
    """Return code and digits of a question about progress. Raises MediaTypeUnknown, MessageMalformed."""
    if media_type != "application/json":
        raise MediaTypeUnknown("send `application/json`")
    sent = _parse(octets)
    code, check = (sent.get("code"), sent.get("check")) if isinstance(sent, dict) else (None, None)
    if not isinstance(code, str) or not isinstance(check, str):
        raise MessageMalformed("a question is an object with the texts `code` and `check`")
    return code, check


def _parse(octets: bytes) -> Any:
    try:
        return parse_json(octets)
    except JsonRefused as refused:
        repeated = refused.rule == "duplicate"
        raise MessageMalformed("a member is there twice" if repeated else "the body is no JSON") from None


def _few(sent: Any, what: str) -> list[Any]:
    if not isinstance(sent, list):
        raise MessageMalformed(f"{what}: is a list")
    if len(sent) > AT_ONCE:
        raise MessageTooLarge(f"{what}: holds more than {AT_ONCE} things")
    return sent
