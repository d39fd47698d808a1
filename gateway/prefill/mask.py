"""Hiding the middle of a value on a page that somebody else may be looking at."""

from collections.abc import Callable, Mapping

from gateway.vocabulary.address import Address
from gateway.vocabulary.partial_date import PartialDate

DOT = "•"


def mask_value(rule: str, value: object, shown: str) -> str:
    """Return what the notice page shows of a value until the citizen opens it. `rule` is the catalogue's mask."""
    hide = _RULES.get(rule)
    return DOT * 3 if hide is None else hide(value, shown)


def _name(_: object, shown: str) -> str:
    return " ".join(word[:1] + DOT * max(1, min(len(word) - 1, 5)) for word in shown.split())


def _email(_: object, shown: str) -> str:
    name, at, host = shown.partition("@")
    return f"{_middle(name, 1, 0)}{at}{host}"


def _middle(text: str, head: int, tail: int) -> str:
    hidden = len(text) - head - tail
    return text[:head] + DOT * hidden + text[len(text) - tail :] if hidden > 0 else DOT * len(text)


def _year(value: object, shown: str) -> str:
    if not isinstance(value, PartialDate):
        return DOT * 3
    return {"year": "", "month": f"{DOT * 2}/", "day": f"{DOT * 2}/{DOT * 2}/"}[value.precision] + f"{value.year:04d}"


def _region(value: object, _: str) -> str:
    province = value.province if isinstance(value, Address) else None
    return f"{DOT * 3}, {province.name or province.code}" if province else DOT * 3


_RULES: Mapping[str, Callable[[object, str], str]] = {
    "shown": lambda _, shown: shown,
    "name": _name,
    "number": lambda _, shown: _middle(shown, 3, 3),
    "phone": lambda _, shown: _middle(shown, 3, 3),
    "date": _year,
    "address": _region,
    "email": _email,
}
