"""JSON that two readers cannot read differently: no duplicate members, no NaN, no lone surrogates, bounded depth."""

import json
from typing import Any

import orjson


class JsonRefused(ValueError):
    """The octets are not such JSON. `rule` is `json` or `duplicate`."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def parse_json(octets: bytes) -> Any:
    """Return the value (RFC 8259). Raises JsonRefused, which repeats nothing of what was read."""
    try:
        orjson.loads(octets)  # the strict reader: no NaN, no lone surrogates, no broken UTF-8, bounded depth
        return _DECODER.decode(octets.decode())
    except JsonRefused:
        raise
    except (ValueError, RecursionError) as trouble:
        raise JsonRefused("json") from trouble


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):  # RFC 8259 §4: the behaviour of readers differs
        raise JsonRefused("duplicate")
    return members


_DECODER = json.JSONDecoder(object_pairs_hook=_unique)
