"""The one byte form of an event: RFC 8785 (JCS), for the value types an event may hold.

For text, whole numbers up to 2^53 - 1, booleans, null, lists and objects with ASCII names, sorted compact JSON is
byte-equal to RFC 8785; `tests/audit/test_canonical.py` holds it against an independent implementation. Numbers
with a fraction are refused: their form is where canonical JSON implementations disagree.
"""

from collections.abc import Mapping
from typing import Any

import orjson

_OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_STRICT_INTEGER
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)

_TEXTS = {str}


def canonical_bytes(members: Mapping[str, Any]) -> bytes:
    """Return the RFC 8785 bytes. Raises TypeError for a value `require_plain` would refuse and JSON cannot say."""
    return orjson.dumps(members, option=_OPTIONS)


def require_plain(value: Any) -> None:
    """Raise TypeError unless `value` is text, a whole number, a boolean, null, or lists and objects of these."""
    if value is None or isinstance(value, (str, int)):
        return
    if isinstance(value, (list, tuple)):
        for part in value:
            require_plain(part)
        return
    if isinstance(value, dict):
        if not all(map(str.isascii, value)):  # TypeError already for a name that is no text
            raise TypeError("an event member has a name that is not ASCII text")
        if set(map(type, value.values())) != _TEXTS:
            for part in value.values():
                require_plain(part)
        return
    raise TypeError(f"an event cannot hold a {type(value).__name__}")
