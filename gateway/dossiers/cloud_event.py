"""CloudEvents 1.0 as they come over HTTP: structured, batched and binary, read into one frozen value.

Only JSON data is read, and `time` is not optional here: without it nothing can be put in its order.
Source: CloudEvents 1.0.2 §3, its JSON event format §2 to §4 and its HTTP protocol binding §3.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from gateway.dossiers.failure import EventMalformed

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"

_JSON_TYPE = re.compile(r"[^;]*[/+]json\s*(;.*)?", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_FRACTION = re.compile(r"(\.\d{6})\d+")
_LONGEST = {"id": 200, "source": 256, "type": 100}


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvent:
    """An event: `source` and `id` name it, `at` is its `time` in UTC, `data` a JSON object."""

    id: str
    source: str
    type: str
    at: datetime
    data: Mapping[str, Any]


def read_event(sent: Any) -> CloudEvent:
    """Return a structured event (JSON event format §3). Raises EventMalformed, which names the member."""
    if not isinstance(sent, dict):
        raise EventMalformed("an event is a JSON object")
    if sent.get("specversion") != "1.0":
        raise EventMalformed("`specversion`: is not `1.0`")
    if "data_base64" in sent:
        raise EventMalformed("`data_base64`: send the JSON object itself in `data`")
    media_type = sent.get("datacontenttype", "application/json")
    if not isinstance(media_type, str) or not _JSON_TYPE.fullmatch(media_type):
        raise EventMalformed("`datacontenttype`: only JSON is read")
    data = sent.get("data")
    if not isinstance(data, dict):
        raise EventMalformed("`data`: is no JSON object")
    return CloudEvent(
        id=_attribute(sent, "id"),
        source=_attribute(sent, "source"),
        type=_attribute(sent, "type"),
        at=_time(sent.get("time")),
        data=data,
    )


def binary_event(headers: Mapping[str, str], data: Any) -> dict[str, Any]:
    """Return the structured form of a binary event: attributes from `ce-` headers (HTTP binding §3.1), percent-decoded,
    `data` from the body."""
    names = [name for name in headers if name.startswith("ce-")]
    sent: dict[str, Any] = {name.removeprefix("ce-"): unquote(headers[name]) for name in names}
    return sent | {"datacontenttype": headers.get("content-type", ""), "data": data}


def shown_id(sent: Any) -> str | None:
    """Return the id of whatever was sent, to tell the sender which one it was; None where there is none to show."""
    identity = sent.get("id") if isinstance(sent, dict) else None
    return identity if isinstance(identity, str) and _fits(identity, _LONGEST["id"]) else None


def _attribute(sent: Mapping[str, Any], name: str) -> str:
    value = sent.get(name)
    if not isinstance(value, str) or not _fits(value, _LONGEST[name]):
        raise EventMalformed(f"`{name}`: is a text of 1 to {_LONGEST[name]} printable letters")
    return value


def _fits(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isprintable()


def _time(value: Any) -> datetime:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise EventMalformed("`time`: is a time with an offset (RFC 3339)")
    try:
        return datetime.fromisoformat(_FRACTION.sub(r"\1", value.upper())).astimezone(UTC)
    except (ValueError, OverflowError):
        raise EventMalformed("`time`: is no time of this calendar") from None
