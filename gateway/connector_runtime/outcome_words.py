"""The words in which an outcome may say why there is no value: they are written into events, logs and figures, and
nothing looks at a type when a connector makes one."""

from collections.abc import Mapping
from typing import Final, get_args, get_type_hints

from gateway.connector_runtime.contract import Absent, Found, Refused, Unavailable

_WORDS: Final[Mapping[type, frozenset[str]]] = {
    kind: frozenset(get_args(get_type_hints(kind)["reason"])) for kind in (Absent, Refused, Unavailable)
}


def is_in_words(outcome: object) -> bool:
    """Tell whether an outcome is one of the four, and its reason, if it has one, is a word of its type."""
    if isinstance(outcome, Found):
        return True
    return getattr(outcome, "reason", None) in _WORDS.get(type(outcome), ())
